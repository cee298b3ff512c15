package module_test

import (
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// Gate is a gateway that delivers whatever it is given.
type Gate struct {
	last  module.Item[[]byte]
	ok    module.Item[bool]
	count module.Item[uint64]
	box   module.Outbox
}

func (g *Gate) Deliver(ctx *module.Context, m module.Message) error {
	result, ok := ctx.Receive(&m)
	g.last.Set(ctx, result)
	g.ok.Set(ctx, ok)
	return nil
}
func (g *Gate) Ack(ctx *module.Context, m module.Message, result []byte, ok bool) error {
	g.ok.Set(ctx, ctx.Acknowledge(&m, result, ok, 100_000))
	return nil
}
func (g *Gate) Last(v *module.View) ([]byte, bool, error) { return g.last.Get(v), g.ok.Get(v), nil }
func (g *Gate) Anchor(v *module.View) (ledger.Hash, ledger.Hash, ledger.Anchor, error) {
	n := g.count.Get(v)
	if n == 13 {
		return ledger.Hash{}, ledger.Hash{}, ledger.Anchor{}, errors.New("unlucky")
	}
	return g.box.Root(v), ledger.Hash{1}, ledger.Anchor{
		Subchain: 7, Seq: n, Cursors: []ledger.Cursor{{Peer: 1, Lane: 2, Next: n}}, CodeHash: ledger.Hash{9},
	}, nil
}
func (g *Gate) BeginBlock(ctx *module.Context) error {
	g.count.Set(ctx, g.count.Get(ctx)+1)
	return nil
}
func (g *Gate) EndBlock(ctx *module.Context) error { return g.BeginBlock(ctx) }

// Inbox receives messages.
type Inbox struct {
	messages module.List[module.Message]
	acks     module.Map[uint64, string]
	runs     module.Item[uint64]
}

func (i *Inbox) OnReceive(ctx *module.Context, m module.Message) ([]byte, error) {
	i.messages.Append(ctx, m)
	if len(m.Payload) == 0 {
		return nil, errors.New("nothing to say")
	}
	return append([]byte("got "), m.Payload...), nil
}
func (i *Inbox) OnAck(ctx *module.Context, m module.Message, result []byte, ok bool) error {
	i.acks.Set(ctx, m.Nonce, string(result))
	return nil
}

// BeginBlock fails in every second block and then keeps nothing.
func (i *Inbox) BeginBlock(ctx *module.Context) error {
	i.runs.Set(ctx, i.runs.Get(ctx)+1)
	if ctx.Height()%2 == 0 {
		return errors.New("even")
	}
	return nil
}

// EndBlock never ends.
func (i *Inbox) EndBlock(ctx *module.Context) error {
	for {
		i.runs.Set(ctx, i.runs.Get(ctx)+1000)
		ctx.UseGas(10_000)
	}
}

type relay struct {
	*harness
	inbox         *Inbox
	gate          *Gate
	gateAt, boxAt ledger.Address
}

func newRelay(t testing.TB) relay {
	r := relay{inbox: &Inbox{}, gate: &Gate{}, gateAt: module.AddressOf("gate"), boxAt: module.AddressOf("inbox")}
	r.harness = newHarness(t, module.Entry{Name: "inbox", Module: r.inbox},
		module.Entry{Name: "gate", Module: r.gate, Gateway: true, Reentrant: true})
	return r
}

func (r relay) message(payload string) module.Message {
	return module.Message{
		Src: 1, Dst: 2, Lane: 3, Nonce: 4, Deadline: 5, Sender: r.boxAt, Receiver: r.boxAt,
		Amount: *uint256.NewInt(6), GasLimit: 500_000, Payload: []byte(payload),
	}
}

const messageTypes = "(uint64,uint64,uint32,uint64,uint64,address,address,uint64,uint256,uint64,bytes)"

func TestMessageEncodesAsItsStruct(t *testing.T) {
	m := newRelay(t).message("hello, and more than thirty-two bytes of it")
	want, err := module.Encode(m)
	require.NoError(t, err)
	require.Equal(t, want, m.Encode())
	require.Equal(t, ledger.Keccak(want), m.Leaf())
	require.Equal(t, m, unpack[module.Message](t, want))
}

func TestMessagesComeFromTheGatewayOnly(t *testing.T) {
	r := newRelay(t)
	m := r.message("milk")
	r.refused(tx{to: r.boxAt, data: pack(t, "onReceive("+messageTypes+")", m)}, module.ErrRelayed.Error())
	r.refused(tx{to: r.boxAt, data: pack(t, "onAck("+messageTypes+",bytes,bool)", m, []byte{}, true)}, module.ErrRelayed.Error())

	last := func() (result []byte, ok bool) {
		require.NoError(t, module.Unpack(r.ok(tx{to: r.gateAt, data: pack(t, "last()")}), &result, &ok))
		return result, ok
	}
	r.ok(tx{to: r.gateAt, data: pack(t, "deliver("+messageTypes+")", m)})
	result, ok := last()
	require.True(t, ok)
	require.Equal(t, "got milk", string(result))
	require.Equal(t, word(1), r.world.storage[r.boxAt][ledger.Keccak([]byte("rootstem.slot.v1messages"))])

	r.ok(tx{to: r.gateAt, data: pack(t, "deliver("+messageTypes+")", r.message(""))})
	result, ok = last()
	require.False(t, ok)
	require.Equal(t, abi.RevertError("nothing to say"), result)
	require.Equal(t, word(1), r.world.storage[r.boxAt][ledger.Keccak([]byte("rootstem.slot.v1messages"))])

	r.ok(tx{to: r.gateAt, data: pack(t, "ack("+messageTypes+",bytes,bool)", m, []byte("thanks"), true)})
	_, ok = last()
	require.True(t, ok)
	require.Equal(t, ledger.Hash{0: 't', 1: 'h', 2: 'a', 3: 'n', 4: 'k', 5: 's', 31: 12},
		r.world.storage[r.boxAt][r.inbox.acks.Slot(4)])
}

func TestOnlyTheGatewayDelivers(t *testing.T) {
	h := newHarness(t, module.Entry{Name: "gate", Module: &Gate{}})
	h.refused(tx{to: module.AddressOf("gate"), data: pack(t, "deliver("+messageTypes+")", newRelay(t).message("x"))},
		"gate is not the gateway and delivers no messages")
}

func TestFailingHookIsUndoneAlone(t *testing.T) {
	r := newRelay(t)
	for range 2 {
		r.session(func(s *vm.Session) {
			require.NoError(t, r.reg.BeginBlock(s))
			require.NoError(t, r.reg.EndBlock(s))
		})
	}
	require.Equal(t, word(4), r.world.storage[r.gateAt][ledger.Keccak([]byte("rootstem.slot.v1count"))])
	// Of block 1's begin one run is left; block 2's failed and both ends ran out of gas.
	require.Equal(t, word(1), r.world.storage[r.boxAt][r.inbox.runs.Slot()])
}

func TestHooksAreForTheSystemOnly(t *testing.T) {
	r := newRelay(t)
	r.refused(tx{to: r.gateAt, data: pack(t, "beginBlock()")}, module.ErrSelector.Error())
	r.refused(tx{to: r.gateAt, data: pack(t, "endBlock()")}, module.ErrSelector.Error())
}

func TestAnchorComesFromTheGateway(t *testing.T) {
	r := newRelay(t)
	for want := range uint64(14) {
		r.session(func(s *vm.Session) {
			root, domain, a, err := r.reg.Anchor(s)
			require.NoError(t, err)
			if want == 13 {
				require.Equal(t, []any{ledger.Hash{}, ledger.Hash{}, ledger.Anchor{}}, []any{root, domain, a})
				return
			}
			require.False(t, root.IsZero())
			require.Equal(t, ledger.Hash{1}, domain)
			require.Equal(t, ledger.Anchor{
				Subchain: 7, Seq: want, Cursors: []ledger.Cursor{{Peer: 1, Lane: 2, Next: want}}, CodeHash: ledger.Hash{9},
			}, a)
			require.NoError(t, r.reg.BeginBlock(s))
		})
	}
	h := newHarness(t, module.Entry{Name: "peer", Module: &Peer{}})
	h.session(func(s *vm.Session) {
		root, _, _, err := h.reg.Anchor(s)
		require.NoError(t, err)
		require.True(t, root.IsZero())
	})
	_, err := module.New(module.Chain{}, []module.Entry{{Name: "gate", Module: &badGate{}, Gateway: true}})
	require.ErrorContains(t, err, "method Anchor of a gateway must be a func(*module.View)")
}

type badGate struct{}

func (*badGate) Anchor(*module.View) (ledger.Hash, error) { return ledger.Hash{}, nil }
