package ringsig

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
)

// shared are the generators of all tests: they are immutable and slow to derive.
var shared = sync.OnceValue(NewParams)

// stuck is an entropy source that returns zeros only.
type stuck struct{}

func (stuck) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// seeded is a deterministic entropy source.
type seeded struct{ rng *rand.Rand }

func newSeeded(seed uint64) seeded { return seeded{rand.New(rand.NewPCG(seed, 7))} }

func (s seeded) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.rng.Uint32())
	}
	return len(b), nil
}

// testKey returns the i-th key of a family.
func testKey(t testing.TB, family string, i int) *SecretKey {
	h := keccak.Sum256([]byte("test "+family), binary.BigEndian.AppendUint64(nil, uint64(i)))
	k, err := ParseSecretKey(h[:])
	require.NoError(t, err)
	return k
}

func testBlinding(t testing.TB, family string, i int) *Blinding {
	h := keccak.Sum256([]byte("blinding "+family), binary.BigEndian.AppendUint64(nil, uint64(i)))
	b, err := ParseBlinding(h[:])
	require.NoError(t, err)
	return b
}

func testKeys(t testing.TB, family string, n int) (secret []*SecretKey, public []PublicKey) {
	for i := range n {
		secret = append(secret, testKey(t, family, i))
		public = append(public, secret[i].Public())
	}
	return secret, public
}

func testScope(t testing.TB, name string, chain uint64) *Scope {
	s, err := shared().NewScope(name, chain)
	require.NoError(t, err)
	return s
}

// spend is a statement with the witness of one of its members.
type spend struct {
	st *Statement
	w  *Witness
}

// testSpend makes a ring of n keys in size places, with amounts or without, and a
// witness for the member index.
func testSpend(t testing.TB, n, size, index int, amounts bool) spend {
	secret, public := testKeys(t, "ring", n)
	s := spend{&Statement{Scope: testScope(t, "test/pool", 7), Message: []byte("a message")}, &Witness{Index: index, Key: secret[index]}}
	var commitments []Commitment
	if amounts {
		for i := range n {
			commitments = append(commitments, shared().Commit(uint64(1000+i), testBlinding(t, "ring", i)))
		}
		pseudo := testBlinding(t, "pseudo", index)
		offset := shared().Commit(uint64(1000+index), pseudo)
		s.st.Offset = &offset
		s.w.Blinding = testBlinding(t, "ring", index).Minus(pseudo)
	}
	ring, err := NewRing(public, commitments, size)
	require.NoError(t, err)
	s.st.Ring = ring
	return s
}

func binaryOf(t testing.TB, v interface {
	AppendBinary([]byte) ([]byte, error)
}) []byte {
	b, err := v.AppendBinary(nil)
	require.NoError(t, err)
	return b
}
