package paymentcode

import (
	"encoding/binary"
	"slices"
)

// Prefixes recognise the payments of an inbox by the first bits of their tags: the
// detection tier for payments. An untrusted relay that holds them passes on all
// events of the inbox's windows and, wrongly, about Len·2^-bits of all others.
type Prefixes struct {
	bits   uint8
	sorted []uint32 // the first bits of tags, in the low bits
}

// Prefixes returns the first bits (1 to 32) of every tag in the windows. They serve
// until the windows move on. Choose bits so that Len·2^-bits of all traffic hides
// the own: a relay that holds many bits recognises the payments themselves.
func (b *Inbox) Prefixes(bits uint8) (Prefixes, error) {
	if bits < 1 || bits > 32 {
		return Prefixes{}, ErrOptions
	}
	out := make([]uint32, 0, len(b.table))
	for t := range b.table {
		out = append(out, uint32(t>>(64-bits)))
	}
	slices.Sort(out) // the map's order is gone
	return Prefixes{bits, slices.Compact(out)}, nil
}

// Len returns the number of different prefixes.
func (p Prefixes) Len() int { return len(p.sorted) }

// Match reports whether a tag may belong to the inbox.
func (p Prefixes) Match(tag Tag) bool {
	if p.bits == 0 {
		return false
	}
	_, found := slices.BinarySearch(p.sorted, uint32(binary.BigEndian.Uint64(tag[:])>>(64-p.bits)))
	return found
}

// AppendBinary appends bits ‖ the prefixes of four bytes each, big-endian, ascending.
func (p Prefixes) AppendBinary(b []byte) []byte {
	b = append(b, p.bits)
	for _, x := range p.sorted {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return b
}

// DecodePrefixes reads what AppendBinary wrote, or returns ErrOptions.
func DecodePrefixes(b []byte) (Prefixes, error) {
	if len(b)%4 != 1 || b[0] < 1 || b[0] > 32 {
		return Prefixes{}, ErrOptions
	}
	p := Prefixes{bits: b[0], sorted: make([]uint32, 0, len(b)/4)}
	for b = b[1:]; len(b) > 0; b = b[4:] {
		x := binary.BigEndian.Uint32(b)
		if n := len(p.sorted); uint64(x)>>p.bits != 0 || n > 0 && p.sorted[n-1] >= x {
			return Prefixes{}, ErrOptions
		}
		p.sorted = append(p.sorted, x)
	}
	return p, nil
}
