package module

import (
	"reflect"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Item is one value of a module. Where nothing was stored it holds the zero value.
type Item[T any] struct{ binding }

func (*Item[T]) shape() (string, reflect.Type, reflect.Type) {
	return "item", nil, reflect.TypeFor[T]()
}

// Slot returns the first slot of the value.
func (i *Item[T]) Slot() ledger.Hash { return i.bound().base }

// Get reads the value.
func (i *Item[T]) Get(v Reader) (out T) {
	c, p := i.use(v)
	p.value.read(c, p.base, of(&out))
	return out
}

// Set stores the value.
func (i *Item[T]) Set(w Writer, value T) {
	c, p := i.use(w)
	p.value.write(c, p.base, of(&value))
}

// Delete stores the zero value.
func (i *Item[T]) Delete(w Writer) {
	var zero T
	i.Set(w, zero)
}

// Map holds a value for every key, the zero value until another is stored, like
// Solidity's mapping. It cannot be iterated. A struct as key lies as a mapping of
// mappings, one for each of its fields.
type Map[K, V any] struct{ binding }

func (*Map[K, V]) shape() (string, reflect.Type, reflect.Type) {
	return "map", reflect.TypeFor[K](), reflect.TypeFor[V]()
}

// Slot returns the first slot of the key's value.
func (m *Map[K, V]) Slot(key K) ledger.Hash {
	p := m.bound()
	return p.key.keySlot(unmetered, p.base, of(&key))
}

// Get reads the key's value.
func (m *Map[K, V]) Get(v Reader, key K) (out V) {
	c, p := m.use(v)
	p.value.read(c, p.key.keySlot(c.hash, p.base, of(&key)), of(&out))
	return out
}

// Set stores the key's value.
func (m *Map[K, V]) Set(w Writer, key K, value V) {
	c, p := m.use(w)
	p.value.write(c, p.key.keySlot(c.hash, p.base, of(&key)), of(&value))
}

// Delete stores the zero value.
func (m *Map[K, V]) Delete(w Writer, key K) {
	var zero V
	m.Set(w, key, zero)
}
