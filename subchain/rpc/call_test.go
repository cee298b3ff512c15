package rpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// errorString is abi.encodeWithSignature("Error(string)", text).
func errorString(text string) []byte {
	out := []byte{0x08, 0xc3, 0x79, 0xa0}
	size := uint256.NewInt(uint64(len(text))).Bytes32()
	out = append(append(out, make([]byte, 31)...), 32)
	out = append(out, size[:]...)
	return append(out, append([]byte(text), make([]byte, (32-len(text)%32)%32)...)...)
}

func TestRevertCarriesReasonAndData(t *testing.T) {
	s, c := newServer(t, Config{})
	custom := []byte{1, 2, 3, 4, 5}
	truncated := errorString("not registered")[:70]
	far := append([]byte{0x08, 0xc3, 0x79, 0xa0}, make([]byte, 64)...)
	for i := range 32 {
		far[4+i] = 0xff
	}
	for _, test := range []struct {
		out  []byte
		text string
	}{
		{errorString("device is not registered"), "execution reverted: device is not registered"},
		{errorString(""), "execution reverted: "},
		{append([]byte{0x4e, 0x48, 0x7b, 0x71, 31: 0}, 0, 0, 0, 0x11), "execution reverted: arithmetic underflow or overflow"},
		{append([]byte{0x4e, 0x48, 0x7b, 0x71, 31: 0}, 0, 0, 0, 0x77), "execution reverted: unknown panic code: 0x77"},
		{custom, "execution reverted"},
		{nil, "execution reverted"},
		{truncated, "execution reverted"},
		{far, "execution reverted"},
		{[]byte{0x08, 0xc3, 0x79, 0xa0}, "execution reverted"},
	} {
		c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) {
			return vm.Result{Status: vm.Reverted, Return: test.out, Err: errors.New("vm: execution reverted")}, nil
		}
		for _, method := range []string{"eth_call", "eth_estimateGas"} {
			_, fail := ask(t, s, method, `[{}]`)
			require.Equal(t, &rpcError{Code: 3, Message: test.text, Data: "0x" + hex.EncodeToString(test.out)}, fail)
		}
	}
}

func TestFailedExecutionNamesItsReason(t *testing.T) {
	s, c := newServer(t, Config{})
	for _, test := range []struct {
		res    vm.Result
		method string
		text   string
	}{
		{vm.Result{Status: vm.Halted, Err: vm.ErrOutOfGas}, "eth_call", "out of gas"},
		{vm.Result{Status: vm.Halted, Err: vm.ErrOutOfGas}, "eth_estimateGas", "gas required exceeds allowance"},
		{vm.Result{Status: vm.Halted, Err: errors.New("vm: invalid opcode")}, "eth_call", "invalid opcode"},
		{vm.Result{Status: vm.Invalid, Err: errors.New("vm: insufficient funds for gas * price + value")}, "eth_estimateGas", "insufficient funds for gas * price + value"},
		{vm.Result{Status: vm.Halted}, "eth_call", "execution failed"},
	} {
		c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) { return test.res, nil }
		_, fail := ask(t, s, test.method, `[{}]`)
		require.Equal(t, &rpcError{Code: -32000, Message: test.text}, fail)
	}
}

func TestCallIsStoppedByItsDeadline(t *testing.T) {
	s, c := newServer(t, Config{MaxCallTime: time.Millisecond})
	c.run = func(ctx context.Context, _ uint64, _ *ledger.Message) (vm.Result, error) {
		<-ctx.Done()
		return vm.Result{}, fmt.Errorf("chain: %w", ctx.Err())
	}
	_, fail := ask(t, s, "eth_call", `[{}]`)
	require.Equal(t, &rpcError{Code: -32000, Message: "execution aborted (timeout = 1ms)"}, fail)
}

func TestCallReadsEveryMember(t *testing.T) {
	s, c := newServer(t, Config{})
	var got *ledger.Message
	var at uint64
	c.run = func(_ context.Context, height uint64, m *ledger.Message) (vm.Result, error) {
		got, at = m, height
		return vm.Result{}, nil
	}
	ok := func(params string) {
		_, fail := ask(t, s, "eth_call", params)
		require.Nil(t, fail, params)
	}
	ok(`[{}]`)
	require.Equal(t, &ledger.Message{Type: 2, Gas: 50_000_000}, got)
	require.Equal(t, uint64(3), at)
	ok(`[{"to":null,"gas":"0xffffffffffffffff","gasPrice":"0x7","data":"0x0102","input":"0x0102","extra":{"a":[1]}},"0x1",null]`)
	require.Equal(t, uint64(50_000_000), got.Gas, "capped")
	require.Equal(t, []byte{1, 2}, got.Data)
	require.Equal(t, uint8(0), got.Type)
	require.Equal(t, got.GasFeeCap, got.GasTipCap)
	require.Equal(t, uint64(1), at)
	ok(`[{"gasPrice":"0x7","accessList":[]}]`)
	require.Equal(t, uint8(1), got.Type)
	auth := ledger.Authorization{ChainID: *uint256.NewInt(testChainID), Address: otherAddr, Nonce: 1}
	ledger.SignAuthorization(&auth, testKey(t, 2))
	ok(fmt.Sprintf(`[{"from":%q,"to":%q,"value":"0x5","authorizationList":[{"chainId":"0x1092","address":%q,"nonce":"0x1","yParity":"0x%x","r":%q,"s":%q}]},"latest",{}]`,
		otherAddr, contractAddr, otherAddr, auth.V, auth.R.Hex(), auth.S.Hex()))
	require.Equal(t, []ledger.Authorization{auth}, got.Authorizations)
	require.Equal(t, uint8(4), got.Type)
	require.Equal(t, otherAddr, got.From)
	require.Equal(t, otherAddr, got.GasPayer)
	require.Equal(t, contractAddr, *got.To)
	require.Equal(t, uint64(5), got.Value.Uint64())
}

func TestSubmittedTransactionIsPendingAndFound(t *testing.T) {
	s, _ := newServer(t, Config{})
	tx := signed(t, &ledger.Transaction{Type: 2, ChainID: *uint256.NewInt(testChainID), Nonce: 5, Gas: 21_000, To: &otherAddr})
	result, fail := ask(t, s, "eth_sendRawTransaction", raw(tx))
	require.Nil(t, fail)
	require.Equal(t, fmt.Sprintf("%q", tx.Hash()), string(result))
	result, fail = ask(t, s, "eth_getTransactionByHash", string(mustJSON(t, []ledger.Hash{tx.Hash()})))
	require.Nil(t, fail)
	var shown map[string]any
	require.NoError(t, json.Unmarshal(result, &shown))
	require.Nil(t, shown["blockHash"])
	require.Equal(t, "0x5", shown["nonce"])
}

func signed(t testing.TB, tx *ledger.Transaction) *ledger.Transaction {
	tx.Sign(testKey(t, 1))
	return tx
}

func raw(tx *ledger.Transaction) string { return fmt.Sprintf(`["0x%x"]`, tx.Envelope()) }

func mustJSON(t testing.TB, v any) []byte {
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}

func TestSendRefusesWithTheTextsThatClientsExpect(t *testing.T) {
	s, c := newServer(t, Config{MaxTxSize: 1000})
	id := *uint256.NewInt(testChainID)
	tampered := signed(t, &ledger.Transaction{Type: 2, ChainID: id, To: &otherAddr})
	tampered.S.SetAllOne()
	for _, test := range []struct{ params, text string }{
		{`["0x"]`, "malformed transaction: empty"},
		{`["0xc0"]`, "malformed transaction"},
		{`["0x05c0"]`, "transaction type not supported: 0x05"},
		{raw(signed(t, &ledger.Transaction{Type: 3, ChainID: id, To: &otherAddr, BlobHashes: []ledger.Hash{{1}}})), "transaction type not supported"},
		{raw(signed(t, &ledger.Transaction{Type: 2, ChainID: *uint256.NewInt(1), To: &otherAddr})), "invalid chain id for signer: have 1 want 4242"},
		{raw(signed(t, &ledger.Transaction{To: &otherAddr})), "only replay-protected (EIP-155) transactions allowed over RPC"},
		{raw(signed(t, &ledger.Transaction{Type: 2, ChainID: id, Data: make([]byte, 1000)})), "oversized data: transaction size"},
		{raw(tampered), "invalid sender"},
	} {
		_, fail := ask(t, s, "eth_sendRawTransaction", test.params)
		require.NotNil(t, fail, test.text)
		require.Equal(t, -32000, fail.Code)
		require.Contains(t, fail.Message, test.text)
	}
	good := raw(signed(t, &ledger.Transaction{Type: 2, ChainID: id, To: &otherAddr}))
	c.refuse = errors.New("mempool: nonce too low: next nonce 5, tx nonce 0")
	_, fail := ask(t, s, "eth_sendRawTransaction", good)
	require.Equal(t, &rpcError{Code: -32000, Message: "nonce too low: next nonce 5, tx nonce 0"}, fail)
}

func TestSyncingShowsProgress(t *testing.T) {
	s, c := newServer(t, Config{})
	c.sync = Sync{Active: true, Start: 1, Current: 2, Highest: 9}
	result, fail := ask(t, s, "eth_syncing", `[]`)
	require.Nil(t, fail)
	require.JSONEq(t, `{"startingBlock":"0x1","currentBlock":"0x2","highestBlock":"0x9"}`, string(result))
}

func TestPrunedStateIsAClearError(t *testing.T) {
	s, c := newServer(t, Config{})
	c.states = c.states[:1]
	_, fail := ask(t, s, "eth_getBalance", fmt.Sprintf(`[%q]`, otherAddr))
	require.Equal(t, -32000, fail.Code)
	require.Contains(t, fail.Message, "missing trie node")
}
