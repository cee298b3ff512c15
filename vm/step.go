package vm

import (
	"errors"
	"math"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// errStop ends a frame with success and no output.
var errStop = errors.New("vm: stop")

// step executes an opcode that reaches beyond the stack. Its static price is paid
// and its operands are on the stack, f.sp counts words and step moves it.
func (f *frame) step(op byte) error {
	switch op {
	case opKECCAK256:
		return f.keccak()
	case opCALLDATACOPY, opCODECOPY:
		data := f.input
		if op == opCODECOPY {
			data = f.code.bytes()
		}
		dest, source, size := f.peek(0), f.peek(1), f.peek(2)
		f.sp -= 3
		return f.copyData(data, dest, source, size)
	case opRETURNDATACOPY:
		return f.copyReturnData()
	case opMCOPY:
		return f.copyMemory()
	case opBALANCE, opEXTCODESIZE, opEXTCODEHASH:
		return f.external(op)
	case opEXTCODECOPY:
		a := f.s.account(f.peek(0).Bytes20())
		if !f.use(f.s.access(a)) {
			return ErrOutOfGas
		}
		dest, source, size := f.peek(1), f.peek(2), f.peek(3)
		f.sp -= 4
		return f.copyData(f.s.codeOf(a).bytes(), dest, source, size)
	case opLOG0, opLOG0 + 1, opLOG0 + 2, opLOG0 + 3, opLOG0 + 4:
		return f.log(int(op - opLOG0))
	case opCREATE, opCREATE2:
		return f.createContract(op == opCREATE2)
	case opCALL, opCALLCODE, opDELEGATECALL, opSTATICCALL:
		return f.callOther(op)
	case opSELFDESTRUCT:
		return f.selfDestruct()
	case opBLOCKHASH:
		f.blockHash(f.peek(0))
		return nil
	case opBLOBHASH:
		f.blobHash(f.peek(0))
		return nil
	}
	f.sp++
	return f.environment(op, f.peek(0))
}

// environment puts a value that depends on the message or block only into w.
func (f *frame) environment(op byte, w *uint256.Int) error {
	b := &f.s.block
	switch op {
	case opORIGIN:
		w.SetBytes20(f.s.origin[:])
	case opGASPRICE:
		*w = f.s.gasPrice
	case opCODESIZE:
		w.SetUint64(uint64(f.code.size))
	case opRETURNDATASIZE:
		w.SetUint64(uint64(len(f.ret)))
	case opCOINBASE:
		w.SetBytes20(b.Coinbase[:])
	case opTIMESTAMP:
		w.SetUint64(b.Time)
	case opNUMBER:
		w.SetUint64(b.Number)
	case opPREVRANDAO:
		w.SetBytes32(b.Random[:])
	case opGASLIMIT:
		w.SetUint64(b.GasLimit)
	case opCHAINID:
		w.SetUint64(f.s.vm.cfg.ChainID)
	case opSELFBALANCE:
		*w = f.account.balance
	case opBASEFEE:
		*w = b.BaseFee
	case opBLOBBASEFEE:
		*w = b.BlobBaseFee
	default:
		return ErrInvalidOpcode
	}
	return nil
}

// loadInput replaces an offset by the word of the input that starts there.
func (f *frame) loadInput() {
	x := f.peek(0)
	var word [32]byte
	slice(f.input, x, word[:])
	x.SetBytes32(word[:])
}

// blockHash replaces a number by the hash of that block if it is one of the last 256.
func (f *frame) blockHash(w *uint256.Int) {
	b := &f.s.block
	n := w.Uint64()
	if !w.IsUint64() || n >= b.Number || b.Number-n > 256 || b.BlockHash == nil {
		w.Clear()
		return
	}
	h := b.BlockHash(n)
	w.SetBytes32(h[:])
}

func (f *frame) blobHash(w *uint256.Int) {
	hashes := f.s.blobHashes
	if !w.LtUint64(uint64(len(hashes))) {
		w.Clear()
		return
	}
	w.SetBytes32(hashes[w.Uint64()][:])
}

func (f *frame) keccak() error {
	size := f.peek(1)
	from, n, ok := f.span(f.peek(0), size)
	if !ok || !f.use(perWord(gasKeccakWord, n)) {
		return ErrOutOfGas
	}
	if data := f.mem[from : from+n]; n == 64 {
		f.s.scratch.memo.sum(size, (*[64]byte)(data))
	} else {
		*size = keccakWord(data)
	}
	f.sp--
	return nil
}

// copyData copies size bytes of data at source to memory at dest, with zero bytes
// where data ends.
func (f *frame) copyData(data []byte, dest, source, size *uint256.Int) error {
	to, n, ok := f.span(dest, size)
	if !ok || !f.use(perWord(gasCopyWord, n)) {
		return ErrOutOfGas
	}
	slice(data, source, f.mem[to:to+n])
	return nil
}

func (f *frame) copyReturnData() error {
	dest, source, size := f.peek(0), f.peek(1), f.peek(2)
	f.sp -= 3
	var end uint256.Int
	if _, over := end.AddOverflow(source, size); over || end.GtUint64(uint64(len(f.ret))) {
		return ErrReturnData
	}
	return f.copyData(f.ret, dest, source, size)
}

func (f *frame) copyMemory() error {
	dest, source, size := f.peek(0), f.peek(1), f.peek(2)
	f.sp -= 3
	far := dest
	if dest.Lt(source) {
		far = source
	}
	_, n, ok := f.span(far, size)
	if !ok || !f.use(perWord(gasCopyWord, n)) {
		return ErrOutOfGas
	}
	if n > 0 {
		to, from := dest.Uint64(), source.Uint64()
		copy(f.mem[to:to+n], f.mem[from:from+n])
	}
	return nil
}

// external reads a property of another account.
func (f *frame) external(op byte) error {
	w := f.peek(0)
	a := f.s.account(w.Bytes20())
	if !f.use(f.s.access(a)) {
		return ErrOutOfGas
	}
	switch {
	case op == opBALANCE:
		*w = a.balance
	case op == opEXTCODESIZE:
		w.SetUint64(uint64(f.s.codeOf(a).size))
	case a.empty():
		w.Clear()
	default:
		w.SetBytes32(a.codeHash[:])
	}
	return nil
}

func (f *frame) log(topics int) error {
	if f.readOnly {
		return ErrWriteProtection
	}
	from, n, ok := f.span(f.peek(0), f.peek(1))
	if !ok || !f.use(gasLogByte*n) {
		return ErrOutOfGas
	}
	l := ledger.Log{Address: f.account.addr, Data: append([]byte(nil), f.mem[from:from+n]...)}
	if topics > 0 {
		l.Topics = make([]ledger.Hash, topics)
	}
	for i := range l.Topics {
		l.Topics[i] = f.peek(2 + i).Bytes32()
	}
	f.s.addLog(l)
	f.sp -= 2 + topics
	return nil
}

// callOther executes the four opcodes that call.
func (f *frame) callOther(op byte) error {
	in := invocation{depth: f.depth + 1, readOnly: f.readOnly, caller: f.account.addr, self: f.account.addr}
	limit := f.peek(0)
	in.code = f.peek(1).Bytes20()
	rest := 2 // index of the first operand that all four have
	switch op {
	case opCALL, opCALLCODE:
		in.value = *f.peek(2)
		rest = 3
		if op == opCALLCODE {
			in.kind = kindCallCode
			break
		}
		in.self = in.code
		if f.readOnly && !in.value.IsZero() {
			return ErrWriteProtection
		}
	case opDELEGATECALL:
		in.kind, in.caller, in.value = kindDelegate, f.caller, f.value
	case opSTATICCALL:
		in.kind, in.self, in.readOnly = kindStatic, in.code, true
	}
	inFrom, inSize, ok1 := f.span(f.peek(rest), f.peek(rest+1))
	outFrom, outSize, ok2 := f.span(f.peek(rest+2), f.peek(rest+3))
	if !ok1 || !ok2 {
		return ErrOutOfGas
	}
	value := rest == 3 && !in.value.IsZero()
	if !f.use(f.s.callCost(f.s.account(in.code), value, op == opCALL)) {
		return ErrOutOfGas
	}
	in.gas = passOn(f.gas)
	if limit.LtUint64(in.gas) {
		in.gas = limit.Uint64()
	}
	f.gas -= in.gas
	if value {
		in.gas += gasStipend
	}
	in.input = f.mem[inFrom : inFrom+inSize]
	out, left, err := f.s.call(&in)
	f.gas += left
	f.ret = append(f.ret[:0], out...)
	copy(f.mem[outFrom:outFrom+outSize], out)
	f.sp -= rest + 3
	setBool(f.peek(0), err == nil)
	return nil
}

// createContract executes CREATE and, salted, CREATE2.
func (f *frame) createContract(salted bool) error {
	if f.readOnly {
		return ErrWriteProtection
	}
	value, operands := *f.peek(0), 3
	from, n, ok := f.span(f.peek(1), f.peek(2))
	price := uint64(gasInitCodeWord)
	var salt ledger.Hash
	if salted {
		salt, operands = f.peek(3).Bytes32(), 4
		price += gasKeccakWord
	}
	if !ok || n > maxInitCode || !f.use(perWord(price, n)) {
		return ErrOutOfGas
	}
	f.ret = f.ret[:0]
	f.sp -= operands - 1
	w := f.peek(0)
	w.Clear()
	self := f.account
	init := f.mem[from : from+n]
	if f.depth >= maxDepth || self.balance.Lt(&value) || self.nonce == math.MaxUint64 {
		f.s.tracing.refuseCreate(f, &value, init)
		return nil
	}
	cr := creation{creator: self.addr, init: init, value: &value, gas: passOn(f.gas), depth: f.depth + 1}
	if salted {
		cr.addr = create2Address(self.addr, salt, init)
	} else {
		cr.addr = createAddress(self.addr, self.nonce)
	}
	f.gas -= cr.gas
	f.s.setNonce(self, self.nonce+1)
	f.s.warmUp(f.s.account(cr.addr))
	out, left, err := f.s.create(&cr)
	f.gas += left
	if err == nil {
		w.SetBytes20(cr.addr[:])
	}
	f.ret = append(f.ret, out...)
	return nil
}

// selfDestruct sends the balance away and, if the account was created in the same
// message, marks it for removal (EIP-6780).
func (f *frame) selfDestruct() error {
	if f.readOnly {
		return ErrWriteProtection
	}
	s, self := f.s, f.account
	heir := s.account(f.peek(0).Bytes20())
	var cost uint64
	if s.access(heir) == gasColdAccount {
		cost = gasColdAccount
	}
	if !self.balance.IsZero() && heir.empty() {
		cost += gasNewAccount
	}
	if !f.use(cost) {
		return ErrOutOfGas
	}
	amount := self.balance
	if !s.transfer(self, heir, &amount) {
		return ErrBalanceOverflow
	}
	if self.created == s.turn {
		if heir == self {
			s.setBalance(self, new(uint256.Int))
		}
		s.setDestroyed(self)
	}
	return errStop
}
