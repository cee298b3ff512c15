package secp

import (
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
)

func hex32(t testing.TB, s string) (out [32]byte) {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	require.Len(t, b, 32)
	return [32]byte(b)
}

const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

// The keys are those of the specifications: EIP-155's example and the curve's
// generator.
func TestAddressesOfKnownKeys(t *testing.T) {
	for scalar, want := range map[string]string{
		"4646464646464646464646464646464646464646464646464646464646464646": "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f",
		"0000000000000000000000000000000000000000000000000000000000000001": "7e5f4552091a69125d5dfcb7b8c2659029395bdf",
	} {
		key, err := ParseKey(hex32(t, scalar))
		require.NoError(t, err)
		a := key.Address()
		require.Equal(t, want, hex.EncodeToString(a[:]))
		require.Equal(t, hex32(t, scalar), key.Bytes())
	}
}

// EIP-155, "Example".
func TestSignatureOfTheExampleOfEIP155(t *testing.T) {
	key, err := ParseKey(hex32(t, "4646464646464646464646464646464646464646464646464646464646464646"))
	require.NoError(t, err)
	sig := key.Sign(hex32(t, "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"))
	require.Equal(t, hex32(t, "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"), sig.R)
	require.Equal(t, hex32(t, "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"), sig.S)
	require.Equal(t, byte(0), sig.V)
}

func TestParseKeyRefusesZeroAndTheOrder(t *testing.T) {
	for _, s := range []string{"0000000000000000000000000000000000000000000000000000000000000000", order, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"} {
		_, err := ParseKey(hex32(t, s))
		require.ErrorIs(t, err, ErrKey)
	}
}

func TestRecoverReturnsTheSigner(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	n, ok := new(big.Int).SetString(order, 16)
	require.True(t, ok)
	for range 50 {
		var scalar, digest [32]byte
		for i := range scalar {
			scalar[i], digest[i] = byte(rng.Uint32()), byte(rng.Uint32())
		}
		key, err := ParseKey(scalar)
		require.NoError(t, err)
		sig := key.Sign(digest)
		require.True(t, sig.LowS())
		require.Equal(t, sig, key.Sign(digest), "the nonce is RFC 6979's")
		pub, err := Recover(digest, &sig)
		require.NoError(t, err)
		require.Equal(t, key.Public(), pub)

		// The twin with n − s recovers the same key and has a high s.
		twin := sig
		twin.V ^= 1
		new(big.Int).Sub(n, new(big.Int).SetBytes(sig.S[:])).FillBytes(twin.S[:])
		require.False(t, twin.LowS())
		pub, err = Recover(digest, &twin)
		require.NoError(t, err)
		require.Equal(t, key.Public(), pub)

		other := keccak.Sum256(digest[:])
		pub, err = Recover(other, &sig)
		if err == nil {
			require.NotEqual(t, key.Public(), pub)
		}
	}
}

func TestRecoverRefusesScalarsOutsideTheirRange(t *testing.T) {
	key, err := ParseKey([32]byte{31: 1})
	require.NoError(t, err)
	digest := [32]byte{1}
	good := key.Sign(digest)
	for name, bend := range map[string]func(*Signature){
		"r = 0":     func(s *Signature) { s.R = [32]byte{} },
		"s = 0":     func(s *Signature) { s.S = [32]byte{} },
		"r = n":     func(s *Signature) { s.R = hex32(t, order) },
		"s = n":     func(s *Signature) { s.S = hex32(t, order) },
		"r = 2^256": func(s *Signature) { s.R = hex32(t, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff") },
		"v = 2":     func(s *Signature) { s.V = 2 },
		"v = 27":    func(s *Signature) { s.V = 27 },
		"v = 255":   func(s *Signature) { s.V = 255 },
	} {
		sig := good
		bend(&sig)
		pub, err := Recover(digest, &sig)
		require.ErrorIs(t, err, ErrSignature, name)
		require.Zero(t, pub, name)
	}
}

func TestLowSAtTheEdge(t *testing.T) {
	half := "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
	sig := Signature{S: hex32(t, half)}
	require.True(t, sig.LowS())
	sig.S[31]++
	require.False(t, sig.LowS())
}

func FuzzRecoverNeverPanics(f *testing.F) {
	f.Add(make([]byte, 97))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 97 {
			return
		}
		sig := Signature{R: [32]byte(b[32:64]), S: [32]byte(b[64:96]), V: b[96]}
		if _, err := Recover([32]byte(b[:32]), &sig); err != nil {
			require.ErrorIs(t, err, ErrSignature)
		}
	})
}

func BenchmarkRecover(b *testing.B) {
	key, err := ParseKey([32]byte{31: 7})
	require.NoError(b, err)
	digest := [32]byte{1}
	sig := key.Sign(digest)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Recover(digest, &sig); err != nil {
			b.Fatal(err)
		}
	}
}
