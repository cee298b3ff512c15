package p2p

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDirectMessagesArriveInOrder(t *testing.T) {
	for _, n := range []int{2, 4} {
		noLeaks(t)
		boxes := make([]inbox, n)
		cfgs := make([]Config, n)
		for i := range cfgs {
			cfgs[i] = testConfig(byte(i + 1))
			cfgs[i].OnMessage = boxes[i].put
		}
		hosts := mesh(t, cfgs...)
		const count = 1000
		for i := range count {
			for _, h := range hosts {
				require.NoError(t, h.Broadcast(number(i)))
			}
		}
		for i, h := range hosts {
			for j := range hosts {
				if i == j {
					continue
				}
				eventually(t, func() bool { return len(boxes[j].from(h.ID())) == count })
				for k, msg := range boxes[j].from(h.ID()) {
					require.Equal(t, number(k), msg)
				}
			}
			require.Zero(t, h.Stats().Dropped)
			require.EqualValues(t, count*(n-1), h.Stats().Sent)
		}
	}
}

func TestTwelveHostsShareOneAddress(t *testing.T) {
	noLeaks(t)
	var got atomic.Int64
	cfgs := make([]Config, 12)
	for i := range cfgs {
		cfgs[i] = testConfig(byte(i + 1))
		cfgs[i].OnMessage = func(PeerID, []byte) { got.Add(1) }
	}
	hosts := mesh(t, cfgs...)
	for _, h := range hosts {
		require.NoError(t, h.Broadcast([]byte("hello")))
	}
	eventually(t, func() bool { return got.Load() == 12*11 })
}

func TestSendReachesOnePeer(t *testing.T) {
	noLeaks(t)
	boxes := make([]inbox, 3)
	cfgs := []Config{testConfig(1), testConfig(2), testConfig(3)}
	for i := range cfgs {
		cfgs[i].OnMessage = boxes[i].put
	}
	hosts := mesh(t, cfgs...)
	big := bytes.Repeat([]byte{7}, 4<<20)
	require.NoError(t, hosts[0].Send(hosts[1].ID(), big))
	eventually(t, func() bool { return len(boxes[1].from(hosts[0].ID())) == 1 })
	require.Equal(t, big, boxes[1].from(hosts[0].ID())[0])
	require.Empty(t, boxes[2].from(hosts[0].ID()))
	require.ErrorIs(t, hosts[0].Send(hosts[0].ID(), []byte{1}), ErrNotConnected)
}

func TestSenderRefusesEmptyAndLargeMessages(t *testing.T) {
	noLeaks(t)
	cfg := testConfig(1)
	cfg.MaxMessage = 100
	h := start(t, cfg)
	require.NoError(t, h.Broadcast(make([]byte, 100)))
	require.ErrorIs(t, h.Broadcast(make([]byte, 101)), ErrSize)
	require.ErrorIs(t, h.Broadcast(nil), ErrSize)
	require.ErrorIs(t, h.Send(h.ID(), make([]byte, 101)), ErrSize)
}

func TestReceiverRefusesLargeMessages(t *testing.T) {
	noLeaks(t)
	small, large := testConfig(1), testConfig(2)
	small.MaxMessage = 100
	var box inbox
	small.OnMessage = box.put
	hosts := mesh(t, small, large)
	require.NoError(t, hosts[1].Broadcast(make([]byte, 101)))
	eventually(t, func() bool { return hosts[0].Stats().Refused == 1 })
	require.Empty(t, box.from(hosts[1].ID()))
	// The peer's stream is opened again, and what fits still passes.
	eventually(t, func() bool {
		require.NoError(t, hosts[1].Broadcast(make([]byte, 100)))
		return len(box.from(hosts[1].ID())) > 0
	})
}

func TestReceiverAllocatesByWhatArrived(t *testing.T) {
	noLeaks(t)
	hosts := mesh(t, testConfig(1), testConfig(2))
	claim := binary.BigEndian.AppendUint32(nil, 4<<20)
	in := &scope{}
	allocs := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := readFrame(bytes.NewReader(claim), in, 4<<20)
			require.Error(b, err)
		}
	})
	require.Less(t, allocs.AllocedBytesPerOp(), int64(2*firstChunk))
	require.Zero(t, in.held)
	require.NotNil(t, hosts)
}

func TestSlowReaderDoesNotHoldUpOthers(t *testing.T) {
	noLeaks(t)
	sender, slow, fast := testConfig(1), testConfig(2), testConfig(3)
	sender.QueueMessages = 64
	unblock := make(chan struct{})
	slow.OnMessage = func(PeerID, []byte) { <-unblock }
	var box inbox
	fast.OnMessage = box.put
	hosts := mesh(t, sender, slow, fast)
	t.Cleanup(func() { close(unblock) })
	// More than the window, the socket buffers and the queue of the slow peer hold.
	payload := make([]byte, 1<<20)
	for i := range 120 {
		require.NoError(t, hosts[0].Broadcast(payload))
		eventually(t, func() bool { return len(box.from(hosts[0].ID())) == i+1 })
	}
	require.Positive(t, hosts[0].Stats().Dropped)
}

func TestHostThatRestartsIsReconnected(t *testing.T) {
	noLeaks(t)
	var box inbox
	a := start(t, testConfig(1))
	cfg := testConfig(2)
	cfg.OnMessage = box.put
	for round := range 3 {
		b, err := New(cfg)
		require.NoError(t, err)
		if round == 0 {
			require.NoError(t, a.AddPeers(b.Addrs()...))
			addr := b.stack.swarm.ListenAddresses()[0].String()
			cfg.Listen = []string{addr} // the same port from now on
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		waitPeers(t, a, 1)
		require.NoError(t, a.Send(b.ID(), number(round)))
		eventually(t, func() bool { return len(box.from(a.ID())) == round+1 })
		cancel()
		require.NoError(t, <-done)
		waitPeers(t, a, 0)
	}
}

func TestOnPeerReportsUpAndDownInTurn(t *testing.T) {
	noLeaks(t)
	events := make(chan bool, 100)
	cfg := testConfig(1)
	cfg.OnPeer = func(_ PeerID, up bool) { events <- up }
	a := start(t, cfg)
	b, err := New(testConfig(2))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- b.Run(context.Background()) }()
	require.NoError(t, b.AddPeers(a.Addrs()...))
	require.True(t, receive(t, events))
	require.NoError(t, b.Close())
	require.NoError(t, <-done)
	require.False(t, receive(t, events))
}

func receive[T any](t *testing.T, c <-chan T) (x T) {
	t.Helper()
	select {
	case x = <-c:
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
	}
	return x
}
