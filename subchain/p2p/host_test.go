package p2p

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/stretchr/testify/require"
)

func TestOtherNetworkCannotConnect(t *testing.T) {
	noLeaks(t)
	a := start(t, testConfig(1))
	cfg := testConfig(2)
	cfg.Network = "other"
	b := start(t, cfg)
	info, err := peer.AddrInfoFromString(a.Addrs()[0])
	require.NoError(t, err)
	require.ErrorContains(t, b.stack.Connect(t.Context(), *info), "handshake")
	require.Empty(t, a.stack.swarm.Peers())
	require.Empty(t, b.stack.swarm.Peers())
}

func TestPeerWithRSAIdentityIsRefused(t *testing.T) {
	noLeaks(t)
	a := start(t, testConfig(1))
	key, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	require.NoError(t, err)
	cfg := testConfig(2).withDefaults()
	rsa, err := assemble(&cfg, key)
	require.NoError(t, err)
	defer func() { require.NoError(t, rsa.Close()) }()
	rsa.gate.open.Store(true)
	info, err := peer.AddrInfoFromString(a.Addrs()[0])
	require.NoError(t, err)
	if rsa.Connect(t.Context(), *info) == nil { // its own handshake may succeed before it is hung up on
		_, err = rsa.NewStream(t.Context(), a.ID(), a.direct)
		require.Error(t, err)
	}
	require.Empty(t, a.stack.swarm.Peers())
	require.ErrorIs(t, a.AddPeers("/ip4/127.0.0.1/tcp/1/p2p/"+rsa.ID().String()), ErrAddress)
}

func TestResourceManagerRefusesConnectionsAboveTheLimit(t *testing.T) {
	noLeaks(t)
	cfg := testConfig(1)
	cfg.MaxPeers = 2
	a := start(t, cfg)
	hosts := make([]*Host, 3)
	for i := range hosts {
		hosts[i] = start(t, testConfig(byte(i+2)))
		require.NoError(t, hosts[i].AddPeers(a.Addrs()...))
		if i < 2 {
			waitPeers(t, a, i+1)
		}
	}
	time.Sleep(500 * time.Millisecond) // several attempts of the third
	require.Len(t, a.stack.swarm.Peers(), 2)
	require.Empty(t, hosts[2].Peers())
	// Outbound connections have a share of their own.
	require.NoError(t, a.AddPeers(hosts[2].Addrs()...))
	waitPeers(t, a, 3)
}

func TestHostThatDoesNotRunRefusesConnections(t *testing.T) {
	noLeaks(t)
	a, err := New(testConfig(1))
	require.NoError(t, err)
	b := start(t, testConfig(2))
	require.NoError(t, b.AddPeers(a.Addrs()...))
	time.Sleep(300 * time.Millisecond)
	require.Empty(t, a.stack.swarm.Peers())
	require.NoError(t, a.Close())
	require.NoError(t, a.Close())
	require.ErrorIs(t, a.Run(t.Context()), ErrClosed)
	require.ErrorIs(t, a.AddPeers(), ErrClosed)
}

func TestRunEndsWithItsContext(t *testing.T) {
	noLeaks(t)
	h, err := New(testConfig(1))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	eventually(t, h.stack.gate.open.Load)
	cancel()
	require.NoError(t, receive(t, done))
	require.NoError(t, h.Close())
	require.ErrorIs(t, h.Run(t.Context()), ErrClosed)
}

func TestPortInUseIsAnError(t *testing.T) {
	noLeaks(t)
	a := start(t, testConfig(1))
	cfg := testConfig(2)
	cfg.Listen = []string{a.stack.swarm.ListenAddresses()[0].String()}
	_, err := New(cfg)
	require.ErrorContains(t, err, "in use")
}

func TestInvalidConfigurationIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"key":      func(c *Config) { c.Key = c.Key[:10] },
		"network":  func(c *Config) { c.Network = "a/b" },
		"nameless": func(c *Config) { c.Network = "" },
		"address":  func(c *Config) { c.Listen = []string{"localhost:80"} },
		"message":  func(c *Config) { c.MaxMessage = -1 },
		"queue":    func(c *Config) { c.QueueBytes = 10 },
		"peers":    func(c *Config) { c.MaxPeers = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(1)
			spoil(&cfg)
			_, err := New(cfg)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
	noLeaks(t)
	h := start(t, testConfig(1))
	require.ErrorIs(t, h.AddPeers("/ip4/127.0.0.1/tcp/1"), ErrAddress)
	require.ErrorIs(t, h.AddPeers("nonsense"), ErrAddress)
	require.NoError(t, h.AddPeers(h.Addrs()...)) // itself: passed over
	require.Empty(t, h.dialers)
}
