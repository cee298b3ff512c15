package merkle

import (
	"encoding/binary"
	"math/bits"
)

// Frontier is what must be kept of a tree to append to it and to know its root:
// the tops of its full subtrees, one for each bit that is set in the count. Its
// zero value is the empty tree.
type Frontier struct {
	count uint64
	peaks [][32]byte // largest, hence leftmost, subtree first
}

// NewFrontier returns the frontier with a count and its peaks, largest subtree
// first. It refuses any number of peaks but that of the count's set bits.
func NewFrontier(count uint64, peaks [][32]byte) (*Frontier, error) {
	if count > MaxCount || len(peaks) != bits.OnesCount64(count) {
		return nil, ErrFrontier
	}
	return &Frontier{count, append([][32]byte(nil), peaks...)}, nil
}

// Count returns the number of leaves.
func (f *Frontier) Count() uint64 { return f.count }

// Peaks returns a copy of the peaks, largest subtree first.
func (f *Frontier) Peaks() [][32]byte { return append([][32]byte(nil), f.peaks...) }

// Append adds a leaf and returns its index.
func (f *Frontier) Append(data [32]byte) (index uint64) {
	h := Leaf(data)
	for range bits.TrailingZeros64(^f.count) {
		last := len(f.peaks) - 1
		h = Node(f.peaks[last], h)
		f.peaks = f.peaks[:last]
	}
	f.peaks = append(f.peaks[:len(f.peaks):len(f.peaks)], h) // a copy of f keeps its own peaks
	f.count++
	return f.count - 1
}

// Root returns the root over all leaves so far.
func (f *Frontier) Root() [32]byte {
	if f.count == 0 {
		return Seal(0, [32]byte{})
	}
	h := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		h = Node(f.peaks[i], h)
	}
	return Seal(f.count, h)
}

// AppendBinary appends the count (8 bytes, big-endian) and the peaks. Its error is
// always nil.
func (f *Frontier) AppendBinary(dst []byte) ([]byte, error) {
	dst = binary.BigEndian.AppendUint64(dst, f.count)
	for i := range f.peaks {
		dst = append(dst, f.peaks[i][:]...)
	}
	return dst, nil
}

// UnmarshalBinary reads what AppendBinary wrote and nothing else. On failure f
// stays as it was.
func (f *Frontier) UnmarshalBinary(b []byte) error {
	if len(b) < 8 {
		return ErrFrontier
	}
	count, rest := binary.BigEndian.Uint64(b), b[8:]
	if count > MaxCount || len(rest) != 32*bits.OnesCount64(count) {
		return ErrFrontier
	}
	peaks := make([][32]byte, 0, len(rest)/32)
	for ; len(rest) > 0; rest = rest[32:] {
		peaks = append(peaks, [32]byte(rest[:32]))
	}
	f.count, f.peaks = count, peaks
	return nil
}
