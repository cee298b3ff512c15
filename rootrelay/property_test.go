package rootrelay_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// anyStep does one random thing; relayers' steps may come in any order, twice or too
// early, so their outcome is not looked at.
func (w *world) anyStep(rt *rapid.T) {
	a := rapid.SampledFrom(w.subs).Draw(rt, "chain")
	b := rapid.SampledFrom(w.subs).Draw(rt, "other")
	amount := rapid.Uint64Range(0, 300).Draw(rt, "amount")
	who := rapid.SampledFrom([]ledger.Address{alice, bob}).Draw(rt, "who")
	to := rapid.SampledFrom([]ledger.Address{alice, bob, at("receiver")}).Draw(rt, "to")
	payload := []byte(rapid.SampledFrom([]string{"", "fine", "x", "reply"}).Draw(rt, "payload"))
	deadline := never
	if rapid.Bool().Draw(rt, "deadline") {
		deadline = b.now + rapid.Uint64Range(0, 3000).Draw(rt, "in")
	}
	switch rapid.SampledFrom([]string{"deposit", "send", "withdraw", "checkpoint", "up", "up", "down", "down", "timeout", "claim", "time", "turn"}).Draw(rt, "step") {
	case "deposit":
		w.offer(w.root, who, atRoot(), amount, rootrelay.DepositCall(b.number, to, deadline, 900_000, payload))
	case "send":
		lane := rapid.Uint32Range(0, 2).Draw(rt, "lane")
		w.offer(a.chain, who, atGate(), amount, rootrelay.SendCall(b.number, lane, to, deadline, 900_000, payload))
	case "withdraw":
		w.offer(a.chain, who, atGate(), amount, rootrelay.SendCall(0, 0, to, never, 0, nil))
	case "checkpoint":
		if i := slices.IndexFunc(a.blocks, func(x *block) bool { return x.anchor.Seq == a.seq+1 }); i >= 0 {
			must(w.root, carrier, atRoot(), 0, a.checkpoint(a.blocks[i]))
			a.seq++
		}
	case "up":
		if i := slices.IndexFunc(a.blocks, func(x *block) bool { return x.anchor.Seq != 0 && x.anchor.Seq == a.seq }); i >= 0 {
			cp := a.blocks[i]
			if call, ok := w.upCall(a, cp, rapid.Uint64Range(0, cp.anchor.MessageCount-1).Draw(rt, "leaf")); ok {
				try(w.root, carrier, atRoot(), 0, call)
			}
		}
	case "down":
		s := w.root.head()
		if call := w.downCall(a, s, rapid.Uint64Range(0, s.anchor.MessageCount-1).Draw(rt, "leaf")); call != nil {
			try(a.chain, carrier, atGate(), 0, call)
		}
	case "timeout":
		e := rapid.SampledFrom(w.root.entries).Draw(rt, "entry")
		if e.Message != nil {
			try(w.root, carrier, atRoot(), 0, rootrelay.TimeoutCall(e.Message, e.Order))
		}
	case "claim":
		try(w.root, who, atRoot(), 0, rootrelay.ClaimCall())
	case "time":
		a.now += 2000
		a.do()
	case "turn":
		w.turn(a)
	}
}

// turn begins a new epoch with other seats on a subchain whose root knows them.
func (w *world) turn(a *sub) {
	if a.last() == nil {
		return
	}
	w.anchorAll(a)
	a.announce(seats(fmt.Sprint("epoch", a.number, a.epoch), 4))
	must(w.root, carrier, atRoot(), 0, a.touch(w))
	a.turn()
}

// offer runs a transaction that may revert, if the account can pay for it.
func (w *world) offer(c *chain, from, to ledger.Address, value uint64, data []byte) {
	if c.balance(from) >= value {
		try(c, from, to, value, data)
	}
}

// After any steps the books balance, and when all relaying is done nothing is owed
// but what is claimable, every message has ended exactly once, and each subchain's
// coin is its escrow.
func TestBooksBalanceAfterEveryStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, 2)
		w.settle()
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			w.anyStep(rt)
			w.balanced()
		}
		for _, s := range w.subs {
			s.do()
		}
		w.finish()
		for _, s := range w.subs {
			var minted, burned uint256.Int
			s.view(atGate(), rootrelay.ViewCall("supply()"), &minted, &burned)
			minted.Sub(&minted, &burned)
			require.EqualValues(rt, w.escrow(s), minted.Uint64(), "nothing is under way")
		}
		ended := map[ledger.Hash]int{}
		for _, e := range w.root.entries {
			if e.Ack != nil {
				ended[e.Ack.Message]++
			}
		}
		for _, s := range w.subs {
			for _, e := range s.entries {
				if e.Message != nil {
					require.Equal(rt, 1, ended[e.Message.Leaf()], "%+v", e.Message)
				}
			}
		}
	})
}

// finish carries all leaves, whether they were carried before or not, until nothing
// new comes of it.
func (w *world) finish() {
	again := true
	for round := 0; again; round++ {
		require.Less(w.t, round, 300, "something is carried for ever")
		again = false
		for _, s := range w.subs {
			w.anchorAll(s)
			if cp := s.last(); cp != nil {
				for i := range cp.anchor.MessageCount {
					if call, ok := w.upCall(s, cp, i); ok {
						again = try(w.root, carrier, atRoot(), 0, call).Status == vm.Success || again
					}
				}
			}
			head := w.root.head()
			for i := range head.anchor.MessageCount {
				if call := w.downCall(s, head, i); call != nil {
					again = try(s.chain, carrier, atGate(), 0, call).Status == vm.Success || again
				}
			}
		}
	}
	w.balanced()
}

// Whatever the whole committee of a subchain signs, it takes out no more than was
// put in, and the others keep what is theirs.
func TestHostileSubchainTakesNoMoreThanItsEscrow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, 2)
		a, b := w.subs[0], w.subs[1]
		w.settle()
		in := rapid.Uint64Range(0, 500).Draw(rt, "in")
		w.deposit(a, alice, alice, in)
		w.deposit(b, alice, alice, 700)
		w.settle()
		must(a.chain, alice, atGate(), 0, rootrelay.SendCall(0, 9, bob, never, 0, nil))
		cp := a.last()
		all := make([]ledger.Hash, cp.anchor.MessageCount)
		var messages []module.Message
		for n := range rapid.IntRange(1, 6).Draw(rt, "messages") {
			m := module.Message{
				Src: a.number, Dst: rapid.Uint64Range(0, 3).Draw(rt, "dst"), Lane: rapid.Uint32Range(0, 17).Draw(rt, "lane"),
				Nonce: rapid.Uint64Range(0, 1).Draw(rt, "nonce"), Deadline: never, Sender: carol, Receiver: carol,
				Amount: *uint256.NewInt(rapid.Uint64Range(0, 400).Draw(rt, "amount")), Asset: uint64(n / 5),
			}
			messages, all = append(messages, m), append(all, m.Leaf())
		}
		must(w.root, carrier, atRoot(), 0, a.forge(cp, func(h *ledger.Header, x *ledger.Anchor) {
			h.MessagesRoot, x.MessageCount = merkle.Root(all), uint64(len(all))
		}))
		for i := range messages {
			index := cp.anchor.MessageCount + uint64(i)
			call := rootrelay.RelayCall(cp.anchor.Seq, &messages[i], index, merkle.Prove(all, index))
			try(w.root, carrier, atRoot(), 0, call)
			try(w.root, carrier, atRoot(), 0, call)
		}
		w.down(b)
		require.GreaterOrEqual(rt, w.escrow(b), uint64(700))
		require.Equal(rt, in+700, w.escrow(a)+w.escrow(b)+w.claimable(carol))
		require.LessOrEqual(rt, b.balance(carol)+w.claimable(carol), in)
	})
}
