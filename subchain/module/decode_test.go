package module_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// The examples of the Contract ABI Specification ("Examples", "Use of Dynamic Types").
func TestEncodingIsThatOfTheSpecification(t *testing.T) {
	require.Equal(t, unhex(t, "a5643bf2"+
		"0000000000000000000000000000000000000000000000000000000000000060"+
		"0000000000000000000000000000000000000000000000000000000000000001"+
		"00000000000000000000000000000000000000000000000000000000000000a0"+
		"0000000000000000000000000000000000000000000000000000000000000004"+
		"6461766500000000000000000000000000000000000000000000000000000000"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"0000000000000000000000000000000000000000000000000000000000000001"+
		"0000000000000000000000000000000000000000000000000000000000000002"+
		"0000000000000000000000000000000000000000000000000000000000000003"),
		pack(t, "sam(bytes,bool,uint256[])", []byte("dave"), true, numbers(1, 2, 3)))
	require.Equal(t, unhex(t, "2289b18c"+
		"0000000000000000000000000000000000000000000000000000000000000040"+
		"0000000000000000000000000000000000000000000000000000000000000140"+
		"0000000000000000000000000000000000000000000000000000000000000002"+
		"0000000000000000000000000000000000000000000000000000000000000040"+
		"00000000000000000000000000000000000000000000000000000000000000a0"+
		"0000000000000000000000000000000000000000000000000000000000000002"+
		"0000000000000000000000000000000000000000000000000000000000000001"+
		"0000000000000000000000000000000000000000000000000000000000000002"+
		"0000000000000000000000000000000000000000000000000000000000000001"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"0000000000000000000000000000000000000000000000000000000000000060"+
		"00000000000000000000000000000000000000000000000000000000000000a0"+
		"00000000000000000000000000000000000000000000000000000000000000e0"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"6f6e650000000000000000000000000000000000000000000000000000000000"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"74776f0000000000000000000000000000000000000000000000000000000000"+
		"0000000000000000000000000000000000000000000000000000000000000005"+
		"7468726565000000000000000000000000000000000000000000000000000000"),
		pack(t, "g(uint256[][],string[])", [][]Uint256{numbers(1, 2), numbers(3)}, []string{"one", "two", "three"}))
}

func TestPackRefusesOtherTypesThanTheSignature(t *testing.T) {
	for _, args := range [][]any{{uint32(1)}, {}, {uint64(1), uint64(2)}, {nil}, {1}} {
		_, err := module.Pack("f(uint64)", args...)
		require.ErrorIs(t, err, module.ErrType)
	}
	_, err := module.Pack("f(uint63)", uint64(1))
	require.ErrorIs(t, err, abi.ErrSyntax)
}

func TestDecodingRefusesWhatIsNotCanonical(t *testing.T) {
	words := func(w ...ledger.Hash) (b []byte) {
		for i := range w {
			b = append(b, w[i][:]...)
		}
		return b
	}
	dirty := func(w ledger.Hash, at int) ledger.Hash {
		w[at] |= 0x80
		return w
	}
	huge := ledger.Hash(bytes.Repeat([]byte{0xff}, 32))
	var (
		boolean bool
		small   uint8
		signed8 int8
		address ledger.Address
		three   [3]byte
		text    string
		list    []uint64
		lists   [][]uint64
		raw     []byte
	)
	for name, c := range map[string]struct {
		data []byte
		into any
		want error
	}{
		"bool of 2":                {words(word(2)), &boolean, abi.ErrRange},
		"bool with high bits":      {words(dirty(word(1), 0)), &boolean, abi.ErrRange},
		"uint8 of 256":             {words(word(256)), &small, abi.ErrRange},
		"int8 of 128":              {words(word(128)), &signed8, abi.ErrRange},
		"int8 with mixed sign":     {words(dirty(signed(-1), 0), signed(-1)), &signed8, nil},
		"int8 without extension":   {words(word(0xff)), &signed8, abi.ErrRange},
		"address with high bytes":  {words(dirty(addressWord(bob), 11)), &address, abi.ErrRange},
		"bytes3 with low bytes":    {words(dirty(ledger.Hash{1, 2, 3}, 31)), &three, abi.ErrPadding},
		"nothing":                  {nil, &small, abi.ErrTruncated},
		"31 bytes":                 {make([]byte, 31), &small, abi.ErrTruncated},
		"offset beyond":            {words(word(64)), &text, abi.ErrOffset},
		"offset at the end":        {words(word(32)), &text, abi.ErrTruncated},
		"huge offset":              {words(huge), &text, abi.ErrRange},
		"length beyond":            {words(word(32), word(33), huge), &text, abi.ErrOffset},
		"huge length":              {words(word(32), huge), &raw, abi.ErrRange},
		"missing padding":          {append(words(word(32), word(1)), 'a'), &raw, abi.ErrTruncated},
		"dirty padding":            {words(word(32), word(1), ledger.Hash{'a', 'b'}), &text, abi.ErrPadding},
		"list longer than input":   {words(word(32), word(2), word(1)), &list, abi.ErrOffset},
		"list of 2^63":             {words(word(32), ledger.Hash{24: 0x80}), &list, abi.ErrOffset},
		"one list twice":           {words(word(32), word(2), word(64), word(64), word(2), word(1), word(2)), &lists, abi.ErrOverlap},
		"list within its own head": {words(word(0), word(1)), &list, abi.ErrOffset},
	} {
		err := module.Unpack(c.data, c.into)
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
		require.ErrorIs(t, err, abi.ErrInvalid, name)
	}
	require.Equal(t, []any{false, uint8(0), ledger.Address{}, "", [3]byte{}}, []any{boolean, small, address, text, three})

	h, _, at := newShapes(t)
	h.refused(tx{to: at, data: pack(t, "urlOf(bytes32)", ID{})[:20]}, module.ErrCalldata.Error())
}

func TestDecodingAllocatesNoMoreThanInputAllows(t *testing.T) {
	// A list of lists of lists that all point to one place.
	const n = 1000
	var b []byte
	b = abi.AppendUint(b, 32)
	for range 3 {
		b = abi.AppendUint(b, n)
		for range n {
			b = abi.AppendUint(b, 32*n)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var deep [][][][]byte
	require.Error(t, module.Unpack(b, &deep))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(b)+64<<10))
}

func FuzzDecode(f *testing.F) {
	r := sampleReading()
	seed, err := module.Encode(r, [][]string{{"a"}, {"b", "c"}}, []byte{1, 2}, int8(-1), [2][]uint64{{1}, {}})
	require.NoError(f, err)
	f.Add(seed)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		m := bytes.Clone(seed)
		for range 1 + rng.IntN(4) {
			m[rng.IntN(len(m))] = byte(rng.IntN(256))
		}
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var (
			a Reading
			b [][]string
			c []byte
			d int8
			e [2][]uint64
		)
		if module.Unpack(data, &a, &b, &c, &d, &e) != nil {
			return
		}
		again, err := module.Encode(a, b, c, d, e)
		require.NoError(t, err)
		require.LessOrEqual(t, len(again), len(data))
		var a2 Reading
		var b2 [][]string
		require.NoError(t, module.Unpack(again, &a2, &b2, &c, &d, &e))
		require.Equal(t, a, a2)
		require.Equal(t, b, b2)
	})
}

// FuzzCall throws calldata at every method of a module that runs.
func FuzzCall(f *testing.F) {
	h, _, at := newShapes(f)
	f.Add(pack(f, "echo("+readingTypes+")", sampleReading()))
	f.Add(pack(f, "VERSION()"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 100_000 {
			return
		}
		h.t = t
		res := h.send(tx{to: at, data: data, gas: 10_000_000})
		require.NotEqual(t, abi.RevertPanic(1), res.Return)
	})
}
