package p2p

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pair runs two connected hosts for a benchmark.
func pair(b *testing.B, a, c Config) (*Host, *Host) {
	b.Helper()
	hosts := [2]*Host{}
	var wg sync.WaitGroup
	b.Cleanup(wg.Wait)
	for i, cfg := range []Config{a, c} {
		h, err := New(cfg)
		require.NoError(b, err)
		hosts[i] = h
		wg.Go(func() { require.NoError(b, h.Run(context.Background())) })
		b.Cleanup(func() { require.NoError(b, h.Close()) })
	}
	require.NoError(b, hosts[0].AddPeers(hosts[1].Addrs()...))
	for len(hosts[0].Peers()) == 0 || len(hosts[1].Peers()) == 0 {
		time.Sleep(time.Millisecond)
	}
	return hosts[0], hosts[1]
}

// BenchmarkDirect streams messages one way, with at most half a queue under way.
func BenchmarkDirect(b *testing.B) {
	for _, size := range []int{200, 4 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			in, out := testConfig(1), testConfig(2)
			var got atomic.Int64
			room := make(chan struct{}, min(512, 8<<20/size))
			in.OnMessage = func(PeerID, []byte) { got.Add(1); <-room }
			receiver, sender := pair(b, in, out)
			msg := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				room <- struct{}{}
				if err := sender.Send(receiver.ID(), msg); err != nil {
					b.Fatal(err)
				}
			}
			require.Zero(b, sender.Stats().Dropped)
		})
	}
}

// BenchmarkRequest is a round trip of 100 bytes on a new stream.
func BenchmarkRequest(b *testing.B) {
	server := testConfig(1)
	server.OnRequest = func(_ PeerID, req []byte) ([]byte, error) { return req, nil }
	s, c := pair(b, server, testConfig(2))
	req := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Request(context.Background(), s.ID(), req); err != nil {
			b.Fatal(err)
		}
	}
}
