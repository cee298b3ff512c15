package secp

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/stretchr/testify/require"
)

// reference is decred's recovery.
func reference(digest [32]byte, sig *Signature) (pub [64]byte, err error) {
	compact := append([]byte{27 + sig.V}, append(sig.R[:], sig.S[:]...)...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err == nil {
		copy(pub[:], key.SerializeUncompressed()[1:])
	}
	return pub, err
}

// random256 is often at an edge: sparse, dense, near 0, n, p or 2^256.
func random256(r *rand.Rand) (b [32]byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	near := []*big.Int{new(big.Int), secp256k1.Params().N, secp256k1.Params().P, new(big.Int).Rsh(secp256k1.Params().N, 1)}
	switch r.IntN(6) {
	case 0:
		x := new(big.Int).Add(near[r.IntN(4)], big.NewInt(int64(r.IntN(9)-4)))
		return [32]byte(new(big.Int).Mod(x, new(big.Int).Lsh(big.NewInt(1), 256)).FillBytes(make([]byte, 32)))
	case 1:
		for i := range b {
			b[i] = byte(-int(r.Uint32() & 1))
		}
	case 2:
		clear(b[r.IntN(32):])
	}
	return b
}

func TestRecoverEqualsDecred(t *testing.T) {
	n := 4_000
	if testing.Short() {
		n = 1_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	recovered := 0
	for i := range n {
		digest := random256(r)
		sig := Signature{R: random256(r), S: random256(r), V: byte(r.IntN(2))}
		if i%2 == 0 {
			if key, err := ParseKey(random256(r)); err == nil {
				sig = key.Sign(digest)
			}
		}
		want, wantErr := reference(digest, &sig)
		got, err := Recover(digest, &sig)
		require.Equal(t, wantErr == nil, err == nil, "%x %+v: %v", digest, sig, wantErr)
		require.Equal(t, want, got, "%x %+v", digest, sig)
		if err == nil {
			recovered++
		}
	}
	require.Greater(t, recovered, n/2)
}

// TestRecoverRefusesInfinity recovers from signatures whose key would be infinity:
// s·R = z·G.
func TestRecoverRefusesInfinity(t *testing.T) {
	for k := byte(1); k < 50; k++ {
		key, err := ParseKey([32]byte{31: k})
		require.NoError(t, err)
		pub := key.Public()
		sig := Signature{R: [32]byte(pub[:32]), S: [32]byte{31: 3}, V: pub[63] & 1}
		_, err = Recover([32]byte{31: 3 * k}, &sig)
		require.ErrorIs(t, err, ErrSignature)
		got, err := Recover([32]byte{31: 3*k + 1}, &sig)
		require.NoError(t, err)
		want, err := reference([32]byte{31: 3*k + 1}, &sig)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestFieldEqualsBigIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	p := secp256k1.Params().P
	check := func(want *big.Int, got *field) {
		t.Helper()
		b := got.bytes()
		require.Equal(t, new(big.Int).Mod(want, p).String(), new(big.Int).SetBytes(b[:]).String())
	}
	for range 4_000 {
		bx, by := random256(r), random256(r)
		X, Y := new(big.Int).SetBytes(bx[:]), new(big.Int).SetBytes(by[:])
		var x, y, z field
		x.setBytes(&bx)
		y.setBytes(&by)
		z.add(&x, &y)
		check(new(big.Int).Add(X, Y), &z)
		z.sub(&x, &y)
		check(new(big.Int).Sub(X, Y), &z)
		z.mul(&x, &y)
		check(new(big.Int).Mul(X, Y), &z)
		z.square(&x)
		check(new(big.Int).Mul(X, X), &z)
	}
	for range 200 {
		bx := random256(r)
		var x, z field
		x.setBytes(&bx)
		z.inverse(&x)
		z.mul(&z, &x)
		require.True(t, x.isZero() || z.bytes() == [32]byte{31: 1})
	}
}

func BenchmarkRecover(b *testing.B) {
	key, err := ParseKey([32]byte{1, 2, 3})
	require.NoError(b, err)
	digest := [32]byte{4, 5, 6}
	sig := key.Sign(digest)
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Recover(digest, &sig); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decred", func(b *testing.B) {
		for b.Loop() {
			if _, err := reference(digest, &sig); err != nil {
				b.Fatal(err)
			}
		}
	})
}
