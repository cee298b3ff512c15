package parallel_test

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/parallel"
)

// rich is a state in which every account has 10^18 wei.
type rich struct{}

func (rich) Account(ledger.Address) (ledger.Account, error) {
	return ledger.Account{Balance: *uint256.NewInt(1e18), Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}, nil
}
func (rich) Storage(ledger.Address, ledger.Hash) (h ledger.Hash, _ error) { return h, nil }
func (rich) Code(ledger.Hash) ([]byte, error)                             { return nil, nil }

func ExampleExecutor_Apply() {
	session := vm.New(vm.Config{}).Begin(vm.Block{GasLimit: 30_000_000}, rich{})
	messages := make([]*ledger.Message, 100)
	for i := range messages {
		messages[i] = &ledger.Message{
			From: ledger.Address{1, byte(i)}, CheckNonce: true, To: &ledger.Address{2}, Gas: 21_000, Value: *uint256.NewInt(1),
		}
	}
	results, stats, err := parallel.Executor{Workers: 4}.Apply(session, messages)
	fmt.Println(len(results), session.GasUsed(), stats.Conflicts, err)
	// Output: 100 2100000 0 <nil>
}
