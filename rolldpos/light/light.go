// Package light checks, on a device or on another chain, that a block is final.
//
// Who holds the genesis hash and the committee of an epoch calls Verify with a header
// and its certificate, and then trusts all that the header commits to: state,
// transactions, receipts and messages, which ledger's proofs reach, and the next
// committee. Nothing else is trusted, so the bytes may come from anybody. The package
// links no network, database or JSON, and holds no state.
//
// It is not for a node, which follows the votes themselves with rolldpos.Core.
package light

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of Verify and VerifyCheckpoint; those of rolldpos and ledger are wrapped too.
var (
	ErrKind      = errors.New("light: not a commit certificate")
	ErrBlock     = errors.New("light: certificate is for another block")
	ErrCommittee = errors.New("light: header names another committee")
	ErrEpoch     = errors.New("light: epochs of header, certificate and committee differ")
	ErrView      = errors.New("light: certificate is older than its block")
	ErrMissing   = errors.New("light: committee, certificate or signatures are missing")
)

// Verify returns the header encoded in headerRLP if the committee of its epoch has made
// it final on the chain with this genesis hash. The committee must be one that the
// caller trusts for its Epoch, for example because the verified header before named its
// hash as NextCommittee; a static committee moves on with its method At.
func Verify(genesis ledger.Hash, headerRLP []byte, committee *rolldpos.Committee, cert *rolldpos.Certificate) (*ledger.Header, error) {
	if cert == nil {
		return nil, ErrMissing
	}
	h, err := open(headerRLP, committee)
	switch {
	case err != nil:
		return nil, err
	case cert.Kind != rolldpos.Commit:
		return nil, ErrKind
	case cert.Block != h.Hash():
		return nil, ErrBlock
	case uint64(cert.Epoch) != h.Epoch:
		return nil, ErrEpoch
	case uint64(cert.View) < h.View:
		return nil, ErrView
	}
	if err := cert.Verify(genesis, committee); err != nil {
		return nil, fmt.Errorf("light: header %d: %w", h.Height, err)
	}
	return h, nil
}

// VerifyCheckpoint returns the header encoded in headerRLP if the committee of its
// epoch signed it as checkpoint number seq under domain. It does not check that the
// block's anchor carries seq: compare ledger.Anchor.Hash with the header's AnchorHash.
func VerifyCheckpoint(committee *rolldpos.Committee, domain ledger.Hash, seq uint64, headerRLP []byte, sigs *rolldpos.Signatures) (*ledger.Header, error) {
	if sigs == nil {
		return nil, ErrMissing
	}
	h, err := open(headerRLP, committee)
	if err != nil {
		return nil, err
	}
	if err := sigs.Verify(committee, rolldpos.CheckpointDigest(domain, seq, h.Hash())); err != nil {
		return nil, fmt.Errorf("light: checkpoint %d: %w", seq, err)
	}
	return h, nil
}

// open decodes a header and checks that it names the committee. The hash taken later
// is that of the decoded header, whose encoding is canonical.
func open(headerRLP []byte, committee *rolldpos.Committee) (*ledger.Header, error) {
	if committee == nil {
		return nil, ErrMissing
	}
	h, err := ledger.DecodeHeader(headerRLP)
	switch {
	case err != nil:
		return nil, fmt.Errorf("light: %w", err)
	case uint64(committee.Epoch) != h.Epoch:
		return nil, ErrEpoch
	case committee.Hash() != h.Committee:
		return nil, ErrCommittee
	}
	return h, nil
}
