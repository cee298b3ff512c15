package module

import (
	"reflect"
	"sync/atomic"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// place is where a collection lives. It is set once, at registration.
type place struct {
	address ledger.Address
	field   string
	base    ledger.Hash
	key     *codec // of a Map
	value   *codec
	topic   ledger.Hash // of an Event
}

// binding is the part that collections share. The pointer is atomic because the
// nodes of one process may register the same value at once.
type binding struct{ at atomic.Pointer[place] }

// set binds to p, or reports false if the collection is bound elsewhere.
func (b *binding) set(p *place) bool {
	if b.at.CompareAndSwap(nil, p) {
		return true
	}
	old := b.at.Load()
	return old.address == p.address && old.base == p.base && old.field == p.field
}

// use returns the call and the place, or ends the call with an explicit error.
func (b *binding) use(v Reader) (*call, *place) {
	c := v.view()
	f := c.open()
	p := b.at.Load()
	if p == nil {
		c.misuse("a collection is not bound: it is no field of a registered module")
	}
	if self := f.Self(); self != p.address {
		c.misuse("%s belongs to another module than the one that runs: open its frame with module.Do", p.field)
	}
	return c, p
}

// unmetered hashes outside of a call.
func unmetered(parts ...[]byte) ledger.Hash { return ledger.Keccak(parts...) }

func (b *binding) bound() *place {
	p := b.at.Load()
	if p == nil {
		panic("module: the slot of a collection that is not bound")
	}
	return p
}

// collection is a field that New binds. shape returns the kind and its types;
// either may be nil.
type collection interface {
	shape() (kind string, key, value reflect.Type)
	set(*place) bool
}

// of returns an addressable value that holds v.
func of[T any](v *T) reflect.Value { return reflect.ValueOf(v).Elem() }
