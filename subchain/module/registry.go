package module

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Registry is the modules of one chain with the heights from which they execute. It
// does not change and may be used by several goroutines at once.
type Registry struct {
	chain   Chain
	modules []*deployed // in the order in which their names first appear
	byValue map[any]*instance
	errors  map[reflect.Type]*customError
	gateway *deployed // nil without
	// election elects the committees; nil without.
	election *deployed
}

// deployed is one address with its entries in ascending order of From.
type deployed struct {
	name    string
	address ledger.Address
	entries []*instance
}

// at returns the entry that executes at height, nil before the first.
func (d *deployed) at(height uint64) *instance {
	for _, m := range slices.Backward(d.entries) {
		if m.entry.From <= height {
			return m
		}
	}
	return nil
}

// instance is one entry.
type instance struct {
	registry   *Registry
	deployed   *deployed
	entry      Entry
	spec       *spec
	value      reflect.Value
	bySelector map[[4]byte]*method
}

// New registers modules and binds their collections to their addresses, once: a Go
// value serves one entry. Several nodes in one process may register the same value
// under the same name. Entries of one name must have ascending heights and one
// layout of state.
func New(chain Chain, entries []Entry) (*Registry, error) {
	r := &Registry{chain: chain, byValue: map[any]*instance{}, errors: map[reflect.Type]*customError{}}
	if chain.Genesis == nil {
		r.chain.Genesis = func() ledger.Hash { return ledger.Hash{} }
	}
	for i := range entries {
		if err := r.register(entries[i]); err != nil {
			return nil, fmt.Errorf("module %q: %w", entries[i].Name, err)
		}
	}
	for _, d := range r.modules {
		for _, m := range d.entries {
			if err := m.checkReferences(); err != nil {
				return nil, fmt.Errorf("module %q: %w", d.name, err)
			}
		}
	}
	for _, d := range r.modules {
		for _, m := range d.entries {
			if err := m.bind(); err != nil {
				return nil, fmt.Errorf("module %q: %w", d.name, err)
			}
		}
	}
	return r, nil
}

func (r *Registry) register(e Entry) error {
	if !validName(e.Name) {
		return fmt.Errorf("%w: a name is 1 to 64 letters, digits, dots, dashes and underscores", ErrSchedule)
	}
	s, err := inspect(e.Module)
	if err != nil {
		return err
	}
	if r.byValue[e.Module] != nil {
		return fmt.Errorf("%w: one Go value in two entries", ErrSchedule)
	}
	d, err := r.deploy(&e)
	if err != nil {
		return err
	}
	m := &instance{
		registry: r, deployed: d, entry: e, spec: s, value: reflect.ValueOf(e.Module), bySelector: map[[4]byte]*method{},
	}
	for _, me := range s.methods {
		m.bySelector[me.selector] = me
	}
	for _, ce := range s.errors {
		if r.errors[ce.rt] == nil {
			r.errors[ce.rt] = &ce.customError
		}
	}
	if err := d.append(m); err != nil {
		return err
	}
	r.byValue[e.Module] = m
	if err := r.registerGateway(m); err != nil {
		return err
	}
	return r.registerElection(m)
}

// deploy returns the address that an entry belongs to.
func (r *Registry) deploy(e *Entry) (*deployed, error) {
	address := AddressOf(e.Name)
	if e.Address != nil {
		address = *e.Address
	}
	for _, d := range r.modules {
		switch {
		case d.name == e.Name && d.address != address:
			return nil, fmt.Errorf("%w: entries of one name with two addresses", ErrSchedule)
		case d.name == e.Name:
			return d, nil
		case d.address == address:
			return nil, fmt.Errorf("%w: %s is the address of module %q", ErrSchedule, address, d.name)
		}
	}
	if [18]byte(address[:18]) == [18]byte{} || address == ledger.SystemAddress {
		return nil, fmt.Errorf("%w: %s is kept for precompiled contracts or the system", ErrSchedule, address)
	}
	d := &deployed{name: e.Name, address: address}
	r.modules = append(r.modules, d)
	return d, nil
}

func (d *deployed) append(m *instance) error {
	if n := len(d.entries); n > 0 {
		last := d.entries[n-1]
		if m.entry.From <= last.entry.From {
			return fmt.Errorf("%w: entry from height %d after one from %d", ErrSchedule, m.entry.From, last.entry.From)
		}
		if err := sameLayout(last.spec, m.spec); err != nil {
			return fmt.Errorf("%w: entry from height %d: %w", ErrManifest, m.entry.From, err)
		}
		if last.entry.Gateway != m.entry.Gateway || last.entry.Election != m.entry.Election {
			return fmt.Errorf("%w: a gateway, or one that elects, in some of a name's entries only", ErrSchedule)
		}
	}
	d.entries = append(d.entries, m)
	return nil
}

func (r *Registry) registerGateway(m *instance) error {
	if !m.entry.Gateway {
		return nil
	}
	if r.gateway != nil && r.gateway != m.deployed {
		return fmt.Errorf("%w: %q is the gateway already", ErrSchedule, r.gateway.name)
	}
	r.gateway = m.deployed
	if me := m.bySelector[anchorSelector()]; me != nil {
		if got := m.value.Method(me.index).Type(); got != reflect.TypeFor[anchorFunc]() {
			return fmt.Errorf("%w: method Anchor of a gateway must be a %s", ErrModule, reflect.TypeFor[anchorFunc]())
		}
	}
	return nil
}

// checkReferences refuses pointers to anything but modules of this registry.
func (m *instance) checkReferences() error {
	for _, f := range m.spec.refs {
		v := f.of(m.entry.Module)
		if v.IsNil() || m.registry.byValue[v.Interface()] == nil {
			return fmt.Errorf("%w: field %s: a pointer must lead to another module of the chain; state in Go memory is not allowed", ErrModule, f.name)
		}
	}
	return nil
}

// bind tells the collections where they live.
func (m *instance) bind() error {
	for _, f := range m.spec.fields {
		p := &place{
			address: m.deployed.address, field: f.name, base: f.base(), key: f.key, value: f.value, topic: f.topic,
		}
		if !f.of(m.entry.Module).Addr().Interface().(collection).set(p) {
			return fmt.Errorf("%w: field %s is bound to another address already: a Go value serves one module", ErrModule, f.name)
		}
	}
	return nil
}

func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// Natives returns the modules that execute at height, for vm.Config.
func (r *Registry) Natives(height uint64) map[ledger.Address]vm.Native {
	out := map[ledger.Address]vm.Native{}
	for _, d := range r.modules {
		if m := d.at(height); m != nil {
			out[d.address] = m
		}
	}
	return out
}

// ABIOf returns the JSON description of the module at an address, of its last entry.
func (r *Registry) ABIOf(a ledger.Address) ([]byte, bool) {
	for _, d := range r.modules {
		if d.address == a {
			json, err := d.entries[len(d.entries)-1].spec.contract.JSON()
			return json, err == nil
		}
	}
	return nil, false
}
