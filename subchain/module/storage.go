package module

import (
	"encoding/binary"
	"reflect"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// add returns the slot n after s, modulo 2^256.
func add(s ledger.Hash, n uint64) ledger.Hash {
	w := s.Word()
	w.AddUint64(&w, n)
	return ledger.WordHash(&w)
}

// element returns the slot of element i of an array that starts at s.
func element(s ledger.Hash, i, slots uint64) ledger.Hash {
	w, off := s.Word(), uint256.NewInt(i)
	off.Mul(off, uint256.NewInt(slots))
	w.Add(&w, off)
	return ledger.WordHash(&w)
}

func wordOf(n uint64) (h ledger.Hash) {
	binary.BigEndian.PutUint64(h[24:], n)
	return h
}

// count reads a length from a slot. One above 2^64 cannot have been stored.
func (c *call) count(s ledger.Hash) uint64 {
	h := c.load(s)
	return binary.BigEndian.Uint64(h[24:])
}

// hash is Keccak-256 at the EVM's price.
func (c *call) hash(parts ...[]byte) ledger.Hash {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	c.use(30 + 6*uint64((n+31)/32))
	return ledger.Keccak(parts...)
}

// read loads the value at slot s into v.
func (k *codec) read(c *call, s ledger.Hash, v reflect.Value) {
	switch k.typ.Kind {
	case abi.Bytes:
		v.SetBytes(c.readBytes(s))
	case abi.String:
		v.SetString(string(c.readBytes(s)))
	case abi.Slice:
		n := c.count(s)
		out := reflect.MakeSlice(k.rt, 0, int(min(n, 64)))
		at := c.hash(s[:])
		for i := range n {
			e := reflect.New(k.elem.rt).Elem()
			k.elem.read(c, element(at, i, k.elem.slots), e)
			out = reflect.Append(out, e)
		}
		v.Set(out)
	case abi.Array:
		for i := range v.Len() {
			k.elem.read(c, element(s, uint64(i), k.elem.slots), v.Index(i))
		}
	case abi.Tuple:
		for i, f := range k.fields {
			f.read(c, s, v.Field(i))
			s = add(s, f.slots)
		}
	default:
		w := c.load(s)
		d := abi.NewDecoder(w[:])
		if k.decode(d, v); d.Err() != nil {
			panic("module: slot " + s.String() + " does not hold a " + k.typ.String())
		}
	}
}

// write stores v at slot s and clears what a longer value left behind.
func (k *codec) write(c *call, s ledger.Hash, v reflect.Value) {
	switch k.typ.Kind {
	case abi.Bytes:
		c.writeBytes(s, v.Bytes())
	case abi.String:
		c.writeBytes(s, []byte(v.String()))
	case abi.Slice:
		old, n := c.count(s), uint64(v.Len())
		c.store(s, wordOf(n))
		at := c.hash(s[:])
		for i := range n {
			k.elem.write(c, element(at, i, k.elem.slots), v.Index(int(i)))
		}
		for i := n; i < old; i++ {
			k.elem.erase(c, element(at, i, k.elem.slots))
		}
	case abi.Array:
		for i := range v.Len() {
			k.elem.write(c, element(s, uint64(i), k.elem.slots), v.Index(i))
		}
	case abi.Tuple:
		for i, f := range k.fields {
			f.write(c, s, v.Field(i))
			s = add(s, f.slots)
		}
	default:
		c.store(s, ledger.Hash(k.encode(nil, v)))
	}
}

// erase stores the zero value.
func (k *codec) erase(c *call, s ledger.Hash) {
	k.write(c, s, reflect.New(k.rt).Elem())
}

// readBytes reads Solidity's form of bytes and string: up to 31 bytes lie in the
// slot with twice their length in its last byte; of longer ones the slot holds
// twice the length plus one and Keccak(slot) is where the content starts.
func (c *call) readBytes(s ledger.Hash) []byte {
	w := c.load(s)
	if w[31]&1 == 0 {
		return append([]byte{}, w[:min(w[31]/2, 31)]...)
	}
	n := longLength(w)
	at := c.hash(s[:])
	out := make([]byte, 0, min(n, 4096))
	for i := uint64(0); i < n; i += 32 {
		w := c.load(add(at, i/32))
		out = append(out, w[:min(32, n-i)]...)
	}
	return out
}

func (c *call) writeBytes(s ledger.Hash, b []byte) {
	var oldWords uint64
	if w := c.load(s); w[31]&1 == 1 {
		oldWords = (longLength(w) + 31) / 32
	}
	var words uint64
	if len(b) < 32 {
		var w ledger.Hash
		copy(w[:], b)
		w[31] = byte(2 * len(b))
		c.store(s, w)
	} else {
		words = uint64(len(b)+31) / 32
		c.store(s, wordOf(2*uint64(len(b))+1))
	}
	if words == 0 && oldWords == 0 {
		return
	}
	at := c.hash(s[:])
	for i := range max(words, oldWords) {
		var w ledger.Hash
		if i < words {
			copy(w[:], b[32*i:])
		}
		c.store(add(at, i), w)
	}
}

func longLength(w ledger.Hash) uint64 { return binary.BigEndian.Uint64(w[24:]) / 2 }

// keySlot returns the slot of a mapping's value: Keccak(pad(key) ‖ base), without
// padding for bytes and strings, as Solidity does. A struct or array as key is a
// mapping of mappings in the order of its parts. hash may charge gas.
func (k *codec) keySlot(hash func(...[]byte) ledger.Hash, base ledger.Hash, key reflect.Value) ledger.Hash {
	switch k.typ.Kind {
	case abi.Bytes:
		return hash(key.Bytes(), base[:])
	case abi.String:
		return hash([]byte(key.String()), base[:])
	case abi.Array:
		for i := range key.Len() {
			base = k.elem.keySlot(hash, base, key.Index(i))
		}
		return base
	case abi.Tuple:
		for i, f := range k.fields {
			base = f.keySlot(hash, base, key.Field(i))
		}
		return base
	}
	return hash(k.encode(nil, key), base[:])
}
