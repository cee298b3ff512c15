package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Tracer watches the execution of one message. Frames are nested: Enter and Exit
// come in pairs, Step and Charge between them. What a method is given is valid until
// it returns.
type Tracer interface {
	// Enter reports a frame that opens, before its checks of depth and balance.
	Enter(*CallTrace)
	// Step reports an opcode that is about to run.
	Step(*StepTrace)
	// Charge reports what the last Step costs, with the gas that a call passes on,
	// before the frame that the opcode opens; err says why the opcode failed.
	Charge(cost uint64, err error)
	// Log reports an event, which a failing frame takes back.
	Log(*ledger.Log)
	// Exit reports the end of the innermost frame.
	Exit(*ExitTrace)
}

// CallKind says how a frame was opened.
type CallKind uint8

// The ways to open a frame. CallSelfDestruct is a transfer without code.
const (
	CallPlain CallKind = iota
	CallCode
	CallDelegate
	CallStatic
	CallCreate
	CallCreate2
	CallSelfDestruct
)

// String returns the name of the opcode.
func (k CallKind) String() string {
	switch k {
	case CallPlain:
		return "CALL"
	case CallCode:
		return "CALLCODE"
	case CallDelegate:
		return "DELEGATECALL"
	case CallStatic:
		return "STATICCALL"
	case CallCreate:
		return "CREATE"
	case CallCreate2:
		return "CREATE2"
	}
	return "SELFDESTRUCT"
}

// CallTrace is a frame that opens.
type CallTrace struct {
	Kind  CallKind
	Depth int            // 1 is the outermost frame
	From  ledger.Address // the account whose code calls
	To    ledger.Address // the account whose code runs, or that is made
	Value uint256.Int    // wei
	Gas   uint64         // of the frame, with the stipend
	Input []byte         // call data or init code
}

// ExitTrace is a frame that ended.
type ExitTrace struct {
	Output  []byte // return data, revert data, or the code of a new contract
	GasUsed uint64
	Err     error // nil, ErrReverted or why the frame halted
}

// StepTrace is an opcode that is about to run.
type StepTrace struct {
	PC     uint64
	Op     byte
	Depth  int // 1 is the outermost frame
	Gas    uint64
	Refund uint64
	Self   ledger.Address // whose storage the code sees
	Stack  []uint256.Int  // the top is last
	Memory []byte
	Return []byte // data of the last call
	frame  *frame
}

// Slot returns the current value of a slot of Self.
func (st *StepTrace) Slot(key ledger.Hash) ledger.Hash {
	return ledger.WordHash(&st.frame.s.slot(st.frame.account, &key).current)
}

// Trace is what came of a traced message.
type Trace struct {
	Result
	Block   Block
	Message *ledger.Message      // as it ran
	Touched []ledger.AccessTuple // all accounts and slots that were looked at, ascending
	Changes []ledger.Change      // that the message made
}

func (t *Trace) result() Result {
	if t == nil {
		return Result{}
	}
	return t.Result
}

// Trace executes a message as Apply does, but leaves the session unchanged. A nil
// tracer watches nothing. An error is a fault of the host.
func (s *Session) Trace(m *ledger.Message, t Tracer) (*Trace, error) {
	inner := s.vm.Begin(s.block, s.State())
	inner.gasUsed, inner.blobs = s.gasUsed, s.blobs
	return inner.trace(&transaction{s: inner, m: m}, t)
}

// TraceCall executes a message as Call does. A nil tracer watches nothing. An error
// is a fault of the host.
func (vm *VM) TraceCall(b Block, r Reader, m *ledger.Message, t Tracer) (*Trace, error) {
	s := vm.Begin(b, r)
	msg := *m
	if msg.Gas == 0 {
		msg.Gas = b.GasLimit
	}
	return s.trace(&transaction{s: s, m: &msg, simulated: true}, t)
}

func (s *Session) trace(t *transaction, tracer Tracer) (tr *Trace, err error) {
	if tracer != nil {
		s.tracing = &tracing{tracer: tracer}
	}
	var res Result
	func() {
		defer s.rescue(&res, &err)
		res = t.run()
	}()
	if err != nil {
		return nil, err
	}
	return &Trace{Result: res, Block: s.block, Message: t.m, Touched: s.touched(), Changes: s.Changes()}, nil
}

// tracing connects a session to a tracer.
type tracing struct {
	tracer Tracer
	frame  *frame // whose opcode has run but is not charged; nil if there is none
	op     byte   // of that opcode
	gas    uint64 // before it
}

// settle charges the opcode that runs, if any. passed is gas that left the frame
// without being its cost.
func (tr *tracing) settle(passed uint64, err error) {
	f := tr.frame
	if f == nil {
		return
	}
	tr.frame = nil
	cost := tr.gas - min(tr.gas, f.gas+passed)
	if err == ErrOutOfGas {
		cost = max(cost, uint64(f.s.vm.ops[tr.op].gas))
	}
	tr.tracer.Charge(cost, err)
}

// traceCall executes an invocation and reports it to the tracer.
func (s *Session) traceCall(in *invocation) (out []byte, left uint64, err error) {
	tr := s.tracing
	in.traced = true
	tr.settle(0, nil)
	c := CallTrace{
		Kind: CallKind(in.kind), Depth: in.depth + 1, From: in.caller, To: in.code,
		Value: in.value, Gas: in.gas, Input: in.input,
	}
	if in.kind == kindDelegate {
		c.From = in.self
	}
	tr.tracer.Enter(&c)
	out, left, err = s.call(in)
	tr.tracer.Exit(&ExitTrace{Output: out, GasUsed: in.gas - left, Err: err})
	return out, left, err
}

// traceCreate makes a contract and reports it to the tracer.
func (s *Session) traceCreate(cr *creation) (out []byte, left uint64, err error) {
	tr := s.tracing
	cr.traced = true
	kind := CallCreate
	if tr.frame != nil && tr.op == opCREATE2 {
		kind = CallCreate2
	}
	tr.settle(cr.gas, nil)
	tr.tracer.Enter(&CallTrace{
		Kind: kind, Depth: cr.depth + 1, From: cr.creator, To: cr.addr, Value: *cr.value, Gas: cr.gas, Input: cr.init,
	})
	out, left, err = s.create(cr)
	e := ExitTrace{Output: out, GasUsed: cr.gas - left, Err: err}
	if err == nil {
		e.Output = s.codeOf(s.account(cr.addr)).bytes()
	}
	tr.tracer.Exit(&e)
	return out, left, err
}

// refuseCreate reports a creation by f that ends before it opens a frame.
func (tr *tracing) refuseCreate(f *frame, value *uint256.Int, init []byte) {
	if tr == nil {
		return
	}
	c := CallTrace{
		Kind: CallCreate, Depth: f.depth + 2, From: f.account.addr, Value: *value, Gas: passOn(f.gas), Input: init,
	}
	if tr.op == opCREATE2 {
		c.Kind = CallCreate2
	}
	err := ErrNonceMax
	switch {
	case f.depth >= maxDepth:
		err = ErrDepth
	case f.account.balance.Lt(value):
		err = ErrBalance
	}
	tr.settle(0, nil)
	tr.tracer.Enter(&c)
	tr.tracer.Exit(&ExitTrace{Err: err})
}

// openChild reports a frame of Frame.Do.
func (tr *tracing) openChild(f *Frame) {
	if tr != nil {
		tr.tracer.Enter(&CallTrace{Depth: f.depth + 1, From: f.caller, To: f.account.addr, Gas: f.gas})
	}
}

// closeChild reports the end of a frame of Frame.Do that had gas.
func (tr *tracing) closeChild(f *Frame, gas uint64, output []byte, err error) {
	if tr != nil {
		tr.tracer.Exit(&ExitTrace{Output: output, GasUsed: gas - f.gas, Err: err})
	}
}

// step reports the opcode at f.pc.
func (tr *tracing) step(f *frame, op byte) {
	tr.tracer.Step(&StepTrace{
		PC: uint64(f.pc), Op: op, Depth: f.depth + 1, Gas: f.gas, Refund: f.s.refund, Self: f.account.addr,
		Stack: f.stack[:f.sp], Memory: f.mem, Return: f.ret, frame: f,
	})
	tr.frame, tr.op, tr.gas = f, op, f.gas
}
