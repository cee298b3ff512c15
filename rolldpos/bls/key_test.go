package bls

import (
	"bytes"
	"math/big"
	"sync"
	"testing"
	"testing/iotest"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSecretKeysOutsideTheGroupsOrderAreRefused(t *testing.T) {
	order := fr.Modulus()
	for _, n := range []*big.Int{new(big.Int), order, new(big.Int).Add(order, big.NewInt(1))} {
		_, err := DecodeSecretKey(n.FillBytes(make([]byte, 32)))
		require.ErrorIs(t, err, ErrSecretKey)
	}
	for _, n := range []int{0, 31, 33} {
		_, err := DecodeSecretKey(bytes.Repeat([]byte{1}, n))
		require.ErrorIs(t, err, ErrSecretKey)
	}
	last := new(big.Int).Sub(order, big.NewInt(1)).FillBytes(make([]byte, 32))
	k, err := DecodeSecretKey(last)
	require.NoError(t, err)
	got := k.Bytes()
	require.Equal(t, last, got[:])
}

func TestGenerateKeyReportsAReaderThatFails(t *testing.T) {
	_, err := GenerateKey(iotest.ErrReader(bytes.ErrTooLarge))
	require.ErrorIs(t, err, ErrRandom)
	require.ErrorIs(t, err, bytes.ErrTooLarge)
	_, err = GenerateKey(bytes.NewReader(make([]byte, 48)))
	require.ErrorIs(t, err, ErrRandom)
}

func TestTheSplitSecretGivesThePlainProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wide := [48]byte(rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(t, "wide"))
		wide[47] |= 1
		k := &SecretKey{reduce(&wide)}
		n := new(big.Int).SetBytes(wide[:])
		n.Mod(n, fr.Modulus())
		b := k.Bytes()
		require.Equal(t, n.FillBytes(make([]byte, 32)), b[:])
		var p curve.G2Affine
		require.True(t, k.Public().p.Equal(p.ScalarMultiplicationBase(n)))
		h, err := hashToG1("tag", wide[:])
		require.NoError(t, err)
		h.ScalarMultiplication(&h, n)
		require.Equal(t, Signature(h.Bytes()), k.Sign("tag", wide[:]))
	})
}

// twist returns a compressed point of the curve over 𝔽p² outside the subgroup.
func twist(t *testing.T) [96]byte {
	var x curve.E2
	x.SetOne()
	p := curve.GeneratePointNotInG2(x)
	var a curve.G2Affine
	a.FromJacobian(&p)
	require.True(t, a.IsOnCurve())
	require.False(t, a.IsInSubGroup())
	return a.Bytes()
}

func offSubgroup(t *testing.T) [48]byte {
	p := curve.GeneratePointNotInG1(fp.One())
	var a curve.G1Affine
	a.FromJacobian(&p)
	require.True(t, a.IsOnCurve())
	require.False(t, a.IsInSubGroup())
	return a.Bytes()
}

// beyond adds the field's prime to a coordinate that starts at b[0]; the three flags
// stay. It reports whether there is room for the sum.
func beyond(b []byte) bool {
	flags := b[0] & 0xe0
	x := append([]byte{}, b[:48]...)
	x[0] &= 0x1f
	n := new(big.Int).SetBytes(x)
	n.Add(n, fp.Modulus())
	if n.BitLen() > 381 {
		return false
	}
	n.FillBytes(b[:48])
	b[0] |= flags
	return true
}

func TestPublicKeysThatAreNotCanonicalPointsOfTheSubgroupAreRefused(t *testing.T) {
	good := testKey(t, "a").Public().Bytes()
	k, err := DecodePublicKey(good[:])
	require.NoError(t, err)
	require.Equal(t, good, k.Bytes())
	refuse := func(name string, b []byte) {
		_, err := DecodePublicKey(b)
		require.ErrorIs(t, err, ErrPublicKey, name)
	}
	refuse("nothing", nil)
	refuse("short", good[:95])
	refuse("long", append(good[:], 0))
	off := twist(t)
	refuse("subgroup", off[:])
	identity := make([]byte, 96)
	identity[0] = 0xc0
	refuse("identity", identity)
	identity[95] = 1
	refuse("identity with a bit", identity)
	for flags := range 8 {
		b := good
		b[0] = b[0]&0x1f | byte(flags)<<5
		if flags != 4 && flags != 5 { // compressed, of either sign
			refuse("flags", b[:])
		}
	}
	for i := 0; ; i++ {
		b := testKey(t, string(rune(i))).Public().Bytes()
		if beyond(b[:]) {
			refuse("x from the prime up", b[:])
			break
		}
	}
}

func TestSignaturesThatAreNotCanonicalPointsOfTheSubgroupAreRefused(t *testing.T) {
	k := testKey(t, "a")
	p, v := k.Public(), NewVerifier(k.Public())
	good := k.Sign("tag", []byte("m"))
	require.NoError(t, v.Verify("tag", []byte("m"), good))
	refuse := func(name string, s Signature) {
		require.ErrorIs(t, p.Verify("tag", []byte("m"), s), ErrEncoding, name)
		require.ErrorIs(t, v.Verify("tag", []byte("m"), s), ErrEncoding, name)
		_, err := Aggregate([]Signature{good, s})
		require.ErrorIs(t, err, ErrEncoding, name)
		_, err = Recover(1, []Partial{{1, s}})
		require.ErrorIs(t, err, ErrEncoding, name)
		_, err = DecodeKeyG1(s[:])
		require.ErrorIs(t, err, ErrPublicKey, name)
	}
	refuse("zero", Signature{})
	refuse("identity", Signature{0: 0xc0})
	refuse("identity with a bit", Signature{0: 0xc0, 47: 1})
	refuse("subgroup", offSubgroup(t))
	for i := 0; ; i++ {
		s := k.Sign("tag", []byte{byte(i)})
		if beyond(s[:]) {
			refuse("x from the prime up", s)
			break
		}
	}
	raw := rawPoint(t, offSubgroup(t))
	sig, err := good.point()
	require.NoError(t, err)
	raw.Add(&raw, &sig)
	refuse("a good signature and a part outside", raw.Bytes())
}

// rawPoint decodes without the subgroup's check.
func rawPoint(t *testing.T, b [48]byte) curve.G1Affine {
	var p curve.G1Affine
	require.NoError(t, curve.NewDecoder(bytes.NewReader(b[:]), curve.NoSubgroupChecks()).Decode(&p))
	return p
}

func TestAVerifierAnswersAgainAndAtOnceWhatItAnsweredFirst(t *testing.T) {
	k := testKey(t, "a")
	v := NewVerifier(k.Public())
	sig := k.Sign("tag", []byte("m"))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				assert.NoError(t, v.Verify("tag", []byte("m"), sig))
				assert.ErrorIs(t, v.Verify("tag", []byte("n"), sig), ErrSignature)
			}
		})
	}
	wg.Wait()
}

func TestTagsOfOtherLengthsAreRefused(t *testing.T) {
	k := testKey(t, "a")
	s := k.Sign("tag", nil)
	for _, dst := range []string{"", string(make([]byte, 256))} {
		require.ErrorIs(t, k.Public().Verify(dst, nil, s), ErrDST)
		_, err := BadPartials(nil, dst, nil, nil)
		require.ErrorIs(t, err, ErrDST)
		require.Panics(t, func() { k.Sign(dst, nil) })
	}
}

func TestErasedKeysAreZero(t *testing.T) {
	s := Share{1, testKey(t, "a")}
	s.Erase()
	require.Equal(t, [32]byte{}, s.Key.Bytes())
}
