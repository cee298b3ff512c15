package eddsa_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/eddsa"
	"github.com/rootstem/rootstem/internal/keccak"
)

func sign(i int, message []byte) eddsa.Signature {
	seed := keccak.Sum256(fmt.Append(nil, "eddsa test key ", i))
	key := ed25519.NewKeyFromSeed(seed[:])
	return eddsa.Signature{Key: key.Public().(ed25519.PublicKey), Message: message, Sig: (*[64]byte)(ed25519.Sign(key, message))}
}

func signed(n int) []eddsa.Signature {
	out := make([]eddsa.Signature, n)
	for i := range out {
		out[i] = sign(i, fmt.Append(nil, "message ", i%3))
	}
	return out
}

func TestSignaturesOfTheStandardLibraryHold(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, 24, 100} {
		all := signed(n)
		for _, s := range all {
			require.True(t, eddsa.Verify(s))
		}
		require.True(t, eddsa.VerifyAll(all), n)
	}
}

// RFC 8032, section 7.1, tests 1 to 3.
func TestTheVectorsOfRFC8032Hold(t *testing.T) {
	for _, v := range [][3]string{
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	} {
		var b [3][]byte
		for i := range v {
			var err error
			b[i], err = hex.DecodeString(v[i])
			require.NoError(t, err)
		}
		require.True(t, eddsa.Verify(eddsa.Signature{Key: b[0], Message: b[1], Sig: (*[64]byte)(b[2])}))
	}
}

func TestOneBadSignatureSpoilsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := signed(rapid.IntRange(1, 12).Draw(t, "n"))
		s := &all[rapid.IntRange(0, len(all)-1).Draw(t, "at")]
		sig := *s.Sig
		s.Sig = &sig
		bit := byte(1) << rapid.IntRange(0, 7).Draw(t, "bit")
		switch rapid.IntRange(0, 2).Draw(t, "part") {
		case 0:
			sig[rapid.IntRange(0, 63).Draw(t, "byte")] ^= bit
		case 1:
			s.Key = append([]byte(nil), s.Key...)
			s.Key[rapid.IntRange(0, 31).Draw(t, "byte")] ^= bit
		case 2:
			s.Message = append([]byte{bit}, s.Message...)
		}
		require.False(t, eddsa.Verify(*s))
		require.False(t, eddsa.VerifyAll(all))
	})
}

func TestErrorsThatCancelOutAreFound(t *testing.T) {
	all := signed(6)
	one, err := new(edwards25519.Scalar).SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	require.NoError(t, err)
	for i, change := range []func(s *edwards25519.Scalar) *edwards25519.Scalar{
		func(s *edwards25519.Scalar) *edwards25519.Scalar { return s.Add(s, one) },
		func(s *edwards25519.Scalar) *edwards25519.Scalar { return s.Subtract(s, one) },
	} {
		s, err := new(edwards25519.Scalar).SetCanonicalBytes(all[i].Sig[32:])
		require.NoError(t, err)
		copy(all[i].Sig[32:], change(s).Bytes())
	}
	require.False(t, eddsa.VerifyAll(all))
}

func TestAnSOfTheOrderOrMoreIsRefused(t *testing.T) {
	order, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	require.NoError(t, err)
	all := signed(5)
	carry := 0
	for i := range 32 {
		carry += int(all[2].Sig[32+i]) + int(order[i])
		all[2].Sig[32+i], carry = byte(carry), carry>>8
	}
	require.False(t, eddsa.Verify(all[2]))
	require.False(t, eddsa.VerifyAll(all))
}

func TestKeysOfAnotherLengthAreRefused(t *testing.T) {
	s := signed(1)[0]
	for _, key := range [][]byte{nil, s.Key[:31], append(s.Key[:32:32], 0)} {
		require.False(t, eddsa.Verify(eddsa.Signature{Key: key, Message: s.Message, Sig: s.Sig}))
	}
}

// ZIP 215: with s = 0, every key and every R of small order satisfies the equation,
// whatever the message, in all 14 encodings of the 8 points.
func TestTheRuleIsZIP215AloneAndTogether(t *testing.T) {
	var small [][]byte
	for _, x := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(x)
		require.NoError(t, err)
		small = append(small, b)
	}
	var all []eddsa.Signature
	for _, key := range small {
		for _, r := range small {
			s := eddsa.Signature{Key: key, Message: []byte("Zcash"), Sig: new([64]byte)}
			copy(s.Sig[:], r)
			require.True(t, eddsa.Verify(s), "%x %x", key, r)
			all = append(all, s)
		}
	}
	require.Len(t, all, 196)
	require.True(t, eddsa.VerifyAll(all))
	for i := 4; i < len(all); i += 9 {
		require.True(t, eddsa.VerifyAll(all[i-4:i]))
	}
}

func BenchmarkVerify(b *testing.B) {
	s := signed(1)[0]
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			eddsa.Verify(s)
		}
	})
	b.Run("crypto/ed25519", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ed25519.Verify(s.Key, s.Message, s.Sig[:])
		}
	})
	for _, n := range []int{3, 4, 17, 67} {
		all := signed(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				eddsa.VerifyAll(all)
			}
		})
	}
}
