package relayer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrMirror reports events that do not make up the outbox that a header commits to.
var ErrMirror = errors.New("relayer: the events do not make up the outbox")

// maxSpan is the number of blocks whose events are asked for at once.
const maxSpan = 1000

// mirror is a chain as its events tell it.
type mirror struct {
	rpc     endpoint
	module  ledger.Address // registry or gateway
	chainID uint64
	next    uint64 // block to read next
	span    uint64 // blocks to ask for at once
	entries []rootrelay.Entry
	leaves  []ledger.Hash
	byID    map[rootrelay.MessageID]int // entry of a message
}

func newMirror(rpc endpoint, module ledger.Address) *mirror {
	return &mirror{rpc: rpc, module: module, span: maxSpan, byID: map[rootrelay.MessageID]int{}}
}

// open asks once for what never changes.
func (c *mirror) open(ctx context.Context) error {
	if c.chainID != 0 {
		return nil
	}
	var id jsonrpc.Quantity
	if err := c.rpc.Call(ctx, &id, "eth_chainId"); err != nil {
		return err
	}
	c.chainID = uint64(id)
	return nil
}

// sync reads the events up to the head and returns its height.
func (c *mirror) sync(ctx context.Context) (uint64, error) {
	if err := c.open(ctx); err != nil {
		return 0, err
	}
	var head jsonrpc.Quantity
	if err := c.rpc.Call(ctx, &head, "eth_blockNumber"); err != nil {
		return 0, err
	}
	for c.next <= uint64(head) {
		to := min(uint64(head), c.next+c.span-1)
		if err := c.read(ctx, c.next, to); err != nil {
			if c.span == 1 || !refused(err) {
				return 0, err
			}
			c.span /= 2
			continue
		}
		c.next, c.span = to+1, min(maxSpan, 2*c.span)
	}
	return uint64(head), nil
}

type logView struct {
	Address ledger.Address `json:"address"`
	Topics  []ledger.Hash  `json:"topics"`
	Data    jsonrpc.Bytes  `json:"data"`
}

// read takes the events of a range of blocks, all or none.
func (c *mirror) read(ctx context.Context, from, to uint64) error {
	var logs []logView
	filter := map[string]any{
		"fromBlock": jsonrpc.Quantity(from), "toBlock": jsonrpc.Quantity(to), "address": c.module,
		"topics": []any{rootrelay.LeafTopics()},
	}
	if err := c.rpc.Call(ctx, &logs, "eth_getLogs", filter); err != nil {
		return err
	}
	var fresh []rootrelay.Entry
	for _, l := range logs {
		if l.Address != c.module {
			continue
		}
		e, ok, err := rootrelay.DecodeEntry(&ledger.Log{Address: l.Address, Topics: l.Topics, Data: l.Data})
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if want := uint64(len(c.entries) + len(fresh)); e.Index != want {
			return fmt.Errorf("%w: leaf %d where %d is due", ErrMirror, e.Index, want)
		}
		fresh = append(fresh, e)
	}
	for _, e := range fresh {
		if m := e.Message; m != nil {
			c.byID[rootrelay.MessageID{Src: m.Src, Dst: m.Dst, Lane: m.Lane, Nonce: m.Nonce}] = len(c.entries)
		}
		c.entries, c.leaves = append(c.entries, e), append(c.leaves, e.Leaf)
	}
	return nil
}

// check compares the first count leaves with a certified root.
func (c *mirror) check(count uint64, root ledger.Hash) error {
	if count > uint64(len(c.leaves)) {
		return fmt.Errorf("%w: %d leaves of %d", ErrMirror, len(c.leaves), count)
	}
	if merkle.Root(c.leaves[:count]) != root {
		return fmt.Errorf("%w: root of %d leaves", ErrMirror, count)
	}
	return nil
}

// prove proves leaf index among the first count.
func (c *mirror) prove(count, index uint64) []ledger.Hash {
	return merkle.Prove(c.leaves[:count], index)
}

// message returns the entry of the message that an acknowledgement answers.
func (c *mirror) message(a *rootrelay.Ack) (*rootrelay.Entry, error) {
	i, ok := c.byID[rootrelay.MessageID{Src: a.Src, Dst: a.Dst, Lane: a.Lane, Nonce: a.Nonce}]
	if !ok {
		return nil, fmt.Errorf("%w: acknowledgement of an unknown message", ErrMirror)
	}
	return &c.entries[i], nil
}

// light is what rootstem_getLight answers.
type light struct {
	Header      jsonrpc.Bytes `json:"header"`
	Anchor      anchorView    `json:"anchor"`
	Certificate jsonrpc.Bytes `json:"certificate"`
	Committee   jsonrpc.Bytes `json:"committee"`
}

// checkpoint is what rootstem_getCheckpoint answers.
type checkpoint struct {
	Header     jsonrpc.Bytes `json:"header"`
	Anchor     anchorView    `json:"anchor"`
	Committee  jsonrpc.Bytes `json:"committee"`
	Signatures jsonrpc.Bytes `json:"signatures"`
}

// anchorView takes the encoded form out of an anchor's description.
type anchorView struct {
	Encoded jsonrpc.Bytes `json:"encoded"`
}

// light asks for a header with its certificate; nil if the node has none yet.
func (c *mirror) light(ctx context.Context, height uint64) (*light, *ledger.Header, error) {
	var l *light
	if err := c.rpc.Call(ctx, &l, "rootstem_getLight", jsonrpc.Quantity(height)); err != nil || l == nil {
		return nil, nil, err
	}
	h, err := ledger.DecodeHeader(l.Header)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrResponse, err)
	}
	return l, h, nil
}

// inEpoch searches a final header of an epoch at or below a height, whose epoch is
// not earlier.
func (c *mirror) inEpoch(ctx context.Context, epoch, high uint64) (*light, error) {
	low := uint64(1)
	for low <= high {
		mid := low + (high-low)/2
		l, h, err := c.light(ctx, mid)
		switch {
		case err != nil:
			return nil, err
		case l == nil:
			return nil, fmt.Errorf("%w: no certificate of block %d", ErrResponse, mid)
		case h.Epoch == epoch:
			return l, nil
		case h.Epoch < epoch:
			low = mid + 1
		default:
			high = mid - 1
		}
	}
	return nil, fmt.Errorf("%w: no block of epoch %d", ErrResponse, epoch)
}
