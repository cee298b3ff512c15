package module_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

type (
	badInt       struct{}
	badFloat     struct{}
	badPointer   struct{}
	badMap       struct{}
	badResult    struct{}
	badByValue   struct{}
	badVariadic  struct{}
	badReserved  struct{}
	badDouble    struct{}
	badSigTypes  struct{}
	badSigName   struct{}
	badGas       struct{}
	badReceive   struct{}
	badHook      struct{}
	badOnReceive struct{}
	badMigrate   struct{}
	badErrors    struct{}
	badRecursive struct{}
	badPrivate   struct{}
	badBigArray  struct{}
	node         struct{ Next []node }
	private      struct{ x uint64 }
	memory       struct{ n uint64 }
	plainMap     struct{ m map[string]int }
	badConfig    struct {
		F float64 `module:"config"`
	}
	badTag struct {
		F uint64 `module:"constant"`
	}
	badKey   struct{ m module.Map[[]uint64, bool] }
	badValue struct{ m module.Item[int] }
	inner    struct{ a module.Item[bool] }
	twice    struct {
		inner
		a module.Item[bool]
	}
	named     struct{ in inner }
	fourTopic struct{ e module.Event[four] }
	four      struct {
		A, B, C, D uint64 `abi:",indexed"`
	}
	sliceTopic   struct{ e module.Event[indexedSlice] }
	indexedSlice struct {
		A []uint64 `abi:",indexed"`
	}
	twoEvents struct{ a, b module.Event[Transfer] }
	nilRef    struct{ p *Peer }
)

func (*badInt) Do(*module.Context, int) error            { return nil }
func (*badFloat) Do(*module.Context, []float32) error    { return nil }
func (*badPointer) Do(*module.Context, *uint64) error    { return nil }
func (*badMap) Do(*module.View) (map[string]bool, error) { return nil, nil }
func (*badResult) Do(*module.Context) bool               { return true }
func (*badByValue) Do(module.Context) error              { return nil }
func (*badVariadic) Do(*module.Context, ...uint64) error { return nil }
func (*badReserved) Delete(*module.Context) error        { return nil }
func (*badDouble) URL(*module.View) error                { return nil }
func (*badDouble) Url(*module.View) error                { return nil }
func (*badSigTypes) Send(*module.Context, uint64) error  { return nil }
func (*badSigTypes) Signatures() map[string]string {
	return map[string]string{"Send": "send(uint32 n)"}
}
func (*badSigName) Signatures() map[string]string                       { return map[string]string{"Send": "send()"} }
func (*badGas) Gas() map[string]uint64                                  { return map[string]uint64{"Send": 1} }
func (*badReceive) Receive(*module.Context) error                       { return nil }
func (*badHook) EndBlock(*module.Context, uint64) error                 { return nil }
func (*badOnReceive) OnReceive(*module.Context, []byte) ([]byte, error) { return nil, nil }
func (*badMigrate) Migrate(*module.Context, uint32) error               { return nil }
func (*badErrors) Errors() []error                                      { return []error{module.ErrCall} }
func (*badRecursive) Do(*module.Context, node) error                    { return nil }
func (*badPrivate) Do(*module.Context, private) error                   { return nil }
func (*badBigArray) Do(*module.Context, [64]byte) error                 { return nil }

func TestRegistrationNamesModuleMemberAndReason(t *testing.T) {
	for _, c := range []struct {
		m    any
		want []string
	}{
		{&badInt{}, []string{"method Do", "parameter 1", "int differs between machines"}},
		{&badFloat{}, []string{"method Do", "parameter 1", "no floating point"}},
		{&badPointer{}, []string{"method Do", "pass values, not pointers"}},
		{&badMap{}, []string{"method Do", "result 1", "a map cannot be encoded"}},
		{&badResult{}, []string{"method Do", "must return an error"}},
		{&badByValue{}, []string{"method Do", "by value"}},
		{&badVariadic{}, []string{"method Do", "variadic"}},
		{&badReserved{}, []string{`function "delete"`, "reserved"}},
		{&badDouble{}, []string{"two functions named url"}},
		{&badSigTypes{}, []string{"method Send", "(uint32)", "(uint64)"}},
		{&badSigName{}, []string{"Signatures names Send"}},
		{&badGas{}, []string{"Gas names Send"}},
		{&badReceive{}, []string{"method Receive", "must be a func(*module.Payable) error"}},
		{&badHook{}, []string{"method EndBlock", "must be a func(*module.Context) error"}},
		{&badOnReceive{}, []string{"method OnReceive", "module.Message"}},
		{&badMigrate{}, []string{"method Migrate"}},
		{&badErrors{}, []string{"error errorString", "field s is not exported"}},
		{&badRecursive{}, []string{"method Do", "contains itself"}},
		{&badPrivate{}, []string{"method Do", "field x is not exported"}},
		{&badBigArray{}, []string{"method Do", "[64]uint8 is no bytesN"}},
		{&memory{}, []string{"field n", "state in Go memory"}},
		{&plainMap{}, []string{"field m", "state in Go memory"}},
		{&badConfig{}, []string{"field F", "no floating point"}},
		{&badTag{}, []string{"field F", "config marks constants"}},
		{&badKey{}, []string{"field m", "cannot be a key"}},
		{&badValue{}, []string{"field m", "int differs"}},
		{&twice{}, []string{`one slot name, "a"`}},
		{&named{}, []string{"field in", "embed the struct"}},
		{&fourTopic{}, []string{"field e", "4 indexed fields"}},
		{&sliceTopic{}, []string{"field e", "cannot be indexed"}},
		{&twoEvents{}, []string{"event Transfer", "another"}},
		{&nilRef{}, []string{"field p", "another module of the chain"}},
		{memory{}, []string{"not a pointer to a struct"}},
		{nil, []string{"not a pointer to a struct"}},
		{(*memory)(nil), []string{"not a pointer to a struct"}},
	} {
		_, err := module.New(module.Chain{}, []module.Entry{{Name: "bad", Module: c.m}})
		require.ErrorIs(t, err, module.ErrModule)
		require.ErrorContains(t, err, `module "bad"`)
		for _, w := range c.want {
			require.ErrorContains(t, err, w, "%T", c.m)
		}
	}
}

func TestScheduleIsChecked(t *testing.T) {
	at := ledger.Address{1, 2, 3}
	entry := func(name string, change func(*module.Entry)) module.Entry {
		e := module.Entry{Name: name, Module: &Peer{}}
		if change != nil {
			change(&e)
		}
		return e
	}
	one := &Peer{}
	for want, entries := range map[string][]module.Entry{
		"a name is 1 to 64":               {entry("", nil)},
		"letters, digits":                 {entry("a b", nil)},
		"from height 5 after one from 5":  {entry("a", func(e *module.Entry) { e.From = 5 }), entry("a", func(e *module.Entry) { e.From = 5 })},
		"one Go value in two":             {{Name: "a", Module: one}, {Name: "b", Module: one}},
		"kept for precompiled":            {entry("a", func(e *module.Entry) { e.Address = &ledger.Address{18: 1, 19: 9} })},
		"precompiled contracts or the":    {entry("a", func(e *module.Entry) { e.Address = &ledger.SystemAddress })},
		`is the address of module "a"`:    {entry("a", func(e *module.Entry) { e.Address = &at }), entry("b", func(e *module.Entry) { e.Address = &at })},
		"one name with two addresses":     {entry("a", nil), entry("a", func(e *module.Entry) { e.From, e.Address = 9, &at })},
		`"a" is the gateway already`:      {entry("a", func(e *module.Entry) { e.Gateway = true }), entry("b", func(e *module.Entry) { e.Gateway = true })},
		"callers is gone":                 {entry("a", nil), {Name: "a", From: 9, Module: &struct{ Secret module.Item[uint64] }{}}},
		"Secret was a item uint64 and is": {entry("a", nil), {Name: "a", From: 9, Module: &peer2{}}},
	} {
		_, err := module.New(module.Chain{}, entries)
		require.ErrorContains(t, err, want)
	}
}

type peer2 struct {
	callers module.List[ledger.Address]
	Secret  module.Item[uint256.Int]
}

// peer3 is a Peer with other code.
type peer3 struct {
	Secret  module.Item[uint64]
	callers module.List[ledger.Address]
}

func (p *peer3) Note(ctx *module.Context) error {
	p.Secret.Set(ctx, 3)
	return nil
}

func TestEntryExecutesFromItsHeight(t *testing.T) {
	old, young := &Peer{}, &peer3{}
	h := newHarness(t, module.Entry{Name: "peer", Module: old}, module.Entry{Name: "peer", Module: young, From: 3})
	at := module.AddressOf("peer")
	h.ok(tx{to: at, data: pack(t, "note()")}) // block 1
	require.Equal(t, word(1), h.world.storage[at][ledger.Keccak([]byte("rootstem.slot.v1callers"))])
	require.Empty(t, h.world.storage[at][young.Secret.Slot()])
	h.block.Number = 3
	h.ok(tx{to: at, data: pack(t, "note()")})
	require.Equal(t, word(3), h.world.storage[at][young.Secret.Slot()])
	require.Equal(t, old.Secret.Slot(), young.Secret.Slot())
	h.refused(tx{to: at, data: pack(t, "notes()")}, module.ErrSelector.Error())
}

func TestValueIsBoundToOneAddressForGood(t *testing.T) {
	p := &Peer{}
	entries := []module.Entry{{Name: "a", Module: p}}
	_, err := module.New(module.Chain{}, entries)
	require.NoError(t, err)
	slot := p.Secret.Slot()
	_, err = module.New(module.Chain{}, entries) // another node of the process
	require.NoError(t, err)
	_, err = module.New(module.Chain{}, []module.Entry{{Name: "b", Module: p}})
	require.ErrorContains(t, err, "bound to another address already")
	require.Equal(t, slot, p.Secret.Slot())
	require.Panics(t, func() { (&Peer{}).Secret.Slot() })
}

func TestGenesisGivesModulesCodeNonceAndManifest(t *testing.T) {
	h := newHarness(t, module.Entry{Name: "peer", Module: &Peer{}})
	changes := h.reg.Genesis()
	require.Len(t, changes, 1)
	require.Equal(t, uint64(1), changes[0].Account.Nonce)
	require.Equal(t, []byte{0xfe}, changes[0].Code)
	require.Equal(t, ledger.Keccak([]byte{0xfe}), changes[0].Account.CodeHash)
	require.Len(t, changes[0].Storage, 3)
	require.NoError(t, h.reg.Verify(0, h.world))

	for want, m := range map[string]any{
		"collection Secret is new or has another type": &peer2{},
		"added, removed or renamed":                    &struct{ Secret module.Item[uint64] }{},
	} {
		other, err := module.New(module.Chain{}, []module.Entry{{Name: "peer", Module: m}})
		require.NoError(t, err)
		err = other.Verify(0, h.world)
		require.ErrorIs(t, err, module.ErrManifest)
		require.ErrorContains(t, err, `module "peer"`)
		require.ErrorContains(t, err, want)
	}
}

func TestConfigHashCoversConstantsScheduleAndReferences(t *testing.T) {
	hash := func(height uint64, entries ...module.Entry) ledger.Hash {
		reg, err := module.New(module.Chain{}, entries)
		require.NoError(t, err)
		return reg.ConfigHashAt(height)
	}
	token := func(supply uint64) *Token { return &Token{Symbol_: "T", Supply: *uint256.NewInt(supply)} }
	base := hash(0, module.Entry{Name: "t", Module: token(1)})
	require.Equal(t, base, hash(0, module.Entry{Name: "t", Module: token(1)}))
	later := []module.Entry{{Name: "t", Module: token(1)}, {Name: "t", Module: token(1), From: 10}}
	require.Equal(t, base, hash(9, later...))
	later[0].Module, later[1].Module = token(1), token(1)
	seen := map[ledger.Hash]bool{base: true, hash(10, later...): true}
	for _, e := range []module.Entry{
		{Name: "t", Module: token(2)}, {Name: "u", Module: token(1)}, {Name: "t", Module: token(1), Mint: true},
		{Name: "t", Module: token(1), Reentrant: true}, {Name: "t", Module: token(1), Address: &ledger.Address{1}},
	} {
		seen[hash(0, e)] = true
	}
	require.Len(t, seen, 7)
}
