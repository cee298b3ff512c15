package parallel

import (
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a state in memory.
type world struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[slotKey]ledger.Hash
	codes    map[ledger.Hash][]byte
	err      error
}

func (w *world) Account(a ledger.Address) (ledger.Account, error) { return w.accounts[a], w.err }
func (w *world) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	return w.slots[slotKey{a, k}], nil
}
func (w *world) Code(h ledger.Hash) ([]byte, error) { return w.codes[h], nil }

func (w *world) deploy(t require.TestingT, a ledger.Address, stored bool, parts ...any) {
	code, err := asm.Assemble(parts...)
	require.NoError(t, err)
	h := ledger.Keccak(code)
	w.codes[h] = code
	acc := ledger.Account{Nonce: 1, Balance: *uint256.NewInt(1000), Root: ledger.EmptyRoot, CodeHash: h}
	if stored {
		acc.Root = ledger.Hash{1}
		w.slots[slotKey{a, num(1)}] = num(7)
	}
	w.accounts[a] = acc
}

func num(x uint64) ledger.Hash { return ledger.WordHash(uint256.NewInt(x)) }

func person(i int) ledger.Address { return ledger.Address{0xa0, byte(i)} }

// Contracts of the tests.
var (
	coinbase = ledger.Address{0xc0}
	token    = ledger.Address{0xcc, 1} // moves 1 from the caller's slot to the slot in the call data
	counter  = ledger.Address{0xcc, 2} // counts calls in slot 1
	watcher  = ledger.Address{0xcc, 3} // stores the coinbase's balance
	sender   = ledger.Address{0xcc, 4} // sends 1 wei to the account in the call data
	maker    = ledger.Address{0xcc, 5} // creates a contract with the call data as init code
	spy      = ledger.Address{0xcc, 6} // stores balance and code hash of the account in the call data
	native   = ledger.Address{0xee, 1}
	idle     = ledger.Address{0xcc, 7} // has no storage before the block; stores the call data in slot 3 or reads it
)

// phoenix makes a contract at one address, again and again: without call data one that
// stays and counts its calls in slot 2, with a byte of it one that destroys itself.
var phoenix = ledger.Address{0xcc, 8}

func phoenixInit(t require.TestingT) []byte {
	runtime, err := asm.Assemble(2, asm.SLOAD, 1, asm.ADD, 2, asm.SSTORE)
	require.NoError(t, err)
	init, err := asm.Assemble(asm.CALLVALUE, asm.Ref("end"), asm.JUMPI, 9, 1, asm.SSTORE,
		new(uint256.Int).SetBytes(runtime), 0, asm.MSTORE, len(runtime), 32-len(runtime), asm.RETURN,
		asm.Label("end"), 4, 2, asm.SSTORE, person(0), asm.SELFDESTRUCT)
	require.NoError(t, err)
	return init
}

// risen is where phoenix makes its contract.
func risen(t require.TestingT) ledger.Address {
	code := ledger.Keccak(phoenixInit(t))
	h := ledger.Keccak([]byte{0xff}, phoenix[:], make([]byte, 32), code[:])
	return ledger.Address(h[12:])
}

// ledgerNative does what the first byte of its input says.
type ledgerNative struct{}

func (ledgerNative) Run(f *vm.Frame, input []byte) ([]byte, bool) {
	var to ledger.Address
	copy(to[:], input[min(len(input), 1):])
	one := *uint256.NewInt(1)
	switch {
	case len(input) == 0:
		v := f.Load(num(1)).Word()
		v.AddUint64(&v, 1)
		f.Store(num(1), ledger.WordHash(&v))
	case input[0]%4 == 0:
		f.Mint(to, one)
	case input[0]%4 == 1:
		return nil, f.Burn(to, one)
	case input[0]%4 == 2:
		f.Transfer(to, one)
	default:
		b := f.Balance(to)
		f.Store(num(2), ledger.WordHash(&b))
	}
	return nil, true
}

func newWorld(t require.TestingT, people int) *world {
	w := &world{accounts: map[ledger.Address]ledger.Account{}, slots: map[slotKey]ledger.Hash{}, codes: map[ledger.Hash][]byte{}}
	for i := range people {
		w.accounts[person(i)] = ledger.Account{Balance: *uint256.NewInt(1e15), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
		var key ledger.Hash
		who := person(i)
		copy(key[12:], who[:])
		w.slots[slotKey{token, key}] = num(100)
	}
	w.deploy(t, token, true,
		asm.CALLER, asm.SLOAD, asm.DUP1, asm.ISZERO, asm.Ref("poor"), asm.JUMPI,
		1, asm.SWAP1, asm.SUB, asm.CALLER, asm.SSTORE,
		0, asm.CALLDATALOAD, asm.SLOAD, 1, asm.ADD, 0, asm.CALLDATALOAD, asm.SSTORE,
		asm.CALLER, 0, 0, asm.LOG1, asm.STOP,
		asm.Label("poor"), 0, 0, asm.REVERT)
	w.deploy(t, counter, true, 1, asm.SLOAD, 1, asm.ADD, 1, asm.SSTORE)
	w.deploy(t, watcher, true, asm.COINBASE, asm.BALANCE, 1, asm.SSTORE)
	w.deploy(t, sender, false, 0, 0, 0, 0, 1, 0, asm.CALLDATALOAD, asm.GAS, asm.CALL)
	w.deploy(t, maker, false, asm.CALLDATASIZE, 0, 0, asm.CALLDATACOPY, asm.CALLDATASIZE, 0, 1, asm.CREATE, 0, asm.MSTORE, 32, 0, asm.RETURN)
	w.deploy(t, spy, true, 0, asm.CALLDATALOAD, asm.DUP1, asm.BALANCE, 1, asm.SSTORE, asm.EXTCODEHASH, 2, asm.SSTORE)
	w.deploy(t, idle, false, asm.CALLDATASIZE, asm.Ref("write"), asm.JUMPI, 3, asm.SLOAD, 4, asm.SSTORE, asm.STOP,
		asm.Label("write"), 0, asm.CALLDATALOAD, 3, asm.SSTORE)
	w.deploy(t, native, true, asm.INVALID)
	init := phoenixInit(t)
	start := 17 // of init in the code below
	w.deploy(t, phoenix, false, len(init), start, 0, asm.CODECOPY, 0, len(init), 0, asm.CALLDATASIZE, asm.CREATE2,
		asm.POP, asm.STOP, make([]byte, 3), init)
	return w
}

var block = vm.Block{Number: 3, GasLimit: 100_000_000, Coinbase: coinbase, BaseFee: *uint256.NewInt(3)}

func machine() *vm.VM {
	return vm.New(vm.Config{ChainID: 5, Natives: map[ledger.Address]vm.Native{native: ledgerNative{}}})
}

func word(a ledger.Address) []byte { return append(make([]byte, 12), a[:]...) }

// drawTarget is an account that others may touch as well.
func drawTarget(t *rapid.T, people int) ledger.Address {
	special := []ledger.Address{coinbase, token, counter, sender, spy, native, {19: 2}, {0xf0}, risen(t), risen(t)}
	i := rapid.IntRange(0, people+len(special)-1).Draw(t, "target")
	if i < people {
		return person(i)
	}
	return special[i-people]
}

// inits are constructors: one that stores, one that destroys itself, one that fails
// and one that leaves code which destroys itself.
func inits(t require.TestingT, heir ledger.Address) [][]byte {
	var out [][]byte
	for _, parts := range [][]any{
		{5, 1, asm.SSTORE},
		{5, 1, asm.SSTORE, heir, asm.SELFDESTRUCT},
		{0, 0, asm.REVERT},
		{uint64(0x33ff), 0, asm.MSTORE, 2, 30, asm.RETURN},
	} {
		code, err := asm.Assemble(parts...)
		require.NoError(t, err)
		out = append(out, code)
	}
	return out
}

// drawMessage is a message by person from.
func drawMessage(t *rapid.T, people, from int) *ledger.Message {
	m := &ledger.Message{
		Type: ledger.DynamicFeeTx, From: person(from), CheckNonce: true, Gas: 300_000,
		GasFeeCap: *uint256.NewInt(10), GasTipCap: *uint256.NewInt(rapid.Uint64Range(0, 3).Draw(t, "tip")),
	}
	target := drawTarget(t, people)
	set := func(to ledger.Address, data []byte) { m.To, m.Data = &to, data }
	switch rapid.IntRange(0, 14).Draw(t, "kind") {
	case 0, 1, 2:
		set(target, nil)
		m.Value = *uint256.NewInt(rapid.Uint64Range(0, 2).Draw(t, "value"))
	case 3:
		set(target, nil)
		m.Value = *uint256.NewInt(4e14) // a sender can do this twice
	case 4, 5:
		set(token, word(target))
	case 6:
		set(counter, nil)
	case 7:
		set(watcher, nil)
	case 8:
		set(sender, word(target))
	case 9:
		init := rapid.SampledFrom(inits(t, target)).Draw(t, "init")
		set(maker, init)
		if rapid.Bool().Draw(t, "directly") {
			m.To = nil
		}
	case 10:
		set(spy, word(target))
	case 11:
		var data []byte
		if rapid.Bool().Draw(t, "input") {
			data = append([]byte{byte(rapid.IntRange(0, 3).Draw(t, "verb"))}, target[:]...)
		}
		set(native, data)
	case 13:
		set(phoenix, nil)
	case 14:
		set(phoenix, []byte{1})
	case 12:
		var data []byte
		if rapid.Bool().Draw(t, "input") {
			data = []byte{9}
		}
		set(idle, data)
	}
	if rapid.IntRange(0, 9).Draw(t, "sponsored") == 0 {
		m.GasPayer = person(rapid.IntRange(0, people-1).Draw(t, "payer"))
	}
	if rapid.IntRange(0, 9).Draw(t, "listed") == 0 {
		m.AccessList = []ledger.AccessTuple{{Address: target, Slots: []ledger.Hash{num(1)}}, {Address: coinbase}}
	}
	if rapid.IntRange(0, 9).Draw(t, "unordered") == 0 {
		m.CheckNonce = false
	}
	return m
}

func drawBlock(t *rapid.T, people int, nonces map[ledger.Address]uint64) []*ledger.Message {
	messages := make([]*ledger.Message, rapid.IntRange(1, 40).Draw(t, "messages"))
	for i := range messages {
		m := drawMessage(t, people, rapid.IntRange(0, people-1).Draw(t, "from"))
		m.Nonce = nonces[m.From]
		if m.CheckNonce || m.To == nil {
			nonces[m.From]++
		}
		messages[i] = m
	}
	if rapid.IntRange(0, 30).Draw(t, "broken") == 0 {
		messages[rapid.IntRange(0, len(messages)-1).Draw(t, "which")].Nonce += 3
	}
	return messages
}

// TestParallelExecutionEqualsSerial executes random blocks, two in a session, with
// any number of workers.
func TestParallelExecutionEqualsSerial(t *testing.T) {
	attempts, succeeded := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.IntRange(2, 12).Draw(t, "people")
		w := newWorld(t, people)
		if rapid.Bool().Draw(t, "rich coinbase") {
			w.accounts[coinbase] = ledger.Account{Nonce: 1, Balance: *uint256.NewInt(5), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
		}
		workers := rapid.IntRange(2, 6).Draw(t, "workers")
		serial, side := machine().Begin(block, w), machine().Begin(block, w)
		nonces := map[ledger.Address]uint64{}
		for range 2 {
			messages := drawBlock(t, people, nonces)
			want, wantErr := serial.ApplyAll(messages)
			got, _, ok := attempt(side, messages, workers, 1<<30)
			attempts++
			if wantErr != nil {
				require.False(t, ok, "%v", wantErr)
				return
			}
			require.True(t, ok)
			succeeded++
			require.Equal(t, want, got)
			require.Equal(t, serial.Changes(), side.Changes())
			require.Equal(t, serial.GasUsed(), side.GasUsed())
		}
	})
	t.Logf("%d of %d blocks executed in parallel", succeeded, attempts)
	require.Greater(t, succeeded, attempts/3)
}

// transfers is a block of plain transfers between people who each send one.
func transfers(n int) []*ledger.Message {
	messages := make([]*ledger.Message, n)
	for i := range messages {
		to := person((i * 7) % n)
		messages[i] = &ledger.Message{
			Type: ledger.DynamicFeeTx, From: person(i), CheckNonce: true, To: &to, Gas: 21_000,
			Value: *uint256.NewInt(5), GasFeeCap: *uint256.NewInt(10), GasTipCap: *uint256.NewInt(1),
		}
	}
	return messages
}

func TestTransfersDoNotConflict(t *testing.T) {
	w := newWorld(t, 200)
	messages := transfers(200)
	for i := range messages {
		if to := person(3); i != 3 {
			messages[i].To = &to // all to one
		}
	}
	s := machine().Begin(block, w)
	results, stats, err := Executor{Workers: 4}.Apply(s, messages)
	require.NoError(t, err)
	require.Len(t, results, 200)
	require.Equal(t, Stats{Workers: 4, Executions: 200}, stats)
}

func TestManyConflictsFallBackToSerialExecution(t *testing.T) {
	w := newWorld(t, 100)
	messages := transfers(100)
	for i := range messages {
		to := counter
		messages[i].To, messages[i].Gas = &to, 100_000
	}
	s := machine().Begin(block, w)
	x := newExecution(s, s.State(), messages, 10)
	x.run(4)
	require.True(t, x.failed || x.conflicts <= 10)
	results, _, err := Executor{Workers: 4}.Apply(s, messages)
	require.NoError(t, err)
	require.Len(t, results, 100)
	after, err := s.State().Storage(counter, num(1))
	require.NoError(t, err)
	require.Equal(t, num(107), after)
}

func TestApplyReportsWhatSerialExecutionReports(t *testing.T) {
	w := newWorld(t, 10)
	messages := transfers(10)
	messages[6].Nonce = 1
	s := machine().Begin(block, w)
	results, stats, err := Executor{Workers: 4}.Apply(s, messages)
	require.ErrorIs(t, err, vm.ErrInvalidBlock)
	require.ErrorIs(t, err, vm.ErrNonceTooHigh)
	require.Len(t, results, 6)
	require.Equal(t, 1, stats.Workers)

	messages[6].Nonce = 0
	tight := block
	tight.GasLimit = 10*21_000 - 1
	_, _, err = Executor{Workers: 4}.Apply(machine().Begin(tight, w), messages)
	require.ErrorIs(t, err, vm.ErrGasLimit)

	w.err = errors.New("disk")
	_, _, err = Executor{Workers: 4}.Apply(machine().Begin(block, w), messages)
	require.ErrorIs(t, err, w.err)
}

func TestASenderWithMostOfTheBlockIsExecutedSerially(t *testing.T) {
	messages := transfers(10)
	for i := range 6 {
		messages[i].From = person(0)
	}
	require.False(t, divides(messages))
	require.False(t, divides(messages[:3]))
	require.True(t, divides(transfers(10)))
}
