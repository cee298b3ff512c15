package trace_test

import (
	"encoding/json"
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
	"github.com/rootstem/rootstem/vm/trace"
)

func ExampleConfig_Run() {
	code, err := asm.Assemble(2, asm.PUSH1, []byte{40}, asm.ADD)
	if err != nil {
		fmt.Println(err)
		return
	}
	contract := ledger.Address{1}
	state := &world{
		accounts: map[ledger.Address]ledger.Account{contract: {Nonce: 1, CodeHash: ledger.Keccak(code)}},
		codes:    map[ledger.Hash][]byte{ledger.Keccak(code): code},
	}
	machine := vm.New(vm.Config{})
	call := &ledger.Message{To: &contract, Gas: 30_000}
	var options trace.Config // the opcode log
	log, err := options.Run(state, func(t vm.Tracer) (*vm.Trace, error) {
		return machine.TraceCall(vm.Block{}, state, call, t)
	})
	text, _ := json.MarshalIndent(log.(*trace.OpcodeLog).Entries[2], "", " ")
	fmt.Println(string(text), err)
	// Output:
	// {
	//  "pc": 4,
	//  "op": "ADD",
	//  "gas": 8994,
	//  "gasCost": 3,
	//  "depth": 1,
	//  "stack": [
	//   "0x2",
	//   "0x28"
	//  ]
	// } <nil>
}
