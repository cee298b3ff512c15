package module

import (
	"iter"
	"reflect"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Set holds each value at most once, in an order that all nodes share: additions
// go to the end, and a removal moves the last value to the gap. It lies like a List
// at the base slot and a mapping at the next one from value to position plus one.
type Set[T any] struct{ binding }

func (*Set[T]) shape() (string, reflect.Type, reflect.Type) {
	return "set", reflect.TypeFor[T](), reflect.TypeFor[T]()
}

// Slot returns the slot that holds the value's position plus one: it proves that
// the value is a member, or, being zero, that it is not.
func (s *Set[T]) Slot(value T) ledger.Hash {
	p := s.bound()
	return p.key.keySlot(unmetered, add(p.base, 1), of(&value))
}

func (s *Set[T]) position(c *call, p *place, value *T) ledger.Hash {
	return p.key.keySlot(c.hash, add(p.base, 1), of(value))
}

// Len returns the number of values.
func (s *Set[T]) Len(v Reader) uint64 {
	c, p := s.use(v)
	return c.count(p.base)
}

// At reads the value at position i.
func (s *Set[T]) At(v Reader, i uint64) (out T) {
	c, p := s.use(v)
	p.value.read(c, indexed(c, p, i), of(&out))
	return out
}

// Has reports whether the value is a member.
func (s *Set[T]) Has(v Reader, value T) bool {
	c, p := s.use(v)
	return c.count(s.position(c, p, &value)) != 0
}

// Add adds the value and reports whether it was new.
func (s *Set[T]) Add(w Writer, value T) bool {
	c, p := s.use(w)
	at := s.position(c, p, &value)
	if c.count(at) != 0 {
		return false
	}
	n := c.count(p.base)
	c.store(p.base, wordOf(n+1))
	p.value.write(c, element(c.hash(p.base[:]), n, p.value.slots), of(&value))
	c.store(at, wordOf(n+1))
	return true
}

// Remove removes the value and reports whether it was there.
func (s *Set[T]) Remove(w Writer, value T) bool {
	c, p := s.use(w)
	at := s.position(c, p, &value)
	i := c.count(at)
	if i == 0 {
		return false
	}
	n := c.count(p.base)
	start := c.hash(p.base[:])
	last := element(start, n-1, p.value.slots)
	if i != n {
		var moved T
		p.value.read(c, last, of(&moved))
		p.value.write(c, element(start, i-1, p.value.slots), of(&moved))
		c.store(s.position(c, p, &moved), wordOf(i))
	}
	p.value.erase(c, last)
	c.store(at, ledger.Hash{})
	c.store(p.base, wordOf(n-1))
	return true
}

// All yields the values in order of position. Do not remove while it runs.
func (s *Set[T]) All(v Reader) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range s.Len(v) {
			if !yield(s.At(v, i)) {
				return
			}
		}
	}
}
