package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// call executes eth_call. State and block overrides are refused: what they would
// show is not what the chain does.
func call(s *session, ctx context.Context, p params) (any, error) {
	height, m, err := s.simulation(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.MaxCallTime)
	defer cancel()
	res, err := s.backend.Executor.Call(ctx, height, m)
	if err := s.callError(ctx, err); err != nil {
		return nil, err
	}
	if err := outcome(&res); err != nil {
		return nil, err
	}
	return data(res.Return), nil
}

func estimateGas(s *session, ctx context.Context, p params) (any, error) {
	height, m, err := s.simulation(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.MaxCallTime)
	defer cancel()
	gas, res, err := s.backend.Executor.Estimate(ctx, height, m)
	if err := s.callError(ctx, err); err != nil {
		return nil, err
	}
	if res.Status != vm.Success && errors.Is(res.Err, vm.ErrOutOfGas) {
		return nil, failf(codeServer, "gas required exceeds allowance")
	}
	if err := outcome(&res); err != nil {
		return nil, err
	}
	return quantity(gas), nil
}

// simulation reads the parameters that eth_call and eth_estimateGas share.
func (s *session) simulation(p params) (height uint64, m *ledger.Message, err error) {
	for i := 2; i < len(p); i++ {
		if p.has(i) && string(p[i]) != "{}" {
			return 0, nil, invalidParams("state and block overrides are not supported")
		}
	}
	if height, err = s.height(p, 1); err != nil {
		return 0, nil, err
	}
	m, err = s.parseMessage(p[0])
	return height, m, err
}

// callError turns the executor's error into the client's.
func (s *session) callError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return failf(codeServer, "execution aborted (timeout = %v)", s.cfg.MaxCallTime)
	}
	return err
}

// outcome is nil for success and else the error that Ethereum clients expect.
func outcome(res *vm.Result) error {
	switch res.Status {
	case vm.Success:
		return nil
	case vm.Reverted:
		text := "execution reverted"
		if reason, ok := revertReason(res.Return); ok {
			text += ": " + reason
		}
		return &rpcError{Code: codeReverted, Message: text, Data: data(res.Return)}
	}
	if res.Err == nil {
		return failf(codeServer, "execution failed")
	}
	return failf(codeServer, "%s", clientText(res.Err))
}

// maxReason bounds the text of a revert that the error message repeats, in bytes.
const maxReason = 1024

// revertReason decodes Solidity's Error(string) and Panic(uint256).
func revertReason(out []byte) (string, bool) {
	if len(out) < 4 {
		return "", false
	}
	body := out[4:]
	switch [4]byte(out[:4]) {
	case [4]byte{0x08, 0xc3, 0x79, 0xa0}:
		return abiString(body)
	case [4]byte{0x4e, 0x48, 0x7b, 0x71}:
		if len(body) < 32 {
			return "", false
		}
		var code uint256.Int
		code.SetBytes(body[:32])
		return panicText(&code), true
	}
	return "", false
}

// abiString reads the one string of an ABI encoding.
func abiString(body []byte) (string, bool) {
	offset, ok := abiLength(body, 0)
	if !ok {
		return "", false
	}
	size, ok := abiLength(body, offset)
	start := offset + 32
	if !ok || size > uint64(len(body))-start {
		return "", false
	}
	return string(body[start : start+min(size, maxReason)]), true
}

// abiLength reads the word at offset if the word and its value lie within body.
func abiLength(body []byte, offset uint64) (uint64, bool) {
	if offset > uint64(len(body)) || uint64(len(body))-offset < 32 {
		return 0, false
	}
	var w uint256.Int
	w.SetBytes(body[offset : offset+32])
	return w.Uint64(), w.LtUint64(uint64(len(body)))
}

// panicText names the codes of Solidity's Panic.
func panicText(code *uint256.Int) string {
	names := map[uint64]string{
		0x00: "generic panic", 0x01: "assert(false)", 0x11: "arithmetic underflow or overflow",
		0x12: "division or modulo by zero", 0x21: "enum overflow", 0x22: "invalid encoded storage byte array accessed",
		0x31: "out-of-bounds array access; popping on an empty array", 0x32: "out-of-bounds access of an array or bytesN",
		0x41: "out of memory", 0x51: "uninitialized function",
	}
	if name, ok := names[code.Uint64()]; ok && code.IsUint64() {
		return name
	}
	return fmt.Sprintf("unknown panic code: %s", code.Hex())
}

// callObject is the object of eth_call and eth_estimateGas; unknown members are
// ignored, as wallets add their own.
type callObject struct {
	From                 *string           `json:"from"`
	To                   *string           `json:"to"`
	Gas                  *string           `json:"gas"`
	GasPrice             *string           `json:"gasPrice"`
	MaxFeePerGas         *string           `json:"maxFeePerGas"`
	MaxPriorityFeePerGas *string           `json:"maxPriorityFeePerGas"`
	Value                *string           `json:"value"`
	Data                 *string           `json:"data"`
	Input                *string           `json:"input"`
	AccessList           []accessObject    `json:"accessList"`
	AuthorizationList    []authorizeObject `json:"authorizationList"`
	ChainID              *string           `json:"chainId"`
	BlobHashes           []string          `json:"blobVersionedHashes"`
}

type accessObject struct {
	Address     string   `json:"address"`
	StorageKeys []string `json:"storageKeys"`
}

type authorizeObject struct {
	ChainID string `json:"chainId"`
	Address string `json:"address"`
	Nonce   string `json:"nonce"`
	YParity string `json:"yParity"`
	V       string `json:"v"`
	R       string `json:"r"`
	S       string `json:"s"`
}

// parseMessage reads a call object. Gas is capped by the server's bound.
func (s *session) parseMessage(raw json.RawMessage) (*ledger.Message, error) {
	var o callObject
	if raw[0] != '{' {
		return nil, invalidParams("invalid argument 0: not an object")
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, invalidParams("invalid argument 0: malformed call object")
	}
	m := &ledger.Message{Gas: s.cfg.MaxCallGas}
	f := fields{object: "call"}
	read(&f, "from", o.From, parseAddress, &m.From)
	m.GasPayer = m.From
	if o.To != nil && *o.To != "" {
		m.To = new(ledger.Address)
		read(&f, "to", o.To, parseAddress, m.To)
	}
	gas := s.cfg.MaxCallGas
	read(&f, "gas", o.Gas, parseQuantity, &gas)
	m.Gas = min(gas, s.cfg.MaxCallGas)
	read(&f, "value", o.Value, parseAmount, &m.Value)
	o.readFees(&f, m)
	o.readData(&f, m)
	o.readLists(&f, m)
	var id uint64
	if read(&f, "chainId", o.ChainID, parseQuantity, &id); o.ChainID != nil && f.err == nil && id != s.backend.Chain.ChainID() {
		f.fail("chainId", fmt.Errorf("have %d, want %d", id, s.backend.Chain.ChainID()))
	}
	return m, f.err
}

func (o *callObject) readFees(f *fields, m *ledger.Message) {
	m.Type = ledger.DynamicFeeTx
	if o.GasPrice != nil {
		m.Type = ledger.LegacyTx
		if o.MaxFeePerGas != nil || o.MaxPriorityFeePerGas != nil {
			f.fail("gasPrice", errors.New("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"))
		}
		read(f, "gasPrice", o.GasPrice, parseAmount, &m.GasFeeCap)
		m.GasTipCap = m.GasFeeCap
		return
	}
	read(f, "maxFeePerGas", o.MaxFeePerGas, parseAmount, &m.GasFeeCap)
	read(f, "maxPriorityFeePerGas", o.MaxPriorityFeePerGas, parseAmount, &m.GasTipCap)
	if o.MaxFeePerGas == nil {
		m.GasTipCap.Clear()
	}
	if m.GasTipCap.Gt(&m.GasFeeCap) {
		f.fail("maxFeePerGas", errors.New("less than maxPriorityFeePerGas"))
	}
}

func (o *callObject) readData(f *fields, m *ledger.Message) {
	read(f, "data", o.Data, parseData, &m.Data)
	if o.Input != nil {
		first := m.Data
		read(f, "input", o.Input, parseData, &m.Data)
		if o.Data != nil && string(first) != string(m.Data) {
			f.fail("input", errors.New(`both "data" and "input" are set and not equal`))
		}
	}
	if len(o.BlobHashes) > 0 {
		f.fail("blobVersionedHashes", errors.New("blob transactions are not supported"))
	}
}

func (o *callObject) readLists(f *fields, m *ledger.Message) {
	for i := range o.AccessList {
		var t ledger.AccessTuple
		read(f, "accessList", &o.AccessList[i].Address, parseAddress, &t.Address)
		for j := range o.AccessList[i].StorageKeys {
			var slot ledger.Hash
			read(f, "accessList", &o.AccessList[i].StorageKeys[j], parseSlot, &slot)
			t.Slots = append(t.Slots, slot)
		}
		m.AccessList = append(m.AccessList, t)
	}
	if o.AccessList != nil && m.Type == ledger.LegacyTx {
		m.Type = ledger.AccessListTx
	}
	for i := range o.AuthorizationList {
		m.Authorizations = append(m.Authorizations, o.AuthorizationList[i].read(f))
		m.Type = ledger.SetCodeTx
	}
}

func (a *authorizeObject) read(f *fields) (out ledger.Authorization) {
	const list = "authorizationList"
	parity := &a.YParity
	if a.YParity == "" {
		parity = &a.V
	}
	var v uint64
	read(f, list, &a.ChainID, parseAmount, &out.ChainID)
	read(f, list, &a.Address, parseAddress, &out.Address)
	read(f, list, &a.Nonce, parseQuantity, &out.Nonce)
	read(f, list, parity, parseQuantity, &v)
	read(f, list, &a.R, parseAmount, &out.R)
	read(f, list, &a.S, parseAmount, &out.S)
	if v > 255 {
		f.fail(list, errHexRange)
	}
	out.V = uint8(v)
	return out
}

// fields collects the first error of the members of an object.
type fields struct {
	object string
	err    error
}

func (f *fields) fail(name string, err error) {
	if f.err == nil {
		f.err = invalidParams("invalid %s: %s: %v", f.object, name, err)
	}
}

// read parses an optional member into dst.
func read[T any](f *fields, name string, text *string, parse func(string) (T, error), dst *T) {
	if text == nil || f.err != nil {
		return
	}
	v, err := parse(*text)
	if err != nil {
		f.fail(name, err)
		return
	}
	*dst = v
}
