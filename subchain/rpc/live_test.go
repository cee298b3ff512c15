package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/mpt"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// live is a chain that executes each submitted transaction with the real virtual
// machine in a block of its own and keeps its states in real tries.
type live struct {
	*memory
	vm     *vm.VM
	states []*trieState
}

// trieNodes are trie nodes by hash; codes lie beside them under theirs.
type trieNodes map[[32]byte][]byte

func (n trieNodes) Get(hash [32]byte) ([]byte, error) { return n[hash], nil }

// trieState is the state under one root: it is both what the server and what the
// virtual machine reads.
type trieState struct {
	nodes trieNodes
	root  ledger.Hash
}

func (s *trieState) Account(a ledger.Address) (ledger.Account, error) {
	key := ledger.Keccak(a[:])
	raw, err := mpt.New(s.root, s.nodes).Get(key[:])
	if err != nil || raw == nil {
		return ledger.Account{}, err
	}
	return ledger.DecodeAccount(raw)
}

func (s *trieState) Storage(a ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	acc, err := s.Account(a)
	if err != nil || !acc.Exists() {
		return ledger.Hash{}, err
	}
	key := ledger.Keccak(slot[:])
	raw, err := mpt.New(acc.Root, s.nodes).Get(key[:])
	if err != nil || raw == nil {
		return ledger.Hash{}, err
	}
	return ledger.DecodeSlotValue(raw)
}

func (s *trieState) Code(hash ledger.Hash) ([]byte, error) {
	code, ok := s.nodes[hash]
	if !ok {
		return nil, errors.New("code is missing")
	}
	return code, nil
}

func (s *trieState) Prove(a ledger.Address, slots []ledger.Hash) (*ledger.AccountProof, error) {
	acc, err := s.Account(a)
	if err != nil {
		return nil, err
	}
	key := ledger.Keccak(a[:])
	out := &ledger.AccountProof{Address: a, Account: acc}
	if out.Proof, err = mpt.Prove(s.root, key[:], s.nodes); err != nil {
		return nil, err
	}
	for _, slot := range slots {
		key, sp := ledger.Keccak(slot[:]), ledger.SlotProof{Key: slot}
		if sp.Value, err = s.Storage(a, slot); err != nil {
			return nil, err
		}
		if acc.Exists() {
			if sp.Proof, err = mpt.Prove(acc.Root, key[:], s.nodes); err != nil {
				return nil, err
			}
		}
		out.Storage = append(out.Storage, sp)
	}
	return out, nil
}

func (s *trieState) apply(changes []ledger.Change) (*trieState, error) {
	next := &trieState{nodes: maps.Clone(s.nodes)}
	emit := func(hash [32]byte, encoded []byte) { next.nodes[hash] = encoded }
	accounts := mpt.New(s.root, next.nodes)
	for _, c := range changes {
		key, value := ledger.Keccak(c.Address[:]), []byte(nil)
		if !c.Deleted {
			old, err := s.Account(c.Address)
			if err != nil {
				return nil, err
			}
			acc := c.Account
			if acc.Root = old.Root; c.Cleared || !old.Exists() {
				acc.Root = ledger.EmptyRoot
			}
			storage := mpt.New(acc.Root, next.nodes)
			for _, slot := range c.Storage {
				path, text := ledger.Keccak(slot.Key[:]), []byte(nil)
				if !slot.Value.IsZero() {
					text = ledger.AppendSlotValue(nil, slot.Value)
				}
				if storage, err = storage.Put(path[:], text); err != nil {
					return nil, err
				}
			}
			acc.Root = storage.Commit(emit)
			if c.Code != nil {
				next.nodes[ledger.Keccak(c.Code)] = c.Code
			}
			value = acc.AppendRLP(nil)
		}
		var err error
		if accounts, err = accounts.Put(key[:], value); err != nil {
			return nil, err
		}
	}
	next.root = accounts.Commit(emit)
	return next, nil
}

func newLive(t testing.TB, natives map[ledger.Address]vm.Native, changes ...ledger.Change) *live {
	c := &live{
		memory: &memory{pending: map[ledger.Hash]*ledger.Transaction{}},
		vm:     vm.New(vm.Config{ChainID: testChainID, Natives: natives}),
	}
	empty := &trieState{nodes: trieNodes{}, root: ledger.EmptyRoot}
	genesis, err := empty.apply(append(changes, ledger.Change{
		Address: testKey(t, 1).Address(),
		Account: ledger.Account{Balance: *uint256.MustFromDecimal("1000000000000000000000"), CodeHash: ledger.EmptyCodeHash},
	}))
	require.NoError(t, err)
	c.seal(genesis, nil, nil)
	return c
}

func (c *live) backend() Backend {
	return Backend{Chain: c, States: c, Executor: c, Fees: c, Pool: c, Logs: c, Extensions: c}
}

// seal appends a block of tx with its result.
func (c *live) seal(after *trieState, tx *ledger.Transaction, res *vm.Result) {
	rec := &Record{Block: new(ledger.Block)}
	h := &rec.Block.Header
	h.Height, h.StateRoot, h.GasLimit = uint64(len(c.records)), after.root, 30_000_000
	h.Time, h.BaseFee = 1_700_000_000_000+h.Height, *uint256.NewInt(1_000_000_000)
	if h.Height > 0 {
		h.Parent = c.records[h.Height-1].Hash
	}
	if tx != nil {
		rec.Block.Transactions = []*ledger.Transaction{tx}
		h.GasUsed = res.GasUsed
		rec.Receipts = []*ledger.Receipt{{
			Type: tx.Type, Success: res.Status == vm.Success, CumulativeGas: res.GasUsed, Logs: res.Logs,
			TxHash: tx.Hash(), GasUsed: res.GasUsed, GasPrice: res.GasPrice, Contract: res.Contract,
		}}
	}
	h.TxRoot, h.ReceiptsRoot = ledger.TxRoot(rec.Block.Transactions), ledger.ReceiptsRoot(rec.Receipts)
	h.AnchorHash = rec.Anchor.Hash()
	rec.Hash = h.Hash()
	c.records, c.states = append(c.records, rec), append(c.states, after)
}

func (c *live) env(height uint64) vm.Block {
	h := &c.records[height].Block.Header
	return vm.Block{Number: height + 1, Time: h.Seconds(), Millis: h.Time + 1, GasLimit: h.GasLimit, BaseFee: h.BaseFee}
}

func (c *live) State(height uint64) (State, error) { return c.states[height], nil }

func (c *live) Call(_ context.Context, height uint64, m *ledger.Message) (vm.Result, error) {
	return c.vm.Call(c.env(height), c.states[height], m)
}

func (c *live) Estimate(_ context.Context, height uint64, m *ledger.Message) (uint64, vm.Result, error) {
	return c.vm.Estimate(c.env(height), c.states[height], m)
}

func (c *live) NextBaseFee() uint256.Int { return c.records[c.Head()].Block.Header.BaseFee }

func (c *live) Nonce(addr ledger.Address) (uint64, error) {
	acc, err := c.states[c.Head()].Account(addr)
	return acc.Nonce, err
}

func (c *live) Submit(_ context.Context, tx *ledger.Transaction) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, err := tx.Message()
	if err != nil {
		return err
	}
	state := c.states[c.Head()]
	session := c.vm.Begin(c.env(c.Head()), state)
	res, err := session.Apply(m)
	if err != nil {
		return err
	}
	if res.Status == vm.Invalid {
		return res.Err
	}
	after, err := state.apply(session.Changes())
	if err != nil {
		return err
	}
	c.seal(after, tx, &res)
	return nil
}

func TestWalletWalksThroughRealExecution(t *testing.T) {
	c := newLive(t, nil)
	s, err := New(Config{}, c.backend())
	require.NoError(t, err)
	key := testKey(t, 1)
	id := *uint256.NewInt(testChainID)
	fee := *uint256.NewInt(3_000_000_000)

	transfer := &ledger.Transaction{Type: 2, ChainID: id, GasFeeCap: fee, Gas: 21_000, To: &otherAddr, Value: *uint256.NewInt(77)}
	transfer.Sign(key)
	_, fail := ask(t, s, "eth_sendRawTransaction", raw(transfer))
	require.Nil(t, fail)
	_, fail = ask(t, s, "eth_sendRawTransaction", raw(transfer))
	require.Equal(t, &rpcError{Code: -32000, Message: "nonce too low"}, fail)
	result, fail := ask(t, s, "eth_getBalance", fmt.Sprintf(`[%q]`, otherAddr))
	require.Nil(t, fail)
	require.Equal(t, `"0x4d"`, string(result))

	creation := &ledger.Transaction{Type: 2, ChainID: id, Nonce: 1, GasFeeCap: fee, Gas: 200_000, Data: initCode(storeCode())}
	creation.Sign(key)
	_, fail = ask(t, s, "eth_sendRawTransaction", raw(creation))
	require.Nil(t, fail)
	var receipt struct {
		Contract ledger.Address `json:"contractAddress"`
		Status   string         `json:"status"`
	}
	result, fail = ask(t, s, "eth_getTransactionReceipt", fmt.Sprintf(`[%q]`, creation.Hash()))
	require.Nil(t, fail)
	require.NoError(t, json.Unmarshal(result, &receipt))
	require.Equal(t, "0x1", receipt.Status)
	checkStore(t, s, c, receipt.Contract)
}

// checkStore calls, estimates, reverts, and writes the contract of storeCode.
func checkStore(t *testing.T, s *Server, c *live, at ledger.Address) {
	word := device2.String()
	result, fail := ask(t, s, "eth_getCode", fmt.Sprintf(`[%q]`, at))
	require.Nil(t, fail)
	require.Equal(t, fmt.Sprintf("\"0x%x\"", storeCode()), string(result))
	result, fail = ask(t, s, "eth_call", fmt.Sprintf(`[{"to":%q,"data":%q}]`, at, word))
	require.Nil(t, fail)
	require.Equal(t, fmt.Sprintf("%q", word), string(result))
	_, fail = ask(t, s, "eth_call", fmt.Sprintf(`[{"to":%q,"data":"0x"}]`, at))
	require.Equal(t, &rpcError{Code: 3, Message: "execution reverted", Data: "0x"}, fail)
	result, fail = ask(t, s, "eth_estimateGas", fmt.Sprintf(`[{"from":%q,"to":%q,"data":%q}]`, testKey(t, 1).Address(), at, word))
	require.Nil(t, fail)
	var text string
	require.NoError(t, json.Unmarshal(result, &text))
	gas, err := parseQuantity(text)
	require.NoError(t, err)

	tx := &ledger.Transaction{
		Type: 2, ChainID: *uint256.NewInt(testChainID), Nonce: 2, GasFeeCap: *uint256.NewInt(3e9), Gas: gas, To: &at, Data: device2[:],
	}
	tx.Sign(testKey(t, 1))
	_, fail = ask(t, s, "eth_sendRawTransaction", raw(tx))
	require.Nil(t, fail)
	rec := c.records[c.Head()]
	require.True(t, rec.Receipts[0].Success, "the estimate suffices")
	result, fail = ask(t, s, "eth_getLogs", fmt.Sprintf(`[{"address":%q,"topics":[%q]}]`, at, word))
	require.Nil(t, fail)
	require.Equal(t, 1, strings.Count(string(result), `"logIndex"`))
	checkProof(t, s, c, at)
}

// checkProof verifies an answer of eth_getProof against the state root of the header.
func checkProof(t *testing.T, s *Server, c *live, at ledger.Address) {
	result, fail := ask(t, s, "eth_getProof", fmt.Sprintf(`[%q,["0x0","0x1"],"latest"]`, at))
	require.Nil(t, fail)
	var proof struct {
		AccountProof []string    `json:"accountProof"`
		StorageHash  ledger.Hash `json:"storageHash"`
		StorageProof []struct {
			Value string   `json:"value"`
			Proof []string `json:"proof"`
		} `json:"storageProof"`
	}
	require.NoError(t, json.Unmarshal(result, &proof))
	decode := func(texts []string) (out [][]byte) {
		for _, text := range texts {
			b, err := parseData(text)
			require.NoError(t, err)
			out = append(out, b)
		}
		return out
	}
	acc, err := ledger.VerifyAccount(c.records[c.Head()].Block.Header.StateRoot, at, decode(proof.AccountProof))
	require.NoError(t, err)
	require.Equal(t, proof.StorageHash, acc.Root)
	for i, want := range []ledger.Hash{device2, {}} {
		got, err := ledger.VerifySlot(acc.Root, ledger.Hash{31: byte(i)}, decode(proof.StorageProof[i].Proof))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// storeCode is a contract that reverts without calldata and else stores the first
// word in slot 0, logs it as a topic and returns it.
func storeCode() []byte {
	return []byte{
		0x36, 0x60, 0x08, 0x57, // CALLDATASIZE PUSH1 8 JUMPI
		0x5f, 0x5f, 0xfd, 0x00, // PUSH0 PUSH0 REVERT STOP
		0x5b, 0x5f, 0x35, // JUMPDEST PUSH0 CALLDATALOAD
		0x80, 0x5f, 0x55, // DUP1 PUSH0 SSTORE
		0x80, 0x5f, 0x5f, 0xa1, // DUP1 PUSH0 PUSH0 LOG1
		0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3, // PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
	}
}

// initCode returns code that creates a contract with the given code.
func initCode(code []byte) []byte {
	// PUSH1 n DUP1 PUSH1 9 PUSH0 CODECOPY PUSH0 RETURN
	return append([]byte{0x60, byte(len(code)), 0x80, 0x60, 0x09, 0x5f, 0x39, 0x5f, 0xf3}, code...)
}
