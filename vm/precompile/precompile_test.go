package precompile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/secp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func concat(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func word(n uint64) []byte {
	b := make([]byte, 32)
	binary.BigEndian.PutUint64(b[24:], n)
	return b
}

func at(f Fork, n uint16) Contract { return Set(f)[address(n)] }

func run(t testing.TB, c Contract, input []byte) []byte {
	t.Helper()
	out, err := c.Run(input)
	require.NoError(t, err)
	return out
}

func TestSetGrowsWithTheFork(t *testing.T) {
	require.Len(t, Set(Cancun), 10)
	require.Len(t, Set(Prague), 17)
	require.Len(t, Set(Osaka), 18)
	require.Contains(t, Set(Osaka), [20]byte{18: 1})
	delete(Set(Osaka), [20]byte{18: 1})
	require.Contains(t, Set(Osaka), [20]byte{18: 1}, "a caller's map is its own")
}

func TestEcrecoverFindsTheSignerAndNothingElse(t *testing.T) {
	c := at(Osaka, 1)
	key, err := secp.ParseKey([32]byte(word(0xc0ffee)))
	require.NoError(t, err)
	digest := [32]byte{1, 2, 3}
	sig := key.Sign(digest)
	input := concat(digest[:], word(27+uint64(sig.V)), sig.R[:], sig.S[:])
	addr := key.Address()
	want := concat(make([]byte, 12), addr[:])
	require.Equal(t, want, run(t, c, input))
	require.Equal(t, want, run(t, c, append(input, 0xff)), "bytes after the fourth word are ignored")

	n := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	bad := map[string][]byte{
		"empty":           nil,
		"v = 0":           concat(digest[:], word(0), sig.R[:], sig.S[:]),
		"v = 29":          concat(digest[:], word(29), sig.R[:], sig.S[:]),
		"v with high bit": concat(digest[:], []byte{1}, word(27 + uint64(sig.V))[1:], sig.R[:], sig.S[:]),
		"r = 0":           concat(digest[:], word(27), word(0), sig.S[:]),
		"s = 0":           concat(digest[:], word(27), sig.R[:], word(0)),
		"r = n":           concat(digest[:], word(27), n, sig.S[:]),
		"s = n":           concat(digest[:], word(27), sig.R[:], n),
		"s missing":       concat(digest[:], word(27), sig.R[:]),
	}
	for name, in := range bad {
		require.Empty(t, run(t, c, in), name)
	}
}

func TestHashesMatchTheirStandards(t *testing.T) {
	require.Equal(t, unhex(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), run(t, at(Osaka, 2), nil))
	require.Equal(t, unhex(t, "0000000000000000000000008eb208f7e05d987a9b044a8e98c6b087f15a0bfc"), run(t, at(Osaka, 3), []byte("abc")))
	in := []byte{1, 2, 3}
	out := run(t, at(Osaka, 4), in)
	require.Equal(t, in, out)
	out[0] = 9
	require.Equal(t, byte(1), in[0], "the output is a copy")
	for n, gas := range map[int][3]uint64{0: {60, 600, 15}, 1: {72, 720, 18}, 32: {72, 720, 18}, 33: {84, 840, 21}} {
		for i := range 3 {
			require.Equal(t, gas[i], at(Osaka, uint16(2+i)).Gas(make([]byte, n)))
		}
	}
}

func TestBlake2fMatchesRFC7693(t *testing.T) {
	// RFC 7693 appendix A: BLAKE2b-512 of "abc", also vector 5 of EIP-152.
	h := []uint64{blake2bIV0 ^ 0x01010040, blake2bIV1, blake2bIV2, blake2bIV3, blake2bIV4, blake2bIV5, blake2bIV6, blake2bIV7}
	in := []byte{0, 0, 0, 12}
	for _, x := range h {
		in = binary.LittleEndian.AppendUint64(in, x)
	}
	in = append(in, "abc"...)
	in = append(in, make([]byte, 125)...)
	in = binary.LittleEndian.AppendUint64(in, 3)
	in = append(in, make([]byte, 8)...)
	in = append(in, 1)
	c := at(Cancun, 9)
	require.Equal(t, uint64(12), c.Gas(in))
	require.Equal(t, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"+
		"7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923", hex.EncodeToString(run(t, c, in)))
	in[212] = 2
	_, err := c.Run(in)
	require.ErrorIs(t, err, ErrFinalFlag)
	_, err = c.Run(in[:212])
	require.ErrorIs(t, err, ErrInputLength)
	require.Zero(t, c.Gas(in[:212]))
}

func signP256(t testing.TB, digest [32]byte) (sig, pub [64]byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	raw, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	copy(pub[:], raw[1:])
	return sig, pub
}

func TestP256VerifyAcceptsBothSAndRefusesTheRest(t *testing.T) {
	c := at(Osaka, 0x100)
	digest := [32]byte{7}
	sig, pub := signP256(t, digest)
	valid := concat(digest[:], sig[:], pub[:])
	require.Equal(t, word(1), run(t, c, valid))
	require.Equal(t, uint64(6900), c.Gas(nil))

	params := elliptic.P256().Params()
	n, p := params.N.FillBytes(make([]byte, 32)), params.P.FillBytes(make([]byte, 32))
	other := new(big.Int).Sub(params.N, new(big.Int).SetBytes(sig[32:])).FillBytes(make([]byte, 32))
	require.Equal(t, word(1), run(t, c, concat(digest[:], sig[:32], other, pub[:])), "n - s verifies too")
	bad := map[string][]byte{
		"empty":        nil,
		"short":        valid[:159],
		"long":         append(valid[:160:160], 0),
		"digest":       concat(word(1), sig[:], pub[:]),
		"r = 0":        concat(digest[:], word(0), sig[32:], pub[:]),
		"s = 0":        concat(digest[:], sig[:32], word(0), pub[:]),
		"r = n":        concat(digest[:], n, sig[32:], pub[:]),
		"s = n":        concat(digest[:], sig[:32], n, pub[:]),
		"infinity":     concat(digest[:], sig[:], make([]byte, 64)),
		"x = p":        concat(digest[:], sig[:], p, pub[32:]),
		"y = p":        concat(digest[:], sig[:], pub[:32], p),
		"not on curve": concat(digest[:], sig[:], pub[:32], word(5)),
	}
	for name, in := range bad {
		require.Empty(t, run(t, c, in), name)
	}
}
