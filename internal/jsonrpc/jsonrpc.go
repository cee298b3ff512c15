// Package jsonrpc calls the JSON-RPC of an Ethereum node over HTTP, and holds the
// forms in which it writes bytes and integers.
package jsonrpc

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
)

// ErrResponse reports an answer that is not what JSON-RPC or the caller expects.
var ErrResponse = errors.New("jsonrpc: malformed answer")

// maxResponse bounds the bytes of an answer that are read.
const maxResponse = 64 << 20

// Error is what a node answers instead of a result.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (e *Error) Error() string { return e.Message }

// Client calls one node. HTTP is nil for http.DefaultClient.
type Client struct {
	URL  string
	HTTP *http.Client
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

type response struct {
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// Call calls a method and decodes the result into what out points to; a result of
// null leaves it as it is. An error of the node is an *Error, any other answer that
// cannot be read is ErrResponse.
func (c *Client) Call(ctx context.Context, out any, method string, params ...any) error {
	raw, status, err := c.post(ctx, method, params)
	if err != nil {
		return fmt.Errorf("jsonrpc: %s: %w", method, err)
	}
	var r response
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%w: %s: status %d: %w", ErrResponse, method, status, err)
	}
	if r.Error != nil {
		return fmt.Errorf("%s: %w", method, r.Error)
	}
	if err := json.Unmarshal(r.Result, out); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrResponse, method, err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, method string, params []any) (answer []byte, status int, err error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(request{"2.0", 1, method, params})
	if err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	return answer, resp.StatusCode, errors.Join(err, resp.Body.Close())
}

// Bytes is binary data: 0x and two hexadecimal digits for each byte.
type Bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return fmt.Errorf("%w: bytes %.80q", ErrResponse, text)
	}
	*b = raw
	return nil
}

// Quantity is an integer below 2^64: 0x and hexadecimal digits.
type Quantity uint64

// MarshalText implements encoding.TextMarshaler.
func (q Quantity) MarshalText() ([]byte, error) {
	return []byte("0x" + strconv.FormatUint(uint64(q), 16)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (q *Quantity) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	x, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil {
		return fmt.Errorf("%w: quantity %.80q", ErrResponse, text)
	}
	*q = Quantity(x)
	return nil
}

// Amount is an integer below 2^256, written like a Quantity.
type Amount uint256.Int

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(text []byte) error {
	if err := (*uint256.Int)(a).SetFromHex(string(text)); err != nil {
		return fmt.Errorf("%w: quantity %.80q", ErrResponse, text)
	}
	return nil
}
