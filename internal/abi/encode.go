package abi

import (
	"encoding/binary"
)

// AppendUint appends x as a word: 32 bytes, big-endian.
func AppendUint(dst []byte, x uint64) []byte {
	var w [32]byte
	binary.BigEndian.PutUint64(w[24:], x)
	return append(dst, w[:]...)
}

// AppendInt appends x as a word in two's complement.
func AppendInt(dst []byte, x int64) []byte {
	var w [32]byte
	if x < 0 {
		for i := range w[:24] {
			w[i] = 0xff
		}
	}
	binary.BigEndian.PutUint64(w[24:], uint64(x))
	return append(dst, w[:]...)
}

// AppendBool appends 1 or 0 as a word.
func AppendBool(dst []byte, x bool) []byte {
	if x {
		return AppendUint(dst, 1)
	}
	return AppendUint(dst, 0)
}

// AppendAddress appends a as a word: 12 zero bytes and the address.
func AppendAddress(dst []byte, a [20]byte) []byte {
	dst = append(dst, make([]byte, 12)...)
	return append(dst, a[:]...)
}

// AppendFixed appends bytesN, at most 32 bytes, as a word: zeros follow.
func AppendFixed(dst, b []byte) []byte {
	var w [32]byte
	copy(w[:], b)
	return append(dst, w[:]...)
}

// AppendBytes appends the tail of bytes or of a string: length, content, padding.
func AppendBytes(dst, b []byte) []byte {
	dst = AppendUint(dst, uint64(len(b)))
	return AppendPadded(dst, b)
}

// AppendPadded appends b and zeros up to a multiple of 32 bytes.
func AppendPadded(dst, b []byte) []byte {
	dst = append(dst, b...)
	return append(dst, make([]byte, padded(len(b))-len(b))...)
}

// AppendTuple appends the fields' heads and then their tails. value appends the
// encoding of field i: its words if it is static, its tail otherwise.
func AppendTuple(dst []byte, fields []Field, value func(i int, dst []byte) []byte) []byte {
	head := HeadOf(fields)
	var tail []byte
	for i, f := range fields {
		if f.Type.Dynamic() {
			dst = AppendUint(dst, uint64(head+len(tail)))
			tail = value(i, tail)
		} else {
			dst = value(i, dst)
		}
	}
	return append(dst, tail...)
}

// AppendElements appends n elements of one type as AppendTuple does fields. A
// slice's length word comes before and is the caller's.
func AppendElements(dst []byte, elem *Type, n int, value func(i int, dst []byte) []byte) []byte {
	if !elem.Dynamic() {
		for i := range n {
			dst = value(i, dst)
		}
		return dst
	}
	var tail []byte
	for i := range n {
		dst = AppendUint(dst, uint64(32*n+len(tail)))
		tail = value(i, tail)
	}
	return append(dst, tail...)
}

func padded(n int) int { return (n + 31) &^ 31 }
