package duty

import (
	"context"
	"errors"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// task is a call that the node owes the chain. It is tried on the newest final state
// first: what reverts there, because another node was faster or it is too early or too
// late, costs nothing and is given up after a while.
type task struct {
	name string // tells tasks apart
	to   ledger.Address
	data []byte
	wait uint64 // blocks that others have for it
	// until is the first height at which it is too late; 0: never.
	until uint64

	began   uint64      // height at which it was first looked at, plus one
	sent    ledger.Hash // the transaction that is under way; zero: none
	refused uint64      // trials that reverted
	done    bool
}

const (
	maxRefused = 32 // trials, one in a block, after which a task is given up
	// gasMargin is what a transaction may use beyond the estimate, in percent: the
	// state it meets is a little newer.
	gasMargin = 30
)

// owe adds a task unless it is known, or the node makes no transactions.
func (d *Duty) owe(t *task) {
	if d.cfg.Key == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	known := slices.ContainsFunc(d.tasks, func(o *task) bool { return o.name == t.name })
	if known || len(d.tasks) >= maxTasks {
		return
	}
	d.tasks = append(d.tasks, t)
	d.nudge()
}

// work goes on with every task.
func (d *Duty) work(ctx context.Context) {
	d.mu.Lock()
	open := slices.Clone(d.tasks)
	d.mu.Unlock()
	for _, t := range open {
		if err := d.pursue(ctx, t); err != nil && ctx.Err() == nil {
			d.log.Warn("duty", "task", t.name, "error", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tasks = slices.DeleteFunc(d.tasks, func(t *task) bool { return t.done })
}

// pursue brings one task a step further. The error is the host's.
func (d *Duty) pursue(ctx context.Context, t *task) error {
	head := d.cfg.Chain.Head()
	height := head.Block.Header.Height
	if t.began == 0 {
		t.began = height + 1
	}
	if height+1 < t.began+t.wait {
		return nil
	}
	if t.until != 0 && height+1 >= t.until {
		t.done = true
		return nil
	}
	if !t.sent.IsZero() {
		if under, err := d.underWay(t); under || err != nil {
			return err
		}
	}
	if t.done {
		return nil
	}
	m := &ledger.Message{From: d.from, GasPayer: d.from, To: &t.to, Data: t.data, Gas: d.cfg.Chain.GasLimit()}
	gas, res, err := d.cfg.Chain.Estimate(ctx, height, m)
	if err != nil {
		return err
	}
	if res.Status != vm.Success {
		if t.refused++; t.refused >= maxRefused {
			d.log.Debug("duty given up", "task", t.name, "reason", res.Err)
			t.done = true
		}
		return nil
	}
	return d.send(head, t, gas)
}

// underWay reports whether the task's transaction still waits; one that is final ends
// the task if it succeeded, and one that was lost is forgotten.
func (d *Duty) underWay(t *task) (bool, error) {
	height, index, err := d.cfg.Chain.Transaction(t.sent)
	if errors.Is(err, chain.ErrUnknown) {
		if d.cfg.Pending(t.sent) {
			return true, nil
		}
		t.sent = ledger.Hash{}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := d.cfg.Chain.Block(height)
	if err != nil {
		return false, err
	}
	t.sent = ledger.Hash{}
	if t.done = r.Receipts[index].Success; t.done {
		d.log.Info("duty done", "task", t.name, "height", height)
	}
	return false, nil
}

// send submits the task's transaction. A pool that refuses it is asked again at the
// next block.
func (d *Duty) send(head *chain.Record, t *task, gas uint64) error {
	nonce, err := d.cfg.Nonce(d.from)
	if err != nil {
		return err
	}
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, To: &t.to, Data: t.data}
	tx.Gas = min(gas+gas*gasMargin/100, d.cfg.Chain.GasLimit())
	tx.ChainID.SetUint64(d.cfg.Chain.ChainID())
	fee := d.cfg.Chain.NextBaseFee(head)
	tx.GasFeeCap.Mul(&fee, uint256.NewInt(4)) // twelve full blocks raise the fee to it
	tx.Sign(d.cfg.Key)
	if err := d.cfg.Submit(tx); err != nil {
		d.log.Warn("duty not submitted", "task", t.name, "error", err)
		return nil
	}
	t.sent = tx.Hash()
	return nil
}
