package p2p

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
)

// firstChunk bytes are allocated on the word of a frame's header; more follow only as
// bytes arrive.
const firstChunk = 32 << 10

// appendFrame appends the length of the parts' concatenation and the parts.
func appendFrame(dst []byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// readFrame reads a frame of 1 to limit bytes. It reserves what it allocates from
// scope; call release when the frame is no longer in use.
func readFrame(r io.Reader, scope network.ResourceScope, limit int) (frame []byte, release func(), err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 || uint64(size) > uint64(limit) {
		return nil, nil, fmt.Errorf("%w: frame of %d bytes", ErrSize, size)
	}
	n := int(size)
	if err := scope.ReserveMemory(n, network.ReservationPriorityHigh); err != nil {
		return nil, nil, fmt.Errorf("p2p: frame of %d bytes: %w", n, err)
	}
	release = func() { scope.ReleaseMemory(n) }
	frame = make([]byte, min(n, firstChunk))
	for done := 0; ; {
		if _, err := io.ReadFull(r, frame[done:]); err != nil {
			release()
			return nil, nil, fmt.Errorf("p2p: frame cut short: %w", err)
		}
		if done = len(frame); done == n {
			return frame, release, nil
		}
		grown := make([]byte, min(n, 2*done))
		copy(grown, frame)
		frame = grown
	}
}
