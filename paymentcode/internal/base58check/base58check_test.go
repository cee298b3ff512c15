package base58check

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The address of Bitcoin's first block.
func TestAddressOfTheGenesisBlock(t *testing.T) {
	const text = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
	b, err := Decode(text)
	require.NoError(t, err)
	require.Equal(t, "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18", hex.EncodeToString(b))
	require.Equal(t, text, Encode(b))
}

func TestDecodeRefusesForeignCharactersLengthsAndChecksums(t *testing.T) {
	for _, s := range []string{"", "1", "111", "0", "O", "I", "l", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "\xff", strings.Repeat("1", 201)} {
		_, err := Decode(s)
		require.ErrorIs(t, err, ErrEncoding, "%q", s)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Decode(s)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, s, Encode(b))
	})
}
