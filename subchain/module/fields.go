package module

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// field is a field of a module's struct, perhaps of an embedded one.
type field struct {
	name  string // in Go
	index []int
	kind  string // of a collection
	label string // what the base slot or the event is named by
	key   *codec
	value *codec
	topic ledger.Hash
}

// base is the slot at which the collection starts.
func (f *field) base() ledger.Hash {
	return ledger.Keccak([]byte("rootstem.slot.v1"), []byte(f.label))
}

// layout is the type that the manifest records.
func (f *field) layout() string {
	out := f.kind
	if f.key != nil {
		out += " " + f.key.typ.String()
	}
	if f.value != nil {
		out += " " + f.value.typ.String()
	}
	return out
}

// of returns the field of a module, exported or not, so that it can be set.
func (f *field) of(m any) reflect.Value {
	v := reflect.ValueOf(m).Elem().FieldByIndex(f.index)
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

func (s *spec) readFields(_ any, rt reflect.Type) error {
	if err := s.walk(rt.Elem(), nil); err != nil {
		return err
	}
	labels := map[string]string{}
	for _, f := range s.fields {
		if f.kind == "event" {
			continue
		}
		if other := labels[f.label]; other != "" {
			return fmt.Errorf("fields %s and %s have one slot name, %q: give one the tag slot:\"name\"", other, f.name, f.label)
		}
		labels[f.label] = f.name
	}
	return nil
}

// walk reads the fields of a struct and of those that are embedded in it.
func (s *spec) walk(rt reflect.Type, index []int) error {
	for i := range rt.NumField() {
		sf := rt.Field(i)
		f := &field{name: sf.Name, index: append(append([]int{}, index...), i)}
		if err := s.readField(f, sf); err != nil {
			return fmt.Errorf("field %s: %w", sf.Name, err)
		}
	}
	return nil
}

func (s *spec) readField(f *field, sf reflect.StructField) error {
	tag, tagged := sf.Tag.Lookup("module")
	col, isCollection := reflect.New(sf.Type).Interface().(collection)
	// A struct that embeds a collection has its methods and is none.
	isCollection = isCollection && sf.Type.PkgPath() == reflect.TypeFor[View]().PkgPath()
	switch {
	case tagged && (tag != "config" || isCollection):
		return fmt.Errorf("the tag module:%q does not fit: config marks constants", tag)
	case isCollection:
		return s.readCollection(f, sf, col)
	case tagged:
		c, err := codecFor(sf.Type)
		if err != nil {
			return err
		}
		f.value = c
		s.config = append(s.config, f)
		return nil
	case sf.Anonymous && sf.Type.Kind() == reflect.Struct:
		return s.walk(sf.Type, f.index)
	case sf.Type.Kind() == reflect.Pointer && sf.Type.Elem().Kind() == reflect.Struct && !sf.Anonymous:
		s.refs = append(s.refs, f)
		return nil
	case sf.Name == "_" && sf.Type.Size() == 0:
		return nil
	}
	return fmt.Errorf("%s is state in Go memory: use a collection, embed the struct that holds collections, or tag a constant module:\"config\"", sf.Type)
}

func (s *spec) readCollection(f *field, sf reflect.StructField, col collection) error {
	kind, key, value := col.shape()
	f.kind, f.label = kind, sf.Name
	if name, ok := sf.Tag.Lookup("slot"); ok {
		if name == "" || kind == "event" {
			return fmt.Errorf("the tag slot:%q does not fit", name)
		}
		f.label = name
	}
	s.fields = append(s.fields, f)
	if kind == "event" {
		return s.readEvent(f, sf, value)
	}
	var err error
	if key != nil {
		if f.key, err = codecFor(key); err != nil {
			return err
		}
		if !f.key.keyable() {
			return fmt.Errorf("%s cannot be a key: it has no fixed shape", key)
		}
	}
	if value != nil {
		f.value, err = codecFor(value)
	}
	return err
}

func (s *spec) readEvent(f *field, sf reflect.StructField, rt reflect.Type) error {
	if rt.Kind() != reflect.Struct {
		return fmt.Errorf("event of %s: it must be a struct", rt)
	}
	name, _, _ := strings.Cut(sf.Tag.Get("abi"), ",")
	if name == "" {
		name, _, _ = strings.Cut(rt.Name(), "[")
	}
	item := abi.Item{Name: name}
	if rt.NumField() > 0 {
		c, err := codecFor(rt)
		if err != nil {
			return err
		}
		f.value, item.Fields = c, c.typ.Fields
	}
	indexed := 0
	for _, p := range item.Fields {
		if !p.Indexed {
			continue
		}
		switch indexed++; p.Type.Kind {
		case abi.Slice, abi.Array, abi.Tuple:
			return fmt.Errorf("event %s: %s is a %s and cannot be indexed", name, p.Name, p.Type)
		}
	}
	if indexed > 3 {
		return fmt.Errorf("event %s: %d indexed fields, at most 3 can be", name, indexed)
	}
	f.label, f.topic = name, abi.Topic(item.Signature())
	s.contract.Events = append(s.contract.Events, item)
	return nil
}

// readErrors reads what Errors() lists.
func (s *spec) readErrors(m any, rt reflect.Type) error {
	lister, ok := m.(interface{ Errors() []error })
	if !ok {
		if _, exists := rt.MethodByName("Errors"); exists {
			return fmt.Errorf("method Errors must be Errors() []error")
		}
		return nil
	}
	for _, e := range lister.Errors() {
		et := reflect.TypeOf(e)
		if et != nil && et.Kind() == reflect.Pointer {
			et = et.Elem()
		}
		if et == nil || et.Kind() != reflect.Struct {
			return fmt.Errorf("method Errors lists %T: a custom error must be a struct", e)
		}
		name, _, _ := strings.Cut(et.Name(), "[")
		ce := &customErrorOf{et, customError{name: name}}
		item := abi.Item{Name: name}
		if et.NumField() > 0 {
			c, err := codecFor(et)
			if err != nil {
				return fmt.Errorf("error %s: %w", name, err)
			}
			ce.codec, item.Fields = c, c.typ.Fields
		}
		ce.selector = abi.Selector(item.Signature())
		s.errors = append(s.errors, ce)
		s.contract.Errors = append(s.contract.Errors, item)
	}
	return nil
}
