package vm_test

import (
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
)

// single is a state with the same contract at every address.
type single struct{ code []byte }

func (s single) Account(ledger.Address) (ledger.Account, error) {
	return ledger.Account{Nonce: 1, CodeHash: ledger.Keccak(s.code)}, nil
}
func (s single) Storage(ledger.Address, ledger.Hash) (h ledger.Hash, _ error) { return h, nil }
func (s single) Code(ledger.Hash) ([]byte, error)                             { return s.code, nil }

// The EVM in 20 lines: call a contract that adds two bytes.
func ExampleVM_Call() {
	code, err := asm.Assemble(0, asm.CALLDATALOAD, 0, asm.BYTE, 1, asm.CALLDATALOAD, 0, asm.BYTE,
		asm.ADD, 0, asm.MSTORE, 32, 0, asm.RETURN)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := vm.New(vm.Config{}).Call(vm.Block{GasLimit: 1_000_000}, single{code},
		&ledger.Message{To: &ledger.Address{1}, Data: []byte{40, 2}})
	fmt.Println(res.Status, res.Return[31], err)
	// Output: success 42 <nil>
}
