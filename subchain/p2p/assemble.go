package p2p

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"
)

// stack is a libp2p host with the parts of it that we steer.
type stack struct {
	*basichost.BasicHost
	swarm *swarm.Swarm
	gate  *gate
}

// assemble builds the host of cfg without listening. Closing it closes all parts.
func assemble(cfg *Config, key crypto.PrivKey) (s *stack, err error) {
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("p2p: identity: %w", err)
	}
	var opened []func() error
	defer func() {
		if err != nil {
			for _, f := range opened {
				err = errors.Join(err, f())
			}
		}
	}()
	limiter, err := resources(cfg)
	if err != nil {
		return nil, fmt.Errorf("p2p: resource manager: %w", err)
	}
	opened = append(opened, limiter.Close)
	book, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, fmt.Errorf("p2p: peerstore: %w", err)
	}
	opened = append(opened, book.Close)
	if err = errors.Join(book.AddPubKey(id, key.GetPublic()), book.AddPrivKey(id, key)); err != nil {
		return nil, fmt.Errorf("p2p: peerstore: %w", err)
	}
	bus := eventbus.NewBus()
	g := new(gate)
	sw, err := swarm.NewSwarm(id, book, bus, swarm.WithResourceManager(limiter), swarm.WithConnectionGater(g),
		swarm.WithDialTimeout(dialTimeout), swarm.WithDialTimeoutLocal(dialTimeout))
	if err != nil {
		return nil, fmt.Errorf("p2p: swarm: %w", err)
	}
	opened = append(opened, sw.Close)
	if err = addTransport(sw, cfg, key, limiter, g); err != nil {
		return nil, fmt.Errorf("p2p: transport: %w", err)
	}
	conns, err := connmgr.NewConnManager(cfg.MaxPeers*3/4, cfg.MaxPeers, connmgr.WithGracePeriod(20*time.Second))
	if err != nil {
		return nil, fmt.Errorf("p2p: connection manager: %w", err)
	}
	opened = append(opened, conns.Close)
	h, err := basichost.NewHost(sw, &basichost.HostOpts{
		EventBus: bus, ConnManager: conns, UserAgent: "rootstem", ProtocolVersion: "rootstem/1",
	})
	if err != nil {
		return nil, fmt.Errorf("p2p: host: %w", err)
	}
	return &stack{BasicHost: h, swarm: sw, gate: g}, nil
}

func addTransport(sw *swarm.Swarm, cfg *Config, key crypto.PrivKey, limiter network.ResourceManager, g *gate) error {
	muxConfig := *yamux.DefaultTransport.Config()
	muxConfig.MaxIncomingStreams = uint32(cfg.streamsPerPeer())
	mux := yamux.Transport(muxConfig)
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: &mux}}
	plain, err := noise.New(noise.ID, key, nil)
	if err != nil {
		return err
	}
	prologue := sha256.Sum256([]byte("rootstem p2p\x00" + cfg.Network))
	bound, err := plain.WithSessionOptions(noise.Prologue(prologue[:]))
	if err != nil {
		return err
	}
	up, err := upgrader.New([]sec.SecureTransport{bound}, muxers, nil, limiter, g)
	if err != nil {
		return err
	}
	// Without reuse of ports a second process on the same port fails, as it should.
	t, err := tcp.NewTCPTransport(up, limiter, nil, tcp.DisableReuseport(), tcp.WithConnectionTimeout(dialTimeout))
	if err != nil {
		return err
	}
	return sw.AddTransport(t)
}

func resources(cfg *Config) (network.ResourceManager, error) {
	n, perIP, streams := cfg.MaxPeers, cfg.MaxConnsPerIP, cfg.streamsPerPeer()
	both := func(conns, streams int, memory int64) rcmgr.ResourceLimits {
		c, s := rcmgr.LimitVal(conns), rcmgr.LimitVal(streams)
		return rcmgr.ResourceLimits{
			Conns: 2 * c, ConnsInbound: c, ConnsOutbound: c, FD: 2 * c,
			Streams: 2 * s, StreamsInbound: s, StreamsOutbound: s, Memory: rcmgr.LimitVal64(memory),
		}
	}
	// A stream may hold yamux's window of 16 MiB and a frame.
	stream := 32<<20 + 2*int64(cfg.MaxMessage)
	limits := rcmgr.PartialLimitConfig{
		System:      both(n, n*streams, cfg.MaxMemory),
		Transient:   both(maxHandshakes, maxHandshakes*4, cfg.MaxMemory/4),
		PeerDefault: both(8, streams, max(cfg.MaxMemory/4, stream)),
		Conn:        both(1, streams, max(cfg.MaxMemory/4, stream)),
		Stream:      both(1, 1, stream),
	}.Build(rcmgr.InfiniteLimits)
	r := rate.Limit{RPS: float64(perIP) / pace, Burst: perIP}
	loopback := []rate.PrefixLimit{
		{Prefix: netip.MustParsePrefix("127.0.0.0/8")}, {Prefix: netip.MustParsePrefix("::1/128")},
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits), rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: perIP}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: perIP}, {PrefixLength: 48, ConnCount: 8 * perIP}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{
			NetworkPrefixLimits: loopback,
			SubnetRateLimiter: rate.SubnetLimiter{
				IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: r}},
				IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: r}},
				GracePeriod:      time.Minute,
			},
		}))
}

// gate refuses connections while the host does not run, and peers whose identity is
// not an ed25519 key. An ed25519 identity holds the key itself, so the name suffices.
type gate struct{ open atomic.Bool }

func isEd25519(id peer.ID) bool {
	key, err := id.ExtractPublicKey()
	return err == nil && key.Type() == crypto.Ed25519
}

func (g *gate) InterceptPeerDial(id peer.ID) bool { return g.open.Load() && isEd25519(id) }

func (g *gate) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return true }

func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return g.open.Load() }

func (g *gate) InterceptSecured(_ network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	return isEd25519(id)
}

func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) {
	return g.open.Load(), 0
}
