package rootrelay_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// state is a world state in memory.
type state struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Address]map[ledger.Hash]ledger.Hash
	codes    map[ledger.Hash][]byte
}

func newState() *state {
	return &state{map[ledger.Address]ledger.Account{}, map[ledger.Address]map[ledger.Hash]ledger.Hash{}, map[ledger.Hash][]byte{}}
}

func (s *state) Account(a ledger.Address) (ledger.Account, error) { return s.accounts[a], nil }
func (s *state) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return s.slots[a][k], nil
}
func (s *state) Code(h ledger.Hash) ([]byte, error) { return s.codes[h], nil }

func (s *state) apply(changes []ledger.Change) {
	for _, c := range changes {
		if c.Deleted || c.Cleared {
			delete(s.slots, c.Address)
		}
		if c.Deleted {
			delete(s.accounts, c.Address)
			continue
		}
		s.accounts[c.Address] = c.Account
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
			s.accounts[c.Address] = c.Account
		}
	}
}

// block is a finished block with what proves it.
type block struct {
	header  ledger.Header
	raw     []byte
	hash    ledger.Hash
	anchor  ledger.Anchor
	domain  ledger.Hash
	results []vm.Result
}

// chain is a chain in memory with real signatures. Its blocks hold what do is given.
type chain struct {
	t       rapid.TB
	id      uint64 // of transactions
	state   *state
	modules *module.Registry
	keys    []ed25519.PrivateKey
	epoch   uint64
	next    *rolldpos.Committee // of the next epoch, nil: the same
	nextKey []ed25519.PrivateKey
	now     uint64 // time of the next block, ms
	blocks  []*block
	entries []rootrelay.Entry
	leaves  []ledger.Hash
}

const gasLimit = 60_000_000

func seats(name string, n int) (keys []ed25519.PrivateKey) {
	for i := range n {
		seed := keccak.Sum256([]byte(name), []byte{byte(i)})
		keys = append(keys, ed25519.NewKeyFromSeed(seed[:]))
	}
	return keys
}

func committeeOf(epoch uint64, keys []ed25519.PrivateKey) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch)}
	for _, k := range keys {
		c.Keys = append(c.Keys, k.Public().(ed25519.PublicKey))
	}
	return c
}

func newChain(t rapid.TB, name string, id uint64, keys []ed25519.PrivateKey, entries []module.Entry, rich ...ledger.Address) *chain {
	c := &chain{t: t, id: id, state: newState(), keys: keys, epoch: 1, now: 1_000_000}
	var err error
	c.modules, err = module.New(module.Chain{ID: id, Genesis: func() ledger.Hash { return c.blocks[0].hash }}, entries)
	require.NoError(t, err)
	c.state.apply(c.modules.Genesis())
	for _, a := range rich {
		c.state.accounts[a] = ledger.Account{Balance: *uint256.NewInt(1_000_000_000), CodeHash: ledger.EmptyCodeHash}
	}
	committee := committeeOf(0, keys).Hash()
	h := ledger.Header{Committee: committee, NextCommittee: committee, Time: c.now - 1, Proposer: ledger.Address([]byte(name + "....................")[:20])}
	c.blocks = []*block{{header: h, raw: h.AppendRLP(nil), hash: h.Hash()}}
	return c
}

// do makes a block of messages and returns it.
func (c *chain) do(messages ...*ledger.Message) *block {
	parent := c.blocks[len(c.blocks)-1]
	b := &block{header: ledger.Header{
		Height: parent.header.Height + 1, View: parent.header.Height + 1, Epoch: c.epoch, Parent: parent.hash,
		Time: max(c.now, parent.header.Time+1), GasLimit: gasLimit,
		Committee: committeeOf(c.epoch, c.keys).Hash(), NextCommittee: committeeOf(c.epoch, c.keys).Hash(),
	}}
	if c.next != nil {
		b.header.NextCommittee = c.next.Hash()
	}
	c.now = b.header.Time + 10
	session := c.session(&b.header)
	require.NoError(c.t, c.modules.BeginBlock(session))
	for _, m := range messages {
		r, err := session.Apply(m)
		require.NoError(c.t, err)
		require.NotEqual(c.t, vm.Invalid, r.Status, "%v", r.Err)
		b.results = append(b.results, r)
		for i := range r.Logs {
			c.take(&r.Logs[i])
		}
	}
	require.NoError(c.t, c.modules.EndBlock(session))
	var err error
	b.header.MessagesRoot, b.domain, b.anchor, err = c.modules.Anchor(session)
	require.NoError(c.t, err)
	c.state.apply(session.Changes())
	for a, acc := range c.state.accounts { // something for the header to commit to
		w := acc.Balance.Bytes32()
		h := ledger.Keccak(a[:], w[:])
		for i := range h {
			b.header.StateRoot[i] ^= h[i]
		}
	}
	b.header.AnchorHash = b.anchor.Hash()
	require.Equal(c.t, merkle.Root(c.leaves), b.header.MessagesRoot, "the events make up the outbox")
	require.EqualValues(c.t, len(c.leaves), b.anchor.MessageCount)
	b.raw, b.hash = b.header.AppendRLP(nil), b.header.Hash()
	c.blocks = append(c.blocks, b)
	return b
}

func (c *chain) session(h *ledger.Header) *vm.Session {
	machine := vm.New(vm.Config{Rules: vm.Osaka(), ChainID: c.id, Natives: c.modules.Natives(h.Height)})
	return machine.Begin(c.environment(h), c.state)
}

func (c *chain) environment(h *ledger.Header) vm.Block {
	return vm.Block{
		Number: h.Height, Time: h.Seconds(), Millis: h.Time, GasLimit: gasLimit,
		BlockHash: func(n uint64) ledger.Hash { return c.blocks[n].hash },
	}
}

func (c *chain) take(log *ledger.Log) {
	e, ok, err := rootrelay.DecodeEntry(log)
	require.NoError(c.t, err)
	if ok {
		require.EqualValues(c.t, len(c.entries), e.Index)
		c.entries, c.leaves = append(c.entries, e), append(c.leaves, e.Leaf)
	}
}

// view calls a view at the newest block.
func (c *chain) view(to ledger.Address, data []byte, into ...any) {
	h := c.blocks[len(c.blocks)-1].header
	h.Height, h.Time = h.Height+1, h.Time+1
	machine := vm.New(vm.Config{Rules: vm.Osaka(), ChainID: c.id, Natives: c.modules.Natives(h.Height)})
	r, err := machine.Call(c.environment(&h), c.state, &ledger.Message{To: &to, Data: data, Gas: gasLimit})
	require.NoError(c.t, err)
	require.Equal(c.t, vm.Success, r.Status, "%v %q", r.Err, r.Return)
	require.NoError(c.t, module.Unpack(r.Return, into...))
}

func (c *chain) head() *block { return c.blocks[len(c.blocks)-1] }

// certify makes the commit certificate of a block by all seats.
func (c *chain) certify(b *block) []byte {
	digest := rolldpos.VoteDigest(c.blocks[0].hash, rolldpos.Epoch(b.header.Epoch), rolldpos.View(b.header.View), rolldpos.Commit, b.hash)
	cert := rolldpos.Certificate{
		Epoch: rolldpos.Epoch(b.header.Epoch), View: rolldpos.View(b.header.View), Kind: rolldpos.Commit, Block: b.hash,
		Signatures: c.sign(digest, len(c.keys)),
	}
	return cert.AppendBinary(nil)
}

// sign makes the signatures of the first n seats.
func (c *chain) sign(digest ledger.Hash, n int) rolldpos.Signatures {
	sigs := make([]*[64]byte, len(c.keys))
	for i := range n {
		s := [64]byte(ed25519.Sign(c.keys[i], digest[:]))
		sigs[i] = &s
	}
	return rolldpos.Collect(sigs)
}

func (c *chain) proof(b *block) *rootrelay.RootProof {
	return &rootrelay.RootProof{
		Header: b.raw, Anchor: b.anchor.Encode(), Certificate: c.certify(b),
		Committee: committeeOf(b.header.Epoch, c.keys).AppendBinary(nil),
	}
}

// prove proves leaf index under a block.
func (c *chain) prove(b *block, index uint64) []ledger.Hash {
	return merkle.Prove(c.leaves[:b.anchor.MessageCount], index)
}

// turn begins a new epoch with other seats; before it, announce tells them.
func (c *chain) announce(keys []ed25519.PrivateKey) {
	c.next, c.nextKey = committeeOf(c.epoch+1, keys), keys
}

func (c *chain) turn() {
	c.epoch, c.keys, c.next = c.epoch+1, c.nextKey, nil
}

// message makes a transaction's message.
func message(from, to ledger.Address, value uint64, data []byte) *ledger.Message {
	return &ledger.Message{
		Type: ledger.DynamicFeeTx, From: from, GasPayer: from, To: &to, Value: *uint256.NewInt(value),
		Gas: 1 << 24, Data: data,
	}
}

// reason is the text with which a result reverted.
func reason(r vm.Result) string {
	var text string
	if len(r.Return) < 4 || module.Unpack(r.Return[4:], &text) != nil {
		return r.Status.String()
	}
	return text
}

func addr(x uint64) (a ledger.Address) {
	binary.BigEndian.PutUint64(a[2:], 0xacc0)
	binary.BigEndian.PutUint64(a[12:], x)
	return a
}

func clone(b []byte) []byte { return bytes.Clone(b) }
