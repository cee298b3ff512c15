package p2p

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// probe begins the messages with which gossipers sees whether all hosts are reached.
const probe = "probe "

// gossipers runs hosts in a line, so that gossip has to be forwarded, and waits until it
// reaches both ends: a mesh forms within a heartbeat or two of a second.
func gossipers(t *testing.T, n int, judge func(i int, msg []byte) Verdict) []*Host {
	t.Helper()
	hosts := make([]*Host, n)
	var probed [2]atomic.Bool
	for i := range hosts {
		cfg := testConfig(byte(i + 1))
		cfg.OnGossip = func(_ PeerID, msg []byte) Verdict {
			if !bytes.HasPrefix(msg, []byte(probe)) {
				return judge(i, msg)
			}
			probed[0].CompareAndSwap(false, i == 0)
			probed[1].CompareAndSwap(false, i == n-1)
			return Accept
		}
		hosts[i] = start(t, cfg)
		if i > 0 {
			require.NoError(t, hosts[i].AddPeers(hosts[i-1].Addrs()...))
		}
	}
	for try := 0; !probed[0].Load() || !probed[1].Load(); try++ {
		require.Less(t, try, 1000)
		require.NoError(t, hosts[0].Publish([]byte(fmt.Sprint(probe, "up ", try))))
		require.NoError(t, hosts[n-1].Publish([]byte(fmt.Sprint(probe, "down ", try))))
		time.Sleep(20 * time.Millisecond)
	}
	return hosts
}

func TestGossipReachesAll(t *testing.T) {
	noLeaks(t)
	var boxes [4]inbox
	hosts := gossipers(t, 4, func(i int, msg []byte) Verdict {
		boxes[i].put("", msg)
		return Accept
	})
	big := bytes.Repeat([]byte{1}, MaxGossip)
	require.NoError(t, hosts[0].Publish(big))
	require.NoError(t, hosts[0].Publish(big)) // seen: not sent again
	require.NoError(t, hosts[3].Publish([]byte("small")))
	for i, want := range [][][]byte{{[]byte("small")}, {big, []byte("small")}, {big, []byte("small")}, {big}} {
		eventually(t, func() bool { return len(boxes[i].from("")) == len(want) })
		require.ElementsMatch(t, want, boxes[i].from(""))
	}
	require.ErrorIs(t, hosts[0].Publish(make([]byte, MaxGossip+1)), ErrSize)
	require.ErrorIs(t, hosts[0].Publish(nil), ErrSize)
}

func TestGossipIsForwardedOnlyIfAccepted(t *testing.T) {
	noLeaks(t)
	var boxes [3]inbox
	hosts := gossipers(t, 3, func(i int, msg []byte) Verdict {
		boxes[i].put("", msg)
		return Verdict(msg[0])
	})
	for _, v := range []Verdict{Reject, Ignore, Accept} {
		require.NoError(t, hosts[0].Publish([]byte{byte(v)}))
	}
	eventually(t, func() bool { return len(boxes[1].from("")) == 3 && len(boxes[2].from("")) == 1 })
	require.Equal(t, [][]byte{{byte(Accept)}}, boxes[2].from(""))
	require.EqualValues(t, 1, hosts[1].Stats().Rejected)
}

func TestPeerThatGossipsRubbishIsIgnored(t *testing.T) {
	noLeaks(t)
	var box inbox
	hosts := gossipers(t, 2, func(i int, msg []byte) Verdict {
		box.put("", msg)
		return Reject
	})
	for i := range 100 {
		require.NoError(t, hosts[0].Publish(number(i)))
		time.Sleep(5 * time.Millisecond)
	}
	n := len(box.from(""))
	require.GreaterOrEqual(t, n, 7)
	require.Less(t, n, 20)
	require.EqualValues(t, n, hosts[1].Stats().Rejected)
}

func TestPublishWantsARunningHost(t *testing.T) {
	noLeaks(t)
	h, err := New(testConfig(1))
	require.NoError(t, err)
	require.ErrorIs(t, h.Publish([]byte("x")), ErrNotRunning)
	require.NoError(t, h.Close())
	require.ErrorIs(t, h.Publish([]byte("x")), ErrNotRunning)
}

func TestBurstOfGossipArrivesWhole(t *testing.T) {
	noLeaks(t)
	var got [3]atomic.Int64
	hosts := gossipers(t, 3, func(i int, _ []byte) Verdict {
		got[i].Add(1)
		return Accept
	})
	const count = 2000
	for i := range count {
		require.NoError(t, hosts[0].Publish(append(number(i), make([]byte, 200)...)))
	}
	eventually(t, func() bool { return got[1].Load() == count && got[2].Load() == count })
}
