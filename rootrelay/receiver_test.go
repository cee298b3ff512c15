package rootrelay_test

import (
	"errors"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// receiver is a module that takes and sends messages. The first byte of a payload
// says what it does.
type receiver struct {
	heard  module.Item[[]byte]
	count  module.Item[uint64]
	acks   module.Item[uint64]
	failed module.Item[uint64]
	owner  module.Item[ledger.Address]
}

var errRefused = errors.New("refused by the receiver")

func (r *receiver) OnReceive(ctx *module.Context, m module.Message) ([]byte, error) {
	r.count.Set(ctx, r.count.Get(ctx)+1)
	r.heard.Set(ctx, m.Payload)
	switch m.Payload[0] {
	case 'x':
		return nil, errRefused
	case 'g':
		ctx.UseGas(7_900_000)
	case 'r': // answer by a message of its own
		_, err := ctx.Call(atGate(), ctx.Balance(ctx.Self()),
			rootrelay.SendCall(m.Src, 0, m.Sender, never, 100_000, []byte("Answer")))
		return nil, err
	}
	return []byte("heard " + string(m.Payload)), nil
}

func (r *receiver) OnAck(ctx *module.Context, m module.Message, result []byte, ok bool) error {
	r.acks.Set(ctx, r.acks.Get(ctx)+1)
	if !ok {
		r.failed.Set(ctx, r.failed.Get(ctx)+1)
	}
	if len(m.Payload) > 0 && m.Payload[0] == 'h' {
		ctx.UseGas(rootrelay.AckGas - 60_000)
	}
	if len(m.Payload) > 0 && m.Payload[0] == 'a' {
		return errRefused
	}
	return nil
}

// Send sends a message as this module.
func (r *receiver) Send(ctx *module.Payable, dst uint64, to ledger.Address, deadline uint64, payload []byte) error {
	_, err := ctx.Call(atGate(), ctx.Value(), rootrelay.SendCall(dst, 0, to, deadline, 1_000_000, payload))
	return err
}

// SetOwner is a privileged setter: only the gateway may call it.
func (r *receiver) SetOwner(ctx *module.Context, owner ledger.Address) error {
	if ctx.Sender() != atGate() {
		return errRefused
	}
	r.owner.Set(ctx, owner)
	return nil
}

func (r *receiver) State(ctx *module.View) (heard []byte, count, acks, failed uint64, err error) {
	return r.heard.Get(ctx), r.count.Get(ctx), r.acks.Get(ctx), r.failed.Get(ctx), nil
}
