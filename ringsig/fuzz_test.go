package ringsig

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

func FuzzVerifySignature(f *testing.F) {
	s := testSpend(f, 3, 0, 1, false)
	a := testSpend(f, 3, 0, 1, true)
	sig, err := Sign(nil, s.st, s.w)
	require.NoError(f, err)
	good := binaryOf(f, sig)
	f.Add(good)
	sig, err = Sign(nil, a.st, a.w)
	require.NoError(f, err)
	goodAmounts := binaryOf(f, sig)
	f.Add(goodAmounts)
	f.Fuzz(func(t *testing.T, b []byte) {
		sig, err := ParseSignature(b)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, b, binaryOf(t, sig))
		if !bytes.Equal(b, good) {
			require.ErrorIs(t, Verify(s.st, sig), ErrSignature)
		}
		if !bytes.Equal(b, goodAmounts) {
			require.ErrorIs(t, Verify(a.st, sig), ErrSignature)
		}
	})
}

func FuzzVerifyProof(f *testing.F) {
	s := testSpend(f, 3, 64, 1, false)
	p, err := Prove(nil, s.st, s.w)
	require.NoError(f, err)
	good := binaryOf(f, p)
	f.Add(good)
	f.Add(make([]byte, 1428))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, b, binaryOf(t, p))
		if !bytes.Equal(b, good) {
			require.ErrorIs(t, VerifyProof(s.st, p), ErrProof)
		}
	})
}

func FuzzVerifyRange(f *testing.F) {
	g := rangeGens(f)
	c := testRange(f, 7)
	good, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(f, err)
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodeRange(b, 1)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, b, p.encode())
		if !bytes.Equal(b, good) {
			require.ErrorIs(t, g.Verify(c.st, b), ErrRange)
		}
	})
}

func FuzzVerifyBalance(f *testing.F) {
	b, e := testBalance(f)
	good, err := ProveBalance(nil, b, e)
	require.NoError(f, err)
	f.Add(good)
	f.Fuzz(func(t *testing.T, proof []byte) {
		if !bytes.Equal(proof, good) {
			require.Error(t, VerifyBalance(b, proof))
		}
	})
}

// Statements are hostile too: members, commitments and offsets of any bytes.
func FuzzStatements(f *testing.F) {
	_, public := testKeys(f, "ring", 3)
	f.Add(append(append(public[0][:], public[1][:]...), public[2][:]...), 0)
	f.Add(append(public[0][:], public[1][:]...), 64)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		var keys []PublicKey
		var cs []Commitment
		for ; len(b) >= curve.PointSize && len(keys) < 8; b = b[curve.PointSize:] {
			keys = append(keys, PublicKey(b[:curve.PointSize]))
			cs = append(cs, Commitment(b[:curve.PointSize]))
		}
		if size > 64 {
			size = 64
		}
		ring, err := NewRing(keys, cs, size)
		if err != nil {
			return
		}
		require.LessOrEqual(t, ring.Members(), ring.Size())
		for i := range cs {
			st := &Statement{Scope: testScope(t, "pool", 1), Ring: ring, Offset: &cs[i]}
			_, err := Sign(nil, st, &Witness{Index: i, Key: testKey(t, "x", 0), Blinding: testBlinding(t, "x", 0)})
			require.ErrorIs(t, err, ErrWitness)
		}
		require.Error(t, VerifyBalance(&Balance{Scope: testScope(t, "pool", 1), Inputs: cs}, make([]byte, BalanceProofSize)))
	})
}

func FuzzParseSecrets(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(append(make([]byte, 31), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseSecretKey(b)
		gamma, again := ParseBlinding(b)
		require.Equal(t, err == nil, again == nil)
		if err != nil {
			require.ErrorIs(t, err, ErrKey)
			require.ErrorIs(t, again, ErrKey)
			return
		}
		x := k.x.Bytes()
		require.Equal(t, b, x[:])
		require.Equal(t, [32]byte(b), gamma.Bytes())
	})
}

// A batch is valid if and only if each of its proofs is.
func FuzzVerifyBatches(f *testing.F) {
	g := rangeGens(f)
	c := testRange(f, 7)
	good, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(f, err)
	s := testSpend(f, 3, 64, 1, false)
	p, err := Prove(nil, s.st, s.w)
	require.NoError(f, err)
	f.Add(good, binaryOf(f, p))
	f.Add(make([]byte, len(good)), make([]byte, ProofSize(64, false)))
	f.Fuzz(func(t *testing.T, b, membership []byte) {
		single := g.Verify(c.st, b)
		batch := g.VerifyAll(nil, []*RangeStatement{c.st, c.st}, [][]byte{good, b})
		require.Equal(t, single == nil, batch == nil)
		other, err := ParseProof(membership)
		if err != nil {
			return
		}
		single = VerifyProof(s.st, other)
		batch = VerifyProofs(nil, []*Statement{s.st, s.st}, []*Proof{other, p})
		require.Equal(t, single == nil, batch == nil)
	})
}
