package bech32m

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BIP-350, "Test vectors": texts whose data part is not empty and whole octets, or
// that are refused.
func TestTextsOfBIP350(t *testing.T) {
	for _, s := range []string{
		"A1LQFN3A", "a1lqfn3a", // no data at all: valid there, but without the version that is needed here
		"\x201xj0phk", "\x7f1g6xzxy", "\x801vctc34", "1qyrz8wqd2c9m", "qyrz8wqd2c9m", "16plkw9",
		"y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i", "au1s5cgom", "M1VUXWEZ", "1p2gdwpf",
		"an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
	} {
		_, _, _, err := Decode(s)
		require.ErrorIs(t, err, ErrEncoding, "%q", s)
	}
	hrp, version, data, err := Decode("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx")
	require.NoError(t, err)
	require.Equal(t, "abcdef", hrp)
	require.Equal(t, byte(31), version)
	require.Equal(t, "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", Encode(hrp, version, data))
}

func TestDecodeRefusesMixedCaseAndAChangedCharacter(t *testing.T) {
	text := Encode("pay", 1, []byte("a device in the field"))
	_, _, _, err := Decode(strings.ToUpper(text))
	require.NoError(t, err)
	for i := range text {
		bent := []byte(text)
		bent[i] ^= 1
		_, _, _, err := Decode(string(bent))
		require.ErrorIs(t, err, ErrEncoding)
	}
	_, _, _, err = Decode("P" + text[1:])
	require.ErrorIs(t, err, ErrEncoding)
	_, _, _, err = Decode(text + strings.Repeat("q", 1024))
	require.ErrorIs(t, err, ErrEncoding)
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode("pay", 1, []byte("data")))
	f.Fuzz(func(t *testing.T, s string) {
		hrp, version, data, err := Decode(s)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, strings.ToLower(s), Encode(hrp, version, data))
	})
}
