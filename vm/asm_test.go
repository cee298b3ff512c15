package vm

import (
	"fmt"
	"math/bits"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// op is an opcode in the arguments of asm; label marks a JUMPDEST and goto_ pushes
// the place of one.
type (
	op    byte
	label string
	ref   string
)

// asm assembles code: op is an opcode, int the shortest PUSH of a number, Address
// and Hash their PUSH, label a JUMPDEST, ref a PUSH2 of a label, []byte itself.
func asm(parts ...any) []byte {
	var out []byte
	labels := map[label]int{}
	refs := map[int]label{}
	for _, p := range parts {
		switch x := p.(type) {
		case op:
			out = append(out, byte(x))
		case int:
			n := (bits.Len64(uint64(x)) + 7) / 8
			out = append(out, byte(opPUSH0+n))
			for i := n - 1; i >= 0; i-- {
				out = append(out, byte(x>>(8*i)))
			}
		case ledger.Address:
			out = append(append(out, opPUSH1+19), x[:]...)
		case ledger.Hash:
			out = append(append(out, opPUSH32), x[:]...)
		case label:
			labels[x] = len(out)
			out = append(out, opJUMPDEST)
		case ref:
			refs[len(out)+1] = label(x)
			out = append(out, opPUSH1+1, 0, 0)
		case []byte:
			out = append(out, x...)
		default:
			panic(fmt.Sprintf("asm: %T", p))
		}
	}
	for at, l := range refs {
		out[at], out[at+1] = byte(labels[l]>>8), byte(labels[l])
	}
	return out
}

// world is a state in memory that counts its reads and can fail.
type world struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Address]map[ledger.Hash]ledger.Hash
	codes    map[ledger.Hash][]byte
	err      error
}

func newWorld() *world {
	return &world{
		accounts: map[ledger.Address]ledger.Account{},
		slots:    map[ledger.Address]map[ledger.Hash]ledger.Hash{},
		codes:    map[ledger.Hash][]byte{},
	}
}

func (w *world) Account(a ledger.Address) (ledger.Account, error) { return w.accounts[a], w.err }
func (w *world) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return w.slots[a][k], w.err
}
func (w *world) Code(h ledger.Hash) ([]byte, error) { return w.codes[h], nil }

func (w *world) fund(a ledger.Address, wei uint64) {
	w.accounts[a] = ledger.Account{Balance: *uint256.NewInt(wei), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
}

func (w *world) deploy(a ledger.Address, code []byte) {
	h := ledger.Keccak(code)
	w.codes[h] = code
	w.accounts[a] = ledger.Account{Nonce: 1, Root: ledger.EmptyRoot, CodeHash: h}
}

func (w *world) store(a ledger.Address, k, v ledger.Hash) {
	if w.slots[a] == nil {
		w.slots[a] = map[ledger.Hash]ledger.Hash{}
	}
	w.slots[a][k] = v
	acc := w.accounts[a]
	acc.Root = ledger.Hash{1} // any root but the empty one
	w.accounts[a] = acc
}

// apply writes changes back, for tests that need several sessions.
func (w *world) apply(changes []ledger.Change) {
	for _, c := range changes {
		if c.Deleted {
			delete(w.accounts, c.Address)
			delete(w.slots, c.Address)
			continue
		}
		if c.Cleared {
			delete(w.slots, c.Address)
		}
		if c.Code != nil {
			w.codes[c.Account.CodeHash] = c.Code
		}
		acc := c.Account
		acc.Root = ledger.EmptyRoot
		w.accounts[c.Address] = acc
		for _, s := range c.Storage {
			w.store(c.Address, s.Key, s.Value)
		}
	}
}

// nativeFunc makes a Native of a function.
type nativeFunc func(f *Frame, input []byte) ([]byte, bool)

func (n nativeFunc) Run(f *Frame, input []byte) ([]byte, bool) { return n(f, input) }

// Addresses of tests.
var (
	alice   = ledger.Address{0xa1}
	bob     = ledger.Address{0xb0}
	sponsor = ledger.Address{0x59}
	miner   = ledger.Address{0xc0}
	nativeA = ledger.Address{0xee, 1}
	nativeB = ledger.Address{0xee, 2}
	codeA   = ledger.Address{0xcc, 1}
	codeB   = ledger.Address{0xcc, 2}
)

var testBlock = Block{Number: 7, Time: 1000, GasLimit: 30_000_000, Coinbase: miner, BaseFee: *uint256.NewInt(10)}

func num(x uint64) ledger.Hash { return ledger.WordHash(uint256.NewInt(x)) }

// message calls to with gas at a price of 12 wei, 2 of them tip.
func message(to *ledger.Address, gas uint64, data ...byte) *ledger.Message {
	return &ledger.Message{
		Type: ledger.DynamicFeeTx, From: alice, GasPayer: alice, CheckNonce: true, To: to, Gas: gas, Data: data,
		GasFeeCap: *uint256.NewInt(100), GasTipCap: *uint256.NewInt(2),
	}
}

// fixtureVM is a VM with natives and a world in which alice is rich.
func fixtureVM(natives map[ledger.Address]Native) (*VM, *world) {
	w := newWorld()
	w.fund(alice, 1<<60)
	for a := range natives {
		w.deploy(a, []byte{opINVALID})
	}
	return New(Config{ChainID: 5, Natives: natives}), w
}

func apply(t *testing.T, s *Session, m *ledger.Message) Result {
	t.Helper()
	res, err := s.Apply(m)
	require.NoError(t, err)
	return res
}

// callAsm is code that calls to with all gas and returns its output with the flag of
// success as the first word.
func callAsm(kind op, to ledger.Address) []byte {
	parts := []any{0, 0, 0, 0}
	if kind == opCALL || kind == opCALLCODE {
		parts = append(parts, 0)
	}
	parts = append(parts, to, op(opGAS), kind,
		0, op(opMSTORE),
		op(opRETURNDATASIZE), 0, 32, op(opRETURNDATACOPY),
		op(opRETURNDATASIZE), 32, op(opADD), 0, op(opRETURN))
	return asm(parts...)
}
