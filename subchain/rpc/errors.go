package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Codes of JSON-RPC 2.0, of EIP-1474 and of the limits that public endpoints use.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeServer         = -32000
	codeTooLarge       = -32003 // the response would exceed its bound
	codeLimit          = -32005
	codePruned         = 4444 // EIP-4444
	codeReverted       = 3
)

// rpcError is the error member of a response.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *rpcError) Error() string { return e.Message }

func failf(code int, format string, args ...any) *rpcError {
	return &rpcError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalidParams(format string, args ...any) *rpcError {
	return failf(codeInvalidParams, format, args...)
}

// toRPCError says what the client is told of err. hidden is true when err is a
// fault of the host whose text stays in the log.
func toRPCError(err error) (e *rpcError, hidden bool) {
	if errors.As(err, &e) {
		return e, false
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return failf(codeServer, "header not found"), false
	case errors.Is(err, ErrUnavailable):
		return failf(codeServer, "missing trie node: the state or block has been pruned"), false
	}
	return failf(codeInternal, "internal error"), true
}

// clientText is the text of an error of the pool or the executor without the prefix
// that names the Go package: clients recognise the rest.
func clientText(err error) string {
	text := err.Error()
	for _, prefix := range []string{"mempool: ", "vm: ", "ledger: ", "chain: ", "node: ", "rpc: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

func (e *rpcError) encode() json.RawMessage {
	out, err := json.Marshal(e)
	if err != nil {
		return json.RawMessage(`{"code":-32603,"message":"internal error"}`)
	}
	return out
}
