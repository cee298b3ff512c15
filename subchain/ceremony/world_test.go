package ceremony_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

const (
	chainID = 4242
	length  = 20 // blocks of an epoch
	tag     = "ROOTSTEM_TEST_BLS12381G1_XMD:SHA-256_SSWU_RO_"
)

var (
	genesis = ledger.Hash{31: 0x77}
	payer   = ledger.Address{19: 1}
	address = module.AddressOf(ceremony.Name)
)

// Seat is a seat as a module that elects tells it.
type Seat struct {
	Key   [32]byte
	Payee ledger.Address
}

// Board knows the committees, as staking does.
type Board struct {
	committees module.Map[uint64, []Seat]
}

// Elect sets the committee of an epoch.
func (b *Board) Elect(ctx *module.Context, epoch uint64, seats []Seat) error {
	b.committees.Set(ctx, epoch, seats)
	return nil
}

// Committee answers the ceremony.
func (b *Board) Committee(v *module.View, epoch uint64) ([]Seat, error) {
	return b.committees.Get(v, epoch), nil
}

type state struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Address]map[ledger.Hash]ledger.Hash
	codes    map[ledger.Hash][]byte
}

func (s *state) Account(a ledger.Address) (ledger.Account, error) { return s.accounts[a], nil }
func (s *state) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return s.slots[a][k], nil
}
func (s *state) Code(h ledger.Hash) ([]byte, error) { return s.codes[h], nil }

func (s *state) apply(changes []ledger.Change) {
	for _, c := range changes {
		if c.Code != nil {
			s.codes[ledger.Keccak(c.Code)] = c.Code
		}
		if s.slots[c.Address] == nil {
			s.slots[c.Address] = map[ledger.Hash]ledger.Hash{}
		}
		for _, x := range c.Storage {
			s.slots[c.Address][x.Key] = x.Value
		}
		if len(s.slots[c.Address]) > 0 {
			c.Account.Root = ledger.Hash{1} // any but the empty one
		}
		s.accounts[c.Address] = c.Account
	}
}

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

func identity(node int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(fmt.Sprint("identity ", node)))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(node int) [32]byte { return [32]byte(identity(node).Public().(ed25519.PublicKey)) }

// world is a chain with one block for each call of block, and nodes that follow its log.
type world struct {
	t       testing.TB
	modules *module.Registry
	state   *state
	height  uint64
	members map[int]*dkg.Member // of the current or the next epoch, by node
	gas     map[string]uint64   // the most that a method used
}

func config() ceremony.Config {
	return ceremony.Config{
		EpochLength: length, Place: 4, Enrol: 2, Deal: 2, Complain: 2, Justify: 2, Acknowledge: 2, Era: 2,
		Committees: module.AddressOf("board"),
	}
}

func newWorld(t testing.TB, c ceremony.Config, more ...module.Entry) *world {
	w := &world{t: t, members: map[int]*dkg.Member{}, gas: map[string]uint64{}}
	w.state = &state{map[ledger.Address]ledger.Account{}, map[ledger.Address]map[ledger.Hash]ledger.Hash{}, map[ledger.Hash][]byte{}}
	keys, err := ceremony.New(c)
	require.NoError(t, err)
	w.modules, err = module.New(module.Chain{ID: chainID, Genesis: func() ledger.Hash { return genesis }}, append([]module.Entry{
		{Name: "board", Module: &Board{}}, {Name: ceremony.Name, Module: keys},
	}, more...))
	require.NoError(t, err)
	w.state.apply(w.modules.Genesis())
	w.state.accounts[payer] = ledger.Account{Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash}
	return w
}

func (w *world) machine() *vm.VM {
	return vm.New(vm.Config{Rules: vm.Osaka(), ChainID: chainID, Natives: w.modules.Natives(w.height + 1)})
}

func (w *world) environment() vm.Block {
	return vm.Block{Number: w.height + 1, Time: w.height + 1, Millis: 1000 * (w.height + 1), GasLimit: 1 << 40}
}

// block makes a block of calls and returns their results.
func (w *world) block(to ledger.Address, calls ...[]byte) (results []vm.Result) {
	s := w.machine().Begin(w.environment(), w.state)
	w.measure()
	require.NoError(w.t, w.modules.BeginBlock(s))
	for _, data := range calls {
		r, err := s.Apply(&ledger.Message{From: payer, GasPayer: payer, To: &to, Gas: 16_000_000, Data: data})
		require.NoError(w.t, err)
		require.NotEqual(w.t, vm.Invalid, r.Status, "%v", r.Err)
		results = append(results, r)
	}
	require.NoError(w.t, w.modules.EndBlock(s))
	w.state.apply(s.Changes())
	w.height++
	return results
}

// measure demands that the hook succeeds and notes its gas, in a session that is dropped.
func (w *world) measure() {
	selector := abi.Selector("beginBlock()")
	r, err := w.machine().Begin(w.environment(), w.state).System(address, selector[:], module.HookGas)
	require.NoError(w.t, err)
	require.Equal(w.t, vm.Success, r.Status, "height %d: %s %v", w.height+1, reason(r), r.Err)
	w.gas["beginBlock"] = max(w.gas["beginBlock"], r.GasUsed)
}

// to makes empty blocks until the next block is the given one of an epoch.
func (w *world) to(epoch, place uint64) {
	target := (epoch-1)*length + place - 1
	require.LessOrEqual(w.t, w.height, target)
	for w.height < target {
		w.block(address)
	}
}

func (w *world) elect(epoch uint64, nodes ...int) {
	var seats []Seat
	for _, node := range nodes {
		seats = append(seats, Seat{Key: public(node)})
	}
	data, err := module.Pack("elect(uint64,(bytes32,address)[])", epoch, seats)
	require.NoError(w.t, err)
	require.Equal(w.t, vm.Success, w.block(module.AddressOf("board"), data)[0].Status)
}

func reason(r vm.Result) string {
	text, _ := abi.Reason(r.Return)
	return text
}

func (w *world) view(data []byte) []byte {
	r, err := w.machine().Call(w.environment(), w.state, &ledger.Message{To: &address, Data: data, Gas: 1 << 30})
	require.NoError(w.t, err)
	require.Equal(w.t, vm.Success, r.Status, reason(r))
	return r.Return
}

func (w *world) bytes(signature string) (out []byte) {
	data, err := module.Pack(signature)
	require.NoError(w.t, err)
	require.NoError(w.t, module.Unpack(w.view(data), &out))
	return out
}

func (w *world) opening() *ceremony.Opening {
	data, err := ceremony.CeremonyCall()
	require.NoError(w.t, err)
	o, err := ceremony.DecodeOpening(w.view(data))
	require.NoError(w.t, err)
	return &o
}
