package rootrelay_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

func TestSendRefusesMessagesOutOfBounds(t *testing.T) {
	w, a, b := funded(t)
	send := func(dst uint64, lane uint32, deadline, gas uint64, payload []byte, text string) {
		t.Helper()
		refuses(a.chain, alice, atGate(), 1, rootrelay.SendCall(dst, lane, bob, deadline, gas, payload), text)
	}
	send(b.number, rootrelay.Lanes, never, 0, nil, "lane 16")
	send(b.number, 0, 0, 0, nil, "deadline is zero")
	send(b.number, 0, never, rootrelay.MinMessageGas-1, []byte("x"), "gas limit")
	send(b.number, 0, never, rootrelay.MaxMessageGas+1, []byte("x"), "gas limit")
	send(b.number, 0, never, 100_000, make([]byte, rootrelay.MaxPayload+1), "8193 bytes of payload")
	send(0, 0, never, 100_000, []byte("x"), "the root takes no payload")
	send(a.number, 0, never, 0, nil, "sends to itself")
	require.EqualValues(t, 1000, a.balance(alice))
	w.balanced()
}

// forged puts leaves that the gateway never made under a checkpoint that the whole
// committee of s signs, and returns the tree.
func (w *world) forged(s *sub, leaves ...ledger.Hash) (cp *block, all []ledger.Hash, first uint64) {
	must(s.chain, alice, atGate(), 0, rootrelay.SendCall(0, 9, bob, never, 0, nil))
	cp = s.last()
	first = cp.anchor.MessageCount
	all = append(make([]ledger.Hash, first), leaves...)
	must(w.root, carrier, atRoot(), 0, s.forge(cp, func(h *ledger.Header, x *ledger.Anchor) {
		h.MessagesRoot, x.MessageCount = merkle.Root(all), uint64(len(all))
	}))
	return cp, all, first
}

func TestRootBouncesMessagesThatNoDestinationCouldDeliver(t *testing.T) {
	w, a, b := funded(t)
	messages := []module.Message{
		{Lane: 16}, {Lane: 1, Asset: 1}, {Lane: 2, Payload: make([]byte, 9000), GasLimit: 100_000},
		{Lane: 3, Payload: []byte("x"), GasLimit: 1 << 40}, {Lane: 4, Payload: []byte("x")},
	}
	var leaves []ledger.Hash
	for i := range messages {
		m := &messages[i]
		m.Src, m.Dst, m.Deadline, m.Receiver, m.Amount = a.number, b.number, never, bob, *uint256.NewInt(1)
		leaves = append(leaves, m.Leaf())
	}
	cp, all, first := w.forged(a, leaves...)
	for i := range messages {
		index := first + uint64(i)
		must(w.root, carrier, atRoot(), 0, rootrelay.RelayCall(cp.anchor.Seq, &messages[i], index, merkle.Prove(all, index)))
		require.Equal(t, rootrelay.Bounced, lastAck(w.root).Status)
		require.Contains(t, string(lastAck(w.root).Result), "out of bounds")
	}
	require.EqualValues(t, 1000, w.escrow(a))
}

// The root alone bounces and times out; nor may a subchain speak for another.
func TestSubchainsAcknowledgeOnlyWhatBecameOfMessagesToThem(t *testing.T) {
	w, a, b := funded(t)
	send(a, 40, b.number, bob, never, "")
	w.up(a)
	e := w.root.entries[len(w.root.entries)-1]
	ack := rootrelay.Ack{Src: a.number, Dst: b.number, Message: e.Message.Leaf(), Status: rootrelay.TimedOut}
	failed := ack
	failed.Status = rootrelay.Failed
	w.anchorAll(b)
	for s, text := range map[*sub]string{b: "does not fit", a: "not proven"} {
		cp, all, first := w.forged(s, ack.Leaf(), failed.Leaf())
		bad := &ack
		if s == a {
			bad = &failed
		}
		refuses(w.root, carrier, atRoot(), 0,
			rootrelay.SettleCall(b.last().anchor.Seq, e.Message, e.Order, bad, first, merkle.Prove(all, first)), text)
		_ = cp
	}
	require.EqualValues(t, 40, w.escrow(b))
}

func TestCheckpointsFollowTheirRule(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rootrelay.Gateway)
		want   []uint64 // distances from the block of attachment
	}{
		"every change":     {func(g *rootrelay.Gateway) {}, []uint64{0, 4}},
		"no sooner than 3": {func(g *rootrelay.Gateway) { g.MinGap = 3 }, []uint64{3, 6}},
		"no later than 2":  {func(g *rootrelay.Gateway) { g.MaxGap = 2 }, []uint64{0, 2, 4, 6, 8}},
		"ends of epochs":   {func(g *rootrelay.Gateway) { g.EpochBlocks = 5 }, []uint64{0, 2, 4, 7}},
	} {
		w := newWorld(t, 0)
		s := w.add(0, c.change)
		s.do()
		s.do()
		w.down(s)
		start := s.head().header.Height
		require.EqualValues(t, 3, start)
		for i := range 8 {
			if i == 3 {
				must(s.chain, alice, atGate(), 0, rootrelay.SendCall(0, 0, bob, never, 0, nil))
			} else {
				s.do()
			}
		}
		var got []uint64
		prev, seq := s.blocks[0].hash, uint64(0)
		for _, b := range s.blocks {
			if b.anchor.Seq == 0 {
				continue
			}
			seq++
			got = append(got, b.header.Height-start)
			require.Equal(t, seq, b.anchor.Seq, name)
			require.Equal(t, prev, b.anchor.PrevCheckpoint, name)
			prev = b.hash
		}
		require.Equal(t, c.want, got, name)
		w.anchorAll(s)
	}
}

// The encodings that are signed or proven are frozen: other implementations, such as
// contracts on another root, compute them too.
func TestEncodingsAreFrozen(t *testing.T) {
	registry, genesis, owner := addr(1), ledger.Hash{2}, addr(3)
	message := module.Message{
		Src: 1, Dst: 2, Lane: 3, Nonce: 4, Deadline: 5, Sender: addr(6), Receiver: addr(7),
		Amount: *uint256.NewInt(8), GasLimit: 9, Payload: []byte("ten"),
	}
	ack := rootrelay.Ack{Src: 1, Dst: 2, Lane: 3, Nonce: 4, Message: message.Leaf(), Status: rootrelay.Done, Result: []byte("five")}
	for _, x := range []struct {
		name string
		got  ledger.Hash
		want string
	}{
		{"domain", rootrelay.Domain(11, registry, 12, 13), "0xaf5d9620e9700156131410780b96bc5deec39a0209f06d5bfbf02bf7b5cf56c0"},
		{"registration", rootrelay.RegistrationDigest(11, registry, genesis, owner), "0xc8327304bf20dd82dadd0b71c3fdac5cb364925487ea67a0c4d7a7a8dff0a81f"},
		{"forward", rootrelay.ForwardLeaf(14, message.Leaf()), "0x5faa70843b9695dc011287462dbe5daeea8fbeaeee7e79a0909ee52ef36906a2"},
		{"acknowledgement", ack.Leaf(), "0xc8539b6bd185471dd16d6c7107906742d189aa454e407bc1b6654587cba54ab3"},
	} {
		assert.Equal(t, x.want, x.got.String(), x.name)
	}
	packed, err := module.Encode(ack)
	require.NoError(t, err)
	require.Equal(t, packed, ack.Encode(), "Encode is abi.encode")
}

// With as many lanes as it takes, the gateway's part of every block must still fit
// the gas of a hook.
func TestGatewayTakesABoundedNumberOfLanes(t *testing.T) {
	w, a, b := funded(t)
	slots := a.state.slots[atGate()]
	base := ledger.Keccak([]byte("rootstem.slot.v1"), []byte("lanes"))
	first := ledger.Keccak(base[:])
	length := slots[base].Word()
	for i := length.Uint64(); i < rootrelay.MaxLanes; i++ {
		for word, x := range []uint64{1000 + i, a.number, 0} {
			at := first.Word()
			at.AddUint64(&at, 3*i+uint64(word))
			slots[ledger.WordHash(&at)] = rootrelay.Number(x)
		}
	}
	slots[base] = rootrelay.Number(rootrelay.MaxLanes)

	must(b.chain, alice, atGate(), 0, rootrelay.SendCall(a.number, 0, bob, never, 0, nil))
	w.up(b)
	s := w.root.head()
	refuses(a.chain, carrier, atGate(), 0, w.downCall(a, s, s.anchor.MessageCount-1), "takes no further lane")
	w.deposit(a, alice, bob, 1)
	s = w.root.head()
	must(a.chain, carrier, atGate(), 0, w.downCall(a, s, s.anchor.MessageCount-1))
	require.Len(t, a.head().anchor.Cursors, rootrelay.MaxLanes)
	require.NotZero(t, a.head().header.MessagesRoot)
}
