package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// errSuperseded reports that another transaction of the same account took the
// nonce: one that an earlier run sent before it was killed.
var errSuperseded = errors.New("nonce was used by an earlier transaction")

// pollEvery is how often a node is asked for what is not there yet.
const pollEvery = 50 * time.Millisecond

// resendEvery is the number of polls after which a transaction is sent again.
const resendEvery = 200

// account signs and sends transactions on one chain.
type account struct {
	*client
	key     *ledger.Key
	chainID uint64
	clock   *clock
}

// action is a transaction before it has a nonce.
type action struct {
	name  string // for errors
	to    *ledger.Address
	value uint256.Int
	data  []byte
	gas   uint64
}

// ensure makes something so: until done says that it is, it sends the action and
// waits for its receipt. The nonce is read first, so that an action of an earlier
// run that becomes final meanwhile cannot be doubled.
func (a *account) ensure(ctx context.Context, done func() (bool, error), act func() (action, error)) error {
	for {
		nonce, err := a.nonce(ctx)
		if err != nil {
			return err
		}
		if ok, err := done(); err != nil || ok {
			return err
		}
		next, err := act()
		if err != nil {
			return err
		}
		tx, err := a.send(ctx, nonce, next)
		if err == nil {
			err = a.wait(ctx, tx, next)
		}
		if errors.Is(err, errSuperseded) {
			err = pause(ctx, pollEvery)
		}
		if err != nil {
			return err
		}
	}
}

// nonce returns the next nonce by the newest final state.
func (a *account) nonce(ctx context.Context) (uint64, error) {
	return a.number(ctx, "eth_getTransactionCount", a.key.Address(), "latest")
}

// send signs and sends a type-2 transaction. That the node has it already is fine.
func (a *account) send(ctx context.Context, nonce uint64, act action) (*ledger.Transaction, error) {
	price, err := a.price(ctx)
	if err != nil {
		return nil, err
	}
	tx := &ledger.Transaction{
		Type: ledger.DynamicFeeTx, Nonce: nonce, GasFeeCap: price, Gas: act.gas,
		To: act.to, Value: act.value, Data: act.data,
	}
	tx.ChainID.SetUint64(a.chainID)
	tx.Sign(a.key)
	a.clock.watch(tx.Hash())
	err = a.submit(ctx, tx)
	a.clock.accepted(tx.Hash())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", act.name, err)
	}
	return tx, nil
}

// submit hands a transaction to the node.
func (a *account) submit(ctx context.Context, tx *ledger.Transaction) error {
	var hash ledger.Hash
	err := a.call(ctx, &hash, "eth_sendRawTransaction", hexBytes(tx.Envelope()))
	var refused *rpcError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return err
	case strings.Contains(refused.Message, "already known"):
		return nil
	case strings.Contains(refused.Message, "nonce too low"), strings.Contains(refused.Message, "underpriced"):
		return errSuperseded
	}
	return err
}

// price is a fee cap that leaves room for the base fee to double. It is rounded up
// to a power of two, so that a transaction sent again is the same transaction.
func (a *account) price(ctx context.Context) (uint256.Int, error) {
	now, err := a.number(ctx, "eth_gasPrice")
	var cap uint256.Int
	if err != nil || now == 0 {
		return cap, err
	}
	cap.SetUint64(1)
	for cap.LtUint64(2 * now) {
		cap.Lsh(&cap, 1)
	}
	return cap, nil
}

// wait returns when the transaction is final and has succeeded.
func (a *account) wait(ctx context.Context, tx *ledger.Transaction, act action) error {
	for polls := 1; ; polls++ {
		used, err := a.nonce(ctx)
		if err != nil {
			return err
		}
		r, err := a.receipt(ctx, tx.Hash())
		switch {
		case err != nil:
			return err
		case r != nil && r.Status == 1:
			return nil
		case r != nil:
			return fmt.Errorf("%s: reverted: %w", act.name, a.reason(ctx, act, uint64(r.BlockNumber)))
		case used > tx.Nonce:
			return fmt.Errorf("%s: %w", act.name, errSuperseded)
		}
		if err := pause(ctx, pollEvery); err != nil {
			return fmt.Errorf("waiting for %s: %w", act.name, err)
		}
		if polls%resendEvery == 0 { // the node may have dropped it; it says if it is too late
			if err := a.submit(ctx, tx); err != nil && !errors.Is(err, errSuperseded) {
				return fmt.Errorf("%s: %w", act.name, err)
			}
		}
	}
}

// reason calls again what reverted, on the state before its block.
func (a *account) reason(ctx context.Context, act action, height uint64) error {
	var out hexBytes
	err := a.call(ctx, &out, "eth_call", map[string]any{
		"from": a.key.Address(), "to": act.to, "data": hexBytes(act.data), "gas": quantity(act.gas),
		"value": act.value.Hex(),
	}, quantity(height-1))
	if err == nil {
		err = errors.New("no reason")
	}
	return err
}

// until polls until something is so.
func until(ctx context.Context, what string, so func() (bool, error)) error {
	for {
		if ok, err := so(); err != nil || ok {
			return err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// pack encodes a call: its arguments are uint64, ledger.Hash, ledger.Address,
// []byte or *Reading.
func pack(signature string, args ...any) []byte {
	selector := abi.Selector(signature)
	out := selector[:]
	var tail []byte
	for _, arg := range args {
		offset := uint64(32*len(args) + len(tail))
		switch x := arg.(type) {
		case uint64:
			out = abi.AppendUint(out, x)
		case ledger.Hash:
			out = append(out, x[:]...)
		case ledger.Address:
			out = abi.AppendAddress(out, x)
		case []byte:
			out = abi.AppendUint(out, offset)
			tail = abi.AppendBytes(tail, x)
		case *Reading:
			out = abi.AppendUint(out, offset)
			tail = x.appendTuple(tail)
		default:
			panic(fmt.Sprintf("quickstart: cannot encode a %T", arg))
		}
	}
	return append(out, tail...)
}
