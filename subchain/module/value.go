package module

import (
	"reflect"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// encode appends the words of a static value or the tail of a dynamic one. v is
// addressable.
func (c *codec) encode(dst []byte, v reflect.Value) []byte {
	switch c.typ.Kind {
	case abi.Bool:
		return abi.AppendBool(dst, v.Bool())
	case abi.Uint:
		if c.typ.Size == 256 {
			w := v.Addr().Interface().(*uint256.Int).Bytes32()
			return append(dst, w[:]...)
		}
		return abi.AppendUint(dst, v.Uint())
	case abi.Int:
		return abi.AppendInt(dst, v.Int())
	case abi.Address:
		return abi.AppendAddress(dst, *v.Addr().Interface().(*ledger.Address))
	case abi.FixedBytes:
		return abi.AppendFixed(dst, v.Bytes())
	case abi.Bytes:
		return abi.AppendBytes(dst, v.Bytes())
	case abi.String:
		return abi.AppendBytes(dst, []byte(v.String()))
	case abi.Slice:
		dst = abi.AppendUint(dst, uint64(v.Len()))
		fallthrough
	case abi.Array:
		return abi.AppendElements(dst, c.elem.typ, v.Len(), func(i int, dst []byte) []byte {
			return c.elem.encode(dst, v.Index(i))
		})
	case abi.Tuple:
		return abi.AppendTuple(dst, c.typ.Fields, func(i int, dst []byte) []byte {
			return c.fields[i].encode(dst, v.Field(i))
		})
	}
	panic("module: codec without a kind")
}

// decodeItem reads a value at its place in a head: inline or behind an offset.
func (c *codec) decodeItem(d *abi.Decoder, v reflect.Value) {
	if c.dynamic {
		d = d.Tail()
	}
	c.decode(d, v)
}

// decode reads what encode wrote into v. On an error, which d keeps, v is partial.
func (c *codec) decode(d *abi.Decoder, v reflect.Value) {
	switch c.typ.Kind {
	case abi.Bool:
		v.SetBool(d.Bool())
	case abi.Uint:
		if c.typ.Size == 256 {
			w := d.Word()
			v.Addr().Interface().(*uint256.Int).SetBytes32(w[:])
			return
		}
		v.SetUint(d.Uint(c.typ.Size))
	case abi.Int:
		v.SetInt(d.Int(c.typ.Size))
	case abi.Address:
		*v.Addr().Interface().(*ledger.Address) = d.Address()
	case abi.FixedBytes:
		d.Fixed(v.Bytes())
	case abi.Bytes:
		v.SetBytes(append([]byte{}, d.Bytes()...))
	case abi.String:
		v.SetString(string(d.Bytes()))
	case abi.Slice:
		n, items := d.Length(c.elem.typ.Head())
		v.Set(reflect.MakeSlice(c.rt, n, n))
		c.decodeElements(items, v)
	case abi.Array:
		c.decodeElements(d, v)
	case abi.Tuple:
		for i, f := range c.fields {
			f.decodeItem(d, v.Field(i))
		}
	}
}

func (c *codec) decodeElements(d *abi.Decoder, v reflect.Value) {
	for i := 0; i < v.Len() && d.Err() == nil; i++ {
		c.elem.decodeItem(d, v.Index(i))
	}
}
