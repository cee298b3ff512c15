package paymentcode

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/paymentcode/internal/bech32m"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

func seed(name byte) []byte { return []byte(strings.Repeat(string(rune('a'+name)), 32)) }

func derived(t testing.TB, name byte, o Options) *Keys {
	t.Helper()
	k, err := Derive(seed(name), o)
	require.NoError(t, err)
	return k
}

func isOneOf(err error, these ...error) bool {
	for _, e := range these {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestACodeReadsBackFromTextAndBytes(t *testing.T) {
	c := derived(t, 0, Options{BucketBits: 5}).Code()
	text := c.String()
	require.Len(t, text, 121)
	require.True(t, strings.HasPrefix(text, "rspay1p"))
	for _, s := range []string{text, strings.ToUpper(text)} {
		back, err := Parse(s)
		require.NoError(t, err)
		require.Equal(t, c, back)
	}
	back, err := DecodeCode(c.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, c, back)
}

func TestParseRefusesEveryChangedCharacter(t *testing.T) {
	text := derived(t, 0, Options{}).Code().String()
	for i := range text {
		bent := []byte(text)
		if bent[i]++; bent[i] == 'b' || bent[i] == 'i' || bent[i] == 'o' || bent[i] == '1' {
			bent[i]++
		}
		_, err := Parse(string(bent))
		require.Error(t, err)
	}
}

func TestDecodeCodeRefusesWhatIsNotACode(t *testing.T) {
	good := derived(t, 0, Options{}).Code().AppendBinary(nil)
	bend := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), good...)) }
	set := func(at int, with ...byte) []byte {
		return bend(func(b []byte) []byte { copy(b[at:], with); return b })
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"empty":            {nil, ErrCode},
		"short":            {good[:67], ErrCode},
		"trailing byte":    {append(append([]byte(nil), good...), 0), ErrCode},
		"version 0":        {set(0, 0), ErrVersion},
		"version 2":        {set(0, 2), ErrVersion},
		"13 bucket bits":   {set(1, 13), ErrCode},
		"unknown flag":     {set(1, 0x10), ErrCode},
		"spend is zero":    {set(2, make([]byte, 33)...), ErrCode},
		"view is zero":     {set(35, make([]byte, 33)...), ErrCode},
		"hybrid prefix":    {set(2, 6), ErrCode},
		"uncompressed":     {set(35, 4), ErrCode},
		"x not below p":    {set(3, []byte(strings.Repeat("\xff", 32))...), ErrCode},
		"off the curve":    {set(3, append(make([]byte, 31), 5)...), ErrCode},
		"view = spend":     {set(35, good[2:35]...), ErrSameKey},
		"view = −spend":    {set(35, append([]byte{good[2] ^ 1}, good[3:35]...)...), ErrSameKey},
		"the zero value":   {Code{}.AppendBinary(nil), ErrCode},
		"version in flags": {set(0, good[1], good[0]), ErrVersion},
	} {
		_, err := DecodeCode(c.b)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := Parse(bech32m.Encode("rspax", Version, good[1:]))
	require.ErrorIs(t, err, ErrCode)
	_, err = Parse(bech32m.Encode(prefix, 2, good[1:]))
	require.ErrorIs(t, err, ErrVersion)
	_, err = Parse(bech32m.Encode(prefix, Version, good))
	require.ErrorIs(t, err, ErrCode)
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for _, o := range []Options{{Account: 1 << 31}, {BucketBits: 13}} {
		_, err := Derive(seed(0), o)
		require.ErrorIs(t, err, ErrOptions)
	}
	_, err := Derive(make([]byte, 15), Options{})
	require.Error(t, err)
}

func TestOptionsGiveUnrelatedCodes(t *testing.T) {
	seen := map[[33]byte]bool{}
	for _, o := range []Options{{}, {Account: 1}, {Delegated: true}, {Account: 1, Delegated: true}} {
		c := derived(t, 0, o).Code()
		seen[c.Spend()], seen[c.View()] = true, true
		require.Equal(t, c, derived(t, 0, o).Code(), "a restore finds the code again")
	}
	require.Len(t, seen, 8)
}

func TestEqualSpendAndViewKeysAreRefused(t *testing.T) {
	s, err := ec.ParseScalar([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	_, err = newKeys(s, s, Options{})
	require.ErrorIs(t, err, ErrSameKey)
	_, err = newKeys(s, new(ec.Scalar).Negate(s), Options{})
	require.ErrorIs(t, err, ErrSameKey)
}

func TestTheViewKeyLeavesOnlyADelegatedCode(t *testing.T) {
	own, shared := derived(t, 0, Options{}), derived(t, 0, Options{Delegated: true, BucketBits: 3})
	_, err := own.View().Export()
	require.ErrorIs(t, err, ErrNotDelegated)
	b, err := shared.View().Export()
	require.NoError(t, err)
	v, err := ParseViewKey(b)
	require.NoError(t, err)
	require.Equal(t, shared.Code(), v.Code())
	require.Equal(t, shared.View(), v)

	for name, c := range map[string]struct {
		at   int
		with []byte
		want error
	}{
		"version": {0, []byte{2}, ErrVersion}, "flags": {1, []byte{13}, ErrCode}, "spend": {2, make([]byte, 33), ErrCode},
		"view 0": {35, make([]byte, 32), ErrViewKey}, "view n": {35, []byte(strings.Repeat("\xff", 32)), ErrViewKey},
	} {
		bent := append([]byte(nil), b...)
		copy(bent[c.at:], c.with)
		_, err := ParseViewKey(bent)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err = ParseViewKey(b[:66])
	require.ErrorIs(t, err, ErrViewKey)
	_, err = ParseViewKey(append(b, 0))
	require.ErrorIs(t, err, ErrViewKey)
}

func FuzzParseCode(f *testing.F) {
	f.Add(derived(f, 0, Options{}).Code().String())
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			require.True(t, isOneOf(err, ErrCode, ErrVersion, ErrSameKey), err)
			return
		}
		require.Equal(t, strings.ToLower(s), c.String())
	})
}

func FuzzDecodeCode(f *testing.F) {
	f.Add(derived(f, 0, Options{}).Code().AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCode(b)
		if err != nil {
			require.True(t, isOneOf(err, ErrCode, ErrVersion, ErrSameKey), err)
			return
		}
		require.Equal(t, b, c.AppendBinary(nil))
	})
}

func FuzzParseViewKey(f *testing.F) {
	b, err := derived(f, 0, Options{Delegated: true}).View().Export()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseViewKey(b)
		if err != nil {
			require.True(t, isOneOf(err, ErrViewKey, ErrVersion, ErrCode, ErrSameKey), err)
			return
		}
		out, err := v.Export()
		require.NoError(t, err)
		require.Equal(t, b, out)
	})
}
