package rootrelay_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

func at(name string) ledger.Address { return module.AddressOf(name) }

func TestValueTravelsFromRootToSubchainsAndBack(t *testing.T) {
	w := newWorld(t, 2)
	a, b := w.subs[0], w.subs[1]
	w.settle()
	w.deposit(a, alice, alice, 500)
	require.EqualValues(t, 500, w.escrow(a))
	w.settle()
	require.EqualValues(t, 500, a.balance(alice))

	must(a.chain, alice, atGate(), 200, rootrelay.SendCall(b.number, 1, bob, never, 0, nil))
	require.EqualValues(t, 300, a.balance(alice), "burned at the source")
	w.balanced()
	w.settle()
	require.EqualValues(t, 200, b.balance(bob))
	require.EqualValues(t, 300, w.escrow(a))
	require.EqualValues(t, 200, w.escrow(b))

	must(b.chain, bob, atGate(), 150, rootrelay.SendCall(0, 0, bob, never, 0, nil))
	w.settle()
	require.EqualValues(t, 150, w.claimable(bob))
	before := w.root.balance(bob)
	must(w.root, bob, atRoot(), 0, rootrelay.ClaimCall())
	require.EqualValues(t, before+150, w.root.balance(bob))
	w.balanced()
	refuses(w.root, bob, atRoot(), 0, rootrelay.ClaimCall(), "nothing to claim")
}

// heard returns what the subchain's receiver knows.
func (s *sub) heard() (payload []byte, count, acks, failed uint64) {
	s.view(at("receiver"), rootrelay.ViewCall("state()"), &payload, &count, &acks, &failed)
	return payload, count, acks, failed
}

// funded is a world of two subchains, 1000 on the first at alice.
func funded(t rapid.TB) (w *world, a, b *sub) {
	w = newWorld(t, 2)
	a, b = w.subs[0], w.subs[1]
	w.deposit(a, alice, alice, 1000)
	w.settle()
	return w, a, b
}

// send sends a message from alice on a.
func send(a *sub, value, dst uint64, to ledger.Address, deadline uint64, payload string) {
	must(a.chain, alice, atGate(), value, rootrelay.SendCall(dst, 0, to, deadline, 200_000, []byte(payload)))
}

// sendModule sends a message as the receiver module of a, which hears the outcome.
func sendModule(t rapid.TB, a *sub, value, dst uint64, to ledger.Address, deadline uint64, payload string) {
	call, err := module.Pack("send(uint64,address,uint64,bytes)", dst, to, deadline, []byte(payload))
	require.NoError(t, err)
	must(a.chain, alice, at("receiver"), value, call)
}

// lastAck is the newest acknowledgement in a chain's outbox.
func lastAck(c *chain) *rootrelay.Ack {
	for i := len(c.entries) - 1; i >= 0; i-- {
		if a := c.entries[i].Ack; a != nil {
			return a
		}
	}
	return nil
}

func TestDataReachesOnReceiveAndItsResultReturnsToOnAck(t *testing.T) {
	w, a, b := funded(t)
	sendModule(t, a, 70, b.number, at("receiver"), never, "hello")
	w.settle()
	payload, count, _, _ := b.heard()
	require.Equal(t, "hello", string(payload))
	require.EqualValues(t, 1, count)
	require.EqualValues(t, 70, b.balance(at("receiver")))
	_, _, acks, failed := a.heard()
	require.EqualValues(t, 1, acks)
	require.Zero(t, failed)
	require.Equal(t, "heard hello", string(lastAck(w.root).Result))
	require.Equal(t, rootrelay.Done, lastAck(w.root).Status)
}

func TestReceiverThatRevertsGivesTheValueBackOnce(t *testing.T) {
	w, a, b := funded(t)
	sendModule(t, a, 70, b.number, at("receiver"), never, "x")
	require.EqualValues(t, 930, a.balance(alice))
	w.settle()
	require.Zero(t, b.balance(at("receiver")), "the mint is undone")
	require.Zero(t, w.escrow(b))
	require.EqualValues(t, 1000, w.escrow(a))
	require.EqualValues(t, 70, a.balance(at("receiver")), "given back to the sender")
	_, count, _, _ := b.heard()
	require.Zero(t, count, "nothing that the receiver did stays")
	_, _, acks, failed := a.heard()
	require.EqualValues(t, 1, acks)
	require.EqualValues(t, 1, failed)
}

func TestFailureDoesNotBlockTheLane(t *testing.T) {
	w, a, b := funded(t)
	send(a, 10, b.number, at("receiver"), never, "x")
	send(a, 20, b.number, at("receiver"), never, "fine")
	w.settle()
	require.EqualValues(t, 20, b.balance(at("receiver")))
	require.EqualValues(t, 980, a.balance(alice))
}

func TestSenderWhoseOnAckRevertsBlocksNothing(t *testing.T) {
	w, a, b := funded(t)
	sendModule(t, a, 0, b.number, at("receiver"), never, "a")
	w.settle()
	_, _, acks, _ := a.heard()
	require.Zero(t, acks, "what onAck did is undone")
	var leaf ledger.Hash
	a.view(atGate(), rootrelay.ViewCall("pending(uint64,uint32,uint64)", rootrelay.Number(b.number), ledger.Hash{}, ledger.Hash{}), &leaf)
	require.True(t, leaf.IsZero(), "the message is settled nonetheless")
}

func TestReceiverMayAnswerByAMessageWhileItReceives(t *testing.T) {
	w, a, b := funded(t)
	sendModule(t, a, 30, b.number, at("receiver"), never, "reply please")
	w.settle()
	payload, count, _, _ := a.heard()
	require.Equal(t, "Answer", string(payload))
	require.EqualValues(t, 1, count)
	require.EqualValues(t, 30, a.balance(at("receiver")), "the value came back with the answer")
	_, _, acks, _ := b.heard()
	require.EqualValues(t, 1, acks)
	require.Zero(t, w.escrow(b))
}

// The deadline is on the clock of the destination: at now < deadline a message
// executes, at now = deadline it does not.
func TestMessageExpiresAtTheDeadlineNotBefore(t *testing.T) {
	for _, late := range []uint64{0, 1} {
		w, a, b := funded(t)
		deadline := b.now + 5000
		send(a, 40, b.number, bob, deadline, "")
		w.up(a)
		b.now = deadline - 1 + late
		w.down(b)
		require.Equal(t, deadline-1+late, b.head().header.Time)
		if late == 0 {
			require.EqualValues(t, 40, b.balance(bob))
			require.Equal(t, rootrelay.Done, lastAck(b.chain).Status)
		} else {
			require.Zero(t, b.balance(bob))
			require.Equal(t, rootrelay.Expired, lastAck(b.chain).Status)
		}
		w.settle()
		require.EqualValues(t, 960+40*late, a.balance(alice))
	}
}

func TestRootBouncesBeforeItMovesEscrow(t *testing.T) {
	w, a, b := funded(t)
	for _, c := range []struct {
		name string
		try  func()
	}{
		{"unknown destination", func() { send(a, 5, 99, bob, never, "") }},
		{"deadline has passed", func() { send(a, 5, b.number, bob, b.last().header.Time, "") }},
		{"deadline has passed on the root", func() { send(a, 5, 0, bob, w.root.now-100, "") }},
		{"suspended destination", func() {
			w.root.now += maxInterval + 1000
			a.now = w.root.now
			must(w.root, carrier, atRoot(), 0, a.touch(w))
			send(a, 5, b.number, bob, never, "")
		}},
	} {
		name, before := c.name, a.balance(alice)
		c.try()
		require.EqualValues(t, before-5, a.balance(alice), name)
		w.anchorAll(a)
		w.up(a)
		require.Equal(t, rootrelay.Bounced, lastAck(w.root).Status, name)
		require.EqualValues(t, 1000, w.escrow(a), name)
		w.down(a)
		require.EqualValues(t, before, a.balance(alice), name)
		w.balanced()
	}
}

// touch makes a checkpoint of a subchain without any traffic of its own and returns
// the call that submits it.
func (s *sub) touch(w *world) []byte {
	w.anchorAll(s)
	send(s, 0, 99, bob, never, "")
	s.seq++
	return s.checkpoint(s.last())
}

// A bounced message uses up its nonce but no order: the lane goes on.
func TestBouncedMessageLeavesNoGapAtTheDestination(t *testing.T) {
	w, a, b := funded(t)
	send(a, 5, b.number, bob, b.last().header.Time, "")
	send(a, 7, b.number, bob, never, "")
	w.settle()
	require.EqualValues(t, 7, b.balance(bob))
	require.EqualValues(t, 993, a.balance(alice))
}

func TestDepositThatFailsBecomesClaimableByTheDepositor(t *testing.T) {
	w, a, _ := funded(t)
	must(w.root, bob, atRoot(), 60, rootrelay.DepositCall(a.number, at("receiver"), never, 100_000, []byte("x")))
	require.EqualValues(t, 1060, w.escrow(a))
	w.settle()
	require.EqualValues(t, 60, w.claimable(bob))
	require.EqualValues(t, 1000, w.escrow(a))
}

// overdue sends value from a to b, lets the deadline pass there in a checkpoint, and
// does not deliver.
func overdue(t *testing.T, w *world, a, b *sub) (e *rootrelay.Entry) {
	deadline := b.now + 5000
	send(a, 40, b.number, bob, deadline, "")
	w.up(a)
	e = &w.root.entries[len(w.root.entries)-1]
	require.Equal(t, deadline, e.Message.Deadline)
	refuses(w.root, carrier, atRoot(), 0, rootrelay.TimeoutCall(e.Message, e.Order), "deadline has not passed")
	b.now = deadline
	w.deposit(b, alice, alice, 1) // something to make a checkpoint of, in another lane
	s := w.root.head()
	index := s.anchor.MessageCount - 1
	must(b.chain, carrier, atGate(), 0, w.downCall(b, s, index))
	w.anchorAll(b)
	return e
}

func TestTimeoutAndLateAcknowledgementRefundOnce(t *testing.T) {
	for _, first := range []string{"timeout", "acknowledgement"} {
		w, a, b := funded(t)
		e := overdue(t, w, a, b)
		timeout := rootrelay.TimeoutCall(e.Message, e.Order)
		must(b.chain, carrier, atGate(), 0, w.downCall(b, w.root.head(), e.Index))
		require.Equal(t, rootrelay.Expired, lastAck(b.chain).Status)
		require.Zero(t, b.balance(bob))
		ackIndex := uint64(len(b.leaves) - 1)
		if first == "timeout" {
			must(w.root, carrier, atRoot(), 0, timeout)
			require.Equal(t, rootrelay.TimedOut, lastAck(w.root).Status)
		}
		w.anchorAll(b)
		late := rootrelay.SettleCall(b.last().anchor.Seq, e.Message, e.Order, b.entries[ackIndex].Ack, ackIndex, b.prove(b.last(), ackIndex))
		if first == "timeout" {
			refuses(w.root, carrier, atRoot(), 0, late, "not awaiting")
		} else {
			must(w.root, carrier, atRoot(), 0, late)
			refuses(w.root, carrier, atRoot(), 0, timeout, "it was delivered")
		}
		require.EqualValues(t, 1000, w.escrow(a))
		w.skip(b)
		w.settle()
		require.EqualValues(t, 1000, a.balance(alice), first)
	}
}

// skip notes that all leaves of the root were carried to s by hand.
func (w *world) skip(s *sub) { s.got = uint64(len(w.root.leaves)) }

func TestAcknowledgementCountsOnceOnBothChains(t *testing.T) {
	w, a, b := funded(t)
	send(a, 40, b.number, at("receiver"), never, "x")
	w.up(a)
	w.down(b)
	w.anchorAll(b)
	index := uint64(len(b.leaves) - 1)
	call, ok := w.upCall(b, b.last(), index)
	require.True(t, ok)
	must(w.root, carrier, atRoot(), 0, call)
	refuses(w.root, carrier, atRoot(), 0, call, "not awaiting")
	require.EqualValues(t, 1000, w.escrow(a))
	s := w.root.head()
	back := w.downCall(a, s, s.anchor.MessageCount-1)
	must(a.chain, carrier, atGate(), 0, back)
	refuses(a.chain, carrier, atGate(), 0, back, "not awaiting")
	require.EqualValues(t, 1000, a.balance(alice))
}

// A relayer who offers less gas than the message pays for fails to deliver it; it
// cannot make the message fail (EIP-150's 64th).
func TestTooLittleGasFailsTheDeliveryNotTheMessage(t *testing.T) {
	w, a, b := funded(t)
	must(a.chain, alice, atGate(), 10, rootrelay.SendCall(b.number, 0, at("receiver"), never, 8_000_000, []byte("gas")))
	w.up(a)
	s := w.root.head()
	refused := leastGas(b.chain, w.downCall(b, s, s.anchor.MessageCount-1), 300_000, 50_000)
	require.Greater(t, refused, 100)
	require.Equal(t, rootrelay.Done, lastAck(b.chain).Status)
	require.EqualValues(t, 10, b.balance(at("receiver")))
}

// leastGas offers more and more gas until a call of the gateway succeeds, and returns
// how often it was too little.
func leastGas(c *chain, call []byte, from, step uint64) (refused int) {
	for gas := from; gas < 1<<24; gas += step {
		m := message(carrier, atGate(), 0, call)
		m.Gas = gas
		if c.do(m).results[0].Status == vm.Success {
			return refused
		}
		refused++
	}
	c.t.Fatalf("no gas suffices")
	return refused
}

func TestTooLittleGasDoesNotSilenceTheSendersOnAck(t *testing.T) {
	w, a, b := funded(t)
	sendModule(t, a, 0, b.number, at("receiver"), never, "heavy")
	w.up(a)
	w.down(b)
	w.up(b)
	s := w.root.head()
	require.Positive(t, leastGas(a.chain, w.downCall(a, s, s.anchor.MessageCount-1), 100_000, 1000))
	_, _, acks, _ := a.heard()
	require.EqualValues(t, 1, acks)
}

// A subchain that is silent for too long takes no deposits, which would be stranded.
func TestSuspendedSubchainTakesNoDepositsUntilItsNextCheckpoint(t *testing.T) {
	w, a, _ := funded(t)
	w.root.now += maxInterval + 1000
	deposit := rootrelay.DepositCall(a.number, alice, never, 0, nil)
	refuses(w.root, alice, atRoot(), 5, deposit, "subchain 1 is suspended")
	refuses(w.root, alice, atRoot(), 5, rootrelay.DepositCall(50, alice, never, 0, nil), "no subchain 50")
	must(w.root, carrier, atRoot(), 0, a.touch(w))
	must(w.root, alice, atRoot(), 5, deposit)
	refuses(w.root, alice, atRoot(), 5, rootrelay.DepositCall(a.number, alice, a.last().header.Time, 0, nil), "deadline")
}

func TestMessageReachesOnReceiveOnlyWhateverItsPayloadSays(t *testing.T) {
	w, a, b := funded(t)
	setter, err := module.Pack("setOwner(address)", bob)
	require.NoError(t, err)
	must(a.chain, alice, atGate(), 0, rootrelay.SendCall(b.number, 0, at("receiver"), never, 200_000, setter))
	w.settle()
	payload, _, _, _ := b.heard()
	require.Equal(t, setter, payload)
	receiver := b.state.slots[at("receiver")]
	require.Zero(t, receiver[b.receiver.owner.Slot()])
}

func TestSystemAndRelayAccountsReceiveNothing(t *testing.T) {
	w, a, b := funded(t)
	for _, to := range []ledger.Address{{}, ledger.SystemAddress, atGate(), atRoot()} {
		refuses(a.chain, alice, atGate(), 1, rootrelay.SendCall(b.number, 0, to, never, 100_000, []byte("x")), "not an account that can receive")
		refuses(w.root, alice, atRoot(), 1, rootrelay.DepositCall(b.number, to, never, 100_000, []byte("x")), "not an account that can receive")
	}
}
