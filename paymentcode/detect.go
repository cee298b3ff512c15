package paymentcode

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Filter returns what an untrusted relay needs to sort out notifications that may be
// for this code. It holds nothing that the code does not show.
func (c Code) Filter() Filter {
	h := sha256.Sum256(c.AppendBinary([]byte(domainBucket)))
	f := Filter{bits: c.flags & 15, bucket: binary.BigEndian.Uint16(h[:])}
	f.bucket &= f.mask()
	return f
}

// Filter recognises the notifications of one bucket: those of the code it was made
// from and, wrongly, one in 2^bits of all others.
type Filter struct {
	bits   byte   // at most maxBucketBits
	bucket uint16 // zero below the upper bits
}

// AppendBinary appends bits ‖ bucket (2 bytes, big-endian).
func (f Filter) AppendBinary(b []byte) []byte {
	return binary.BigEndian.AppendUint16(append(b, f.bits), f.bucket)
}

// DecodeFilter reads what AppendBinary wrote, or returns ErrOptions.
func DecodeFilter(b []byte) (Filter, error) {
	if len(b) != 3 || b[0] > maxBucketBits {
		return Filter{}, ErrOptions
	}
	f := Filter{bits: b[0], bucket: binary.BigEndian.Uint16(b[1:])}
	if f.bucket&^f.mask() != 0 {
		return Filter{}, ErrOptions
	}
	return f, nil
}

// Match reports whether a notification may be for the code. Without bucket bits it
// holds for every well-formed notification.
func (f Filter) Match(notification []byte) bool {
	if len(notification) != NotificationSize || notification[0] != Version {
		return false
	}
	return f.holds(binary.BigEndian.Uint16(notification[1:]))
}

func (f Filter) mask() uint16 { return ^(uint16(0xffff) >> f.bits) }

func (f Filter) holds(field uint16) bool { return (field^f.bucket)&f.mask() == 0 }

// blend puts the bucket over the upper bits of noise.
func (f Filter) blend(noise uint16) uint16 { return f.bucket | noise&^f.mask() }

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
//
// Successive sets tell more than one: what an update adds is the order of the tags
// within the channels. A relay that keeps every set can look for one index at a time,
// hidden by 2^-bits of the traffic alone. So update rarely, a good part of a window at
// once, and let 2^-bits of the traffic between two updates be many events, or take
// another relay.
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
