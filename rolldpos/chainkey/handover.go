package chainkey

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Handover names the key of an era, signed with the key of the era before. It has at
// most 165 bytes.
type Handover struct {
	Era       uint64         // of Key; the first era is 1 and has no handover
	Epoch     rolldpos.Epoch // the first whose certificates are signed with Key
	Key       [96]byte
	Signature bls.Signature // of the key before, under DSTHandover, over Digest
}

// Digest is what is signed, and the Block of the partials' Statement: Keccak-256 of
// the tag, the genesis hash, era and epoch (8 bytes each, big-endian) and the new key.
func (h *Handover) Digest(genesis Hash) [32]byte {
	b := binary.BigEndian.AppendUint64(genesis[:], h.Era)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Epoch))
	return keccak.Sum256([]byte(tagHandover), b, h.Key[:])
}

// Statement is what the seats of the old era sign in their epoch.
func (h *Handover) Statement(genesis Hash, signers rolldpos.Epoch) Statement {
	return Statement{Kind: HandoverKind, Epoch: signers, Block: h.Digest(genesis)}
}

// Verify returns the new key if the key of the era before signed the handover. Whether
// that key was still to be believed is the caller's to know: see the package doc.
// Errors wrap ErrInvalid.
func (h *Handover) Verify(genesis Hash, before *Key) (*Key, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	m := h.Digest(genesis)
	if err := before.verify(DSTHandover, m[:], h.Signature); err != nil {
		return nil, err
	}
	return Open(h.Key[:])
}

func (h *Handover) check() error {
	if h.Era < 2 || h.Era >= maxNumber || h.Epoch < 2 || h.Epoch >= maxNumber {
		return fmt.Errorf("%w: era %d from epoch %d", ErrStatement, h.Era, h.Epoch)
	}
	return nil
}

// AppendBinary appends the RLP list [era, epoch, key, signature].
func (h *Handover) AppendBinary(dst []byte) []byte {
	b := rlp.AppendUint(nil, h.Era)
	b = rlp.AppendUint(b, uint64(h.Epoch))
	b = rlp.AppendBytes(b, h.Key[:])
	return rlp.AppendList(dst, rlp.AppendBytes(b, h.Signature[:]))
}

// DecodeHandover reads a handover that fills b exactly. It verifies no signature and
// opens no key. Errors wrap ErrEncoding or ErrStatement.
func DecodeHandover(b []byte) (*Handover, error) {
	d := rlp.NewDecoder(b)
	h := &Handover{Era: d.Uint(), Epoch: rolldpos.Epoch(d.Uint())}
	d.Fixed(h.Key[:])
	d.Fixed(h.Signature[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: handover: %w", ErrEncoding, err)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, nil
}
