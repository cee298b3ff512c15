package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/rootrelay/relayer"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Messages here have no deadline, so that a run that was stopped may be resumed at
// any later time. One that has a deadline is given back when that has passed.
const deadline = rootrelay.NoDeadline

// depositLane is the lane from the root to a subchain. The registration's own
// message is number 0 in it, the deposit number 1.
const depositLane = 0

// word is a number as a view's parameter.
func word(x uint64) ledger.Hash { return rootrelay.Number(x) }

// startRelayer starts what carries checkpoints, messages and acknowledgements. It
// knows three addresses and has a key that pays for gas.
func (q *quickstart) startRelayer() error {
	carrier, err := relayer.New(relayer.Config{
		Root: q.root.rpc.url, Subchains: []string{q.meters.rpc.url, q.billing.rpc.url},
		Key: q.relayKey, Interval: 200 * time.Millisecond, MaxPause: 2 * time.Second, Logger: q.warnings,
	})
	if err != nil {
		return err
	}
	q.group.Go(func() { carrier.Run(q.ctx) })
	places := q.places()
	q.group.Go(func() { q.watch(places) })
	return nil
}

// deposit sends coins from the root to meters. The root keeps them in the escrow of
// meters; the gateway mints the same amount there.
func (q *quickstart) deposit() error {
	q.progress.step("moving 10 coins: root → meters")
	to, dev := rootrelay.RootAddress(), q.devKey.Address()
	return q.root.dev.ensure(q.ctx, func() (bool, error) {
		w, err := q.root.rpc.view(q.ctx, to, rootrelay.ViewCall("forwarded(uint64,uint64,uint32)", word(0), word(q.meters.id), word(depositLane)))
		return w.uint(0) > 1, err
	}, func() (action, error) {
		return action{
			name: "deposit", to: &to, value: *coins(10), gas: 1_000_000,
			data: rootrelay.DepositCall(q.meters.id, dev, deadline, 0, nil),
		}, nil
	})
}

// arrived waits until a subchain has taken a number of messages of a lane.
func (q *quickstart) arrived(at *place, src uint64, lane uint64, count uint64) error {
	what := fmt.Sprintf("message %d of lane %d from %d on %s", count, lane, src, at.name)
	return until(q.ctx, what, func() (bool, error) {
		w, err := at.rpc.view(q.ctx, rootrelay.GatewayAddress(), rootrelay.ViewCall("cursor(uint64,uint32)", word(src), word(lane)))
		return w.uint(0) >= count, err
	})
}

// sent returns how many messages meters has sent to billing in a lane.
func (q *quickstart) sent(lane uint64) (uint64, error) {
	w, err := q.meters.rpc.view(q.ctx, rootrelay.GatewayAddress(), rootrelay.ViewCall("nonce(uint64,uint32)", word(q.billing.id), word(lane)))
	return w.uint(0), err
}

// sendValue sends a coin from meters to billing. The gateway burns it; the root moves
// it from one escrow to the other; the other gateway mints it.
func (q *quickstart) sendValue() error {
	q.progress.step("moving 1 coin: meters → root → billing")
	if err := q.arrived(q.meters, 0, depositLane, 2); err != nil {
		return err
	}
	to, dev := rootrelay.GatewayAddress(), q.devKey.Address()
	return q.meters.dev.ensure(q.ctx, func() (bool, error) {
		n, err := q.sent(valueLane)
		return n > 0, err
	}, func() (action, error) {
		return action{
			name: "sending a coin", to: &to, value: *coins(1), gas: 1_000_000,
			data: rootrelay.SendCall(q.billing.id, valueLane, dev, deadline, 0, nil),
		}, nil
	})
}

// sendReport has the module Meters tell billing what the device has delivered.
func (q *quickstart) sendReport() error {
	q.progress.step("sending the usage report: meters → root → billing")
	to := q.meters.modules["meters"]
	return q.meters.dev.ensure(q.ctx, func() (bool, error) {
		w, err := q.meters.rpc.view(q.ctx, to, pack("unsent(uint64,bytes32)", q.billing.id, q.device.id))
		return w.uint(0) == 0, err
	}, func() (action, error) {
		return action{
			name: "report", to: &to, gas: 1_000_000,
			data: pack("report(uint64,bytes32,uint64)", q.billing.id, q.device.id, uint64(deadline)),
		}, nil
	})
}

// awaitDelivery waits until billing has taken all messages and meters has all
// acknowledgements.
func (q *quickstart) awaitDelivery() error {
	q.progress.step("waiting for delivery and acknowledgements")
	for _, lane := range []uint64{valueLane, reportLane} {
		count, err := q.sent(lane)
		if err != nil {
			return err
		}
		if err := q.arrived(q.billing, q.meters.id, lane, count); err != nil {
			return err
		}
		for nonce := range count {
			err := until(q.ctx, "an acknowledgement", func() (bool, error) {
				w, err := q.meters.rpc.view(q.ctx, rootrelay.GatewayAddress(),
					rootrelay.ViewCall("pending(uint64,uint32,uint64)", word(q.billing.id), word(lane), word(nonce)))
				return w.hash(0).IsZero(), err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// payBill pays what billing has booked for the device.
func (q *quickstart) payBill() error {
	to := q.billing.modules["billing"]
	act := action{name: "payment", to: &to, gas: 300_000, data: pack("pay(bytes32)", q.device.id)}
	return q.billing.dev.ensure(q.ctx, func() (bool, error) {
		w, err := q.billing.rpc.view(q.ctx, to, pack("owed(bytes32)", q.device.id))
		if err != nil {
			return false, err
		}
		act.value = w.amount(0)
		have, err := q.billing.rpc.balance(q.ctx, q.devKey.Address())
		if have.Lt(&act.value) {
			act.value = have
		}
		if !act.value.IsZero() {
			q.progress.step("paying %s wei on billing", act.value.Dec())
		}
		return act.value.IsZero(), err
	}, func() (action, error) { return act, nil })
}

// checkpoints returns how many checkpoints of a subchain the root has accepted.
func (q *quickstart) checkpoints(ctx context.Context, p *place) (uint64, error) {
	const seq = 4 // word of the record
	w, err := q.root.rpc.view(ctx, rootrelay.RootAddress(), pack("subchain(uint64)", p.id))
	return w.uint(seq), err
}

// awaitCheckpoint waits until the root has two checkpoints of each subchain.
func (q *quickstart) awaitCheckpoint() error {
	for _, p := range []*place{q.meters, q.billing} {
		err := until(q.ctx, "checkpoints of "+p.name, func() (bool, error) {
			n, err := q.checkpoints(q.ctx, p)
			return n >= 2, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
