package module_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// world is a state in memory behind vm.Reader.
type world struct {
	accounts map[ledger.Address]ledger.Account
	storage  map[ledger.Address]map[ledger.Hash]ledger.Hash
	code     map[ledger.Hash][]byte
}

func (w *world) Account(a ledger.Address) (ledger.Account, error) { return w.accounts[a], nil }
func (w *world) Storage(a ledger.Address, s ledger.Hash) (ledger.Hash, error) {
	return w.storage[a][s], nil
}
func (w *world) Code(h ledger.Hash) ([]byte, error) { return w.code[h], nil }

func (w *world) apply(changes []ledger.Change) {
	for _, c := range changes {
		if c.Deleted || c.Cleared || w.storage[c.Address] == nil {
			w.storage[c.Address] = map[ledger.Hash]ledger.Hash{}
		}
		if c.Deleted {
			delete(w.accounts, c.Address)
			continue
		}
		c.Account.Root = ledger.Hash{1} // not the empty one: the vm may ask for slots
		w.accounts[c.Address] = c.Account
		if c.Code != nil {
			w.code[c.Account.CodeHash] = c.Code
		}
		for _, s := range c.Storage {
			w.storage[c.Address][s.Key] = s.Value
			if s.Value.IsZero() {
				delete(w.storage[c.Address], s.Key)
			}
		}
	}
}

// harness is a chain of modules: each send is a block.
type harness struct {
	t     testing.TB
	reg   *module.Registry
	world *world
	block vm.Block
}

var (
	alice   = ledger.Address{0xa1, 19: 1}
	bob     = ledger.Address{0xb0, 19: 2}
	genesis = ledger.Hash{31: 0x77}
)

const chainID = 4242

func newHarness(t testing.TB, entries ...module.Entry) *harness {
	t.Helper()
	reg, err := module.New(module.Chain{ID: chainID, Genesis: func() ledger.Hash { return genesis }}, entries)
	require.NoError(t, err)
	h := &harness{t: t, reg: reg, world: &world{
		map[ledger.Address]ledger.Account{}, map[ledger.Address]map[ledger.Hash]ledger.Hash{}, map[ledger.Hash][]byte{},
	}}
	h.world.apply(reg.Genesis())
	for _, a := range []ledger.Address{alice, bob} {
		h.world.accounts[a] = ledger.Account{Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash}
	}
	h.block = vm.Block{Number: 1, Time: 1000, Millis: 1000_123, GasLimit: 60_000_000}
	return h
}

func (h *harness) vm() *vm.VM {
	return vm.New(vm.Config{Rules: vm.Osaka(), ChainID: chainID, Natives: h.reg.Natives(h.block.Number)})
}

// session runs f in a session and keeps its changes.
func (h *harness) session(f func(*vm.Session)) {
	s := h.vm().Begin(h.block, h.world)
	f(s)
	h.world.apply(s.Changes())
	h.block.Number++
}

type tx struct {
	from  ledger.Address
	to    ledger.Address
	value uint64
	gas   uint64 // 0: a million
	data  []byte
}

func (h *harness) send(x tx) (res vm.Result) {
	h.t.Helper()
	if x.gas == 0 {
		x.gas = 1_000_000
	}
	if x.from.IsZero() {
		x.from = alice
	}
	h.session(func(s *vm.Session) {
		var err error
		res, err = s.Apply(&ledger.Message{
			From: x.from, GasPayer: x.from, To: &x.to, Value: *uint256.NewInt(x.value), Gas: x.gas, Data: x.data,
		})
		require.NoError(h.t, err)
	})
	return res
}

// ok sends and demands success.
func (h *harness) ok(x tx) []byte {
	h.t.Helper()
	res := h.send(x)
	require.NoError(h.t, res.Err, "%s", reason(res))
	return res.Return
}

// refused sends and demands Error(string) with the text, and an unchanged state.
func (h *harness) refused(x tx, text string) {
	h.t.Helper()
	before := h.storageOf(x.to)
	res := h.send(x)
	require.Equal(h.t, vm.Reverted, res.Status, "%v", res.Err)
	require.Contains(h.t, reason(res), text)
	require.Equal(h.t, before, h.storageOf(x.to))
	require.Empty(h.t, res.Logs)
}

func (h *harness) storageOf(a ledger.Address) map[ledger.Hash]ledger.Hash {
	out := map[ledger.Hash]ledger.Hash{}
	for k, v := range h.world.storage[a] {
		out[k] = v
	}
	return out
}

func reason(res vm.Result) string {
	text, _ := abi.Reason(res.Return)
	return text
}

// pack encodes a call.
func pack(t testing.TB, signature string, args ...any) []byte {
	t.Helper()
	b, err := module.Pack(signature, args...)
	require.NoError(t, err)
	return b
}

// unpack reads one result.
func unpack[T any](t testing.TB, data []byte) (out T) {
	t.Helper()
	require.NoError(t, module.Unpack(data, &out))
	return out
}

func word(x uint64) ledger.Hash {
	return ledger.Hash(abi.AppendUint(nil, x))
}

func addressWord(a ledger.Address) ledger.Hash { return ledger.Hash(abi.AppendAddress(nil, a)) }

func word7() *uint256.Int { return uint256.NewInt(7) }

// Uint256 shortens the tests.
type Uint256 = uint256.Int

func numbers(x ...uint64) []Uint256 {
	out := make([]Uint256, len(x))
	for i := range x {
		out[i].SetUint64(x[i])
	}
	return out
}
