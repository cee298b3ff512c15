package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrAnchor reports bytes that no Anchor encodes to.
var ErrAnchor = errors.New("ledger: malformed anchor")

const (
	anchorHeads = 11
	// anchorFixed is the size of an anchor without cursors: the leading offset,
	// the heads and the length of the list.
	anchorFixed  = (1 + anchorHeads + 1) * 32
	cursorLength = 3 * 32
)

// DecodeAnchor reads what Anchor.Encode wrote. It is strict: an anchor has one
// encoding, so the Keccak-256 of accepted bytes is the hash of the result. The
// cursors must ascend strictly by peer and lane. Errors wrap ErrAnchor.
func DecodeAnchor(b []byte) (*Anchor, error) {
	if len(b) < anchorFixed || (len(b)-anchorFixed)%cursorLength != 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrAnchor, len(b))
	}
	r := wordReader{rest: b}
	a := new(Anchor)
	r.expect(32)
	a.Subchain, a.Revision, a.Seq = r.uint(64), r.uint(64), r.uint(64)
	a.PrevCheckpoint = r.hash()
	a.MessageCount = r.uint(64)
	r.expect(anchorHeads * 32)
	for _, h := range a.hashes() {
		*h = r.hash()
	}
	n := (len(b) - anchorFixed) / cursorLength
	r.expect(uint64(n))
	for range n {
		c := Cursor{Peer: r.uint(64), Lane: uint32(r.uint(32)), Next: r.uint(64)}
		if k := len(a.Cursors); k > 0 && !a.Cursors[k-1].before(c) {
			return nil, fmt.Errorf("%w: cursors out of order", ErrAnchor)
		}
		a.Cursors = append(a.Cursors, c)
	}
	if r.bad {
		return nil, fmt.Errorf("%w: a word is out of range", ErrAnchor)
	}
	return a, nil
}

func (c Cursor) before(d Cursor) bool {
	return c.Peer < d.Peer || c.Peer == d.Peer && c.Lane < d.Lane
}

// wordReader takes 32-byte words off bytes whose length was checked.
type wordReader struct {
	rest []byte
	bad  bool
}

func (r *wordReader) hash() (h Hash) {
	copy(h[:], r.rest[:32])
	r.rest = r.rest[32:]
	return h
}

func (r *wordReader) uint(bits int) uint64 {
	w := r.hash()
	for _, x := range w[:32-bits/8] {
		r.bad = r.bad || x != 0
	}
	return binary.BigEndian.Uint64(w[24:])
}

func (r *wordReader) expect(x uint64) {
	if r.uint(64) != x {
		r.bad = true
	}
}
