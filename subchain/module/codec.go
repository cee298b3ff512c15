package module

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrType reports a Go type that has no counterpart in the ABI.
var ErrType = errors.New("module: type has no ABI form")

const (
	maxDepth = 12       // of nested types
	maxHead  = 64 << 10 // bytes of a static value
)

// codec is what is known about one Go type: its ABI type and its place in storage.
type codec struct {
	typ     *abi.Type
	rt      reflect.Type
	dynamic bool
	slots   uint64   // consecutive slots that the value takes
	elem    *codec   // of slices and arrays
	fields  []*codec // of structs, by field index
}

func codecFor(rt reflect.Type) (*codec, error) {
	c, err := buildCodec(rt, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrType, err)
	}
	return c, nil
}

func buildCodec(rt reflect.Type, depth int) (*codec, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s nests too deeply or contains itself", rt)
	}
	c := &codec{rt: rt, slots: 1}
	var err error
	switch {
	case rt == reflect.TypeFor[ledger.Address]():
		c.typ = &abi.Type{Kind: abi.Address}
	case rt == reflect.TypeFor[uint256.Int]():
		c.typ = &abi.Type{Kind: abi.Uint, Size: 256}
	case rt.Kind() == reflect.Struct:
		err = c.structure(depth)
	case rt.Kind() == reflect.Slice && rt.Elem().Kind() == reflect.Uint8:
		if rt.Elem().PkgPath() != "" {
			return nil, fmt.Errorf("%s: the element must be byte", rt)
		}
		c.typ = &abi.Type{Kind: abi.Bytes}
	case rt.Kind() == reflect.Slice:
		if c.elem, err = buildCodec(rt.Elem(), depth+1); err == nil {
			c.typ = &abi.Type{Kind: abi.Slice, Elem: c.elem.typ}
		}
	case rt.Kind() == reflect.Array:
		err = c.array(depth)
	default:
		c.typ, err = elementary(rt)
	}
	if err != nil {
		return nil, err
	}
	c.dynamic = c.typ.Dynamic()
	return c, nil
}

func elementary(rt reflect.Type) (*abi.Type, error) {
	switch k := rt.Kind(); k {
	case reflect.Bool:
		return &abi.Type{Kind: abi.Bool}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &abi.Type{Kind: abi.Uint, Size: rt.Bits()}, nil
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &abi.Type{Kind: abi.Int, Size: rt.Bits()}, nil
	case reflect.String:
		return &abi.Type{Kind: abi.String}, nil
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return nil, fmt.Errorf("%s differs between machines: use a sized integer", rt)
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil, fmt.Errorf("%s: no floating point in consensus", rt)
	case reflect.Pointer:
		return nil, fmt.Errorf("%s: pass values, not pointers", rt)
	case reflect.Map, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return nil, fmt.Errorf("%s: a %s cannot be encoded", rt, k)
	}
	return nil, fmt.Errorf("%s cannot be encoded", rt)
}

func (c *codec) array(depth int) error {
	rt, n := c.rt, c.rt.Len()
	switch {
	case n == 0:
		return fmt.Errorf("%s has no elements", rt)
	case rt.Elem().Kind() == reflect.Uint8:
		if n > 32 || rt.Elem().PkgPath() != "" {
			return fmt.Errorf("%s is no bytesN: use at most [32]byte, or []byte", rt)
		}
		c.typ = &abi.Type{Kind: abi.FixedBytes, Size: n}
		return nil
	case rt.Name() != "" && rt.Elem().Kind() == reflect.Uint64 && n == 4:
		return fmt.Errorf("%s may stand for a number: use uint256.Int itself", rt)
	}
	var err error
	if c.elem, err = buildCodec(rt.Elem(), depth+1); err != nil {
		return err
	}
	if n > maxHead/32 || n*int(c.elem.slots) > maxHead/32 {
		return fmt.Errorf("%s is larger than %d bytes", rt, maxHead)
	}
	c.slots = uint64(n) * c.elem.slots
	c.typ = &abi.Type{Kind: abi.Array, Size: n, Elem: c.elem.typ}
	return nil
}

func (c *codec) structure(depth int) error {
	rt := c.rt
	if rt.NumField() == 0 {
		return fmt.Errorf("%s has no fields", rt)
	}
	name, _, _ := strings.Cut(rt.Name(), "[")
	c.typ, c.slots = &abi.Type{Kind: abi.Tuple, Name: name}, 0
	for i := range rt.NumField() {
		f := rt.Field(i)
		if !f.IsExported() {
			return fmt.Errorf("%s: field %s is not exported", rt, f.Name)
		}
		fc, err := buildCodec(f.Type, depth+1)
		if err != nil {
			return fmt.Errorf("%s: field %s: %w", rt, f.Name, err)
		}
		label, options, _ := strings.Cut(f.Tag.Get("abi"), ",")
		if label == "" {
			label = f.Name
		}
		if options != "" && options != "indexed" {
			return fmt.Errorf("%s: field %s: abi option %q is unknown", rt, f.Name, options)
		}
		c.typ.Fields = append(c.typ.Fields, abi.Field{Name: label, Type: fc.typ, Indexed: options == "indexed"})
		c.fields = append(c.fields, fc)
		if c.slots += fc.slots; c.slots > maxHead/32 {
			return fmt.Errorf("%s is larger than %d bytes", rt, maxHead)
		}
	}
	return nil
}

// keyable reports whether values can be keys of a Map or members of a Set.
func (c *codec) keyable() bool {
	switch c.typ.Kind {
	case abi.Slice:
		return false
	case abi.Array:
		return c.elem.keyable()
	case abi.Tuple:
		for _, f := range c.fields {
			if !f.keyable() {
				return false
			}
		}
	}
	return true
}

// tuple describes the types of parameters or of a struct's fields.
type tuple struct {
	fields []abi.Field
	codecs []*codec
}

func (t *tuple) add(name string, c *codec) {
	t.fields = append(t.fields, abi.Field{Name: name, Type: c.typ})
	t.codecs = append(t.codecs, c)
}

// encode appends abi.encode of the values, which are addressable.
func (t *tuple) encode(dst []byte, values []reflect.Value) []byte {
	return abi.AppendTuple(dst, t.fields, func(i int, dst []byte) []byte {
		return t.codecs[i].encode(dst, values[i])
	})
}

// decode reads values that begin at the start of data.
func (t *tuple) decode(data []byte) ([]reflect.Value, error) {
	d := abi.NewDecoder(data)
	out := make([]reflect.Value, len(t.codecs))
	for i, c := range t.codecs {
		out[i] = reflect.New(c.rt).Elem()
		c.decodeItem(d, out[i])
	}
	return out, d.Err()
}

// addressable returns v or a copy of it that can be addressed.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}
