package rolldpos

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/rootstem/rootstem/internal/eddsa"
	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// Committee is the ordered list of the keys that sit in an epoch. A seat is an index
// into Keys. It is not changed after its first use.
type Committee struct {
	Epoch Epoch
	Keys  []ed25519.PublicKey

	check func(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool // nil: VerifySignature
}

// Checking returns the same seats with another check of signatures: one that
// remembers what was verified ahead, on other cores or in a batch, or a simulation's.
// It must answer as VerifySignature does, alike every time, and without delay.
func (c *Committee) Checking(check func(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool) *Committee {
	return &Committee{Epoch: c.Epoch, Keys: c.Keys, check: check}
}

// verify says whether a seat signed digest.
func (c *Committee) verify(seat int, digest [32]byte, sig *[64]byte) bool {
	if c.check != nil {
		return c.check(c.Keys[seat], digest, sig)
	}
	return VerifySignature(c.Keys[seat], digest, sig)
}

// VerifySignature reports whether sig is key's ed25519 signature of a digest, by the
// rule of ZIP 215, which has the same answer for one signature as among many. Who
// verifies votes ahead must use it: crypto/ed25519 refuses some signatures of seats
// that do not follow RFC 8032, and a certificate must hold everywhere or nowhere.
func VerifySignature(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool {
	return eddsa.Verify(eddsa.Signature{Key: key, Message: digest[:], Sig: sig})
}

// Size returns n.
func (c *Committee) Size() int { return len(c.Keys) }

// Faulty returns f = ⌊(n−1)/3⌋, the number of bad seats that are tolerated.
func (c *Committee) Faulty() int { return (len(c.Keys) - 1) / 3 }

// Quorum returns q = n − f. It is 0 only for a committee without seats, which
// Validate refuses.
func (c *Committee) Quorum() int {
	if len(c.Keys) == 0 {
		return 0
	}
	return len(c.Keys) - c.Faulty()
}

// Leader returns the seat that proposes in view v: the committee's order, turned by
// one each view, with an offset by epoch.
func (c *Committee) Leader(v View) int {
	n := uint64(len(c.Keys))
	return int((uint64(v)%n + uint64(c.Epoch)%n) % n)
}

// Seat returns the seat that key holds, or Observer.
func (c *Committee) Seat(key ed25519.PublicKey) int {
	for i, k := range c.Keys {
		if bytes.Equal(k, key) {
			return i
		}
	}
	return Observer
}

// At returns the same seats in another epoch.
func (c *Committee) At(e Epoch) *Committee { return &Committee{Epoch: e, Keys: c.Keys, check: c.check} }

// Hash commits to the number, the order and the keys of the seats. The epoch is not
// in it, so that an unchanged committee keeps its hash: headers carry the epoch, and
// every vote signs it.
func (c *Committee) Hash() Hash {
	parts := [][]byte{[]byte(tagCommittee), binary.BigEndian.AppendUint64(nil, uint64(len(c.Keys)))}
	for _, k := range c.Keys {
		parts = append(parts, k)
	}
	return keccak.Sum256(parts...)
}

// Validate returns an error that wraps ErrCommittee if there is no seat or more than
// MaxSeats, a key twice, or a key that is not the canonical encoding of a point of
// the curve outside its subgroup of order 8.
func (c *Committee) Validate() error {
	if len(c.Keys) == 0 || len(c.Keys) > MaxSeats {
		return fmt.Errorf("%w: %d seats", ErrCommittee, len(c.Keys))
	}
	if c.Epoch >= maxView {
		return fmt.Errorf("%w: epoch %d", ErrView, c.Epoch)
	}
	for i, k := range c.Keys {
		if !fitKey(k) {
			return fmt.Errorf("%w: seat %d", ErrCommittee, i)
		}
		if j := c.Seat(k); j != i {
			return fmt.Errorf("%w: seats %d and %d share a key", ErrCommittee, j, i)
		}
	}
	return nil
}

// AppendBinary appends the RLP list [epoch, concatenated keys].
func (c *Committee) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(nil, uint64(c.Epoch))
	p = rlp.AppendBytes(p, bytes.Join(keyBytes(c.Keys), nil))
	return rlp.AppendList(dst, p)
}

func keyBytes(keys []ed25519.PublicKey) [][]byte {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

// DecodeCommittee reads a committee that fills b exactly and validates it.
func DecodeCommittee(b []byte) (*Committee, error) {
	d := rlp.NewDecoder(b)
	c := &Committee{Epoch: Epoch(d.Uint())}
	keys := d.Bytes()
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: committee: %w", ErrEncoding, err)
	}
	if len(keys)%ed25519.PublicKeySize != 0 || len(keys) > MaxSeats*ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: %d bytes of keys", ErrCommittee, len(keys))
	}
	for ; len(keys) > 0; keys = keys[ed25519.PublicKeySize:] {
		c.Keys = append(c.Keys, bytes.Clone(keys[:ed25519.PublicKeySize]))
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// fitKey says whether k encodes a point that can be a seat's key: y < p (RFC 8032,
// section 5.1.3), an x for that y, and not one of the eight points of small order,
// under which one signature holds for many messages.
func fitKey(k []byte) bool {
	if len(k) != ed25519.PublicKeySize {
		return false
	}
	le := bytes.Clone(k)
	le[31] &= 0x7f
	be := make([]byte, 32)
	for i, x := range le {
		be[31-i] = x
	}
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	y := new(big.Int).SetBytes(be)
	if y.Cmp(p) >= 0 {
		return false
	}
	// −x² + y² = 1 + d·x²·y² with d = −121665/121666 has an x if and only if
	// (y² − 1)(d·y² + 1) is a square; it is zero for y = ±1, of order 1 and 2.
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665)).Mod(d, p)
	y2 := new(big.Int).Mul(y, y)
	v := new(big.Int).Mul(d, y2)
	v.Add(v, one).Mul(v, new(big.Int).Sub(y2, one)).Mod(v, p)
	if big.Jacobi(v, p) != 1 {
		return false
	}
	// Order 4 has y = 0. A point has order 8 if its double has y = 0, that is
	// y² = −x², hence with the curve's equation d·y⁴ + 2·y² − 1 = 0.
	w := new(big.Int).Mul(d, new(big.Int).Mul(y2, y2))
	w.Add(w, new(big.Int).Lsh(y2, 1)).Sub(w, one).Mod(w, p)
	return y.Sign() != 0 && w.Sign() != 0
}
