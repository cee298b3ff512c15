package module

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Reasons for which a call reverts before the method runs.
var (
	ErrSelector = errors.New("module: no such method")
	ErrCalldata = errors.New("module: malformed arguments")
	ErrCoins    = errors.New("module: the method takes no coins")
	ErrStatic   = errors.New("module: the method is not a view and was called statically")
	ErrPlain    = errors.New("module: takes no plain transfers")
	ErrRelayed  = errors.New("module: messages come from the gateway only")
)

// gasByte is the price of a byte of arguments or results, for their coding.
const gasByte = 1

// Run executes one call. It implements vm.Native.
func (m *instance) Run(f *vm.Frame, input []byte) ([]byte, bool) {
	return m.run(f, func(c *call) ([]byte, error) { return m.dispatch(c, input) })
}

// run executes body in a frame of the module and turns whatever ends it into return
// or revert data.
func (m *instance) run(f *vm.Frame, body func(*call) ([]byte, error)) (out []byte, ok bool) {
	c := &call{frame: f, m: m}
	defer func() {
		c.closed = true
		p := recover()
		if f.Poisoned() {
			if p != nil {
				panic(p) // the vm's: it knows why
			}
			return // swallowed by the module, not by the vm
		}
		if c.fault != nil {
			p = abort{c.fault}
		}
		switch p := p.(type) {
		case nil:
		case abort:
			out, ok = abi.RevertError(clip(p.err.Error())), false
		case panicCode:
			out, ok = abi.RevertPanic(uint64(p)), false
		default:
			out, ok = abi.RevertPanic(abi.PanicAssert), false
		}
	}()
	if !m.entry.Reentrant && f.Active(f.Self()) {
		return m.registry.revertData(ErrReentered), false
	}
	out, err := body(c)
	if err != nil {
		return m.registry.revertData(err), false
	}
	return out, true
}

func (m *instance) dispatch(c *call, input []byte) ([]byte, error) {
	f := c.frame
	if f.Caller() == ledger.SystemAddress && len(input) == 4 {
		switch [4]byte(input) {
		case beginSelector():
			return nil, m.hook(c, m.spec.begin)
		case endSelector():
			return nil, m.hook(c, m.spec.end)
		}
	}
	if len(input) == 0 {
		return nil, m.plain(c)
	}
	if len(input) < 4 {
		return nil, fmt.Errorf("%w: %d bytes of input", ErrSelector, len(input))
	}
	me := m.bySelector[[4]byte(input)]
	if me == nil {
		return nil, fmt.Errorf("%w: 0x%x", ErrSelector, input[:4])
	}
	value := f.Value()
	switch {
	case me.Mutability != abi.View && f.ReadOnly():
		return nil, ErrStatic
	case me.Mutability != abi.Payable && !value.IsZero():
		return nil, ErrCoins
	case me.relayed && (m.registry.gateway == nil || f.Caller() != m.registry.gateway.address):
		return nil, ErrRelayed
	}
	c.use(me.gas)
	c.use(gasByte * uint64(len(input)))
	return m.invoke(c, me, input[4:])
}

// invoke decodes the arguments, calls the method and encodes the results.
func (m *instance) invoke(c *call, me *method, data []byte) ([]byte, error) {
	args, err := me.args.decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCalldata, err)
	}
	var ctx any
	switch me.Mutability {
	case abi.View:
		c.view = true
		ctx = &View{c}
	case abi.Nonpayable:
		ctx = &Context{View{c}}
	default:
		ctx = &Payable{Context{View{c}}}
	}
	results := m.value.Method(me.index).Call(append([]reflect.Value{reflect.ValueOf(ctx)}, args...))
	last := len(results) - 1
	if err, _ := results[last].Interface().(error); err != nil {
		return nil, err
	}
	for i := range results[:last] {
		results[i] = addressable(results[i])
	}
	out := me.results.encode(nil, results[:last])
	c.use(gasByte * uint64(len(out)))
	return out, nil
}

// plain takes a transfer without data.
func (m *instance) plain(c *call) error {
	if m.spec.receive < 0 {
		return ErrPlain
	}
	if c.frame.ReadOnly() {
		return ErrStatic
	}
	c.use(DefaultGas)
	receive := m.value.Method(m.spec.receive).Interface().(func(*Payable) error)
	return receive(&Payable{Context{View{c}}})
}

func (m *instance) hook(c *call, index int) error {
	if index < 0 {
		return nil
	}
	return m.value.Method(index).Interface().(func(*Context) error)(&Context{View{c}})
}

// Do opens a frame of another module of the chain and calls run in it: self is the
// target, sender is this module, and an error undoes what run did. target is the
// pointer that was registered. Do charges a call and DefaultGas and leaves 1/64 of
// the gas to the caller. The error is that of run; without one it is a *RevertError
// or ErrCall. Contexts other than run's must not be used inside.
func Do(w Writer, target any, run func(*Context) error) error {
	c := w.write()
	c.mutable()
	return c.enter(target, func(c *call) error { return run(&Context{View{c}}) })
}

// Query is Do for views.
func Query(r Reader, target any, run func(*View) error) error {
	return r.view().enter(target, func(c *call) error {
		c.view = true
		return run(&View{c})
	})
}

func (c *call) enter(target any, body func(*call) error) (err error) {
	c.use(DefaultGas)
	to := c.m.registry.byValue[target]
	if to == nil || to.deployed.at(c.frame.Block().Number) != to {
		c.misuse("%T is not a module of this chain at this height", target)
	}
	var out []byte
	var ok bool
	c.leave(func(f *vm.Frame) {
		out, ok = f.Do(to.deployed.address, func(child *vm.Frame) ([]byte, bool) {
			return to.run(child, func(inner *call) ([]byte, error) {
				err = body(inner)
				return nil, err
			})
		})
	})
	switch {
	case ok:
		return nil
	case err != nil:
		return err
	case len(out) > 0:
		return &RevertError{Data: out}
	}
	return ErrCall
}
