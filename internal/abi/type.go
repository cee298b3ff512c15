package abi

import (
	"strconv"
	"strings"
)

// Kind is the shape of a type.
type Kind uint8

// The kinds of the ABI that have a counterpart in Go.
const (
	Bool Kind = iota + 1
	Uint
	Int
	Address
	FixedBytes
	Bytes
	String
	Slice
	Array
	Tuple
)

// Type is an ABI type. It must not change after its first use.
type Type struct {
	Kind   Kind
	Size   int     // bits of Uint and Int, bytes of FixedBytes, elements of Array
	Elem   *Type   // of Slice and Array
	Fields []Field // of Tuple
	Name   string  // of the struct that a Tuple stands for; may be empty
}

// Field is a component of a tuple, a parameter or a result.
type Field struct {
	Name    string
	Type    *Type
	Indexed bool // in an event: the value, or its Keccak, is a topic
}

// String returns the canonical name that selectors and topics are made of.
func (t *Type) String() string {
	switch t.Kind {
	case Bool:
		return "bool"
	case Uint:
		return "uint" + strconv.Itoa(t.Size)
	case Int:
		return "int" + strconv.Itoa(t.Size)
	case Address:
		return "address"
	case FixedBytes:
		return "bytes" + strconv.Itoa(t.Size)
	case Bytes:
		return "bytes"
	case String:
		return "string"
	case Slice:
		return t.Elem.String() + "[]"
	case Array:
		return t.Elem.String() + "[" + strconv.Itoa(t.Size) + "]"
	case Tuple:
		return Names(t.Fields)
	}
	return "invalid"
}

// Names returns the canonical list of the fields' types in parentheses.
func Names(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Type.String()
	}
	return "(" + strings.Join(names, ",") + ")"
}

// Dynamic reports whether the value's encoding has a tail.
func (t *Type) Dynamic() bool {
	switch t.Kind {
	case Bytes, String, Slice:
		return true
	case Array:
		return t.Elem.Dynamic()
	case Tuple:
		return dynamic(t.Fields)
	}
	return false
}

func dynamic(fields []Field) bool {
	for _, f := range fields {
		if f.Type.Dynamic() {
			return true
		}
	}
	return false
}

// Head returns the bytes that the value takes in the head of its tuple: 32 for a
// dynamic type (its offset), all of it otherwise.
func (t *Type) Head() int {
	if t.Dynamic() {
		return 32
	}
	switch t.Kind {
	case Array:
		return t.Size * t.Elem.Head()
	case Tuple:
		return HeadOf(t.Fields)
	}
	return 32
}

// HeadOf returns the length of the head of a tuple of fields.
func HeadOf(fields []Field) (n int) {
	for _, f := range fields {
		n += f.Type.Head()
	}
	return n
}

// Equal reports whether two types have one canonical name.
func (t *Type) Equal(o *Type) bool { return t.String() == o.String() }
