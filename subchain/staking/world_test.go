package staking_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"maps"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

const (
	chainID  = 4242
	gasLimit = 60_000_000
	wealth   = 1_000_000_000
	blockMs  = 1000
)

var genesis = ledger.Hash{31: 0x77}

// state is a world state in memory.
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

// Holder holds a threshold key, as a ceremony's module does.
type Holder struct {
	era  module.Item[uint64] // 0: there is no key yet
	Keys [][]byte            `module:"config"` // by era, from 1 on
}

// Finish makes the next era's key the present one.
func (h *Holder) Finish(ctx *module.Context) error {
	h.era.Set(ctx, h.era.Get(ctx)+1)
	return nil
}

// ChainKey answers the key.
func (h *Holder) ChainKey(v *module.View) ([]byte, error) {
	if h.era.Get(v) == 0 {
		return nil, nil
	}
	return h.Keys[h.era.Get(v)-1], nil
}

// Group answers some group.
func (h *Holder) Group(v *module.View) ([]byte, error) { return []byte("group"), nil }

// person is an account that may be a candidate.
type person struct {
	address ledger.Address
	key     ed25519.PrivateKey
	bls     *bls.SecretKey
}

func seed(name string, i int) [32]byte {
	return ledger.Keccak([]byte(name), binary.BigEndian.AppendUint64(nil, uint64(i)))
}

func newPerson(t rapid.TB, i int) *person {
	s := seed("person", i)
	secret, err := bls.GenerateKey(bytes.NewReader(bytes.Repeat(s[:], 8)))
	require.NoError(t, err)
	p := &person{key: ed25519.NewKeyFromSeed(s[:]), bls: secret}
	binary.BigEndian.PutUint64(p.address[2:], 0xacc0)
	binary.BigEndian.PutUint64(p.address[12:], uint64(i+1))
	return p
}

func (p *person) public() (k [32]byte) { return [32]byte(p.key.Public().(ed25519.PublicKey)) }

// world is a chain with one block for each call of block.
type world struct {
	t       rapid.TB
	cfg     staking.Config
	module  *staking.Staking
	modules *module.Registry
	state   *state
	height  uint64
	time    uint64
	people  []*person
	group   *bls.SecretKey
	epoch   []staking.Seat // the committee as the chain follows it
	next    module.Election
	idle    map[ledger.Address]bool // seats that propose nothing
	turn    int
	gas     map[string]uint64 // the most that each hook used
}

// rules are small enough to be followed by hand: 10 blocks an epoch.
func rules() election.Params {
	return election.Params{
		EpochLength: 10, Candidates: 8, Delegates: 6, Seats: 6, MinSeats: 4, Ranked: true,
		MinSelf: *uint256.NewInt(1000), MinVote: *uint256.NewInt(10), Leverage: 20,
		MaxLock: 100_000, Bonus: 500, Fade: 2, Threshold: 80, Probation: 2,
		Slash: 500, Reporter: 100,
		Evidence: election.Window{Millis: 20_000, Blocks: 20}, Unbond: election.Window{Millis: 30_000, Blocks: 30},
	}
}

func newWorld(t rapid.TB, people int, change func(*staking.Config)) *world {
	w := &world{t: t, time: 1_000_000, idle: map[ledger.Address]bool{}, gas: map[string]uint64{}}
	w.state = &state{map[ledger.Address]ledger.Account{}, map[ledger.Address]map[ledger.Hash]ledger.Hash{}, map[ledger.Hash][]byte{}}
	for i := range people {
		w.people = append(w.people, newPerson(t, i))
	}
	w.group = newPerson(t, 10_000).bls
	w.cfg = staking.Config{Params: rules(), Keys: module.AddressOf("holder")}
	for i := range 4 {
		p := newPerson(t, 1000+i)
		w.cfg.Committee = append(w.cfg.Committee, staking.Seat{Key: p.public(), Payee: p.address})
	}
	if change != nil {
		change(&w.cfg)
	}
	w.epoch = w.cfg.Committee
	var err error
	w.module, err = staking.New(w.cfg)
	require.NoError(t, err)
	key, later := w.group.Public().Bytes(), newPerson(t, 10_001).bls.Public().Bytes()
	w.modules, err = module.New(module.Chain{ID: chainID, Genesis: func() ledger.Hash { return genesis }}, []module.Entry{
		{Name: staking.Name, Module: w.module, Election: true, Mint: w.cfg.Issue},
		{Name: "holder", Module: &Holder{Keys: [][]byte{key[:], later[:]}}},
	})
	require.NoError(t, err)
	w.state.apply(w.modules.Genesis())
	for _, p := range w.people {
		w.state.accounts[p.address] = ledger.Account{Balance: *uint256.NewInt(wealth), CodeHash: ledger.EmptyCodeHash}
	}
	return w
}

// clone returns a world that goes its own way from here.
func (w *world) clone(t rapid.TB) *world {
	c := *w
	c.t, c.idle, c.gas = t, maps.Clone(w.idle), maps.Clone(w.gas)
	c.state = &state{maps.Clone(w.state.accounts), map[ledger.Address]map[ledger.Hash]ledger.Hash{}, maps.Clone(w.state.codes)}
	for a, slots := range w.state.slots {
		c.state.slots[a] = maps.Clone(slots)
	}
	return &c
}

func (w *world) machine() *vm.VM {
	return vm.New(vm.Config{Rules: vm.Osaka(), ChainID: chainID, Natives: w.modules.Natives(w.height + 1)})
}

// proposer is the next seat in turn that is not idle.
func (w *world) proposer() ledger.Address {
	for {
		s := w.epoch[w.turn%len(w.epoch)]
		w.turn++
		if !w.idle[s.Payee] {
			return s.Payee
		}
	}
}

func (w *world) environment() vm.Block {
	return vm.Block{Number: w.height + 1, Time: (w.time + blockMs) / 1000, Millis: w.time + blockMs, GasLimit: gasLimit}
}

// block makes a block of messages; the chain follows the election as drivers do.
func (w *world) block(messages ...*ledger.Message) (results []vm.Result) {
	env := w.environment()
	env.Coinbase = w.proposer()
	s := w.machine().Begin(env, w.state)
	w.hook(s, "beginBlock()")
	for _, m := range messages {
		r, err := s.Apply(m)
		require.NoError(w.t, err)
		require.NotEqual(w.t, vm.Invalid, r.Status, "%v", r.Err)
		results = append(results, r)
	}
	w.hook(s, "endBlock()")
	e, err := w.modules.Election(s)
	require.NoError(w.t, err)
	w.state.apply(s.Changes())
	w.height, w.time, w.next = w.height+1, w.time+blockMs, e
	if w.height%w.cfg.Params.EpochLength == 0 {
		require.NotEmpty(w.t, e.Next, "undecided at the end of an epoch: height %d", w.height)
		w.epoch, w.turn = nil, 0
		for i := range e.Next {
			w.epoch = append(w.epoch, staking.Seat{Key: e.Next[i], Payee: e.Payees[i]})
		}
		require.NoError(w.t, committeeOf(0, w.epoch).Validate())
	}
	return results
}

// hook calls the module's hook as module.Registry does, and demands that it holds.
func (w *world) hook(s *vm.Session, signature string) {
	selector := abi.Selector(signature)
	r, err := s.System(module.AddressOf(staking.Name), selector[:], module.HookGas)
	require.NoError(w.t, err)
	require.Equal(w.t, vm.Success, r.Status, "height %d, %s: %s %v", w.height+1, signature, reason(r), r.Err)
	w.gas[signature] = max(w.gas[signature], r.GasUsed)
}

// to makes empty blocks until the next block is the given one of an epoch.
func (w *world) to(epoch, place uint64) {
	target := (epoch-1)*w.cfg.Params.EpochLength + place - 1
	require.LessOrEqual(w.t, w.height, target)
	for w.height < target {
		w.block()
	}
}

func committeeOf(epoch uint64, seats []staking.Seat) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch)}
	for _, s := range seats {
		c.Keys = append(c.Keys, s.Key[:])
	}
	return c
}

func (w *world) message(from ledger.Address, to ledger.Address, value uint64, data []byte) *ledger.Message {
	return &ledger.Message{
		Type: ledger.DynamicFeeTx, From: from, GasPayer: from, To: &to, Value: *uint256.NewInt(value), Gas: 12_000_000, Data: data,
	}
}

func (w *world) call(from *person, value uint64, signature string, args ...any) vm.Result {
	data, err := module.Pack(signature, args...)
	require.NoError(w.t, err)
	return w.block(w.message(from.address, module.AddressOf(staking.Name), value, data))[0]
}

func reason(r vm.Result) string {
	text, _ := abi.Reason(r.Return)
	return text
}

// must calls with success.
func (w *world) must(from *person, value uint64, signature string, args ...any) []byte {
	r := w.call(from, value, signature, args...)
	require.Equal(w.t, vm.Success, r.Status, "%s: %s %v", signature, reason(r), r.Err)
	return r.Return
}

// refused calls in vain.
func (w *world) refused(want error, from *person, value uint64, signature string, args ...any) {
	r := w.call(from, value, signature, args...)
	require.Equal(w.t, vm.Reverted, r.Status, "%s: %v", signature, r.Err)
	require.Contains(w.t, reason(r), want.Error())
}

func (w *world) view(into []any, signature string, args ...any) {
	data, err := module.Pack(signature, args...)
	require.NoError(w.t, err)
	to := module.AddressOf(staking.Name)
	r, err := w.machine().Call(w.environment(), w.state, &ledger.Message{To: &to, Data: data, Gas: gasLimit})
	require.NoError(w.t, err)
	require.Equal(w.t, vm.Success, r.Status, "%s: %s", signature, reason(r))
	require.NoError(w.t, module.Unpack(r.Return, into...))
}

const registerMethod = "register(bytes32,bytes,bytes,bytes,uint64)"

// papers are the arguments with which a person registers.
func (w *world) papers(p *person, commission uint64) []any {
	public := p.bls.Public().Bytes()
	proof := bls.Prove(p.bls)
	digest := staking.PossessionDigest(chainID, module.AddressOf(staking.Name), p.address, public[:])
	return []any{p.public(), ed25519.Sign(p.key, digest[:]), public[:], proof[:], commission}
}

func (w *world) register(p *person, self, commission uint64) {
	w.must(p, self, registerMethod, w.papers(p, commission)...)
}

// registerAll registers the first n people in as few blocks as gas allows.
func (w *world) registerAll(n int, self func(int) uint64) {
	var batch []*ledger.Message
	flush := func() {
		for i, r := range w.block(batch...) {
			require.Equal(w.t, vm.Success, r.Status, "%d: %s %v", i, reason(r), r.Err)
		}
		batch = nil
	}
	for i, p := range w.people[:n] {
		data, err := module.Pack(registerMethod, w.papers(p, 100)...)
		require.NoError(w.t, err)
		if batch = append(batch, w.message(p.address, module.AddressOf(staking.Name), self(i), data)); len(batch) == 3 {
			flush()
		}
	}
	if len(batch) > 0 {
		flush()
	}
}

func (w *world) vote(p, candidate *person, amount, lock uint64) (id uint64) {
	require.NoError(w.t, module.Unpack(w.must(p, amount, "vote(address,uint64)", candidate.address, lock), &id))
	return id
}

// finish makes the next threshold key known.
func (w *world) finish() {
	data, err := module.Pack("finish()")
	require.NoError(w.t, err)
	r := w.block(w.message(w.people[0].address, module.AddressOf("holder"), 0, data))[0]
	require.Equal(w.t, vm.Success, r.Status)
}

func (w *world) beacon(round uint64) []byte {
	m := sha256.Sum256(binary.BigEndian.AppendUint64(nil, round))
	sig := w.group.Sign(bls.DrandQuicknetDST, m[:])
	return sig[:]
}

func (w *world) books() (b staking.Books) {
	w.view([]any{&b}, "books()")
	return b
}

func (w *world) ranking(epoch uint64) (out []ledger.Address) {
	w.view([]any{&out}, "ranking(uint64)", epoch)
	return out
}

type candidate struct {
	id     staking.Identity
	x      staking.Standing
	weight uint256.Int
	active bool
}

func (w *world) candidate(p *person) (c candidate) {
	w.view([]any{&c.id, &c.x, &c.weight, &c.active}, "candidate(address)", p.address)
	return c
}

func (w *world) credit(p *person) uint64 {
	var x uint256.Int
	w.view([]any{&x}, "credit(address)", p.address)
	return x.Uint64()
}

func (w *world) balance(a ledger.Address) uint64 {
	acc := w.state.accounts[a]
	return acc.Balance.Uint64()
}

func addresses(people ...*person) (out []ledger.Address) {
	for _, p := range people {
		out = append(out, p.address)
	}
	return out
}

func payees(seats []staking.Seat) (out []ledger.Address) {
	for _, s := range seats {
		out = append(out, s.Payee)
	}
	return out
}
