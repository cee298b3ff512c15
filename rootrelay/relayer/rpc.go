package relayer

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of talking to a node.
var (
	ErrRPC      = errors.New("relayer: the node answered with an error")
	ErrResponse = errors.New("relayer: malformed answer")
)

// maxResponse bounds the bytes of an answer that are read.
const maxResponse = 64 << 20

// endpoint is one node's JSON-RPC.
type endpoint struct {
	url  string
	http *http.Client
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

type response struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// call asks the node. A result of null leaves the result as it is.
func (e *endpoint) call(ctx context.Context, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(request{"2.0", 1, method, params})
	if err != nil {
		return fmt.Errorf("relayer: %s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("relayer: %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := e.http.Do(req)
	if err != nil {
		return fmt.Errorf("relayer: %s: %w", method, err)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("relayer: %s: %w", method, err)
	}
	var r response
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%w: %s: status %d: %w", ErrResponse, method, resp.StatusCode, err)
	}
	if r.Error != nil {
		return fmt.Errorf("%w: %s: %s (%d)", ErrRPC, method, r.Error.Message, r.Error.Code)
	}
	if err := json.Unmarshal(r.Result, result); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrResponse, method, err)
	}
	return nil
}

// view calls a view of a module at the newest block and returns its words.
func (e *endpoint) view(ctx context.Context, to ledger.Address, data []byte) ([]ledger.Hash, error) {
	var out blob
	call := map[string]any{"to": to, "data": blob(data)}
	if err := e.call(ctx, &out, "eth_call", call, "latest"); err != nil {
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

// blob is bytes as JSON-RPC writes them: 0x and hexadecimal digits.
type blob []byte

func (b blob) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

func (b *blob) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok {
		return fmt.Errorf("%w: bytes without 0x", ErrResponse)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrResponse, err)
	}
	*b = raw
	return nil
}

// quantity is an integer below 2^64 as JSON-RPC writes it.
type quantity uint64

func (q quantity) MarshalText() ([]byte, error) {
	return []byte("0x" + strconv.FormatUint(uint64(q), 16)), nil
}

func (q *quantity) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	x, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil {
		return fmt.Errorf("%w: quantity %q", ErrResponse, text)
	}
	*q = quantity(x)
	return nil
}

// amount is an integer below 2^256 as JSON-RPC writes it.
type amount uint256.Int

// UnmarshalJSON hides that of big.Int, which reads decimal digits only.
func (a *amount) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%w: quantity: %w", ErrResponse, err)
	}
	return a.UnmarshalText([]byte(text))
}

func (a *amount) UnmarshalText(text []byte) error {
	if err := (*uint256.Int)(a).SetFromHex(string(text)); err != nil {
		return fmt.Errorf("%w: quantity %q", ErrResponse, text)
	}
	return nil
}
