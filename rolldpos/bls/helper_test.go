package bls

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/stretchr/testify/require"
)

// stream is a reader of SHA-256 counter blocks: equal seeds, equal bytes.
type stream struct {
	seed  string
	block uint64
	rest  []byte
}

func seeded(seed string) *stream { return &stream{seed: seed} }

func (s *stream) Read(b []byte) (int, error) {
	for n := 0; n < len(b); {
		if len(s.rest) == 0 {
			d := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.seed), s.block))
			s.block++
			s.rest = d[:]
		}
		c := copy(b[n:], s.rest)
		s.rest = s.rest[c:]
		n += c
	}
	return len(b), nil
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func testKey(t require.TestingT, seed string) *SecretKey {
	k, err := GenerateKey(seeded(seed))
	require.NoError(t, err)
	return k
}

// testGroup shares a key among n members: the polynomial's coefficients come from seed.
func testGroup(t require.TestingT, seed string, n, threshold int) (*PublicKey, []Share, []*PublicKey) {
	r := seeded(seed)
	coeffs := make([]fr.Element, threshold)
	for i := range coeffs {
		k, err := GenerateKey(r)
		require.NoError(t, err)
		coeffs[i] = k.k
	}
	shares := make([]Share, n)
	public := make([]*PublicKey, n)
	for i := range shares {
		var x, y fr.Element
		x.SetUint64(uint64(i) + 1)
		for j := threshold - 1; j >= 0; j-- {
			y.Mul(&y, &x).Add(&y, &coeffs[j])
		}
		shares[i] = Share{uint32(i) + 1, &SecretKey{y}}
		public[i] = shares[i].Key.Public()
	}
	return (&SecretKey{coeffs[0]}).Public(), shares, public
}
