package ringsig

import (
	"errors"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

func TestParseSecretKeyRefusesZeroAndTheOrder(t *testing.T) {
	order := []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41")
	for _, b := range [][]byte{nil, make([]byte, 32), order, make([]byte, 31), make([]byte, 33)} {
		_, err := ParseSecretKey(b)
		require.ErrorIs(t, err, ErrKey)
		_, err = ParseBlinding(b)
		require.ErrorIs(t, err, ErrKey)
	}
	one, err := ParseSecretKey(append(make([]byte, 31), 1))
	require.NoError(t, err)
	require.Equal(t, PublicKey(curveGenerator()), one.Public())
}

func TestNewBlindingRefusesABrokenOrStuckSource(t *testing.T) {
	_, err := NewBlinding(iotest.ErrReader(errors.New("broken")))
	require.ErrorIs(t, err, ErrRandom)
	_, err = NewBlinding(stuck{})
	require.ErrorIs(t, err, ErrRandom)
	b, err := NewBlinding(newSeeded(1))
	require.NoError(t, err)
	raw := b.Bytes()
	again, err := ParseBlinding(raw[:])
	require.NoError(t, err)
	require.Equal(t, raw, again.Bytes())
	b.Zeroise()
	require.Zero(t, b.Bytes())
}

func TestScopesNeedAName(t *testing.T) {
	for _, name := range []string{"", string(make([]byte, 256))} {
		_, err := shared().NewScope(name, 1)
		require.ErrorIs(t, err, ErrStatement)
	}
}

func TestRingsRefuseBadMembers(t *testing.T) {
	_, public := testKeys(t, "ring", 5)
	pad := indexed("padding-key", 10)
	with := func(p PublicKey) []PublicKey { return append([]PublicKey{p}, public[1:]...) }
	for name, c := range map[string]struct {
		keys []PublicKey
		size int
		want error
	}{
		"no member":            {nil, 0, ErrRing},
		"no member, padded":    {nil, 64, ErrRing},
		"one member":           {public[:1], 0, ErrRing},
		"one member, padded":   {public[:1], 64, ErrRing},
		"too small a size":     {public, 4, ErrRing},
		"an odd size":          {public, 65, ErrRing},
		"a size of four":       {public[:3], 4, ErrRing},
		"too large a size":     {public, 65536, ErrRing},
		"negative size":        {public, -1, ErrRing},
		"a duplicate":          {append(public[:4:4], public[0]), 0, ErrDuplicate},
		"the identity":         {with(PublicKey{}), 0, ErrKey},
		"x off the curve":      {with(PublicKey{0: 2, 32: 5}), 0, ErrKey},
		"a hybrid prefix":      {with(PublicKey(append([]byte{6}, public[0][1:]...))), 0, ErrKey},
		"a padding member":     {with(PublicKey(curve.Encode(&pad))), 64, ErrDuplicate},
		"keys without amounts": {public, 0, nil},
	} {
		_, err := NewRing(c.keys, nil, c.size)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := NewRing(public, make([]Commitment, 4), 0)
	require.ErrorIs(t, err, ErrRing)
	_, err = NewRing(public, make([]Commitment, 5), 0)
	require.ErrorIs(t, err, ErrKey)
}

// Padding members come from RFC 9380 and their position alone, so that they have no
// known key, and a ring with a spendable key in their place is another ring.
func TestPaddingIsCanonicalAndNotSpendable(t *testing.T) {
	_, public := testKeys(t, "ring", 63)
	padded, err := NewRing(public, nil, 64)
	require.NoError(t, err)
	require.Equal(t, 63, padded.Members())
	require.Equal(t, 64, padded.Size())
	require.Equal(t, curve.Hash("rootstem-ringsig-v1/padding-key", []byte{0, 0, 0, 63}), padded.keys[63])
	mallory := testKey(t, "mallory", 0)
	full, err := NewRing(append(public, mallory.Public()), nil, 0)
	require.NoError(t, err)
	require.NotEqual(t, padded.Digest(), full.Digest())
	scope := testScope(t, "pool", 1)
	st := &Statement{Scope: scope, Ring: padded}
	_, err = Sign(nil, st, &Witness{Index: 63, Key: mallory})
	require.ErrorIs(t, err, ErrWitness)
	sig, err := Sign(nil, &Statement{Scope: scope, Ring: full}, &Witness{Index: 63, Key: mallory})
	require.NoError(t, err)
	require.ErrorIs(t, Verify(st, sig), ErrSignature)
	// The same points, but the padding counted as a member, is another ring.
	enc := curve.Encode(&padded.keys[63])
	counted, err := NewRing(append(public[:63:63], enc), nil, 0)
	require.NoError(t, err)
	require.NotEqual(t, padded.Digest(), counted.Digest())
}

func TestGeneratorsAreDistinct(t *testing.T) {
	p := shared()
	seen := map[curve.Point]bool{curve.Generator(): true, p.h: true}
	require.Len(t, seen, 2)
	for i := range p.bits {
		require.False(t, seen[p.bits[i]])
		seen[p.bits[i]] = true
	}
	for _, family := range []string{"padding-key", "padding-amount", "range-left", "range-right"} {
		q := indexed(family, 0)
		require.False(t, seen[q])
		seen[q] = true
	}
}
