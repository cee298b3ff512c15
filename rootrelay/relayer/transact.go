package relayer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of a transaction.
var (
	ErrReverted = errors.New("relayer: transaction reverted")
	ErrPending  = errors.New("relayer: transaction is not final yet")
)

// maxWait is how long a transaction is waited for before the pass goes on.
const maxWait = 30 * time.Second

// extraGas is added to an estimate, which is made on a state that may be older.
const extraGas = 100_000

// maxGas is the most that one transaction may ask for (EIP-7825).
const maxGas = 1 << 24

// transact sends a transaction and waits until it is final.
func (r *Relayer) transact(ctx context.Context, c *mirror, data []byte) error {
	tx, err := r.build(ctx, c, data)
	if err != nil {
		return err
	}
	var hash ledger.Hash
	if err := c.rpc.Call(ctx, &hash, "eth_sendRawTransaction", jsonrpc.Bytes(tx.Envelope())); err != nil {
		return err
	}
	deadline := time.Now().Add(maxWait)
	for time.Now().Before(deadline) {
		var receipt *struct {
			Status jsonrpc.Quantity `json:"status"`
		}
		if err := c.rpc.Call(ctx, &receipt, "eth_getTransactionReceipt", tx.Hash()); err != nil {
			return err
		}
		if receipt != nil {
			if receipt.Status != 1 {
				return fmt.Errorf("%w: %s", ErrReverted, tx.Hash())
			}
			return nil
		}
		if err := pause(ctx, r.cfg.Interval/10+time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %s", ErrPending, tx.Hash())
}

func (r *Relayer) build(ctx context.Context, c *mirror, data []byte) (*ledger.Transaction, error) {
	from, to := r.cfg.Key.Address(), c.module
	call := map[string]any{"from": from, "to": to, "data": jsonrpc.Bytes(data)}
	var gas, nonce jsonrpc.Quantity
	if err := c.rpc.Call(ctx, &gas, "eth_estimateGas", call); err != nil {
		return nil, err
	}
	if err := c.rpc.Call(ctx, &nonce, "eth_getTransactionCount", from, "pending"); err != nil {
		return nil, err
	}
	var tip jsonrpc.Amount
	if err := c.rpc.Call(ctx, &tip, "eth_maxPriorityFeePerGas"); err != nil {
		return nil, err
	}
	var head struct {
		BaseFee  jsonrpc.Amount   `json:"baseFeePerGas"`
		GasLimit jsonrpc.Quantity `json:"gasLimit"`
	}
	if err := c.rpc.Call(ctx, &head, "eth_getBlockByNumber", "latest", false); err != nil {
		return nil, err
	}
	tx := &ledger.Transaction{
		Type: ledger.DynamicFeeTx, Nonce: uint64(nonce), To: &to, Data: data,
		Gas: max(uint64(gas), min(uint64(gas)+uint64(gas)/4+extraGas, uint64(head.GasLimit), maxGas)),
	}
	tx.ChainID.SetUint64(c.chainID)
	tx.GasTipCap, tx.GasFeeCap = uint256.Int(tip), uint256.Int(tip)
	for range 2 { // the base fee may double before the transaction is in a block
		if _, over := tx.GasFeeCap.AddOverflow(&tx.GasFeeCap, (*uint256.Int)(&head.BaseFee)); over {
			return nil, fmt.Errorf("%w: fee above 256 bits", ErrResponse)
		}
	}
	tx.Sign(r.cfg.Key)
	return tx, nil
}

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
