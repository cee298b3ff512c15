package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of decoding. Each wraps ErrInvalid.
var (
	ErrInvalid   = errors.New("abi: invalid encoding")
	ErrTruncated = fmt.Errorf("%w: input ends inside a value", ErrInvalid)
	ErrRange     = fmt.Errorf("%w: value does not fit its type", ErrInvalid)
	ErrPadding   = fmt.Errorf("%w: padding is not zero", ErrInvalid)
	ErrOffset    = fmt.Errorf("%w: offset or length out of bounds", ErrInvalid)
	ErrOverlap   = fmt.Errorf("%w: values overlap", ErrInvalid)
)

// Decoder reads the values of one tuple or array in order. Its first error sticks:
// later reads give zero values. It never copies.
type Decoder struct {
	frame []byte // offsets count from its start
	pos   int
	all   *budget // shared by the decoders of one input
}

type budget struct {
	left int // bytes that may still be consumed
	err  error
}

// NewDecoder reads b, which it must not outlive.
func NewDecoder(b []byte) *Decoder {
	return &Decoder{frame: b, all: &budget{left: len(b)}}
}

// Err returns the first error of this decoder or of any that came from it.
func (d *Decoder) Err() error { return d.all.err }

// Fail sets the error unless there is one.
func (d *Decoder) Fail(err error) {
	if d.all.err == nil {
		d.all.err = err
	}
}

func (d *Decoder) take(n int) []byte {
	switch {
	case d.all.err != nil:
		return nil
	case n > len(d.frame)-d.pos:
		d.Fail(ErrTruncated)
		return nil
	case n > d.all.left:
		d.Fail(ErrOverlap)
		return nil
	}
	d.all.left -= n
	b := d.frame[d.pos : d.pos+n]
	d.pos += n
	return b
}

// Word reads 32 bytes.
func (d *Decoder) Word() (w [32]byte) {
	copy(w[:], d.take(32))
	return w
}

// Uint reads an unsigned integer of at most 64 bits.
func (d *Decoder) Uint(bits int) uint64 {
	w := d.Word()
	x := binary.BigEndian.Uint64(w[24:])
	if [24]byte(w[:24]) != [24]byte{} || bits < 64 && x>>bits != 0 {
		d.Fail(ErrRange)
		return 0
	}
	return x
}

// Int reads a signed integer of at most 64 bits.
func (d *Decoder) Int(bits int) int64 {
	w := d.Word()
	x := int64(binary.BigEndian.Uint64(w[24:]))
	var sign byte
	if x < 0 {
		sign = 0xff
	}
	for _, b := range w[:24] {
		if b != sign {
			d.Fail(ErrRange)
			return 0
		}
	}
	if top := x >> (bits - 1); top != 0 && top != -1 {
		d.Fail(ErrRange)
		return 0
	}
	return x
}

// Bool reads 0 or 1.
func (d *Decoder) Bool() bool { return d.Uint(1) == 1 }

// Address reads an address; the word's upper 12 bytes must be zero.
func (d *Decoder) Address() (a [20]byte) {
	w := d.Word()
	if [12]byte(w[:12]) != [12]byte{} {
		d.Fail(ErrRange)
		return a
	}
	return [20]byte(w[12:])
}

// Fixed reads bytesN into dst, at most 32 bytes.
func (d *Decoder) Fixed(dst []byte) {
	w := d.Word()
	for _, b := range w[len(dst):] {
		if b != 0 {
			d.Fail(ErrPadding)
			return
		}
	}
	copy(dst, w[:])
}

// Length reads a slice's length and returns the decoder of its elements, each of
// which takes head > 0 bytes in the head. What is left of the input has room for all.
func (d *Decoder) Length(head int) (int, *Decoder) {
	n := d.Uint(64)
	if room := min(len(d.frame)-d.pos, d.all.left); d.all.err == nil && n > uint64(room)/uint64(head) {
		d.Fail(ErrOffset)
	}
	if d.all.err != nil {
		return 0, d
	}
	return int(n), &Decoder{frame: d.frame[d.pos:], all: d.all}
}

// Tail reads an offset and returns the decoder of what it points to, which must lie
// behind the offset itself.
func (d *Decoder) Tail() *Decoder {
	off := d.Uint(64)
	if d.all.err == nil && (off > uint64(len(d.frame)) || off < uint64(d.pos)) {
		d.Fail(ErrOffset)
	}
	if d.all.err != nil {
		return d
	}
	return &Decoder{frame: d.frame[off:], all: d.all}
}

// Bytes reads the tail of bytes or of a string: the result aliases the input.
func (d *Decoder) Bytes() []byte {
	n := d.Uint(64)
	if d.all.err == nil && n > uint64(len(d.frame)-d.pos) {
		d.Fail(ErrOffset)
	}
	if d.all.err != nil {
		return nil
	}
	b := d.take(padded(int(n)))
	if b == nil {
		return nil
	}
	for _, x := range b[n:] {
		if x != 0 {
			d.Fail(ErrPadding)
			return nil
		}
	}
	return b[:n:n]
}
