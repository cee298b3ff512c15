package secp

import (
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/stretchr/testify/require"
)

// decredRecover is Recover by decred's implementation.
func decredRecover(digest [32]byte, sig *Signature) (pub [64]byte, err error) {
	if sig.V > 1 {
		return pub, ErrSignature
	}
	compact := append([]byte{27 + sig.V}, append(sig.R[:], sig.S[:]...)...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err != nil {
		return pub, ErrSignature
	}
	copy(pub[:], key.SerializeUncompressed()[1:])
	return pub, nil
}

// word is random, or next to a place where arithmetic has a seam.
func word(rng *rand.Rand) (w [32]byte) {
	for i := range w {
		w[i] = byte(rng.Uint32())
	}
	switch rng.IntN(8) {
	case 0:
		w = [32]byte{31: w[31]}
	case 1: // just below or above the order
		copy(w[:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41")
	case 2: // near the field's prime
		for i := range 30 {
			w[i] = 0xff
		}
	case 3:
		clear(w[:16])
	}
	return w
}

func TestRecoverEqualsDecreds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	recovered := 0
	for range 6000 {
		sig := Signature{R: word(rng), S: word(rng), V: byte(rng.IntN(2))}
		digest := word(rng)
		want, wantErr := decredRecover(digest, &sig)
		got, err := Recover(digest, &sig)
		require.Equal(t, wantErr, err, "%x %x", digest, sig)
		require.Equal(t, want, got, "%x %x", digest, sig)
		if err == nil {
			recovered++
		}
	}
	require.Greater(t, recovered, 1000)
}

// TestRecoverWhereTheSumMeetsItself has nonce points that are small multiples of the
// generator, so that the two tables share points: sums double, cancel and vanish.
func TestRecoverWhereTheSumMeetsItself(t *testing.T) {
	vanished := 0
	for k := uint32(1); k <= 40; k++ {
		var nonce secp256k1.JacobianPoint
		secp256k1.ScalarBaseMultNonConst(new(secp256k1.ModNScalar).SetInt(k), &nonce)
		nonce.ToAffine()
		sig := Signature{R: *nonce.X.Bytes()}
		if nonce.Y.IsOdd() {
			sig.V = 1
		}
		for s := byte(1); s <= 8; s++ {
			for _, v := range []byte{sig.V, 1 - sig.V} {
				for _, e := range []uint32{0, 1, uint32(s), k, uint32(s) * k, uint32(s)*k + 1} {
					c := Signature{R: sig.R, S: [32]byte{31: s}, V: v}
					digest := new(secp256k1.ModNScalar).SetInt(e).Bytes()
					want, wantErr := decredRecover(digest, &c)
					got, err := Recover(digest, &c)
					require.Equal(t, wantErr, err, "k %d s %d e %d", k, s, e)
					require.Equal(t, want, got, "k %d s %d e %d", k, s, e)
					if err != nil {
						vanished++
					}
				}
			}
		}
	}
	require.GreaterOrEqual(t, vanished, 40*8, "s·R = e·G is no key")
}

func BenchmarkRecoverByDecred(b *testing.B) {
	key, err := ParseKey([32]byte{31: 7})
	require.NoError(b, err)
	digest := [32]byte{1}
	sig := key.Sign(digest)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decredRecover(digest, &sig); err != nil {
			b.Fatal(err)
		}
	}
}
