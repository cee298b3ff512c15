package chainkey

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Key is a chain key that has been checked once and whose pairing lines are computed,
// about 48 KB. It is immutable and may be shared.
type Key struct {
	bytes    [96]byte
	verifier *bls.Verifier
}

// Open decodes a chain key, 96 bytes of a compressed point in G2, and prepares it.
// Errors wrap ErrKey: another length, not canonical, outside the subgroup, identity.
func Open(b []byte) (*Key, error) {
	p, err := bls.DecodePublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return NewKey(p), nil
}

// NewKey prepares a key that is already decoded.
func NewKey(p *bls.PublicKey) *Key { return &Key{p.Bytes(), bls.NewVerifier(p)} }

// Bytes returns the compressed key.
func (k *Key) Bytes() [96]byte { return k.bytes }

// Hash is what anchors carry as ChainKey: Keccak-256 of the compressed key.
func (k *Key) Hash() Hash { return keccak.Sum256(k.bytes[:]) }

func (k *Key) verify(dst string, msg []byte, sig bls.Signature) error {
	if k == nil {
		return fmt.Errorf("%w: none", ErrKey)
	}
	if err := k.verifier.Verify(dst, msg, sig); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Certificate proves with one signature that a quorum of the epoch's committee
// committed to Block. View is the votes' view, at least that of the block's header.
type Certificate struct {
	Epoch     rolldpos.Epoch
	View      rolldpos.View
	Block     Hash
	Signature bls.Signature // under DSTCommit, over CommitDigest
}

// Final returns the commit that the certificate speaks of; ok is false for nil.
func (x *Certificate) Final() (e rolldpos.Epoch, v rolldpos.View, block Hash, ok bool) {
	if x == nil {
		return 0, 0, Hash{}, false
	}
	return x.Epoch, x.View, x.Block, true
}

// Verify returns nil if the key signed the certificate for the chain with this genesis
// hash. The caller must trust the key for the epoch. Errors wrap ErrInvalid.
func (x *Certificate) Verify(genesis Hash, k *Key) error {
	s := Statement{CommitKind, x.Epoch, x.View, x.Block}
	if err := s.check(); err != nil {
		return err
	}
	dst, msg := s.message(genesis)
	return k.verify(dst, msg, x.Signature)
}

// AppendBinary appends the RLP list [epoch, view, block, signature].
func (x *Certificate) AppendBinary(dst []byte) []byte {
	b := rlp.AppendUint(nil, uint64(x.Epoch))
	b = rlp.AppendUint(b, uint64(x.View))
	b = rlp.AppendBytes(b, x.Block[:])
	return rlp.AppendList(dst, rlp.AppendBytes(b, x.Signature[:]))
}

// DecodeCertificate reads a certificate that fills b exactly. It verifies no
// signature. Errors wrap ErrEncoding or ErrStatement.
func DecodeCertificate(b []byte) (*Certificate, error) {
	d := rlp.NewDecoder(b)
	x := &Certificate{Epoch: rolldpos.Epoch(d.Uint()), View: rolldpos.View(d.Uint())}
	d.Fixed(x.Block[:])
	d.Fixed(x.Signature[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrEncoding, err)
	}
	s := Statement{CommitKind, x.Epoch, x.View, x.Block}
	if err := s.check(); err != nil {
		return nil, err
	}
	return x, nil
}
