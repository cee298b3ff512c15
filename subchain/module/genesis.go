package module

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// stub is the code of a module's account: INVALID, so that it has a size.
var stub = [1]byte{0xfe}

const manifestTag = "rootstem.manifest.v1"

// manifest returns the slots that record the layout: Keccak(tag) holds the hash of
// all of it and Keccak(tag ‖ slot name) the Keccak of one collection's type.
func (s *spec) manifest() (slots []ledger.Slot) {
	var all []byte
	for _, f := range s.layout() {
		text := f.layout()
		slots = append(slots, ledger.Slot{
			Key: ledger.Keccak([]byte(manifestTag), []byte(f.label)), Value: ledger.Keccak([]byte(text)),
		})
		all = fmt.Appendf(all, "%s %s\n", f.label, text)
	}
	slots = append(slots, ledger.Slot{Key: ledger.Keccak([]byte(manifestTag)), Value: ledger.Keccak(all)})
	slices.SortFunc(slots, func(a, b ledger.Slot) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return slots
}

// layout returns the collections in order of their slot names.
func (s *spec) layout() []*field {
	var out []*field
	for _, f := range s.fields {
		if f.kind != "event" {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *field) int { return bytes.Compare([]byte(a.label), []byte(b.label)) })
	return out
}

// sameLayout compares two manifests and says what differs.
func sameLayout(old, new *spec) error {
	was := map[string]string{}
	for _, f := range old.layout() {
		was[f.label] = f.layout()
	}
	for _, f := range new.layout() {
		switch before, ok := was[f.label]; {
		case !ok:
			return fmt.Errorf("%s is new", f.label)
		case before != f.layout():
			return fmt.Errorf("%s was a %s and is a %s", f.label, before, f.layout())
		}
		delete(was, f.label)
	}
	for _, f := range old.layout() {
		if _, left := was[f.label]; left {
			return fmt.Errorf("%s is gone", f.label)
		}
	}
	return nil
}

// Genesis returns the modules' accounts: nonce 1, the code 0xfe and the manifest, in
// ascending order of address. Modules that begin later are there from the start.
func (r *Registry) Genesis() []ledger.Change {
	var out []ledger.Change
	for _, d := range r.modules {
		out = append(out, ledger.Change{
			Address: d.address,
			Account: ledger.Account{Nonce: 1, CodeHash: ledger.Keccak(stub[:])},
			Code:    bytes.Clone(stub[:]),
			Storage: d.entries[0].spec.manifest(),
		})
	}
	slices.SortFunc(out, func(a, b ledger.Change) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	return out
}

// Verify compares the manifests that a state holds with the modules that execute at
// height. It returns ErrManifest, naming module and collection, if one has changed.
func (r *Registry) Verify(height uint64, state vm.Reader) error {
	for _, d := range r.modules {
		m := d.at(height)
		if m == nil {
			continue
		}
		total := ledger.Keccak([]byte(manifestTag))
		for _, s := range m.spec.manifest() {
			got, err := state.Storage(d.address, s.Key)
			if err != nil {
				return fmt.Errorf("module %q: read the manifest: %w", d.name, err)
			}
			if got == s.Value {
				continue
			}
			what := "a collection was added, removed or renamed"
			if s.Key != total {
				what = "collection " + m.spec.labelOf(s.Key) + " is new or has another type"
			}
			return fmt.Errorf("module %q: %w: %s", d.name, ErrManifest, what)
		}
	}
	return nil
}

func (s *spec) labelOf(slot ledger.Hash) string {
	for _, f := range s.layout() {
		if ledger.Keccak([]byte(manifestTag), []byte(f.label)) == slot {
			return f.label
		}
	}
	return ""
}

// ConfigHash commits to the whole schedule: names, heights, addresses, privileges,
// entry points with their gas, layouts, constants and references.
func (r *Registry) ConfigHash() ledger.Hash { return r.ConfigHashAt(math.MaxUint64) }

// ConfigHashAt commits to the entries that have begun by height. At height 0 it stays
// the same when later entries are added.
func (r *Registry) ConfigHashAt(height uint64) ledger.Hash {
	all := []byte("rootstem.schedule.v1")
	for _, d := range r.modules {
		for _, m := range d.entries {
			if m.entry.From <= height {
				h := m.hash()
				all = append(all, h[:]...)
			}
		}
	}
	return ledger.Keccak(all)
}

func (m *instance) hash() ledger.Hash {
	e := &m.entry
	b := abi.AppendBytes(nil, []byte(e.Name))
	b = abi.AppendUint(b, e.From)
	b = abi.AppendAddress(b, m.deployed.address)
	for _, flag := range []bool{e.Reentrant, e.Mint, e.Gateway, e.Election, m.spec.begin >= 0, m.spec.end >= 0, m.spec.receive >= 0} {
		b = abi.AppendBool(b, flag)
	}
	for _, me := range m.spec.methods {
		b = fmt.Appendf(b, "%s%s %s %d\n", me.Signature(), abi.Names(me.Outputs), me.Mutability, me.gas)
	}
	for _, s := range m.spec.manifest() {
		b = append(append(b, s.Key[:]...), s.Value[:]...)
	}
	for _, f := range m.spec.config {
		b = fmt.Appendf(b, "%s %s\n", f.name, f.value.typ)
		b = f.value.encode(b, f.of(e.Module))
	}
	for _, f := range m.spec.refs {
		to := m.registry.byValue[f.of(e.Module).Interface()]
		b = fmt.Appendf(b, "%s %s\n", f.name, to.deployed.address)
	}
	return ledger.Keccak(b)
}
