package main

import (
	"context"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// client speaks Ethereum's JSON-RPC with one node.
type client struct{ url string }

type (
	rpcError = jsonrpc.Error    // an error that the node answered with
	hexBytes = jsonrpc.Bytes    // binary data as JSON-RPC writes it
	quantity = jsonrpc.Quantity // a number as JSON-RPC writes it
)

// call calls a method and decodes the result, which may be null, into out.
func (c *client) call(ctx context.Context, out any, method string, params ...any) error {
	rpc := jsonrpc.Client{URL: c.url}
	return rpc.Call(ctx, out, method, params...)
}

// number calls a method whose result is a quantity of at most 64 bits.
func (c *client) number(ctx context.Context, method string, params ...any) (uint64, error) {
	var q quantity
	err := c.call(ctx, &q, method, params...)
	return uint64(q), err
}

// balance returns an account's coins in wei.
func (c *client) balance(ctx context.Context, of ledger.Address) (wei uint256.Int, err error) {
	var text string
	if err := c.call(ctx, &text, "eth_getBalance", of, "latest"); err != nil {
		return wei, err
	}
	return wei, wei.SetFromHex(text)
}

// view calls a contract or module on the newest state.
func (c *client) view(ctx context.Context, to ledger.Address, data []byte) (words, error) {
	var out hexBytes
	err := c.call(ctx, &out, "eth_call", map[string]any{"to": to, "data": hexBytes(data)}, "latest")
	return words(out), err
}

// words is the result of a view.
type words []byte

// hash returns word i, zero if the result is shorter.
func (w words) hash(i int) (h ledger.Hash) {
	if len(w) >= 32*(i+1) {
		copy(h[:], w[32*i:])
	}
	return h
}

func (w words) amount(i int) uint256.Int { return w.hash(i).Word() }

func (w words) uint(i int) uint64 {
	x := w.amount(i)
	return x.Uint64()
}

// block is what is read of a block.
type block struct {
	Number    quantity    `json:"number"`
	Hash      ledger.Hash `json:"hash"`
	StateRoot ledger.Hash `json:"stateRoot"`
}

// newest returns the newest block, which is final.
func (c *client) newest(ctx context.Context) (b block, err error) {
	err = c.call(ctx, &b, "eth_getBlockByNumber", "latest", false)
	return b, err
}

// receipt is what is read of a receipt.
type receipt struct {
	Status      quantity        `json:"status"`
	BlockNumber quantity        `json:"blockNumber"`
	Contract    *ledger.Address `json:"contractAddress"`
	Logs        []event         `json:"logs"`
}

type event struct {
	Address ledger.Address `json:"address"`
	Topics  []ledger.Hash  `json:"topics"`
	Data    hexBytes       `json:"data"`
}

// receipt returns nil while the transaction is not final.
func (c *client) receipt(ctx context.Context, tx ledger.Hash) (r *receipt, err error) {
	err = c.call(ctx, &r, "eth_getTransactionReceipt", tx)
	return r, err
}

// logSpan is how many blocks are asked for at once.
const logSpan = 5_000

// events returns all logs of the chain with this first topic.
func (c *client) events(ctx context.Context, topic ledger.Hash) (all []event, err error) {
	head, err := c.number(ctx, "eth_blockNumber")
	if err != nil {
		return nil, err
	}
	for from := uint64(0); from <= head; from += logSpan {
		var found []event
		err := c.call(ctx, &found, "eth_getLogs", map[string]any{
			"fromBlock": quantity(from), "toBlock": quantity(min(head, from+logSpan-1)), "topics": []ledger.Hash{topic},
		})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// evidence fetches what proves a slot under a recent final header.
func (c *client) evidence(ctx context.Context, account ledger.Address, slot ledger.Hash) (*evidence, error) {
	at, err := c.newest(ctx)
	if err != nil {
		return nil, err
	}
	var light *struct {
		Header      hexBytes `json:"header"`
		Certificate hexBytes `json:"certificate"`
	}
	if err := c.call(ctx, &light, "rootstem_getLight", at.Number); err != nil {
		return nil, err
	}
	var proof struct {
		Account []hexBytes `json:"accountProof"`
		Storage []struct {
			Proof []hexBytes `json:"proof"`
		} `json:"storageProof"`
	}
	if err := c.call(ctx, &proof, "eth_getProof", account, []ledger.Hash{slot}, at.Number); err != nil {
		return nil, err
	}
	if light == nil || len(proof.Storage) != 1 {
		return nil, fmt.Errorf("node has no proof at height %d", at.Number)
	}
	e := &evidence{Header: light.Header, Certificate: light.Certificate}
	for _, node := range proof.Account {
		e.Account = append(e.Account, node)
	}
	for _, node := range proof.Storage[0].Proof {
		e.Slot = append(e.Slot, node)
	}
	return e, nil
}
