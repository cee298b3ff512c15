package trace

import (
	"maps"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
)

// OpcodeConfig says what an opcode log holds. A log is large: a block of 30 million
// gas can run 10 million opcodes with a stack of up to 1,024 words each, so that a
// host that answers strangers sets Limit.
type OpcodeConfig struct {
	EnableMemory     bool `json:"enableMemory"`
	DisableStack     bool `json:"disableStack"`
	DisableStorage   bool `json:"disableStorage"`
	EnableReturnData bool `json:"enableReturnData"`
	Limit            int  `json:"limit"` // entries; 0 is no limit
}

// OpcodeLog is the result of the tracer without a name.
type OpcodeLog struct {
	Gas     uint64    `json:"gas"`
	Failed  bool      `json:"failed"`
	Return  Bytes     `json:"returnValue"`
	Entries []*Opcode `json:"structLogs"`
}

// Opcode is one opcode that ran, as it found the frame.
type Opcode struct {
	PC         uint64                      `json:"pc"`
	Op         string                      `json:"op"`
	Gas        uint64                      `json:"gas"`
	Cost       uint64                      `json:"gasCost"`
	Depth      int                         `json:"depth"` // 1 is the outermost frame
	Error      string                      `json:"error,omitempty"`
	Stack      *[]*Quantity                `json:"stack,omitempty"` // the top is last; nil if disabled
	Memory     []ledger.Hash               `json:"memory,omitempty"`
	ReturnData Bytes                       `json:"returnData,omitempty"`
	Storage    map[ledger.Hash]ledger.Hash `json:"storage,omitempty"` // touched so far, at SLOAD and SSTORE
	Refund     uint64                      `json:"refund,omitempty"`
}

// Opcodes is the tracer that logs every opcode. Its zero value is ready.
type Opcodes struct {
	Config  OpcodeConfig
	entries []*Opcode
	storage map[ledger.Address]map[ledger.Hash]ledger.Hash
	full    bool
	pending *touch // of the opcode that runs
}

// Result is the log of the message, after it was traced.
func (o *Opcodes) Result(t *vm.Trace) *OpcodeLog {
	out := &OpcodeLog{Gas: t.GasUsed, Failed: t.Status != vm.Success, Entries: o.entries}
	if t.Status != vm.Halted {
		out.Return = t.Return
	}
	if out.Entries == nil {
		out.Entries = []*Opcode{}
	}
	return out
}

// Enter implements vm.Tracer.
func (o *Opcodes) Enter(*vm.CallTrace) {}

// Exit implements vm.Tracer.
func (o *Opcodes) Exit(*vm.ExitTrace) {}

// Log implements vm.Tracer.
func (o *Opcodes) Log(*ledger.Log) {}

// Step implements vm.Tracer.
func (o *Opcodes) Step(st *vm.StepTrace) {
	if o.full = o.Config.Limit > 0 && len(o.entries) >= o.Config.Limit; o.full {
		return
	}
	e := &Opcode{PC: st.PC, Op: asm.Op(st.Op).String(), Gas: st.Gas, Depth: st.Depth, Refund: st.Refund}
	if !o.Config.DisableStack {
		words := make([]uint256.Int, len(st.Stack))
		copy(words, st.Stack)
		stack := make([]*Quantity, len(words))
		for i := range words {
			stack[i] = (*Quantity)(&words[i])
		}
		e.Stack = &stack
	}
	if o.Config.EnableMemory {
		for at := 0; at < len(st.Memory); at += 32 {
			e.Memory = append(e.Memory, ledger.Hash(st.Memory[at:at+32]))
		}
	}
	if o.Config.EnableReturnData {
		e.ReturnData = append(Bytes(nil), st.Return...)
	}
	if !o.Config.DisableStorage {
		o.pending = touched(st)
	}
	o.entries = append(o.entries, e)
}

// touch is a slot that an opcode reads or writes.
type touch struct {
	self       ledger.Address
	key, value ledger.Hash
}

// touched is the slot of an SLOAD or SSTORE, nil for other opcodes.
func touched(st *vm.StepTrace) *touch {
	n := len(st.Stack)
	switch {
	case asm.Op(st.Op) == asm.SLOAD && n >= 1:
		key := ledger.Hash(st.Stack[n-1].Bytes32())
		return &touch{st.Self, key, st.Slot(key)}
	case asm.Op(st.Op) == asm.SSTORE && n >= 2:
		return &touch{st.Self, st.Stack[n-1].Bytes32(), st.Stack[n-2].Bytes32()}
	}
	return nil
}

// Charge implements vm.Tracer.
func (o *Opcodes) Charge(cost uint64, err error) {
	if o.full {
		return
	}
	e := o.entries[len(o.entries)-1]
	e.Cost, e.Error = cost, reason(err)
	t := o.pending
	if o.pending = nil; t == nil || err != nil {
		return
	}
	if o.storage == nil {
		o.storage = make(map[ledger.Address]map[ledger.Hash]ledger.Hash)
	}
	if o.storage[t.self] == nil {
		o.storage[t.self] = make(map[ledger.Hash]ledger.Hash)
	}
	o.storage[t.self][t.key] = t.value
	e.Storage = maps.Clone(o.storage[t.self])
}
