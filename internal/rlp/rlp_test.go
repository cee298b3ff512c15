package rlp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
)

type vector struct {
	In  any    `json:"in"`
	Out string `json:"out"`
}

func vectors(t *testing.T, file string) map[string]vector {
	raw, err := os.ReadFile(filepath.Join(fixture.Dir(t, "RLP_TESTS_DIR", "fixtures/rlp"), file))
	require.NoError(t, err)
	var out map[string]vector
	require.NoError(t, json.Unmarshal(raw, &out))
	require.NotEmpty(t, out)
	return out
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	require.NoError(t, err)
	return b
}

// encode follows the vectors' notation: strings, numbers, "#" decimal, lists.
func encode(t *testing.T, x any) []byte {
	switch x := x.(type) {
	case string:
		if strings.HasPrefix(x, "#") {
			n, ok := new(big.Int).SetString(x[1:], 10)
			require.True(t, ok)
			return AppendInteger(nil, n.Bytes())
		}
		return AppendBytes(nil, []byte(x))
	case float64:
		return AppendUint(nil, uint64(x))
	case []any:
		var p []byte
		for _, item := range x {
			p = append(p, encode(t, item)...)
		}
		return AppendList(nil, p)
	}
	t.Fatalf("unknown notation %v", x)
	return nil
}

// check reads all of b as one item, lists to the bottom.
func check(b []byte) error {
	content, list, rest, err := Split(b)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return ErrTrailing
	}
	if !list {
		return nil
	}
	d := Items(content)
	for d.More() {
		raw := d.Raw()
		if d.Err() != nil {
			break
		}
		if err := check(raw); err != nil {
			d.Fail(err)
		}
	}
	return d.Done()
}

func TestEncodingMatchesTheOfficialVectors(t *testing.T) {
	both, random := vectors(t, "rlptest.json"), vectors(t, "RandomRLPTests/example.json")
	for name, v := range both {
		require.Equal(t, unhex(t, v.Out), encode(t, v.In), name)
		require.NoError(t, check(unhex(t, v.Out)), name)
	}
	for name, v := range random {
		require.NoError(t, check(unhex(t, v.Out)), name)
	}
	t.Logf("%d encoded and decoded, %d random ones decoded", len(both), len(random))
}

func TestDecodingRefusesTheOfficialInvalidVectors(t *testing.T) {
	invalid := vectors(t, "invalidRLPTest.json")
	for name, v := range invalid {
		require.ErrorIs(t, check(unhex(t, v.Out)), ErrInvalid, name)
	}
	t.Logf("%d refused", len(invalid))
}

func TestEachKindOfDamageHasItsError(t *testing.T) {
	read := func(in string, f func(*Decoder)) error {
		d := NewDecoder(unhex(t, in))
		f(d)
		return d.Done()
	}
	integer := func(d *Decoder) { d.Uint() }
	for _, c := range []struct {
		in   string
		f    func(*Decoder)
		want error
	}{
		{"", integer, ErrTruncated},
		{"c2", integer, ErrTruncated},
		{"01", integer, ErrKind},
		{"c101ff", integer, ErrTrailing},
		{"c0", integer, ErrTooFewItems},
		{"c20101", integer, ErrTooManyItems},
		{"c100", integer, ErrInteger},
		{"c3820001", integer, ErrInteger},
		{"ca89010000000000000000", integer, ErrInteger},
		{"c28101", integer, ErrCanonical},
		{"c1c0", integer, ErrKind},
		{"c101", func(d *Decoder) { d.List() }, ErrKind},
		{"c101", func(d *Decoder) { d.Fixed(make([]byte, 2)) }, ErrLength},
		{"c3b80101", integer, ErrCanonical},
		{"cab90001", func(d *Decoder) { d.Bytes() }, ErrTruncated},
		{"c0", func(d *Decoder) { d.Raw() }, ErrTooFewItems},
		{"c2c101", func(d *Decoder) { d.Each(func(x *Decoder) { x.Fixed(make([]byte, 20)) }) }, ErrLength},
	} {
		err := read(c.in, c.f)
		require.ErrorIs(t, err, c.want, c.in)
		require.ErrorIs(t, err, ErrInvalid, c.in)
	}
	first := errors.New("first")
	d := NewDecoder([]byte{0xc0})
	d.Fail(first)
	d.Uint()
	require.ErrorIs(t, d.Done(), first)
}

func TestLengthsAtTheEdges(t *testing.T) {
	for _, n := range []int{0, 1, 2, 55, 56, 255, 256, 65535, 65536, 1 << 24} {
		b := bytes.Repeat([]byte{0xaa}, n)
		for _, enc := range [][]byte{AppendBytes(nil, b), AppendList(nil, b)} {
			content, list, rest, err := Split(append(enc, 7))
			require.NoError(t, err)
			require.Equal(t, enc[0] >= 0xc0, list)
			require.True(t, bytes.Equal(b, content))
			require.Equal(t, []byte{7}, rest)
			_, _, _, err = Split(enc[:len(enc)-1])
			require.ErrorIs(t, err, ErrTruncated)
		}
	}
	for _, x := range []uint64{0, 1, 127, 128, 255, 256, 1<<32 - 1, 1 << 32, 1<<64 - 1} {
		d := Items(AppendUint(nil, x))
		require.Equal(t, x, d.Uint())
		require.NoError(t, d.Done())
	}
	require.Equal(t, AppendUint(nil, 5), AppendInteger(nil, []byte{0, 0, 5}))
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"80", "7f", "8180", "c0", "c3c20180", "b838", "f838", "bfffffffffffffffff", "ffffffffffffffffff"} {
		b, err := hex.DecodeString(s)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		content, list, rest, err := Split(b)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		again := AppendBytes(nil, content)
		if list {
			again = AppendList(nil, content)
		}
		require.Equal(t, b, append(again, rest...), "an item has one encoding")
	})
}
