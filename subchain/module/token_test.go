package module_test

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Token is an ERC-20.
type Token struct {
	Symbol_ string      `module:"config"`
	Supply  uint256.Int `module:"config"`

	started    module.Item[bool]
	balances   module.Map[ledger.Address, uint256.Int]
	allowances module.Map[Allowance, uint256.Int]
	transfer   module.Event[Transfer]
	approval   module.Event[Approval]
}

type Allowance struct{ Owner, Spender ledger.Address }

type Transfer struct {
	From  ledger.Address `abi:"from,indexed"`
	To    ledger.Address `abi:"to,indexed"`
	Value uint256.Int    `abi:"value"`
}

type Approval struct {
	Owner   ledger.Address `abi:"owner,indexed"`
	Spender ledger.Address `abi:"spender,indexed"`
	Value   uint256.Int    `abi:"value"`
}

// InsufficientBalance is ERC20InsufficientBalance of EIP-6093.
type InsufficientBalance struct {
	Sender  ledger.Address `abi:"sender"`
	Balance uint256.Int    `abi:"balance"`
	Needed  uint256.Int    `abi:"needed"`
}

func (InsufficientBalance) Error() string { return "insufficient balance" }

func (*Token) Errors() []error { return []error{InsufficientBalance{}} }

func (*Token) Signatures() map[string]string {
	return map[string]string{
		"BalanceOf":    "balanceOf(address account) returns (uint256)",
		"Transfer":     "transfer(address to, uint256 value) returns (bool ok)",
		"TransferFrom": "transferFrom(address from, address to, uint256 value) returns (bool ok)",
		"Approve":      "approve(address spender, uint256 value) returns (bool ok)",
		"Allowance":    "allowance(address owner, address spender)",
	}
}

func (t *Token) Symbol(*module.View) (string, error)           { return t.Symbol_, nil }
func (t *Token) Decimals(*module.View) (uint8, error)          { return 18, nil }
func (t *Token) TotalSupply(*module.View) (uint256.Int, error) { return t.Supply, nil }
func (t *Token) BalanceOf(v *module.View, a ledger.Address) (uint256.Int, error) {
	return t.balances.Get(v, a), nil
}
func (t *Token) Allowance(v *module.View, owner, spender ledger.Address) (uint256.Int, error) {
	return t.allowances.Get(v, Allowance{owner, spender}), nil
}

// BeginBlock issues the supply once.
func (t *Token) BeginBlock(ctx *module.Context) error {
	if !t.started.Get(ctx) {
		t.started.Set(ctx, true)
		t.balances.Set(ctx, alice, t.Supply)
	}
	return nil
}

func (t *Token) Transfer(ctx *module.Context, to ledger.Address, value uint256.Int) (bool, error) {
	return true, t.move(ctx, ctx.Sender(), to, value)
}

func (t *Token) TransferFrom(ctx *module.Context, from, to ledger.Address, value uint256.Int) (bool, error) {
	key := Allowance{from, ctx.Sender()}
	left := t.allowances.Get(ctx, key)
	if left.Lt(&value) {
		return false, InsufficientBalance{from, left, value}
	}
	left.Sub(&left, &value)
	t.allowances.Set(ctx, key, left)
	return true, t.move(ctx, from, to, value)
}

func (t *Token) Approve(ctx *module.Context, spender ledger.Address, value uint256.Int) (bool, error) {
	t.allowances.Set(ctx, Allowance{ctx.Sender(), spender}, value)
	t.approval.Emit(ctx, Approval{ctx.Sender(), spender, value})
	return true, nil
}

func (t *Token) move(ctx *module.Context, from, to ledger.Address, value uint256.Int) error {
	have := t.balances.Get(ctx, from)
	if have.Lt(&value) {
		return InsufficientBalance{from, have, value}
	}
	have.Sub(&have, &value)
	t.balances.Set(ctx, from, have)
	have = t.balances.Get(ctx, to)
	have.Add(&have, &value)
	t.balances.Set(ctx, to, have)
	t.transfer.Emit(ctx, Transfer{from, to, value})
	return nil
}

func newToken(t testing.TB) (*harness, *Token, ledger.Address) {
	token := &Token{Symbol_: "TOK", Supply: *uint256.NewInt(1000)}
	h := newHarness(t, module.Entry{Name: "token", Module: token})
	h.session(func(s *vm.Session) { require.NoError(t, h.reg.BeginBlock(s)) })
	return h, token, module.AddressOf("token")
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

const (
	aliceWord = "000000000000000000000000a100000000000000000000000000000000000001"
	bobWord   = "000000000000000000000000b000000000000000000000000000000000000002"
	wordOf7   = "0000000000000000000000000000000000000000000000000000000000000007"
)

func TestTokenAnswersHandEncodedCalls(t *testing.T) {
	h, token, at := newToken(t)
	// Selectors as every ERC-20 has them.
	res := h.send(tx{to: at, data: unhex(t, "a9059cbb"+bobWord+wordOf7)}) // transfer
	require.NoError(t, res.Err)
	require.Equal(t, word(1), ledger.Hash(res.Return))
	require.Equal(t, []ledger.Log{{
		Address: at,
		Topics: []ledger.Hash{
			// Transfer(address,address,uint256)
			ledger.Hash(unhex(t, "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")),
			addressWord(alice), addressWord(bob),
		},
		Data: unhex(t, wordOf7),
	}}, res.Logs)
	require.Equal(t, unhex(t, wordOf7), h.ok(tx{to: at, data: unhex(t, "70a08231"+bobWord)})) // balanceOf
	require.Equal(t, word(993), h.world.storage[at][token.balances.Slot(alice)])

	h.ok(tx{from: bob, to: at, data: unhex(t, "095ea7b3"+aliceWord+wordOf7)}) // approve
	require.Equal(t, unhex(t, wordOf7), h.ok(tx{to: at, data: unhex(t, "dd62ed3e"+bobWord+aliceWord)}))
	h.ok(tx{to: at, data: unhex(t, "23b872dd"+bobWord+aliceWord+wordOf7)}) // transferFrom
	require.Empty(t, h.world.storage[at][token.balances.Slot(bob)])
	require.Empty(t, h.world.storage[at][token.allowances.Slot(Allowance{bob, alice})])

	symbol := h.ok(tx{to: at, data: unhex(t, "95d89b41")})
	require.Equal(t, unhex(t, "0000000000000000000000000000000000000000000000000000000000000020"+
		"0000000000000000000000000000000000000000000000000000000000000003"+
		"544f4b0000000000000000000000000000000000000000000000000000000000"), symbol)
}

func TestListedStructErrorRevertsWithItsFields(t *testing.T) {
	h, _, at := newToken(t)
	res := h.send(tx{from: bob, to: at, data: unhex(t, "a9059cbb"+aliceWord+wordOf7)})
	require.Equal(t, vm.Reverted, res.Status)
	want := pack(t, "InsufficientBalance(address,uint256,uint256)", bob, uint256.Int{}, *uint256.NewInt(7))
	require.Equal(t, want, res.Return)
}

func TestMapLiesWhereSolidityPutsAMapping(t *testing.T) {
	_, token, _ := newToken(t)
	base := ledger.Keccak([]byte("rootstem.slot.v1balances"))
	key := addressWord(alice)
	require.Equal(t, ledger.Keccak(key[:], base[:]), token.balances.Slot(alice))
	base = ledger.Keccak([]byte("rootstem.slot.v1allowances"))
	inner := ledger.Keccak(key[:], base[:])
	key = addressWord(bob)
	require.Equal(t, ledger.Keccak(key[:], inner[:]), token.allowances.Slot(Allowance{alice, bob}))
}

func TestOutputOfToken(t *testing.T) {
	golden(t, "token", "IToken", &Token{})
}

// golden compares a module's JSON and Solidity with testdata.
func golden(t *testing.T, file, name string, m any) {
	t.Helper()
	json, err := module.ABI(m)
	require.NoError(t, err)
	source, err := module.Solidity(name, m)
	require.NoError(t, err)
	for path, got := range map[string]string{file + ".json": string(json) + "\n", file + ".sol": source} {
		path = filepath.Join("testdata", path)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got)
	}
}
