package vm

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

const (
	stackSize = 1024
	// stackMask keeps indices in bounds where the opcode table has shown that they
	// are, so that the compiler drops its own checks.
	stackMask = stackSize - 1
)

// frame is one execution of bytecode. Frames are reused by depth.
type frame struct {
	s        *Session
	account  *account // whose storage and balance the code sees
	code     *code
	caller   ledger.Address
	value    uint256.Int
	input    []byte
	gas      uint64
	readOnly bool
	depth    int

	pc    int // where run continues after an opcode that a method executes
	sp    int // number of words on the stack
	stack [stackSize]uint256.Int
	mem   []byte // length is a multiple of 32
	paid  uint64 // gas charged for mem so far
	ret   []byte // return data of the last call
}

// scratch holds what one message at a time works with.
type scratch struct {
	frames  []*frame // by depth
	journal []change // empty between messages
	memo    keccakMemo
}

// Bounds of what a scratch keeps between messages.
const (
	keepFrames  = 64
	keepMemory  = 1 << 17 // bytes of each frame
	keepJournal = 1 << 14 // entries
)

func (vm *VM) getScratch() *scratch {
	if sc, ok := vm.scratch.Get().(*scratch); ok {
		return sc
	}
	return new(scratch)
}

func (vm *VM) putScratch(sc *scratch) {
	if len(sc.frames) > keepFrames {
		clear(sc.frames[keepFrames:])
		sc.frames = sc.frames[:keepFrames]
	}
	for _, f := range sc.frames {
		f.s, f.account, f.code, f.input = nil, nil, nil, nil
		if cap(f.mem) > keepMemory {
			f.mem = nil
		}
		if cap(f.ret) > keepMemory {
			f.ret = nil
		}
	}
	if cap(sc.journal) > keepJournal {
		sc.journal = nil
	}
	vm.scratch.Put(sc)
}

// frame returns a frame with empty stack and memory for a depth. It invalidates what
// the frame before it at that depth returned.
func (s *Session) frame(depth int) *frame {
	sc := s.scratch
	for len(sc.frames) <= depth {
		sc.frames = append(sc.frames, new(frame))
	}
	f := sc.frames[depth]
	f.pc, f.sp, f.paid = 0, 0, 0
	f.mem, f.ret = f.mem[:0], f.ret[:0]
	return f
}

// maxMemory bounds memory: more costs more gas than any block has.
const maxMemory = 1 << 32

// expand makes memory at least end bytes long and charges for it. It reports false
// if the gas does not suffice.
func (f *frame) expand(end uint64) bool {
	if end <= uint64(len(f.mem)) {
		return true
	}
	if end > maxMemory {
		return false
	}
	w := words(end)
	total := 3*w + w*w/512
	if f.gas < total-f.paid {
		return false
	}
	f.gas -= total - f.paid
	f.paid = total
	size, old := int(w*32), len(f.mem)
	if size <= cap(f.mem) {
		f.mem = f.mem[:size]
		clear(f.mem[old:])
		return true
	}
	grown := make([]byte, size, max(size, min(2*cap(f.mem), size+(1<<20)), 1024))
	copy(grown, f.mem)
	f.mem = grown
	return true
}

// span expands memory for size bytes at offset and returns them as integers. An
// empty span expands nothing wherever it is.
func (f *frame) span(offset, size *uint256.Int) (from, n uint64, ok bool) {
	if size.IsZero() {
		return 0, 0, true
	}
	if !offset.IsUint64() || !size.IsUint64() {
		return 0, 0, false
	}
	from, n = offset.Uint64(), size.Uint64()
	if from > maxMemory || n > maxMemory {
		return 0, 0, false
	}
	return from, n, f.expand(from + n)
}

// use charges gas.
func (f *frame) use(gas uint64) bool {
	if f.gas < gas {
		return false
	}
	f.gas -= gas
	return true
}

// peek returns the i-th word from the top, 0 being the top.
func (f *frame) peek(i int) *uint256.Int { return &f.stack[(f.sp-1-i)&stackMask] }

// slice returns size bytes of data at offset, followed by zero bytes where data ends.
// The result may alias data.
func slice(data []byte, offset *uint256.Int, dst []byte) {
	n := 0
	if offset.IsUint64() && offset.Uint64() < uint64(len(data)) {
		n = copy(dst, data[offset.Uint64():])
	}
	clear(dst[n:])
}
