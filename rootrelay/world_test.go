package rootrelay_test

import (
	"crypto/ed25519"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

const (
	bond        = 1000
	maxInterval = 1_000_000
	rootID      = 7000
)

var (
	alice   = addr(1)
	bob     = addr(2)
	carol   = addr(3)
	carrier = addr(9)
)

// sub is a subchain with its receiver of messages.
type sub struct {
	*chain
	number   uint64
	receiver *receiver
	taken    uint64 // leaves of its outbox that were carried to the root
	seq      uint64
	got      uint64 // leaves of the root's outbox that were carried to it
}

// world is a root with subchains 1, 2, ….
type world struct {
	t    rapid.TB
	root *chain
	subs []*sub
}

func newWorld(t rapid.TB, n int) *world {
	w := &world{t: t}
	keys := seats("root", 4)
	w.root = newChain(t, "root", rootID, keys, []module.Entry{{
		Name: rootrelay.RootName, Gateway: true,
		Module: &rootrelay.Root{MinBond: *uint256.NewInt(bond), MaxInterval: maxInterval},
	}}, alice, bob)
	for i := range n {
		w.add(i, func(*rootrelay.Gateway) {})
	}
	return w
}

func (w *world) gateway() *rootrelay.Gateway {
	return &rootrelay.Gateway{
		RootChainID: rootID, RootGenesis: w.root.blocks[0].hash, RootEpoch: 0,
		RootCommittee: w.root.blocks[0].header.Committee, Registry: rootrelay.RootAddress(),
	}
}

// add starts and registers a subchain.
func (w *world) add(i int, change func(*rootrelay.Gateway)) *sub {
	name := string(rune('a' + i))
	g := w.gateway()
	change(g)
	s := &sub{receiver: &receiver{}}
	s.chain = newChain(w.t, name, uint64(8000+i), seats(name, 4), []module.Entry{
		{Name: rootrelay.GatewayName, Gateway: true, Mint: true, Reentrant: true, Module: g},
		{Name: "receiver", Module: s.receiver},
	})
	r := w.root.do(w.register(s, carol, bond)).results[0]
	require.Equal(w.t, vm.Success, r.Status, "%s", reason(r))
	require.NoError(w.t, module.Unpack(r.Return, &s.number))
	w.subs = append(w.subs, s)
	return s
}

// register makes the registration of a subchain.
func (w *world) register(s *sub, owner ledger.Address, value uint64) *ledger.Message {
	w.root.state.accounts[owner] = ledger.Account{Balance: *uint256.NewInt(1_000_000), CodeHash: ledger.EmptyCodeHash}
	digest := rootrelay.RegistrationDigest(rootID, rootrelay.RootAddress(), s.blocks[0].hash, owner)
	var proofs []byte
	for _, k := range s.keys {
		proofs = append(proofs, ed25519.Sign(k, digest[:])...)
	}
	committee := committeeOf(0, s.keys).AppendBinary(nil)
	return message(owner, rootrelay.RootAddress(), value, rootrelay.RegisterCall(s.blocks[0].raw, committee, proofs))
}

// try runs one transaction in a block of its own.
func try(c *chain, from, to ledger.Address, value uint64, data []byte) vm.Result {
	return c.do(message(from, to, value, data)).results[0]
}

// must is try that succeeds.
func must(c *chain, from, to ledger.Address, value uint64, data []byte) vm.Result {
	c.t.Helper()
	r := try(c, from, to, value, data)
	require.Equal(c.t, vm.Success, r.Status, "%s", reason(r))
	return r
}

// refuses runs a transaction that must revert with a text and change nothing.
func refuses(c *chain, from, to ledger.Address, value uint64, data []byte, text string) {
	c.t.Helper()
	r := try(c, from, to, value, data)
	require.Equal(c.t, vm.Reverted, r.Status, "%v", r.Err)
	require.Contains(c.t, reason(r), text)
}

// atRoot is the registry's address, atGate the gateway's.
func atRoot() ledger.Address { return rootrelay.RootAddress() }
func atGate() ledger.Address { return rootrelay.GatewayAddress() }

// checkpoint is the call that submits a block as a checkpoint.
func (s *sub) checkpoint(b *block) []byte {
	sigs := s.endorse(b, len(s.keys))
	return rootrelay.SubmitCheckpointCall(b.raw, b.anchor.Encode(), committeeOf(b.header.Epoch, s.keys).AppendBinary(nil), sigs)
}

func (s *sub) endorse(b *block, n int) []byte {
	sigs := s.sign(rolldpos.CheckpointDigest(b.domain, b.anchor.Seq, b.hash), n)
	return sigs.AppendBinary(nil)
}

// last returns the newest checkpoint, or nil.
func (s *sub) last() *block {
	for i := len(s.blocks) - 1; i > 0; i-- {
		if s.blocks[i].anchor.Seq != 0 {
			return s.blocks[i]
		}
	}
	return nil
}

// anchorAll submits the checkpoints that the root does not have.
func (w *world) anchorAll(s *sub) {
	for _, b := range s.blocks {
		if b.anchor.Seq == s.seq+1 {
			must(w.root, carrier, atRoot(), 0, s.checkpoint(b))
			s.seq++
		}
	}
}

// up carries the leaves of a subchain to the root, under its last checkpoint.
func (w *world) up(s *sub) {
	w.anchorAll(s)
	b := s.last()
	for b != nil && s.taken < b.anchor.MessageCount {
		call, ok := w.upCall(s, b, s.taken)
		s.taken++
		if ok {
			must(w.root, carrier, atRoot(), 0, call)
		}
	}
}

// upCall is the call that carries a leaf to the root; ok is false for an
// acknowledgement that nobody waits for.
func (w *world) upCall(s *sub, b *block, index uint64) (call []byte, ok bool) {
	e := s.entries[index]
	proof := s.prove(b, index)
	if e.Message != nil {
		return rootrelay.RelayCall(b.anchor.Seq, e.Message, index, proof), true
	}
	sent := find(w.root, e.Ack)
	if !w.rootPending(sent.Message) {
		return nil, false
	}
	return rootrelay.SettleCall(b.anchor.Seq, sent.Message, sent.Order, e.Ack, index, proof), true
}

func (w *world) rootPending(m *module.Message) bool {
	var leaf ledger.Hash
	w.root.view(atRoot(), rootrelay.ViewCall("pending(uint64,uint64,uint32,uint64)", rootrelay.Number(m.Src),
		rootrelay.Number(m.Dst), rootrelay.Number(uint64(m.Lane)), rootrelay.Number(m.Nonce)), &leaf)
	return !leaf.IsZero()
}

// find returns the message that an acknowledgement answers.
func find(c *chain, a *rootrelay.Ack) *rootrelay.Entry {
	for i := range c.entries {
		if m := c.entries[i].Message; m != nil && m.Leaf() == a.Message {
			return &c.entries[i]
		}
	}
	c.t.Fatalf("no message for the acknowledgement %+v", a)
	return nil
}

// down carries the leaves of the root to a subchain, under the root's newest block.
func (w *world) down(s *sub) {
	b := w.root.head()
	for ; s.got < b.anchor.MessageCount; s.got++ {
		if call := w.downCall(s, b, s.got); call != nil {
			must(s.chain, carrier, atGate(), 0, call)
		}
	}
}

// downCall is the call that carries a leaf to a subchain; nil if it is for another.
func (w *world) downCall(s *sub, b *block, index uint64) []byte {
	e := w.root.entries[index]
	proof := w.root.prove(b, index)
	switch {
	case e.Message != nil && e.Message.Dst == s.number:
		return rootrelay.DeliverCall(w.root.proof(b), e.Message, e.Order, index, proof)
	case e.Ack != nil && e.Ack.Src == s.number:
		return rootrelay.AcknowledgeCall(w.root.proof(b), find(s.chain, e.Ack).Message, e.Ack, index, proof)
	}
	return nil
}

// settle carries everything until nothing is left.
func (w *world) settle() {
	again := true
	for round := 0; again; round++ {
		require.Less(w.t, round, 300, "something is carried for ever")
		before := len(w.root.leaves)
		for _, s := range w.subs {
			before += len(s.leaves)
		}
		for _, s := range w.subs {
			w.down(s)
			w.up(s)
		}
		after := len(w.root.leaves)
		for _, s := range w.subs {
			after += len(s.leaves)
		}
		again = after != before
	}
	for _, s := range w.subs {
		w.down(s)
		w.up(s)
	}
	w.balanced()
}

func (w *world) escrow(s *sub) uint64 {
	var x uint256.Int
	w.root.view(atRoot(), rootrelay.ViewCall("escrow(uint64)", rootrelay.Number(s.number)), &x)
	return x.Uint64()
}

func (w *world) claimable(a ledger.Address) uint64 {
	var x uint256.Int
	var word ledger.Hash
	copy(word[12:], a[:])
	w.root.view(atRoot(), rootrelay.ViewCall("claimable(address)", word), &x)
	return x.Uint64()
}

func (c *chain) balance(a ledger.Address) uint64 {
	acc := c.state.accounts[a]
	return acc.Balance.Uint64()
}

// balanced checks the invariants of the supply on all chains.
func (w *world) balanced() {
	w.t.Helper()
	var s rootrelay.Supply
	w.root.view(atRoot(), rootrelay.ViewCall("supply()"), &s)
	var owed uint256.Int
	owed.Add(&s.Escrow, &s.Claimable)
	require.Equal(w.t, s.Locked, owed, "escrows and claimables are what is locked")
	owed.Add(&owed, &s.Bonds)
	require.Equal(w.t, s.Balance, owed, "the registry holds what it owes")
	for _, c := range w.subs {
		var minted, burned, net uint256.Int
		c.view(atGate(), rootrelay.ViewCall("supply()"), &minted, &burned)
		_, under := net.SubOverflow(&minted, &burned)
		require.False(w.t, under)
		require.LessOrEqual(w.t, net.Uint64(), w.escrow(c), "subchain %d minted beyond its escrow", c.number)
		var total uint64
		for a := range c.state.accounts {
			total += c.balance(a)
		}
		require.Equal(w.t, net.Uint64(), total, "coin on subchain %d that the gateway did not mint", c.number)
	}
}

const never = ^uint64(0)

// deposit locks coin on the root for a subchain.
func (w *world) deposit(s *sub, from, to ledger.Address, value uint64) {
	must(w.root, from, atRoot(), value, rootrelay.DepositCall(s.number, to, never, 0, nil))
}
