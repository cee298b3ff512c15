package rootrelay_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

func TestRegistrationNeedsBondAndEverySeatsConsent(t *testing.T) {
	w := newWorld(t, 1)
	g := w.gateway()
	s := &sub{chain: newChain(t, "n", 8100, seats("n", 4), []module.Entry{{Name: rootrelay.GatewayName, Gateway: true, Mint: true, Module: g}})}
	good := w.register(s, carol, bond)
	refuse := func(m *ledger.Message, text string) {
		t.Helper()
		r := w.root.do(m).results[0]
		require.Equal(t, vm.Reverted, r.Status)
		require.Contains(t, reason(r), text)
	}
	refuse(w.register(s, carol, bond-1), "bond is too low")
	stolen := *good
	stolen.From, stolen.GasPayer = alice, alice
	refuse(&stolen, "has not signed") // the seats consented to carol
	other := &sub{chain: s.chain}
	keys := s.keys
	digest := rootrelay.RegistrationDigest(rootID, atRoot(), s.blocks[0].hash, carol)
	call := func(header []byte, seats []ed25519.PrivateKey, signers []ed25519.PrivateKey) *ledger.Message {
		var proofs []byte
		for _, k := range signers {
			proofs = append(proofs, ed25519.Sign(k, digest[:])...)
		}
		return message(carol, atRoot(), bond, rootrelay.RegisterCall(header, committeeOf(0, seats).AppendBinary(nil), proofs))
	}
	refuse(call(s.blocks[0].raw, keys, keys[:3]), "has not signed")
	refuse(call(s.blocks[0].raw, keys, []ed25519.PrivateKey{keys[0], keys[1], keys[2], keys[2]}), "has not signed")
	foreign := seats("foreign", 4)
	refuse(call(s.blocks[0].raw, foreign, foreign), "not the committee")
	twice := []ed25519.PrivateKey{keys[0], keys[1], keys[2], keys[2]}
	refuse(call(s.blocks[0].raw, twice, twice), "not the committee")
	refuse(call(s.do().raw, keys, keys), "not a genesis header")
	refuse(call([]byte{0xc0}, keys, keys), "not a genesis header")
	r := w.root.do(good).results[0]
	require.Equal(t, vm.Success, r.Status, reason(r))
	refuse(w.register(other, carol, bond), "registered already: as 2")
}

// ready is a subchain with a checkpoint that the root does not have.
func ready(t rapid.TB) (w *world, a *sub, b *block) {
	w, a, _ = funded(t)
	send(a, 5, 0, bob, never, "")
	b = a.last()
	require.Equal(t, a.seq+1, b.anchor.Seq)
	return w, a, b
}

func TestCheckpointByAnyoneWithABadCertificateIsRefused(t *testing.T) {
	w, a, b := ready(t)
	committee := committeeOf(b.header.Epoch, a.keys).AppendBinary(nil)
	submit := func(text string, committee, sigs []byte) {
		t.Helper()
		refuses(w.root, carrier, atRoot(), 0, rootrelay.SubmitCheckpointCall(b.raw, b.anchor.Encode(), committee, sigs), text)
	}
	submit("fewer signers than a quorum", committee, a.endorse(b, 2))
	foreign := seats("foreign", 4)
	mallory := &sub{chain: &chain{keys: foreign}}
	submit("signature does not verify", committee, mallory.endorse(b, 4))
	submit("not the committee", committeeOf(b.header.Epoch, foreign).AppendBinary(nil), mallory.endorse(b, 4))
	submit("malformed", committee, nil)
	otherDomain := *b
	otherDomain.domain = rootrelay.Domain(rootID+1, atRoot(), a.number, rootrelay.Revision)
	submit("signature does not verify", committee, a.endorse(&otherDomain, 4))
	otherDomain.domain, otherDomain.anchor.Seq = b.domain, b.anchor.Seq+1
	submit("signature does not verify", committee, a.endorse(&otherDomain, 4))
	votes := a.sign(rolldpos.VoteDigest(a.blocks[0].hash, rolldpos.Epoch(b.header.Epoch), rolldpos.View(b.header.View), rolldpos.Commit, b.hash), 4)
	submit("signature does not verify", committee, votes.AppendBinary(nil))
	must(w.root, carrier, atRoot(), 0, a.checkpoint(b))
	refuses(w.root, carrier, atRoot(), 0, a.checkpoint(b), "sequence")
}

// forge changes a checkpoint and has the whole committee sign it.
func (s *sub) forge(b *block, change func(*ledger.Header, *ledger.Anchor)) []byte {
	x := *b
	x.anchor.Cursors = append([]ledger.Cursor(nil), b.anchor.Cursors...)
	change(&x.header, &x.anchor)
	if x.header.AnchorHash == b.header.AnchorHash {
		x.header.AnchorHash = x.anchor.Hash()
	}
	x.raw, x.hash = x.header.AppendRLP(nil), x.header.Hash()
	return s.checkpoint(&x)
}

func TestCheckpointThatDoesNotFollowIsRefusedWhoeverSigned(t *testing.T) {
	w, a, b := ready(t)
	must(w.root, carrier, atRoot(), 0, a.checkpoint(b))
	a.seq++
	last := b
	send(a, 5, 0, bob, never, "")
	b = a.last()
	for text, change := range map[string]func(*ledger.Header, *ledger.Anchor){
		"sequence":                   func(_ *ledger.Header, x *ledger.Anchor) { x.Seq++ },
		"revision":                   func(_ *ledger.Header, x *ledger.Anchor) { x.Revision++ },
		"another predecessor":        func(_ *ledger.Header, x *ledger.Anchor) { x.PrevCheckpoint[0]++ },
		"time does not grow":         func(h *ledger.Header, _ *ledger.Anchor) { h.Time = last.header.Time },
		"height or time":             func(h *ledger.Header, _ *ledger.Anchor) { h.Height = last.header.Height },
		"message count falls":        func(_ *ledger.Header, x *ledger.Anchor) { x.MessageCount = last.anchor.MessageCount - 1 },
		"root and count disagree":    func(h *ledger.Header, _ *ledger.Anchor) { h.MessagesRoot = ledger.Hash{} },
		"not in use":                 func(_ *ledger.Header, x *ledger.Anchor) { x.ExitRoot[3] = 1 },
		"a field is set":             func(_ *ledger.Header, x *ledger.Anchor) { x.DataHash[3] = 1 },
		"unknown subchain":           func(_ *ledger.Header, x *ledger.Anchor) { x.Subchain = 77 },
		"cursor of lane 0 from 0":    func(_ *ledger.Header, x *ledger.Anchor) { x.Cursors[0].Next-- },
		"cursor of lane":             func(_ *ledger.Header, x *ledger.Anchor) { x.Cursors[0].Next = 50 },
		"a lane is missing":          func(_ *ledger.Header, x *ledger.Anchor) { x.Cursors = nil },
		"anchor is not the header's": func(h *ledger.Header, _ *ledger.Anchor) { h.AnchorHash[0]++ },
		"not the committee":          func(h *ledger.Header, _ *ledger.Anchor) { h.Epoch += 5 },
		"epoch 0 after 1":            func(h *ledger.Header, _ *ledger.Anchor) { h.Epoch = 0 },
	} {
		refuses(w.root, carrier, atRoot(), 0, a.forge(b, change), text)
	}
	must(w.root, carrier, atRoot(), 0, a.checkpoint(b))
}

func TestCheckpointOfOneSubchainDoesNotServeAnother(t *testing.T) {
	w, a, b := ready(t)
	second := w.subs[1]
	refuses(w.root, carrier, atRoot(), 0, a.forge(b, func(_ *ledger.Header, x *ledger.Anchor) {
		x.Subchain, x.Seq, x.PrevCheckpoint = second.number, second.seq+1, second.last().hash
		x.MessageCount = 100
	}), "not the committee")
}

// relayed is a message of a that lies under a checkpoint on the root.
func relayed(t rapid.TB) (w *world, a *sub, b *block, index uint64) {
	w, a, b = ready(t)
	w.anchorAll(a)
	return w, a, b, b.anchor.MessageCount - 1
}

func TestRootRefusesMessagesTwiceOutOfOrderAndBeyondTheCount(t *testing.T) {
	w, a, b, index := relayed(t)
	m := a.entries[index].Message
	send(a, 6, 0, bob, never, "")
	w.anchorAll(a)
	next := a.last()
	later, _ := w.upCall(a, next, index+1)
	refuses(w.root, carrier, atRoot(), 0, later, "not the next of its lane")

	proof := a.prove(next, index+1)
	relay := func(seq, index uint64, m *module.Message, proof []ledger.Hash) []byte {
		return rootrelay.RelayCall(seq, m, index, proof)
	}
	seq, count := next.anchor.Seq, next.anchor.MessageCount
	second := a.entries[index+1].Message
	for _, i := range []uint64{count, count + 1, never} {
		refuses(w.root, carrier, atRoot(), 0, relay(seq, i, second, proof), "index is not below the count")
	}
	refuses(w.root, carrier, atRoot(), 0, relay(b.anchor.Seq, index+1, second, proof), "index is not below the count")
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index, second, proof), "not proven")
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index+1, second, append(proof, ledger.Hash{})), "not proven")
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index+1, second, proof[1:]), "not proven")
	refuses(w.root, carrier, atRoot(), 0, relay(0, index+1, second, proof), "unknown subchain or checkpoint")
	refuses(w.root, carrier, atRoot(), 0, relay(seq+1, index+1, second, proof), "unknown subchain or checkpoint")
	richer := *second
	richer.Amount = *uint256.NewInt(7)
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index+1, &richer, proof), "not proven")
	elsewhere := *second
	elsewhere.Receiver = carrier
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index+1, &elsewhere, proof), "not proven")
	foreign := *second
	foreign.Src = w.subs[1].number
	refuses(w.root, carrier, atRoot(), 0, relay(w.subs[1].seq, index+1, &foreign, proof), "not proven")

	must(w.root, carrier, atRoot(), 0, relay(seq, index, m, a.prove(next, index)))
	refuses(w.root, carrier, atRoot(), 0, relay(seq, index, m, a.prove(next, index)), "not the next of its lane")
	refuses(w.root, carrier, atRoot(), 0, relay(b.anchor.Seq, index, m, a.prove(b, index)), "not the next of its lane")
	must(w.root, carrier, atRoot(), 0, later)
	require.EqualValues(t, 11, w.claimable(bob))
}

func TestGatewayRefusesMessagesTwiceOutOfOrderOrForOthers(t *testing.T) {
	w, a, b := funded(t)
	w.deposit(a, alice, bob, 1)
	w.deposit(a, alice, bob, 2)
	s := w.root.head()
	n := s.anchor.MessageCount
	refuses(a.chain, carrier, atGate(), 0, w.downCall(a, s, n-1), "not the next of its lane")
	first := w.downCall(a, s, n-2)
	refuses(b.chain, carrier, atGate(), 0, first, "for 1, not 2")
	must(a.chain, carrier, atGate(), 0, first)
	refuses(a.chain, carrier, atGate(), 0, first, "not the next of its lane")
	e := w.root.entries[n-1]
	proof, path := w.root.proof(s), w.root.prove(s, n-1)
	refuses(a.chain, carrier, atGate(), 0, rootrelay.DeliverCall(proof, e.Message, e.Order, n, path), "index is not below the count")
	refuses(a.chain, carrier, atGate(), 0, rootrelay.DeliverCall(proof, e.Message, e.Order-1, n-1, path), "not proven")
	must(a.chain, carrier, atGate(), 0, w.downCall(a, s, n-1))
	require.EqualValues(t, 3, a.balance(bob))
}

// With all keys of a subchain stolen, no more leaves it than was put in.
func TestWithdrawalAboveTheEscrowBounces(t *testing.T) {
	w, a, b := funded(t)
	w.deposit(b, alice, alice, 300)
	w.settle()
	stolen := module.Message{
		Src: a.number, Dst: 0, Lane: 3, Deadline: never, Sender: carol, Receiver: carol, Amount: *uint256.NewInt(1001),
	}
	second := stolen
	second.Nonce, second.Amount = 1, *uint256.NewInt(1000)
	leaves := []ledger.Hash{stolen.Leaf(), second.Leaf()}
	a.do()
	send(a, 0, 0, bob, never, "")
	cp := a.last()
	forged := a.forge(cp, func(h *ledger.Header, x *ledger.Anchor) {
		h.MessagesRoot, x.MessageCount = merkle.Root(append(make([]ledger.Hash, cp.anchor.MessageCount), leaves...)), cp.anchor.MessageCount+2
	})
	must(w.root, carrier, atRoot(), 0, forged)
	all := append(make([]ledger.Hash, cp.anchor.MessageCount), leaves...)
	at := cp.anchor.MessageCount
	must(w.root, carrier, atRoot(), 0, rootrelay.RelayCall(cp.anchor.Seq, &stolen, at, merkle.Prove(all, at)))
	require.Equal(t, rootrelay.Bounced, lastAck(w.root).Status)
	require.Contains(t, string(lastAck(w.root).Result), "escrow is too low: 1000 of 1001 wei")
	require.EqualValues(t, 1000, w.escrow(a))
	must(w.root, carrier, atRoot(), 0, rootrelay.RelayCall(cp.anchor.Seq, &second, at+1, merkle.Prove(all, at+1)))
	require.EqualValues(t, 1000, w.claimable(carol))
	require.Zero(t, w.escrow(a))
	require.EqualValues(t, 300, w.escrow(b), "the others are unharmed")
	must(w.root, carol, atRoot(), 0, rootrelay.ClaimCall())
	var s rootrelay.Supply
	w.root.view(atRoot(), rootrelay.ViewCall("supply()"), &s)
	require.EqualValues(t, 300, s.Locked.Uint64())
}

// A destination that lies about a failure after it has spent the coin cannot make
// the root pay twice; nor does it hold up other messages.
func TestRefundAboveTheEscrowWaits(t *testing.T) {
	w, a, b := funded(t)
	send(a, 100, b.number, bob, never, "")
	w.settle()
	must(b.chain, bob, atGate(), 100, rootrelay.SendCall(0, 0, bob, never, 0, nil))
	send(a, 50, b.number, bob, never, "")
	w.up(a)
	e := w.root.entries[len(w.root.entries)-1]
	require.EqualValues(t, 150, w.escrow(b))
	w.up(b)
	require.EqualValues(t, 50, w.escrow(b))
	// The committee of b withdraws what is under way to it and then says that it failed.
	leaf := module.Message{Src: b.number, Lane: 5, Deadline: never, Sender: bob, Receiver: carol, Amount: *uint256.NewInt(50)}
	ack := rootrelay.Ack{Src: a.number, Dst: b.number, Nonce: e.Message.Nonce, Message: e.Message.Leaf(), Status: rootrelay.Failed}
	must(b.chain, bob, atGate(), 0, rootrelay.SendCall(0, 0, bob, never, 0, nil))
	cp := b.last()
	all := append(make([]ledger.Hash, cp.anchor.MessageCount), leaf.Leaf(), ack.Leaf())
	at := cp.anchor.MessageCount
	must(w.root, carrier, atRoot(), 0, b.forge(cp, func(h *ledger.Header, x *ledger.Anchor) {
		h.MessagesRoot, x.MessageCount = merkle.Root(all), at+2
	}))
	must(w.root, carrier, atRoot(), 0, rootrelay.RelayCall(cp.anchor.Seq, &leaf, at, merkle.Prove(all, at)))
	settle := rootrelay.SettleCall(cp.anchor.Seq, e.Message, e.Order, &ack, at+1, merkle.Prove(all, at+1))
	refuses(w.root, carrier, atRoot(), 0, settle, "escrow is too low")
	w.deposit(b, alice, alice, 60)
	must(w.root, carrier, atRoot(), 0, settle)
	refuses(w.root, carrier, atRoot(), 0, settle, "not awaiting")
	require.EqualValues(t, 10, w.escrow(b))
	require.EqualValues(t, 900, w.escrow(a), "the refund came back once")
}

func TestAcknowledgementMustFitItsMessage(t *testing.T) {
	w, a, b := funded(t)
	send(a, 40, b.number, at("receiver"), never, "x")
	send(a, 30, b.number, at("receiver"), never, "fine")
	w.up(a)
	w.down(b)
	w.anchorAll(b)
	cp, n := b.last(), uint64(len(b.leaves))
	first, second := b.entries[n-2].Ack, b.entries[n-1].Ack
	m1, m2 := find(w.root, first), find(w.root, second)
	refuses(w.root, carrier, atRoot(), 0,
		rootrelay.SettleCall(cp.anchor.Seq, m2.Message, m2.Order, first, n-2, b.prove(cp, n-2)), "does not fit")
	refuses(w.root, carrier, atRoot(), 0,
		rootrelay.SettleCall(cp.anchor.Seq, m1.Message, m1.Order+1, first, n-2, b.prove(cp, n-2)), "not awaiting")
	better := *second
	better.Status = rootrelay.Failed
	refuses(w.root, carrier, atRoot(), 0,
		rootrelay.SettleCall(cp.anchor.Seq, m2.Message, m2.Order, &better, n-1, b.prove(cp, n-1)), "not proven")
}

func TestUnattachedGatewayTakesItsOwnAttachmentOnly(t *testing.T) {
	w := newWorld(t, 2)
	a, b := w.subs[0], w.subs[1]
	refuses(a.chain, alice, atGate(), 0, rootrelay.SendCall(b.number, 0, bob, never, 0, nil), "not attached")
	s := w.root.head()
	for i, e := range w.root.entries {
		if e.Message.Dst == b.number {
			call := rootrelay.DeliverCall(w.root.proof(s), e.Message, e.Order, uint64(i), w.root.prove(s, uint64(i)))
			refuses(a.chain, carrier, atGate(), 0, call, "does not attach")
		}
	}
	require.Zero(t, a.head().anchor.Subchain)
	require.Zero(t, a.head().domain)
	elsewhere := w.add(3, func(g *rootrelay.Gateway) { g.Registry[0]++ })
	s = w.root.head()
	last := s.anchor.MessageCount - 1
	refuses(elsewhere.chain, carrier, atGate(), 0, w.downCall(elsewhere, s, last), "does not attach")
	wrong := w.add(2, func(g *rootrelay.Gateway) { g.RootGenesis[0]++ })
	s = w.root.head()
	i := s.anchor.MessageCount - 1
	e := w.root.entries[i]
	refuses(wrong.chain, carrier, atGate(), 0,
		rootrelay.DeliverCall(w.root.proof(s), e.Message, e.Order, i, w.root.prove(s, i)), "signature does not verify")
}

func TestGatewayRefusesRootHeadersOfAnUnknownCommittee(t *testing.T) {
	w, a, _ := funded(t)
	w.deposit(a, alice, bob, 1)
	s := w.root.head()
	i := s.anchor.MessageCount - 1
	e := w.root.entries[i]
	foreign := *w.root
	foreign.keys = seats("foreign", 4)
	fake := *s
	fake.header.Committee = committeeOf(1, foreign.keys).Hash()
	fake.raw, fake.hash = fake.header.AppendRLP(nil), fake.header.Hash()
	refuses(a.chain, carrier, atGate(), 0,
		rootrelay.DeliverCall(foreign.proof(&fake), e.Message, e.Order, i, w.root.prove(s, i)), "not the committee")
	fake.header.Epoch = 9
	fake.raw, fake.hash = fake.header.AppendRLP(nil), fake.header.Hash()
	refuses(a.chain, carrier, atGate(), 0,
		rootrelay.DeliverCall(foreign.proof(&fake), e.Message, e.Order, i, w.root.prove(s, i)), "not the committee")
}

// A flipped byte anywhere in what a relayer brings stops the delivery.
func TestFlippedByteStopsTheDelivery(t *testing.T) {
	w, a, _ := funded(t)
	w.deposit(a, alice, bob, 1)
	w.deposit(a, alice, bob, 2)
	s := w.root.head()
	i := s.anchor.MessageCount - 2
	e := w.root.entries[i]
	good, path := w.root.proof(s), w.root.prove(s, i)
	flip := func(t *rapid.T, b []byte) []byte {
		b = bytes.Clone(b)
		b[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "mask"))
		return b
	}
	rapid.Check(t, func(rt *rapid.T) {
		p, proof := *good, append([]ledger.Hash(nil), path...)
		switch rapid.IntRange(0, 4).Draw(rt, "part") {
		case 0:
			p.Header = flip(rt, p.Header)
		case 1:
			p.Anchor = flip(rt, p.Anchor)
		case 2:
			p.Committee = flip(rt, p.Committee)
		case 3:
			p.Certificate = flip(rt, p.Certificate)
		case 4:
			j := rapid.IntRange(0, len(proof)-1).Draw(rt, "node")
			copy(proof[j][:], flip(rt, proof[j][:]))
		}
		r := try(a.chain, carrier, atGate(), 0, rootrelay.DeliverCall(&p, e.Message, e.Order, i, proof))
		require.NotEqual(rt, vm.Success, r.Status)
	})
	must(a.chain, carrier, atGate(), 0, rootrelay.DeliverCall(good, e.Message, e.Order, i, path))
}

func TestFlippedByteStopsTheCheckpoint(t *testing.T) {
	w, a, b := ready(t)
	parts := [][]byte{b.raw, b.anchor.Encode(), committeeOf(b.header.Epoch, a.keys).AppendBinary(nil), a.endorse(b, 3)}
	rapid.Check(t, func(rt *rapid.T) {
		x := append([][]byte(nil), parts...)
		k := rapid.IntRange(0, 3).Draw(rt, "part")
		x[k] = bytes.Clone(x[k])
		x[k][rapid.IntRange(0, len(x[k])-1).Draw(rt, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "mask"))
		r := try(w.root, carrier, atRoot(), 0, rootrelay.SubmitCheckpointCall(x[0], x[1], x[2], x[3]))
		require.NotEqual(rt, vm.Success, r.Status)
	})
	must(w.root, carrier, atRoot(), 0, rootrelay.SubmitCheckpointCall(parts[0], parts[1], parts[2], parts[3]))
}
