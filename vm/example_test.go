package vm_test

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// memory is the smallest Reader: accounts without storage.
type memory struct {
	accounts map[ledger.Address]ledger.Account
	codes    map[ledger.Hash][]byte
}

func (m memory) Account(a ledger.Address) (ledger.Account, error)             { return m.accounts[a], nil }
func (m memory) Storage(ledger.Address, ledger.Hash) (h ledger.Hash, _ error) { return h, nil }
func (m memory) Code(h ledger.Hash) ([]byte, error)                           { return m.codes[h], nil }

// counter is a contract in Go: it counts its calls in slot 0.
type counter struct{}

func (counter) Run(f *vm.Frame, _ []byte) ([]byte, bool) {
	n := f.Load(ledger.Hash{}).Word()
	n.AddUint64(&n, 1)
	f.Store(ledger.Hash{}, ledger.WordHash(&n))
	return nil, true
}

func Example() {
	alice, contract := ledger.Address{0xa1}, ledger.Address{0xcc}
	code := []byte{0xfe}
	state := memory{
		accounts: map[ledger.Address]ledger.Account{
			alice:    {Balance: *uint256.NewInt(1e18), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash},
			contract: {Nonce: 1, Root: ledger.EmptyRoot, CodeHash: ledger.Keccak(code)},
		},
		codes: map[ledger.Hash][]byte{ledger.Keccak(code): code},
	}
	machine := vm.New(vm.Config{ChainID: 1, Natives: map[ledger.Address]vm.Native{contract: counter{}}})
	session := machine.Begin(vm.Block{Number: 1, GasLimit: 1_000_000}, state)
	for nonce := range uint64(2) {
		res, err := session.Apply(&ledger.Message{
			Type: ledger.DynamicFeeTx, From: alice, Nonce: nonce, CheckNonce: true, To: &contract,
			Gas: 100_000, GasFeeCap: *uint256.NewInt(1),
		})
		if err != nil {
			fmt.Println("host:", err)
			return
		}
		fmt.Println(res.Status, res.GasUsed)
	}
	for _, change := range session.Changes() {
		for _, slot := range change.Storage {
			value := slot.Value.Word()
			fmt.Println(change.Address, "counted", value.Dec())
		}
	}
	// Output:
	// success 43100
	// success 26000
	// 0xCc00000000000000000000000000000000000000 counted 2
}
