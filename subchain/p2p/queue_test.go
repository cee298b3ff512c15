package p2p

import (
	"bytes"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestQueueKeepsTheNewestInOrder compares the queue with a plain slice.
func TestQueueKeepsTheNewestInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxCount, maxBytes := rapid.IntRange(1, 40).Draw(t, "count"), 100
		q := newQueue(maxCount, maxBytes)
		var model [][]byte
		size := func() (n int) {
			for _, m := range model {
				n += len(m)
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				msg := rapid.SliceOfN(rapid.Byte(), 1, maxBytes).Draw(t, "msg")
				dropped := 0
				for len(model) == maxCount || size()+len(msg) > maxBytes {
					model, dropped = model[1:], dropped+1
				}
				model = append(model, msg)
				require.Equal(t, dropped, q.push(msg))
				require.Len(t, q.ready, 1)
			},
			"batch": func(t *rapid.T) {
				frames, n := q.batch(nil)
				require.Equal(t, len(model), n)
				r := bytes.NewReader(frames)
				for _, want := range model {
					got, release, err := readFrame(r, &network.NullScope{}, maxBytes)
					require.NoError(t, err)
					release()
					require.Equal(t, want, got)
				}
				require.Zero(t, r.Len())
				model = nil
			},
			"drain": func(t *rapid.T) {
				require.Equal(t, len(model), q.drain())
				model = nil
			},
		})
	})
}

func TestBatchStopsAtItsSize(t *testing.T) {
	q := newQueue(10, 10*batchBytes)
	for range 3 {
		q.push(make([]byte, batchBytes-100))
	}
	for range 3 {
		frames, n := q.batch(nil)
		require.Equal(t, 1, n)
		require.Len(t, frames, batchBytes-96)
	}
}

// FuzzReadFrame: no input panics, and a frame that is read encodes to what was read.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 7}, uint32(10<<8))
	f.Add([]byte{0, 0, 0, 0}, uint32(10<<8))
	f.Add([]byte{255, 255, 255, 255, 1}, uint32(1<<28))
	f.Add(appendFrame(nil, make([]byte, 3*firstChunk)), uint32(1<<28))
	f.Fuzz(func(t *testing.T, in []byte, most uint32) {
		limit := int(most >> 8)
		s := &scope{}
		frame, release, err := readFrame(bytes.NewReader(in), s, limit)
		if err != nil {
			require.Zero(t, s.held)
			return
		}
		require.LessOrEqual(t, len(frame), limit)
		require.Equal(t, len(frame), s.held)
		release()
		require.Zero(t, s.held)
		require.Equal(t, in[:4+len(frame)], appendFrame(nil, frame))
	})
}
