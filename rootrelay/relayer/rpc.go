package relayer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrResponse reports an answer of a node that makes no sense.
var ErrResponse = errors.New("relayer: malformed answer")

// refused reports whether a node answered with an error, rather than not at all.
func refused(err error) bool {
	var e *jsonrpc.Error
	return errors.As(err, &e)
}

// endpoint is one node's JSON-RPC.
type endpoint struct{ jsonrpc.Client }

// view calls a view of a module at the newest block and returns its words.
func (e *endpoint) view(ctx context.Context, to ledger.Address, data []byte) ([]ledger.Hash, error) {
	var out jsonrpc.Bytes
	call := map[string]any{"to": to, "data": jsonrpc.Bytes(data)}
	if err := e.Call(ctx, &out, "eth_call", call, "latest"); err != nil {
		return nil, err
	}
	if len(out) == 0 || len(out)%32 != 0 {
		return nil, fmt.Errorf("%w: eth_call: %d bytes", ErrResponse, len(out))
	}
	words := make([]ledger.Hash, len(out)/32)
	for i := range words {
		copy(words[i][:], out[32*i:])
	}
	return words, nil
}

// number calls a view that returns one integer below 2^64.
func (e *endpoint) number(ctx context.Context, to ledger.Address, data []byte) (uint64, error) {
	words, err := e.view(ctx, to, data)
	if err != nil {
		return 0, err
	}
	return toUint(words[0])
}

func toUint(h ledger.Hash) (uint64, error) {
	w := h.Word()
	if !w.IsUint64() {
		return 0, fmt.Errorf("%w: integer above 64 bits", ErrResponse)
	}
	return w.Uint64(), nil
}
