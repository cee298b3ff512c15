package trace_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
	"github.com/rootstem/rootstem/vm/trace"
)

// world is a state in memory.
type world struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Address]map[ledger.Hash]ledger.Hash
	codes    map[ledger.Hash][]byte
}

func (w *world) Account(a ledger.Address) (ledger.Account, error) { return w.accounts[a], nil }
func (w *world) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return w.slots[a][k], nil
}
func (w *world) Code(h ledger.Hash) ([]byte, error) { return w.codes[h], nil }

var (
	alice = ledger.Address{0xa1}
	bob   = ledger.Address{0xb0}
	miner = ledger.Address{0xc0}
	outer = ledger.Address{0xcc, 1}
	inner = ledger.Address{0xcc, 2}
)

func num(x uint64) ledger.Hash { return ledger.WordHash(uint256.NewInt(x)) }

func build(t *testing.T, parts ...any) []byte {
	t.Helper()
	code, err := asm.Assemble(parts...)
	require.NoError(t, err)
	return code
}

// newWorld has alice with 10^18 wei and codes at their addresses.
func newWorld(codes map[ledger.Address][]byte) *world {
	w := &world{
		accounts: map[ledger.Address]ledger.Account{},
		slots:    map[ledger.Address]map[ledger.Hash]ledger.Hash{},
		codes:    map[ledger.Hash][]byte{},
	}
	w.accounts[alice] = ledger.Account{Balance: *uint256.NewInt(1e18), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
	for a, code := range codes {
		h := ledger.Keccak(code)
		w.codes[h] = code
		w.accounts[a] = ledger.Account{Nonce: 1, Root: ledger.Hash{1}, CodeHash: h}
		w.slots[a] = map[ledger.Hash]ledger.Hash{num(1): num(7)}
	}
	return w
}

// run traces a message of 100,000 gas to a contract with the options in JSON and
// returns the result's JSON.
func run(t *testing.T, w *world, to *ledger.Address, data []byte, options string) string {
	t.Helper()
	var cfg trace.Config
	require.NoError(t, json.Unmarshal([]byte(options), &cfg))
	s := vm.New(vm.Config{ChainID: 5}).Begin(vm.Block{Number: 7, GasLimit: 30_000_000, Coinbase: miner}, w)
	m := &ledger.Message{
		Type: ledger.DynamicFeeTx, From: alice, CheckNonce: true, To: to, Gas: 100_000, Data: data,
		GasFeeCap: *uint256.NewInt(10), GasTipCap: *uint256.NewInt(1),
	}
	out, err := cfg.Run(s.State(), func(tr vm.Tracer) (*vm.Trace, error) { return s.Trace(m, tr) })
	require.NoError(t, err)
	text, err := json.Marshal(out)
	require.NoError(t, err)
	return string(text)
}

func TestOpcodeLogHasTheFieldsOfTheSpecification(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 1, asm.SLOAD, 0, asm.MSTORE, 9, 2, asm.SSTORE, 32, 0, asm.RETURN)})
	word := func(x uint64) string { return num(x).String() }
	got := run(t, w, &outer, nil, `{"enableMemory": true}`)
	require.JSONEq(t, `{"gas": 45222, "failed": false, "returnValue": "`+word(7)+`", "structLogs": [
		{"pc":0,"op":"PUSH1","gas":79000,"gasCost":3,"depth":1,"stack":[]},
		{"pc":2,"op":"SLOAD","gas":78997,"gasCost":2100,"depth":1,"stack":["0x1"],"storage":{"`+word(1)+`":"`+word(7)+`"}},
		{"pc":3,"op":"PUSH0","gas":76897,"gasCost":2,"depth":1,"stack":["0x7"]},
		{"pc":4,"op":"MSTORE","gas":76895,"gasCost":6,"depth":1,"stack":["0x7","0x0"]},
		{"pc":5,"op":"PUSH1","gas":76889,"gasCost":3,"depth":1,"stack":[],"memory":["`+word(7)+`"]},
		{"pc":7,"op":"PUSH1","gas":76886,"gasCost":3,"depth":1,"stack":["0x9"],"memory":["`+word(7)+`"]},
		{"pc":9,"op":"SSTORE","gas":76883,"gasCost":22100,"depth":1,"stack":["0x9","0x2"],"memory":["`+word(7)+`"],
		 "storage":{"`+word(1)+`":"`+word(7)+`","`+word(2)+`":"`+word(9)+`"}},
		{"pc":10,"op":"PUSH1","gas":54783,"gasCost":3,"depth":1,"stack":[],"memory":["`+word(7)+`"]},
		{"pc":12,"op":"PUSH0","gas":54780,"gasCost":2,"depth":1,"stack":["0x20"],"memory":["`+word(7)+`"]},
		{"pc":13,"op":"RETURN","gas":54778,"gasCost":0,"depth":1,"stack":["0x20","0x0"],"memory":["`+word(7)+`"]}
	]}`, got)
}

func TestOpcodeLogChargesACallBeforeItsFrame(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{
		outer: build(t, 0, 0, 0, 0, 0, inner, 1000, asm.CALL, asm.POP, asm.RETURNDATASIZE, asm.Op(0x0c)),
		inner: build(t, 3, 0, asm.REVERT),
	})
	var got trace.OpcodeLog
	require.NoError(t, json.Unmarshal([]byte(run(t, w, &outer, nil, `{"disableStack": true, "enableReturnData": true}`)), &struct {
		Gas     *uint64          `json:"gas"`
		Failed  *bool            `json:"failed"`
		Entries *[]*trace.Opcode `json:"structLogs"`
	}{&got.Gas, &got.Failed, &got.Entries}))
	type row struct {
		op    string
		cost  uint64
		depth int
		err   string
	}
	var rows []row
	for _, e := range got.Entries {
		require.Nil(t, e.Stack)
		rows = append(rows, row{e.Op, e.Cost, e.Depth, e.Error})
	}
	require.Equal(t, []row{
		{"PUSH0", 2, 1, ""}, {"PUSH0", 2, 1, ""}, {"PUSH0", 2, 1, ""}, {"PUSH0", 2, 1, ""}, {"PUSH0", 2, 1, ""},
		{"PUSH20", 3, 1, ""}, {"PUSH2", 3, 1, ""},
		{"CALL", 3600, 1, ""},
		{"PUSH1", 3, 2, ""}, {"PUSH0", 2, 2, ""}, {"REVERT", 3, 2, ""},
		{"POP", 2, 1, ""}, {"RETURNDATASIZE", 2, 1, ""}, {"opcode 0xc not defined", 0, 1, "invalid opcode"},
	}, rows)
	require.True(t, got.Failed)
	require.Equal(t, uint64(100_000), got.Gas)
}

func TestOpcodeLogEndsAtItsLimit(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 1, 2, 3, 4)})
	got := run(t, w, &outer, nil, `{"limit": 2}`)
	require.Equal(t, 2, strings.Count(got, `"pc"`))
	require.Contains(t, got, `"failed":false`)
}

func TestCallTracerNestsFrames(t *testing.T) {
	why := append([]byte{0x08, 0xc3, 0x79, 0xa0}, make([]byte, 96)...)
	why[4+31], why[4+63] = 32, 3
	copy(why[68:], "why")
	w := newWorld(map[ledger.Address][]byte{
		outer: build(t, 0, 0, asm.LOG0, 4, 0, 0, 0, inner, asm.GAS, asm.DELEGATECALL, asm.POP, 5, 0, 0, asm.LOG1),
		inner: append(build(t, 0, 0, asm.LOG0, len(why), 21, 0, asm.CODECOPY, len(why), 0, asm.REVERT, make([]byte, 7)), why...),
	})
	code := w.codes[w.accounts[inner].CodeHash]
	at := len(code) - len(why)
	code[6] = byte(at) // operand of the second PUSH1
	w.accounts[inner] = ledger.Account{Nonce: 1, Root: ledger.EmptyRoot, CodeHash: ledger.Keccak(code)}
	w.codes[ledger.Keccak(code)] = code
	text := run(t, w, &outer, []byte{1, 2}, `{"tracer": "callTracer", "tracerConfig": {"withLog": true}}`)
	var raw map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &raw))
	require.Equal(t, "CALL", raw["type"])
	require.Equal(t, alice.String(), raw["from"])
	require.Equal(t, outer.String(), raw["to"])
	require.Equal(t, "0x186a0", raw["gas"])
	require.Equal(t, "0x0102", raw["input"])
	require.Equal(t, "0x0", raw["value"])
	require.NotContains(t, raw, "error")
	logs := raw["logs"].([]any)
	require.Len(t, logs, 2)
	require.Equal(t, "0x0", logs[0].(map[string]any)["position"])
	require.Equal(t, "0x1", logs[1].(map[string]any)["position"])
	require.Equal(t, "0x1", logs[1].(map[string]any)["index"])
	require.Equal(t, []any{num(5).String()}, logs[1].(map[string]any)["topics"])
	sub := raw["calls"].([]any)[0].(map[string]any)
	require.Equal(t, "DELEGATECALL", sub["type"])
	require.Equal(t, outer.String(), sub["from"])
	require.Equal(t, inner.String(), sub["to"])
	require.Equal(t, "execution reverted", sub["error"])
	require.Equal(t, "why", sub["revertReason"])
	require.NotContains(t, sub, "logs", "a failing frame takes its events back")

	text = run(t, w, &outer, nil, `{"tracer": "callTracer", "tracerConfig": {"onlyTopCall": true}}`)
	require.NotContains(t, text, "DELEGATECALL")
	require.NotContains(t, text, "logs")
}

func TestCallTracerShowsCreationAndSelfDestruct(t *testing.T) {
	// The constructor destroys itself in favour of bob.
	init := build(t, bob, asm.SELFDESTRUCT)
	w := newWorld(nil)
	text := run(t, w, nil, init, `{"tracer": "callTracer"}`)
	var raw map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &raw))
	require.Equal(t, "CREATE", raw["type"])
	require.NotNil(t, raw["to"])
	sub := raw["calls"].([]any)[0].(map[string]any)
	require.Equal(t, "SELFDESTRUCT", sub["type"])
	require.Equal(t, raw["to"], sub["from"])
	require.Equal(t, bob.String(), sub["to"])
	require.Equal(t, "0x0", sub["gas"])

	text = run(t, w, nil, build(t, asm.INVALID), `{"tracer": "callTracer"}`)
	raw = nil
	require.NoError(t, json.Unmarshal([]byte(text), &raw))
	require.NotContains(t, raw, "to", "no contract was made")
	require.Equal(t, "invalid opcode", raw["error"])
	require.Equal(t, "0x186a0", raw["gasUsed"])
}

func TestPrestateTracerReturnsWhatTheMessageNeeds(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 1, asm.SLOAD, 0, 2, asm.SSTORE, bob, asm.BALANCE)})
	got := run(t, w, &outer, nil, `{"tracer": "prestateTracer"}`)
	require.JSONEq(t, `{
		"`+alice.String()+`": {"balance": "0xde0b6b3a7640000"},
		"`+outer.String()+`": {"balance": "0x0", "nonce": 1, "codeHash": "`+w.accounts[outer].CodeHash.String()+`", "code": "0x6001545f60025573b00000000000000000000000000000000000000031",
			"storage": {"`+num(1).String()+`": "`+num(7).String()+`", "`+num(2).String()+`": "`+num(0).String()+`"}}
	}`, got)
	got = run(t, w, &outer, nil, `{"tracer": "prestateTracer", "tracerConfig": {"disableCode": true, "disableStorage": true}}`)
	require.NotContains(t, got, `"code"`)
	require.NotContains(t, got, "storage")
}

func TestPrestateTracerDiffsTheState(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 0, 1, asm.SSTORE, 3, 2, asm.SSTORE)})
	got := run(t, w, &outer, nil, `{"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}}`)
	// Gas: 21,000 + 11 + 5,000 to clear + 22,100 to set, less 4,800.
	var out struct {
		Pre, Post map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(got), &out))
	require.Equal(t, map[string]any{"balance": "0xde0b6b3a7640000"}, out.Pre[alice.String()])
	require.Equal(t, map[string]any{num(1).String(): num(7).String()}, out.Pre[outer.String()]["storage"])
	require.Equal(t, map[string]any{"storage": map[string]any{num(2).String(): num(3).String()}}, out.Post[outer.String()])
	require.NotContains(t, out.Pre, miner.String())
	spent := uint256.NewInt(43_311)
	require.Equal(t, map[string]any{"balance": spent.Hex()}, out.Post[miner.String()])
	left := uint256.NewInt(1e18)
	left.Sub(left, spent)
	require.Equal(t, map[string]any{"balance": left.Hex(), "nonce": 1.0}, out.Post[alice.String()])
}

func TestConfigRefusesWhatItDoesNotKnow(t *testing.T) {
	never := func(vm.Tracer) (*vm.Trace, error) { return nil, errors.New("executed") }
	cfg := trace.Config{Tracer: "noTracer"}
	_, err := cfg.Run(nil, never)
	require.ErrorIs(t, err, trace.ErrTracer)
	cfg = trace.Config{Tracer: "callTracer", TracerConfig: []byte(`{"withLog": 7}`)}
	_, err = cfg.Run(nil, never)
	require.ErrorIs(t, err, trace.ErrConfig)
	cfg = trace.Config{}
	_, err = cfg.Run(nil, func(vm.Tracer) (*vm.Trace, error) {
		return &vm.Trace{Result: vm.Result{Status: vm.Invalid, Err: vm.ErrNonceTooLow}}, nil
	})
	require.ErrorIs(t, err, trace.ErrMessage)
	require.ErrorIs(t, err, vm.ErrNonceTooLow)
}

func TestCallTracerShowsCreationsThatAreRefused(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 0, 0, 0, 1, asm.CREATE2)})
	var raw map[string]any
	require.NoError(t, json.Unmarshal([]byte(run(t, w, &outer, nil, `{"tracer": "callTracer"}`)), &raw))
	sub := raw["calls"].([]any)[0].(map[string]any)
	require.Equal(t, "CREATE2", sub["type"])
	require.Equal(t, "0x1", sub["value"])
	require.Equal(t, "insufficient balance for transfer", sub["error"])
	require.Equal(t, "0x0", sub["gasUsed"])
	require.NotContains(t, sub, "to")
}

func TestPrestateLeavesOutWhatOnlyTheAccessListNames(t *testing.T) {
	w := newWorld(map[ledger.Address][]byte{outer: build(t, 1, asm.SLOAD), inner: build(t, asm.STOP)})
	s := vm.New(vm.Config{}).Begin(vm.Block{GasLimit: 30_000_000, Coinbase: alice}, w)
	m := &ledger.Message{
		Type: ledger.AccessListTx, From: alice, CheckNonce: true, To: &outer, Gas: 100_000,
		AccessList: []ledger.AccessTuple{{Address: inner}, {Address: outer, Slots: []ledger.Hash{num(1), num(2)}}, {Address: alice}},
	}
	tracer := new(trace.Prestate)
	tr, err := s.Trace(m, tracer)
	require.NoError(t, err)
	state, err := tracer.State(s.State(), tr)
	require.NoError(t, err)
	require.Len(t, state, 2)
	require.Contains(t, state, alice)
	require.Equal(t, map[ledger.Hash]ledger.Hash{num(1): num(7)}, state[outer].Storage)
}
