package module

import (
	"iter"
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// panicEmpty is Solidity's code for taking from an empty array.
const panicEmpty = 0x31

// List is a growing array. The base slot holds its length, and its elements start
// at Keccak(base), as in Solidity. An index beyond the end ends the call with
// Panic(0x32).
type List[T any] struct{ binding }

func (*List[T]) shape() (string, reflect.Type, reflect.Type) {
	return "list", nil, reflect.TypeFor[T]()
}

// Slot returns the first slot of element i, whether or not there is one.
func (l *List[T]) Slot(i uint64) ledger.Hash {
	p := l.bound()
	return element(unmetered(p.base[:]), i, p.value.slots)
}

// Len returns the number of elements.
func (l *List[T]) Len(v Reader) uint64 {
	c, p := l.use(v)
	return c.count(p.base)
}

// Get reads element i.
func (l *List[T]) Get(v Reader, i uint64) (out T) {
	c, p := l.use(v)
	p.value.read(c, indexed(c, p, i), of(&out))
	return out
}

// Set replaces element i.
func (l *List[T]) Set(w Writer, i uint64, value T) {
	c, p := l.use(w)
	p.value.write(c, indexed(c, p, i), of(&value))
}

// Append adds an element and returns its index.
func (l *List[T]) Append(w Writer, value T) uint64 {
	c, p := l.use(w)
	n := c.count(p.base)
	c.store(p.base, wordOf(n+1))
	p.value.write(c, element(c.hash(p.base[:]), n, p.value.slots), of(&value))
	return n
}

// Pop removes the last element and returns it. Of an empty list it ends the call
// with Panic(0x31).
func (l *List[T]) Pop(w Writer) (out T) {
	c, p := l.use(w)
	n := c.count(p.base)
	if n == 0 {
		panic(panicCode(panicEmpty))
	}
	s := element(c.hash(p.base[:]), n-1, p.value.slots)
	p.value.read(c, s, of(&out))
	p.value.erase(c, s)
	c.store(p.base, wordOf(n-1))
	return out
}

// All yields indices and elements in ascending order up to the length at its start.
func (l *List[T]) All(v Reader) iter.Seq2[uint64, T] {
	return func(yield func(uint64, T) bool) {
		for i := range l.Len(v) {
			if !yield(i, l.Get(v, i)) {
				return
			}
		}
	}
}

// indexed returns the slot of element i of the array at p.
func indexed(c *call, p *place, i uint64) ledger.Hash {
	if i >= c.count(p.base) {
		panic(panicCode(abi.PanicIndex))
	}
	return element(c.hash(p.base[:]), i, p.value.slots)
}
