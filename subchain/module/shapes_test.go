package module_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Shapes passes every type through and shows every form of output.
type Shapes struct {
	alarm  module.Event[Alarm]
	ping   module.Event[Ping]
	report module.Event[anonymousReport] `abi:"Report"`
}

type (
	ID      [32]byte
	Reading struct {
		Device ID         `abi:"device"`
		Time   uint64     `abi:"time"`
		Values []int64    `abi:"values"`
		Labels [2]string  `abi:"labels"`
		Spots  [][3]Point `abi:"spots"`
	}
	Point struct {
		X, Y int16
	}
	Alarm struct {
		Device ID     `abi:"device,indexed"`
		Note   string `abi:"note,indexed"`
		Blob   []byte `abi:",indexed"`
		Level  int64  `abi:"level"`
		Text   string `abi:"text"`
	}
	Ping            struct{}
	anonymousReport struct {
		Point   Point `abi:"point"`
		Reading Reading
	}
	// Closed has no fields.
	Closed struct{}
	// TooHot has a struct as field.
	TooHot struct {
		Reading Reading `abi:"reading"`
	}
)

func (Closed) Error() string  { return "closed" }
func (*TooHot) Error() string { return "too hot" }

func (*Shapes) Errors() []error { return []error{Closed{}, &TooHot{}} }

func (*Shapes) Signatures() map[string]string {
	return map[string]string{
		"Record":  "record((bytes32 device,uint64 time,int64[] values,string[2] labels,(int16,int16)[3][] spots) reading, bytes signature) returns (bytes32 id)",
		"Version": "VERSION() returns (uint8)",
	}
}

func (*Shapes) Echo(_ *module.View, r Reading) (Reading, error) { return r, nil }
func (*Shapes) Words(_ *module.View, a bool, b uint8, c int8, d int64, e uint256.Int, f ledger.Address, g [3]byte, h ledger.Hash) (bool, uint8, int8, int64, uint256.Int, ledger.Address, [3]byte, ledger.Hash, error) {
	return a, b, c, d, e, f, g, h, nil
}
func (*Shapes) Nested(_ *module.View, a [][]string, b [2][]uint64, c []byte) ([][]string, [2][]uint64, []byte, error) {
	return a, b, c, nil
}
func (*Shapes) Record(_ *module.Context, r Reading, sig []byte) (ID, error) { return r.Device, nil }
func (*Shapes) Version(*module.View) (uint8, error)                         { return 3, nil }
func (*Shapes) URLOf(_ *module.View, id ID) (string, error)                 { return "x", nil }
func (s *Shapes) Raise(ctx *module.Context, a Alarm) error {
	s.alarm.Emit(ctx, a)
	s.ping.Emit(ctx, Ping{})
	return nil
}
func (*Shapes) Close(*module.Context) error             { return Closed{} }
func (*Shapes) Heat(_ *module.Context, r Reading) error { return &TooHot{r} }
func (*Shapes) Receive(ctx *module.Payable) error       { return nil }
func (*Shapes) CheckP256(v *module.View, x, y [32]byte, digest ledger.Hash, r, s [32]byte) (bool, error) {
	var pub, sig [64]byte
	copy(pub[:], x[:])
	copy(pub[32:], y[:])
	copy(sig[:], r[:])
	copy(sig[32:], s[:])
	return v.VerifyP256(pub, digest, sig), nil
}

// Helper is exported and no entry point.
func (*Shapes) Helper(n int) int { return n }

func newShapes(t testing.TB) (*harness, *Shapes, ledger.Address) {
	s := &Shapes{}
	return newHarness(t, module.Entry{Name: "shapes", Module: s}), s, module.AddressOf("shapes")
}

func sampleReading() Reading {
	return Reading{
		Device: ID{1, 2, 3}, Time: math.MaxUint64, Values: []int64{math.MinInt64, -1, 0, 5},
		Labels: [2]string{"", "a label that is longer than thirty-two bytes"},
		Spots:  [][3]Point{{{1, -1}, {2, -2}, {3, -3}}, {{4, -4}, {}, {math.MaxInt16, math.MinInt16}}},
	}
}

const readingTypes = "(bytes32,uint64,int64[],string[2],(int16,int16)[3][])"

func TestOutputOfShapes(t *testing.T) { golden(t, "shapes", "IShapes", &Shapes{}) }

func TestTypesPassThroughACall(t *testing.T) {
	h, _, at := newShapes(t)
	r := sampleReading()
	require.Equal(t, r, unpack[Reading](t, h.ok(tx{to: at, data: pack(t, "echo("+readingTypes+")", r)})))
	id := h.ok(tx{to: at, data: pack(t, "record("+readingTypes+",bytes)", r, []byte{1})})
	require.Equal(t, r.Device, unpack[ID](t, id))

	args := []any{true, uint8(255), int8(-128), int64(-2), *uint256.NewInt(0).SetAllOne(), bob, [3]byte{7, 8, 9}, genesis}
	data := pack(t, "words(bool,uint8,int8,int64,uint256,address,bytes3,bytes32)", args...)
	require.Equal(t, data[4:], h.ok(tx{to: at, data: data}))
	data = pack(t, "nested(string[][],uint64[][2],bytes)", [][]string{{"a", "b"}, {}, {"c"}}, [2][]uint64{{1}, {2, 3}}, []byte{})
	require.Equal(t, data[4:], h.ok(tx{to: at, data: data}))
	require.Equal(t, word(3), ledger.Hash(h.ok(tx{to: at, data: pack(t, "VERSION()")})))
}

func TestReceiveTakesPlainTransfers(t *testing.T) {
	h, _, at := newShapes(t)
	h.ok(tx{to: at, value: 4})
	a := h.world.accounts[at]
	require.Equal(t, *uint256.NewInt(4), a.Balance)
	h.refused(tx{to: at, value: 4, data: pack(t, "emit_()")}, module.ErrSelector.Error())
}

func TestCustomErrorsWithoutFieldsAndWithStructs(t *testing.T) {
	h, _, at := newShapes(t)
	require.Equal(t, pack(t, "Closed()"), h.send(tx{to: at, data: pack(t, "close()")}).Return)
	r := Reading{Labels: [2]string{"a", "b"}, Values: []int64{}, Spots: [][3]Point{}}
	res := h.send(tx{to: at, data: pack(t, "heat("+readingTypes+")", r)})
	require.Equal(t, pack(t, "TooHot("+readingTypes+")", r), res.Return)
	// Above the cap the fields give way to the text.
	r.Values = make([]int64, 100)
	res = h.send(tx{to: at, data: pack(t, "heat("+readingTypes+")", r)})
	require.Equal(t, abi.RevertError("too hot"), res.Return)
}

func TestIndexedStringsAreLoggedAsTheirKeccak(t *testing.T) {
	h, _, at := newShapes(t)
	a := Alarm{ID{9}, "note", []byte("blob"), -3, "text"}
	res := h.send(tx{to: at, data: pack(t, "raise((bytes32,string,bytes,int64,string))", a)})
	require.NoError(t, res.Err)
	data, err := module.Encode(int64(-3), "text")
	require.NoError(t, err)
	require.Equal(t, []ledger.Log{
		{Address: at, Topics: []ledger.Hash{
			ledger.Keccak([]byte("Alarm(bytes32,string,bytes,int64,string)")), {9},
			ledger.Keccak([]byte("note")), ledger.Keccak([]byte("blob")),
		}, Data: data},
		{Address: at, Topics: []ledger.Hash{ledger.Keccak([]byte("Ping()"))}},
	}, res.Logs)
}

func TestVerifyP256FollowsEIP7951(t *testing.T) {
	h, _, at := newShapes(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("reading"))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	pub, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	x, y := [32]byte(pub[1:33]), [32]byte(pub[33:])
	var rb, sb, zero [32]byte
	r.FillBytes(rb[:])
	s.FillBytes(sb[:])
	check := func(args ...any) bool {
		t.Helper()
		res := h.send(tx{to: at, data: pack(t, "checkP256(bytes32,bytes32,bytes32,bytes32,bytes32)", args...)})
		require.NoError(t, res.Err)
		require.Greater(t, res.GasUsed, uint64(21_000+6900))
		return unpack[bool](t, res.Return)
	}
	require.True(t, check(x, y, digest, rb, sb))
	high := elliptic.P256().Params().N
	var other [32]byte
	high.Sub(high, s).FillBytes(other[:])
	require.True(t, check(x, y, digest, rb, other), "s may be high")
	order := ledger.Hash{} // of the group
	elliptic.P256().Params().N.FillBytes(order[:])
	for _, bad := range [][]any{
		{x, y, zero, rb, sb}, {y, x, digest, rb, sb}, {zero, zero, digest, rb, sb},
		{x, y, digest, zero, sb}, {x, y, digest, rb, zero}, {x, y, digest, sb, rb},
		{x, y, digest, [32]byte{0xff}, sb},
	} {
		require.False(t, check(bad...))
	}
}
