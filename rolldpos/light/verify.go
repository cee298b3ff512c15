package light

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of Verify and VerifyCheckpoint; those of rolldpos, chainkey and ledger are
// wrapped too.
var (
	ErrKind      = errors.New("light: not a commit certificate")
	ErrBlock     = errors.New("light: certificate is for another block")
	ErrCommittee = errors.New("light: not the committee that is trusted for the epoch")
	ErrEpoch     = errors.New("light: epochs of header, certificate and committee or key differ")
	ErrView      = errors.New("light: certificate is older than its block")
	ErrMissing   = errors.New("light: committee, key, certificate or signatures are missing")
)

// Authority is who finality is checked against: a committee, or a chain key.
type Authority interface {
	*rolldpos.Committee | *chainkey.Key
}

// Certificate proves that a block is final: *rolldpos.Certificate against a committee,
// *chainkey.Certificate against a chain key.
type Certificate[A Authority] interface {
	// Final returns the commit that the certificate claims; ok is false if it claims
	// none.
	Final() (e rolldpos.Epoch, v rolldpos.View, block rolldpos.Hash, ok bool)
	// Verify checks the signatures for the chain with this genesis hash.
	Verify(genesis rolldpos.Hash, by A) error
}

// Verify returns the header encoded in headerRLP if the certificate shows that it is
// final on the chain with this genesis hash. The caller must trust the authority: the
// committee for its Epoch, for example because the verified header before named its
// hash as NextCommittee (a static committee moves on with its method At), or the key for
// the header's epoch.
func Verify[A Authority](genesis ledger.Hash, headerRLP []byte, by A, cert Certificate[A]) (*Header, error) {
	if cert == nil || by == nil {
		return nil, ErrMissing
	}
	h, err := open(headerRLP, by)
	if err != nil {
		return nil, err
	}
	switch e, v, block, ok := cert.Final(); {
	case !ok:
		return nil, ErrKind
	case block != h.Hash():
		return nil, ErrBlock
	case uint64(e) != h.Epoch:
		return nil, ErrEpoch
	case uint64(v) < h.View:
		return nil, ErrView
	}
	if err := cert.Verify(genesis, by); err != nil {
		return nil, fmt.Errorf("light: header %d: %w", h.Height, err)
	}
	return h, nil
}

// VerifyCheckpoint returns the header encoded in headerRLP if the committee of its
// epoch signed it as checkpoint number seq under domain. It does not check that the
// block's anchor carries seq: Header.Anchor opens it.
func VerifyCheckpoint(committee *rolldpos.Committee, domain ledger.Hash, seq uint64, headerRLP []byte, sigs *rolldpos.Signatures) (*Header, error) {
	if sigs == nil || committee == nil {
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

// open decodes a header and checks that it names the committee, if that is the
// authority. The hash taken later is that of the decoded header, whose encoding is
// canonical.
func open[A Authority](headerRLP []byte, by A) (*Header, error) {
	h, err := decode(headerRLP)
	if err != nil {
		return nil, err
	}
	if committee, ok := any(by).(*rolldpos.Committee); ok {
		switch {
		case uint64(committee.Epoch) != h.Epoch:
			return nil, ErrEpoch
		case committee.Hash() != h.Committee:
			return nil, ErrCommittee
		}
	}
	return h, nil
}

func decode(headerRLP []byte) (*Header, error) {
	h, err := ledger.DecodeHeader(headerRLP)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	return &Header{*h}, nil
}
