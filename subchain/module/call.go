package module

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// call is one open frame of a module. Contexts point at it.
type call struct {
	frame *vm.Frame
	m     *instance
	// fault is the first misuse of the context or of a collection. It decides the
	// outcome even if module code recovers from the panic that reported it.
	fault error
	// busy is set while a frame that this one opened is running, closed once it has
	// returned: a context is used in its own frame only.
	busy, closed bool
	// view forbids writes, even by a Context that was made of a View.
	view bool
}

// abort unwinds a misuse; panicCode unwinds with a code of Panic(uint256).
type (
	abort     struct{ err error }
	panicCode uint64
)

// misuse ends the frame with an explicit error.
func (c *call) misuse(format string, args ...any) {
	if c.fault == nil {
		c.fault = fmt.Errorf("module: "+format, args...)
	}
	panic(abort{c.fault})
}

// open returns the frame if it may be used now.
func (c *call) open() *vm.Frame {
	switch {
	case c == nil:
		panic("module: a context that no call opened")
	case c.fault != nil:
		panic(abort{c.fault})
	case c.closed:
		c.misuse("a context is used after its call has returned")
	case c.busy:
		c.misuse("a context is used while a call that it made is running")
	}
	return c.frame
}

// mutable is open for what writes.
func (c *call) mutable() *vm.Frame {
	f := c.open()
	if c.view {
		c.misuse("a view must not write")
	}
	return f
}

func (c *call) load(s ledger.Hash) ledger.Hash { return c.open().Load(s) }
func (c *call) store(s, v ledger.Hash)         { c.mutable().Store(s, v) }
func (c *call) use(gas uint64)                 { c.open().UseGas(gas) }

// leave runs f while the context may not be used.
func (c *call) leave(f func(*vm.Frame)) {
	frame := c.open()
	c.busy = true
	defer func() { c.busy = false }()
	f(frame)
}

// call calls another account; with ok false out is the revert data.
func (c *call) call(to ledger.Address, value uint256.Int, data []byte, gas uint64) (out []byte, ok bool) {
	c.mutable()
	c.leave(func(f *vm.Frame) { out, ok = f.Call(to, value, data, gas) })
	return out, ok
}

// outcome turns a failed call into an error.
func outcome(out []byte, ok bool) ([]byte, error) {
	if !ok {
		return nil, &RevertError{Data: out}
	}
	return out, nil
}

// issuer returns the frame of a module that may mint and burn.
func (c *call) issuer() *vm.Frame {
	f := c.mutable()
	if !c.m.entry.Mint {
		c.misuse("%s may not mint or burn coins", c.m.entry.Name)
	}
	return f
}
