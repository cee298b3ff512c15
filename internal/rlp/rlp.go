// Package rlp encodes and decodes Ethereum's recursive length prefix (Yellow
// Paper, appendix B). Encoding appends to a slice; decoding is strict (canonical
// lengths and integers only), never copies and never allocates by a length field.
package rlp

import (
	"errors"
	"math/bits"
)

// Errors of decoding. Each wraps ErrInvalid.
var (
	ErrInvalid      = errors.New("rlp: invalid encoding")
	ErrTruncated    = wrap("input ends inside an item")
	ErrTrailing     = wrap("trailing bytes")
	ErrCanonical    = wrap("non-canonical length or byte")
	ErrKind         = wrap("string where a list is expected, or the reverse")
	ErrInteger      = wrap("integer with leading zeros or too large")
	ErrLength       = wrap("string of an unexpected length")
	ErrTooFewItems  = wrap("list has too few items")
	ErrTooManyItems = wrap("list has too many items")
)

type rlpError struct{ text string }

func wrap(text string) error          { return &rlpError{"rlp: " + text} }
func (e *rlpError) Error() string     { return e.text }
func (e *rlpError) Is(err error) bool { return err == ErrInvalid }

// AppendBytes appends b as a string.
func AppendBytes(dst, b []byte) []byte {
	if len(b) == 1 && b[0] < 0x80 {
		return append(dst, b[0])
	}
	return append(appendHeader(dst, 0x80, len(b)), b...)
}

// AppendUint appends x as a big-endian integer without leading zeros.
func AppendUint(dst []byte, x uint64) []byte {
	if x == 0 {
		return append(dst, 0x80)
	}
	if x < 0x80 {
		return append(dst, byte(x))
	}
	n := (bits.Len64(x) + 7) / 8
	dst = append(dst, 0x80+byte(n))
	return appendBigEndian(dst, x, n)
}

// AppendInteger appends a big-endian integer of any size, cutting leading zeros.
func AppendInteger(dst, bigEndian []byte) []byte {
	for len(bigEndian) > 0 && bigEndian[0] == 0 {
		bigEndian = bigEndian[1:]
	}
	return AppendBytes(dst, bigEndian)
}

// AppendList appends a list whose items, already encoded, are payload.
func AppendList(dst, payload []byte) []byte {
	return append(appendHeader(dst, 0xc0, len(payload)), payload...)
}

func appendHeader(dst []byte, base byte, size int) []byte {
	if size < 56 {
		return append(dst, base+byte(size))
	}
	n := (bits.Len64(uint64(size)) + 7) / 8
	dst = append(dst, base+55+byte(n))
	return appendBigEndian(dst, uint64(size), n)
}

func appendBigEndian(dst []byte, x uint64, n int) []byte {
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(x>>(8*i)))
	}
	return dst
}

// Split reads the first item of b: its content, whether it is a list, and the
// bytes that follow. The results alias b.
func Split(b []byte) (content []byte, list bool, rest []byte, err error) {
	if len(b) == 0 {
		return nil, false, nil, ErrTruncated
	}
	p := b[0]
	switch {
	case p < 0x80:
		return b[:1], false, b[1:], nil
	case p < 0xb8:
		content, rest, err = take(b[1:], uint64(p-0x80))
		if err == nil && len(content) == 1 && content[0] < 0x80 {
			return nil, false, nil, ErrCanonical
		}
		return content, false, rest, err
	case p < 0xc0:
		content, rest, err = takeLong(b[1:], int(p-0xb7))
		return content, false, rest, err
	case p < 0xf8:
		content, rest, err = take(b[1:], uint64(p-0xc0))
		return content, true, rest, err
	default:
		content, rest, err = takeLong(b[1:], int(p-0xf7))
		return content, true, rest, err
	}
}

func take(b []byte, n uint64) (content, rest []byte, err error) {
	if n > uint64(len(b)) {
		return nil, nil, ErrTruncated
	}
	return b[:n:n], b[n:], nil
}

func takeLong(b []byte, n int) (content, rest []byte, err error) {
	if n > len(b) {
		return nil, nil, ErrTruncated
	}
	if b[0] == 0 {
		return nil, nil, ErrCanonical
	}
	var size uint64
	for _, x := range b[:n] {
		size = size<<8 | uint64(x)
	}
	if size < 56 {
		return nil, nil, ErrCanonical
	}
	return take(b[n:], size)
}

// Decoder reads the items of a list in order and keeps the first error, so that
// a struct is read field by field and checked once. Its methods return zero
// values after an error. Slices that it returns alias the input.
type Decoder struct {
	rest []byte
	err  error
}

// NewDecoder reads the items inside one list that must fill b exactly.
func NewDecoder(b []byte) *Decoder {
	content, list, rest, err := Split(b)
	switch {
	case err != nil:
	case !list:
		err = ErrKind
	case len(rest) != 0:
		err = ErrTrailing
	}
	return &Decoder{rest: content, err: err}
}

// Items reads a sequence of items that is not wrapped in a list.
func Items(b []byte) *Decoder { return &Decoder{rest: b} }

// More reports whether an item is left and no error has happened.
func (d *Decoder) More() bool { return d.err == nil && len(d.rest) > 0 }

// Err returns the first error.
func (d *Decoder) Err() error { return d.err }

// Done returns the first error, or ErrTooManyItems if items are left.
func (d *Decoder) Done() error {
	if d.err == nil && len(d.rest) > 0 {
		d.err = ErrTooManyItems
	}
	return d.err
}

// Fail records err unless an earlier one is there.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *Decoder) next(wantList bool) []byte {
	if d.err != nil {
		return nil
	}
	if len(d.rest) == 0 {
		d.err = ErrTooFewItems
		return nil
	}
	content, list, rest, err := Split(d.rest)
	if err == nil && list != wantList {
		err = ErrKind
	}
	if err != nil {
		d.err = err
		return nil
	}
	d.rest = rest
	return content
}

// Bytes reads a string.
func (d *Decoder) Bytes() []byte { return d.next(false) }

// Fixed reads a string of exactly len(dst) bytes into dst.
func (d *Decoder) Fixed(dst []byte) {
	b := d.next(false)
	if d.err == nil && len(b) != len(dst) {
		d.err = ErrLength
		return
	}
	copy(dst, b)
}

// Integer reads a canonical big-endian integer of at most max bytes.
func (d *Decoder) Integer(max int) []byte {
	b := d.next(false)
	if d.err == nil && (len(b) > max || (len(b) > 0 && b[0] == 0)) {
		d.err = ErrInteger
		return nil
	}
	return b
}

// Uint reads a canonical integer below 2^64.
func (d *Decoder) Uint() (x uint64) {
	for _, c := range d.Integer(8) {
		x = x<<8 | uint64(c)
	}
	return x
}

// List enters a nested list. Its error, if any, must be taken from the returned
// decoder and reported with Fail, or by Each.
func (d *Decoder) List() *Decoder {
	content := d.next(true)
	return &Decoder{rest: content, err: d.err}
}

// Each enters a nested list and calls f once for each item until the items end
// or an error happens; f must consume at least one item of the decoder.
func (d *Decoder) Each(f func(item *Decoder)) {
	l := d.List()
	for l.More() {
		before := len(l.rest)
		f(l)
		if l.err == nil && len(l.rest) == before {
			panic("rlp: Each made no progress")
		}
	}
	d.Merge(l)
}

// Merge takes over the error of a nested decoder.
func (d *Decoder) Merge(nested *Decoder) {
	if nested.err != nil {
		d.Fail(nested.err)
	}
}

// Raw reads one item of any kind and returns its full encoding.
func (d *Decoder) Raw() []byte {
	if d.err != nil {
		return nil
	}
	if len(d.rest) == 0 {
		d.err = ErrTooFewItems
		return nil
	}
	_, _, rest, err := Split(d.rest)
	if err != nil {
		d.err = err
		return nil
	}
	raw := d.rest[:len(d.rest)-len(rest)]
	d.rest = rest
	return raw
}
