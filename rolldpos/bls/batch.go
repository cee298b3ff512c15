package bls

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// batch is a set of partials that decode and have a public share, of one message.
type batch struct {
	hash   curve.G1Affine
	at     []int // positions among the caller's partials
	sigs   []curve.G1Affine
	shares []curve.G2Affine
	coeffs []fr.Element
}

// BadPartials returns the positions, ascending, of the partials that are not signatures
// of msg under dst by the share of their index: shares[i] is member i+1's, nil for a
// member without one. It costs about two pairings and n short multiplications if all
// are good, and some 2·log₂ n pairings more for each bad one. The error is ErrDST.
func BadPartials(shares []*PublicKey, dst string, msg []byte, partials []Partial) ([]int, error) {
	hash, err := hashToG1(dst, msg)
	if err != nil {
		return nil, err
	}
	b := batch{hash: hash}
	bad := make([]bool, len(partials))
	for i := range partials {
		index := partials[i].Index
		if index == 0 || uint64(index) > uint64(len(shares)) || shares[index-1] == nil {
			bad[i] = true
			continue
		}
		sig, err := partials[i].Signature.point()
		if err != nil {
			bad[i] = true
			continue
		}
		b.at = append(b.at, i)
		b.sigs = append(b.sigs, sig)
		b.shares = append(b.shares, shares[index-1].p)
	}
	b.draw(partials)
	b.bisect(0, len(b.at), bad)
	var out []int
	for i := range bad {
		if bad[i] {
			out = append(out, i)
		}
	}
	return out, nil
}

// draw sets the coefficients: 128 bits of SHA-256(seed ‖ i), the seed being a hash of
// the message's point and of every signature with its share. None is zero.
func (b *batch) draw(partials []Partial) {
	h := sha256.New()
	h.Write([]byte("rootstem-bls-v1/batch"))
	at := b.hash.Bytes()
	h.Write(at[:])
	for i := range b.at {
		key := b.shares[i].Bytes()
		h.Write(partials[b.at[i]].Signature[:])
		h.Write(key[:])
	}
	seed := h.Sum(nil)
	b.coeffs = make([]fr.Element, len(b.at))
	for i := range b.coeffs {
		digest := sha256.Sum256(binary.BigEndian.AppendUint32(seed[:32:32], uint32(i)))
		digest[31] |= 1
		b.coeffs[i].SetBytes(digest[16:])
	}
}

// bisect marks the bad ones of [from, to).
func (b *batch) bisect(from, to int, bad []bool) {
	if from == to || b.good(from, to) {
		return
	}
	if to == from+1 {
		bad[b.at[from]] = true
		return
	}
	middle := (from + to) / 2
	b.bisect(from, middle, bad)
	b.bisect(middle, to, bad)
}

func (b *batch) good(from, to int) bool {
	if to == from+1 {
		return pair(&b.sigs[from], &b.hash, &b.shares[from]) == nil
	}
	var sig curve.G1Affine
	var key curve.G2Affine
	config := ecc.MultiExpConfig{NbTasks: 1}
	if _, err := sig.MultiExp(b.sigs[from:to], b.coeffs[from:to], config); err != nil {
		return false
	}
	if _, err := key.MultiExp(b.shares[from:to], b.coeffs[from:to], config); err != nil {
		return false
	}
	return pair(&sig, &b.hash, &key) == nil
}
