package erc5564

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/paymentcode/internal/onetime"
)

type vector struct {
	Name, SpendingPrivateKey, ViewingPrivateKey, StealthMetaAddressURI      string
	EphemeralPrivateKey, EphemeralPublicKey, SharedSecretCompressed         string
	HashedSharedSecret, ViewTag, StealthAddress, StealthPrivateKey, Comment string
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	require.NoError(t, err, s)
	return b
}

func TestVectorsOfScheme1(t *testing.T) {
	dir := fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy")
	files, err := filepath.Glob(filepath.Join(dir, "erc5564*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		var all struct{ Vectors []vector }
		require.NoError(t, json.Unmarshal(b, &all))
		require.NotEmpty(t, all.Vectors, f)
		for _, v := range all.Vectors {
			check(t, v)
			n++
		}
	}
	t.Logf("%d vectors", n)
}

func check(t *testing.T, v vector) {
	keys, err := NewKeys([32]byte(unhex(t, v.SpendingPrivateKey)), [32]byte(unhex(t, v.ViewingPrivateKey)))
	require.NoError(t, err, v.Name)
	m, chain, err := Parse(v.StealthMetaAddressURI)
	require.NoError(t, err, v.Name)
	require.Equal(t, keys.View().MetaAddress(), m, v.Name)
	require.Equal(t, strings.ToLower(v.StealthMetaAddressURI), m.URI(chain))

	a, err := Pay(m, [32]byte(unhex(t, v.EphemeralPrivateKey)))
	require.NoError(t, err, v.Name)
	require.Equal(t, unhex(t, v.EphemeralPublicKey), a.Ephemeral[:], v.Name)
	require.Equal(t, unhex(t, v.ViewTag), []byte{a.ViewTag}, v.Name)
	require.Equal(t, unhex(t, v.StealthAddress), a.Stealth[:], v.Name)

	h, err := keys.View().find(a)
	require.NoError(t, err, v.Name)
	require.Equal(t, unhex(t, v.HashedSharedSecret), h.Bytes(), v.Name)
	require.NoError(t, keys.View().Find(a), v.Name)
	key, err := keys.OneTime(a)
	require.NoError(t, err, v.Name)
	require.NoError(t, key.Lend(func(s *[32]byte) error {
		require.Equal(t, unhex(t, v.StealthPrivateKey), s[:], v.Name)
		return nil
	}))
	address, err := key.Address()
	require.NoError(t, err)
	require.Equal(t, a.Stealth, address)
}

func sample(t testing.TB) (*Keys, Announcement) {
	k, err := NewKeys([32]byte{31: 3}, [32]byte{31: 5})
	require.NoError(t, err)
	a, err := Pay(k.View().MetaAddress(), [32]byte{31: 7})
	require.NoError(t, err)
	return k, a
}

func TestFindRefusesEveryChangedAnnouncement(t *testing.T) {
	k, good := sample(t)
	require.NoError(t, k.View().Find(good))
	require.NoError(t, k.View().Find(good), "finding changes nothing")
	for i := range 20 {
		a := good
		a.Stealth[i] ^= 1
		require.ErrorIs(t, k.View().Find(a), ErrNotOurs)
	}
	for i := range 33 {
		a := good
		a.Ephemeral[i] ^= 1
		require.Error(t, k.View().Find(a))
	}
	a := good
	a.ViewTag ^= 1
	require.ErrorIs(t, k.View().Find(a), ErrNotOurs)
	_, err := k.OneTime(a)
	require.ErrorIs(t, err, ErrNotOurs)
	a = good
	a.Ephemeral = [33]byte{}
	require.ErrorIs(t, k.View().Find(a), ErrAnnouncement)
}

func TestTheViewKeyThatWouldSpendIsRefused(t *testing.T) {
	_, err := NewKeys([32]byte{31: 3}, [32]byte{31: 3})
	require.ErrorIs(t, err, ErrSameKey)
	k, _ := sample(t)
	opposite := k.View().MetaAddress()
	opposite.View = opposite.Spend
	opposite.View[0] ^= 1
	b := opposite.Bytes()
	_, err = Decode(b[:])
	require.ErrorIs(t, err, ErrSameKey)
}

func TestZeroAndOversizeScalarsAreRefused(t *testing.T) {
	k, _ := sample(t)
	order := [32]byte(unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
	for _, s := range [][32]byte{{}, order} {
		_, err := Pay(k.View().MetaAddress(), s)
		require.ErrorIs(t, err, ErrKey)
		_, err = NewKeys(s, [32]byte{1})
		require.ErrorIs(t, err, ErrKey)
		_, err = NewKeys([32]byte{1}, s)
		require.ErrorIs(t, err, ErrKey)
	}
}

func TestEphemeralKeysStayFreshWithAStuckGenerator(t *testing.T) {
	k, _ := sample(t)
	m := k.View().MetaAddress()
	a, err := Ephemeral([32]byte{1}, [32]byte{}, m, 0)
	require.NoError(t, err)
	b, err := Ephemeral([32]byte{1}, [32]byte{}, m, 1)
	require.NoError(t, err)
	c, err := Ephemeral([32]byte{2}, [32]byte{}, m, 0)
	require.NoError(t, err)
	d, err := Ephemeral([32]byte{1}, [32]byte{1}, m, 0)
	require.NoError(t, err)
	e, err := Ephemeral([32]byte{1}, [32]byte{}, MetaAddress{}, 0)
	require.NoError(t, err)
	require.Len(t, map[[32]byte]bool{a: true, b: true, c: true, d: true, e: true}, 5)
}

func TestOneTimeKeysAreNotExported(t *testing.T) {
	k, a := sample(t)
	key, err := k.OneTime(a)
	require.NoError(t, err)
	_, err = key.Export()
	require.ErrorIs(t, err, onetime.ErrExport)
}

func TestParseRefusesMalformedMetaAddresses(t *testing.T) {
	k, _ := sample(t)
	good := k.View().MetaAddress().URI("eth")
	for _, s := range []string{
		"", "st", "st:eth", good + "00", good[:len(good)-2], good[:len(good)-1], strings.Replace(good, "st:", "ST:", 1),
		strings.Replace(good, "0x", "", 1), strings.Replace(good, "eth", "", 1), strings.Replace(good, "eth", "e h", 1), good + ":", "st:eth:0x" + strings.Repeat("00", 66),
		strings.Replace(good, "0x02", "0x04", 1), strings.Replace(good, "0x02", "0x06", 1),
	} {
		_, _, err := Parse(s)
		require.ErrorIs(t, err, ErrMeta, s)
	}
	for _, err := range []error{
		second(ParseAnnouncement(0, [20]byte{}, make([]byte, 33), []byte{1})),
		second(ParseAnnouncement(2, [20]byte{}, make([]byte, 33), []byte{1})),
		second(ParseAnnouncement(1, [20]byte{}, make([]byte, 65), []byte{1})),
		second(ParseAnnouncement(1, [20]byte{}, make([]byte, 33), nil)),
	} {
		require.ErrorIs(t, err, ErrAnnouncement)
	}
}

func second(_ Announcement, err error) error { return err }

func FuzzParse(f *testing.F) {
	k, _ := sample(f)
	f.Add(k.View().MetaAddress().URI("eth"))
	f.Fuzz(func(t *testing.T, s string) {
		m, chain, err := Parse(s)
		if err != nil {
			require.True(t, errorsAre(err, ErrMeta, ErrSameKey))
			return
		}
		require.True(t, strings.EqualFold(s, m.URI(chain)))
	})
}

func FuzzFind(f *testing.F) {
	k, a := sample(f)
	f.Add(a.Stealth[:], a.Ephemeral[:], a.ViewTag)
	f.Fuzz(func(t *testing.T, stealth, ephemeral []byte, tag byte) {
		if len(stealth) != 20 {
			return
		}
		b, err := ParseAnnouncement(1, [20]byte(stealth), ephemeral, []byte{tag})
		if err == nil {
			err = k.View().Find(b)
		}
		require.True(t, err == nil && b == a || errorsAre(err, ErrNotOurs, ErrAnnouncement))
	})
}

func BenchmarkFind(b *testing.B) {
	k, a := sample(b)
	a.ViewTag ^= 1
	b.ReportAllocs()
	for b.Loop() {
		if k.View().Find(a) == nil {
			b.Fatal("found")
		}
	}
}

func errorsAre(err error, any ...error) bool {
	for _, e := range any {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func FuzzDecode(f *testing.F) {
	k, _ := sample(f)
	good := k.View().MetaAddress().Bytes()
	f.Add(good[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			require.True(t, errorsAre(err, ErrMeta, ErrSameKey))
			return
		}
		again := m.Bytes()
		require.Equal(t, b, again[:])
	})
}
