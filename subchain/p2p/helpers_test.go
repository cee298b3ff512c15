package p2p

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const patience = 20 * time.Second

// testKey is a fixed key per seed, so that ids are the same in each run.
func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, 31), seed))
}

func testConfig(seed byte) Config {
	return Config{Key: testKey(seed), Network: "test", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
}

// noLeaks wants to be called before the first host of a test starts.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// start runs a host until the end of the test.
func start(t *testing.T, cfg Config) *Host {
	t.Helper()
	h, err := New(cfg)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- h.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, h.Close())
		require.NoError(t, <-done)
	})
	eventually(t, h.stack.gate.open.Load)
	return h
}

// mesh runs hosts that know all others, and waits until messages flow.
func mesh(t *testing.T, cfgs ...Config) []*Host {
	t.Helper()
	hosts := make([]*Host, len(cfgs))
	var addrs []string
	for i, cfg := range cfgs {
		hosts[i] = start(t, cfg)
		addrs = append(addrs, hosts[i].Addrs()...)
	}
	for _, h := range hosts {
		require.NoError(t, h.AddPeers(addrs...))
	}
	for _, h := range hosts {
		waitPeers(t, h, len(hosts)-1)
	}
	return hosts
}

func waitPeers(t *testing.T, h *Host, n int) {
	t.Helper()
	eventually(t, func() bool { return len(h.Peers()) == n })
}

func eventually(t *testing.T, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, patience, 5*time.Millisecond)
}

// inbox collects messages by sender.
type inbox struct {
	mu   sync.Mutex
	msgs map[PeerID][][]byte
}

func (b *inbox) put(from PeerID, msg []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.msgs == nil {
		b.msgs = map[PeerID][][]byte{}
	}
	b.msgs[from] = append(b.msgs[from], msg)
}

func (b *inbox) from(id PeerID) [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([][]byte(nil), b.msgs[id]...)
}

func number(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }
