package ringsig

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// encoded is an encoding with the places of its parts, and what reads it.
type encoded struct {
	name            string
	good            []byte
	points          []int // of 33 bytes
	xs              []int // of 32 bytes, the parity lying elsewhere
	scalars         []int
	read            func(b []byte) error
	refuse, invalid error // malformed, well-formed but not what was signed
}

// span returns n places from an offset on.
func span(from, n, size int) (out []int) {
	for i := range n {
		out = append(out, from+i*size)
	}
	return out
}

// memberships are signatures and membership proofs, in both forms.
func memberships(t *testing.T) (all []encoded) {
	for _, amounts := range []bool{false, true} {
		aux := 0
		if amounts {
			aux = 1
		}
		s := testSpend(t, 3, 0, 1, amounts)
		sig, err := Sign(nil, s.st, s.w)
		require.NoError(t, err)
		all = append(all, encoded{
			name: "signature", good: binaryOf(t, sig), points: span(0, 1+aux, 33), scalars: span(33*(1+aux), 4, 32),
			read: func(b []byte) error {
				sig, err := ParseSignature(b)
				if err != nil {
					return err
				}
				return Verify(s.st, sig)
			}, refuse: ErrEncoding, invalid: ErrSignature,
		})
		m := testSpend(t, 3, 64, 1, amounts)
		p, err := Prove(nil, m.st, m.w)
		require.NoError(t, err)
		points := 1 + aux + 4 + 2*3
		all = append(all, encoded{
			name: "membership proof", good: binaryOf(t, p), points: span(0, points, 33), scalars: span(33*points, 3*3+3, 32),
			read: func(b []byte) error {
				p, err := ParseProof(b)
				if err != nil {
					return err
				}
				return VerifyProof(m.st, p)
			}, refuse: ErrEncoding, invalid: ErrProof,
		})
	}
	return all
}

// encodings are all that a peer can send.
func encodings(t *testing.T) []encoded {
	all := memberships(t)
	g, c := rangeGens(t), testRange(t, 7)
	proof, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(t, err)
	all = append(all, encoded{
		name: "range proof", good: proof, xs: span(2, 16, 32), scalars: span(2+16*32, 5, 32),
		read: func(b []byte) error { return g.Verify(c.st, b) }, refuse: ErrEncoding, invalid: ErrRange,
	}, encoded{
		name: "commitment to a range", good: bytes.Clone(c.st.Commitments[0][:]), points: []int{0},
		read: func(b []byte) error {
			st := *c.st
			st.Commitments = []Commitment{Commitment(b)}
			return g.Verify(&st, proof)
		}, refuse: ErrStatement, invalid: ErrRange,
	})
	b, e := testBalance(t)
	balance, err := ProveBalance(nil, b, e)
	require.NoError(t, err)
	_, public := testKeys(t, "ring", 3)
	return append(all, encoded{
		name: "balance proof", good: balance, points: []int{0}, scalars: []int{33},
		read: func(p []byte) error { return VerifyBalance(b, p) }, refuse: ErrEncoding, invalid: ErrBalance,
	}, encoded{
		name: "ring member", good: bytes.Clone(public[0][:]), points: []int{0},
		read: func(b []byte) error {
			_, err := NewRing([]PublicKey{PublicKey(b), public[1]}, nil, 0)
			return err
		}, refuse: ErrKey,
	}, encoded{
		name: "member's commitment", good: bytes.Clone(public[0][:]), points: []int{0},
		read: func(b []byte) error {
			_, err := NewRing(public[:2], []Commitment{Commitment(b), Commitment(public[1])}, 0)
			return err
		}, refuse: ErrKey,
	})
}

// refused replaces the bytes at each place and wants a refusal every time.
func refused(t *testing.T, e encoded, places []int, with ...[]byte) {
	t.Helper()
	require.NoError(t, e.read(e.good), e.name)
	for _, at := range places {
		for _, w := range with {
			b := bytes.Clone(e.good)
			copy(b[at:], w)
			require.ErrorIs(t, e.read(b), e.refuse, "%s: %x at %d", e.name, w, at)
		}
	}
}

func fromHex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestNoDecoderTakesTheIdentity(t *testing.T) {
	for _, e := range encodings(t) {
		refused(t, e, e.points, make([]byte, 33))
		refused(t, e, e.xs, make([]byte, 32))
		refused(t, e, []int{0}, make([]byte, len(e.good)))
	}
}

func TestNoDecoderTakesAPointOffTheCurve(t *testing.T) {
	x := append(make([]byte, 31), 5)
	for _, e := range encodings(t) {
		refused(t, e, e.points, append([]byte{2}, x...), append([]byte{3}, x...))
		refused(t, e, e.xs, x)
	}
}

// p + 1 would be a second name of the point with x = 1.
func TestNoDecoderTakesAnXFromThePrimeOn(t *testing.T) {
	one := append(make([]byte, 31), 1)
	alias := fromHex(t, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30")
	prime := fromHex(t, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")
	for _, e := range encodings(t) {
		for _, x := range [][]byte{alias, prime, bytes.Repeat([]byte{0xff}, 32)} {
			refused(t, e, e.points, append([]byte{2}, x...), append([]byte{3}, x...))
			refused(t, e, e.xs, x)
		}
		if e.invalid != nil && len(e.points) > 0 { // x = 1 itself is a point, and the wrong one
			b := bytes.Clone(e.good)
			copy(b[e.points[0]:], append([]byte{2}, one...))
			require.ErrorIs(t, e.read(b), e.invalid, e.name)
		}
	}
}

func TestNoDecoderTakesAHybridOrUnknownPrefix(t *testing.T) {
	for _, e := range encodings(t) {
		for _, prefix := range []byte{0, 1, 4, 5, 6, 7, 0x82, 0xff} {
			refused(t, e, e.points, []byte{prefix})
		}
	}
}

func TestNoDecoderTakesAScalarFromTheOrderOnOrZero(t *testing.T) {
	order := fromHex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	next := fromHex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142")
	for _, e := range encodings(t) {
		refused(t, e, e.scalars, make([]byte, 32), order, next, bytes.Repeat([]byte{0xff}, 32))
	}
}

func TestNoDecoderTakesTrailingBytesOrFewer(t *testing.T) {
	for _, e := range encodings(t) {
		if len(e.good) == 33 {
			continue // of a fixed size by its type
		}
		for _, b := range [][]byte{append(bytes.Clone(e.good), 0), e.good[:len(e.good)-1], nil} {
			err := e.read(b) // a length can be that of the other form, which does not fit
			require.True(t, errors.Is(err, e.refuse) || errors.Is(err, e.invalid), "%s: %v", e.name, err)
		}
	}
}

func TestVerifyTwiceGivesTheSameAnswer(t *testing.T) {
	for _, e := range encodings(t) {
		bad := bytes.Clone(e.good)
		bad[len(bad)-1] ^= 1
		first := e.read(bad)
		for range 3 {
			require.NoError(t, e.read(e.good), e.name)
			require.Equal(t, first, e.read(bad), e.name)
		}
	}
}

func TestRingsOfNoneAndOneAreRefused(t *testing.T) {
	_, public := testKeys(t, "ring", 1)
	for n := range 2 {
		for _, size := range []int{0, n, 64} {
			_, err := NewRing(public[:n], nil, size)
			require.ErrorIs(t, err, ErrRing, "%d members in %d", n, size)
		}
	}
}
