package trace

import (
	"bytes"
	"encoding/binary"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// CallConfig says what a tree of calls holds.
type CallConfig struct {
	OnlyTopCall bool `json:"onlyTopCall"`
	WithLog     bool `json:"withLog"`
}

// Call is a frame with the frames that it opened.
type Call struct {
	Type         string          `json:"type"`
	From         ledger.Address  `json:"from"`
	To           *ledger.Address `json:"to,omitempty"` // nil if a contract was not made
	Value        *Quantity       `json:"value,omitempty"`
	Gas          *Quantity       `json:"gas"`
	GasUsed      *Quantity       `json:"gasUsed"`
	Input        Bytes           `json:"input"`
	Output       Bytes           `json:"output,omitempty"`
	Error        string          `json:"error,omitempty"`
	RevertReason string          `json:"revertReason,omitempty"` // of Error(string)
	Calls        []*Call         `json:"calls,omitempty"`
	Logs         []*Event        `json:"logs,omitempty"`
}

// Event is an event with its place among the calls of its frame.
type Event struct {
	Address  ledger.Address `json:"address"`
	Topics   []ledger.Hash  `json:"topics"`
	Data     Bytes          `json:"data"`
	Index    *Quantity      `json:"index"`    // in the message
	Position *Quantity      `json:"position"` // number of calls before it
}

// Calls is the tracer that builds the tree of calls. Its zero value is ready.
type Calls struct {
	Config CallConfig
	root   *Call
	open   []*Call
	deep   int      // open frames that the tree leaves out
	logs   uint64   // events that stand
	before []uint64 // of logs when the open frames were opened
}

// Result is the tree of the message, after it was traced: the gas of the root is
// that of the message. It is nil if the message is Invalid.
func (c *Calls) Result(t *vm.Trace) *Call {
	if c.root != nil {
		c.root.Gas, c.root.GasUsed = quantity(t.Message.Gas), quantity(t.GasUsed)
	}
	return c.root
}

// Enter implements vm.Tracer.
func (c *Calls) Enter(in *vm.CallTrace) {
	c.before = append(c.before, c.logs)
	if c.Config.OnlyTopCall && len(c.open) > 0 {
		c.deep++
		return
	}
	to := in.To
	call := &Call{
		Type: in.Kind.String(), From: in.From, To: &to, Gas: quantity(in.Gas), Input: bytes.Clone(in.Input),
	}
	if in.Kind != vm.CallStatic {
		call.Value = quantityOf(in.Value)
	}
	if n := len(c.open); n > 0 {
		c.open[n-1].Calls = append(c.open[n-1].Calls, call)
	} else {
		c.root = call
	}
	c.open = append(c.open, call)
}

// Exit implements vm.Tracer.
func (c *Calls) Exit(e *vm.ExitTrace) {
	last := len(c.before) - 1
	if e.Err != nil {
		c.logs = c.before[last]
	}
	c.before = c.before[:last]
	if c.deep > 0 {
		c.deep--
		return
	}
	n := len(c.open) - 1
	call := c.open[n]
	c.open = c.open[:n]
	call.GasUsed = quantity(e.GasUsed)
	if e.Err == nil || e.Err == vm.ErrReverted {
		call.Output = bytes.Clone(e.Output)
	}
	if e.Err == nil {
		return
	}
	call.Error = reason(e.Err)
	if call.Type == vm.CallCreate.String() || call.Type == vm.CallCreate2.String() {
		call.To = nil
	}
	if e.Err == vm.ErrReverted {
		call.RevertReason = revertText(e.Output)
	}
	call.dropLogs()
}

// dropLogs removes the events that a failing frame takes back.
func (c *Call) dropLogs() {
	c.Logs = nil
	for _, sub := range c.Calls {
		sub.dropLogs()
	}
}

// Log implements vm.Tracer.
func (c *Calls) Log(l *ledger.Log) {
	index := c.logs
	c.logs++
	if !c.Config.WithLog || c.deep > 0 || len(c.open) == 0 {
		return
	}
	call := c.open[len(c.open)-1]
	call.Logs = append(call.Logs, &Event{
		Address: l.Address, Topics: append([]ledger.Hash{}, l.Topics...), Data: bytes.Clone(l.Data),
		Index: quantity(index), Position: quantity(uint64(len(call.Calls))),
	})
}

// Step implements vm.Tracer.
func (c *Calls) Step(*vm.StepTrace) {}

// Charge implements vm.Tracer.
func (c *Calls) Charge(uint64, error) {}

// revertText decodes the revert data of Solidity's Error(string); "" if it is
// something else.
func revertText(data []byte) string {
	selector := []byte{0x08, 0xc3, 0x79, 0xa0}
	if len(data) < 4+64 || !bytes.HasPrefix(data, selector) {
		return ""
	}
	body := data[4:]
	offset, ok1 := length(body[:32])
	if !ok1 || offset > uint64(len(body)-32) {
		return ""
	}
	body = body[offset:]
	size, ok2 := length(body[:32])
	if !ok2 || size > uint64(len(body)-32) {
		return ""
	}
	return string(body[32 : 32+size])
}

// length reads a big-endian word below 2^32.
func length(word []byte) (uint64, bool) {
	for _, b := range word[:28] {
		if b != 0 {
			return 0, false
		}
	}
	return uint64(binary.BigEndian.Uint32(word[28:])), true
}
