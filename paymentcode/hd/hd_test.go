package hd

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
)

func vectors(t testing.TB, name string, out any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy"), name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, out))
}

func TestChainsOfBIP32(t *testing.T) {
	var v struct {
		Valid []struct {
			Seed   string
			Chains []struct{ Path, Xpub, Xprv string }
		}
		Invalid []struct{ Key, Reason string }
	}
	vectors(t, "bip32_test_vectors.json", &v)
	require.Len(t, v.Valid, 4)
	for _, c := range v.Valid {
		seed, err := hex.DecodeString(c.Seed)
		require.NoError(t, err)
		m, err := Master(seed)
		require.NoError(t, err)
		for _, want := range c.Chains {
			k, err := m.Derive(want.Path)
			require.NoError(t, err)
			require.Equal(t, want.Xpub, k.String())
			text, err := k.Private()
			require.NoError(t, err)
			require.Equal(t, want.Xprv, text)
			for _, s := range []string{want.Xpub, want.Xprv} {
				back, err := Parse(s)
				require.NoError(t, err)
				require.Equal(t, want.Xpub, back.String())
			}
			child, err := k.Child(7)
			require.NoError(t, err)
			public, err := k.Neuter().Child(7)
			require.NoError(t, err)
			require.Equal(t, child.String(), public.String(), "CKDpub after N equals N after CKDpriv")
		}
	}
	require.Len(t, v.Invalid, 16)
	for _, c := range v.Invalid {
		_, err := Parse(c.Key)
		require.ErrorIs(t, err, ErrKey, c.Reason)
	}
}

func TestMnemonicsOfBIP39AndRefusesOtherLists(t *testing.T) {
	var v map[string][][4]string
	vectors(t, "bip39_trezor_vectors.json", &v)
	require.Len(t, v["english"], 24)
	for _, c := range v["english"] {
		entropy, err := hex.DecodeString(c[0])
		require.NoError(t, err)
		words, err := Mnemonic(entropy)
		require.NoError(t, err)
		require.Equal(t, c[1], words)
		seed, err := Seed(c[1], "TREZOR")
		require.NoError(t, err)
		require.Equal(t, c[2], hex.EncodeToString(seed))
		m, err := Master(seed)
		require.NoError(t, err)
		text, err := m.Private()
		require.NoError(t, err)
		require.Equal(t, c[3], text)
	}
	for language, cases := range v {
		if language == "english" {
			continue
		}
		for _, c := range cases {
			_, err := Seed(c[1], "TREZOR")
			require.ErrorIs(t, err, ErrMnemonic, language)
		}
	}
}

const words = "legal winner thank year wave sausage worth useful legal winner thank yellow"

func TestSeedRefusesAWrongWordOrderLengthOrChecksum(t *testing.T) {
	for _, w := range []string{
		"", "legal", strings.Replace(words, "yellow", "year", 1), strings.Replace(words, "legal", "Legal", 1),
		strings.Replace(words, "legal", "legall", 1), words + " zoo", "winner legal thank year wave sausage worth useful legal winner thank yellow",
	} {
		_, err := Seed(w, "")
		require.ErrorIs(t, err, ErrMnemonic, w)
		require.NotContains(t, err.Error(), "legall")
	}
	for n := range 40 {
		_, err := Mnemonic(make([]byte, n))
		require.Equal(t, n == 16 || n == 20 || n == 24 || n == 28 || n == 32, err == nil, n)
	}
}

func TestSeedIgnoresSpacingAndNormalisesThePassphrase(t *testing.T) {
	a, err := Seed(words, "caf\u00e9")
	require.NoError(t, err)
	b, err := Seed("  "+strings.ReplaceAll(words, " ", " \t\n")+" ", "cafe\u0301")
	require.NoError(t, err)
	require.Equal(t, a, b)
}

func TestDeriveRefusesMalformedPaths(t *testing.T) {
	m, err := Master(make([]byte, 16))
	require.NoError(t, err)
	for _, p := range []string{"", "0", "/0", "m/", "m//0", "m/-1", "m/+1", "m/01", "m/2147483648", "m/0''", "m/x", "m/0'h", "M/0", "m/ 0", "m/0" + strings.Repeat("/0", 256)} {
		_, err := m.Derive(p)
		require.ErrorIs(t, err, ErrPath, p)
	}
	_, err = m.Derive("m" + strings.Repeat("/0", 255))
	require.NoError(t, err)
	_, err = m.Neuter().Derive("m/0'")
	require.ErrorIs(t, err, ErrHardened)
	_, err = m.Neuter().Private()
	require.ErrorIs(t, err, ErrPrivate)
	_, err = m.Neuter().Secret()
	require.ErrorIs(t, err, ErrPrivate)
	for _, n := range []int{0, 15, 65} {
		_, err = Master(make([]byte, n))
		require.ErrorIs(t, err, ErrSeed)
	}
}

func TestDerivationEndsAtDepth255(t *testing.T) {
	m, err := Master(make([]byte, 16))
	require.NoError(t, err)
	k, err := m.Derive("m" + strings.Repeat("/0", 255))
	require.NoError(t, err)
	_, err = k.Child(0)
	require.ErrorIs(t, err, ErrDepth)
}

func TestAPrintedKeyNeverShowsItsSecret(t *testing.T) {
	m, err := Master(make([]byte, 16))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, m.String(), fmt.Sprintf(verb, m))
	}
	require.True(t, strings.HasPrefix(m.String(), "xpub"))
}

func FuzzParse(f *testing.F) {
	m, err := Master(make([]byte, 16))
	require.NoError(f, err)
	f.Add(m.String())
	f.Fuzz(func(t *testing.T, s string) {
		k, err := Parse(s)
		if err != nil {
			require.ErrorIs(t, err, ErrKey)
			return
		}
		private, err := k.Private()
		require.True(t, s == k.String() || err == nil && s == private)
	})
}

func FuzzSeed(f *testing.F) {
	f.Add(words)
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := Seed(s, ""); err != nil {
			require.ErrorIs(t, err, ErrMnemonic)
		}
	})
}
