package p2p

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
)

// Host is one node's end of the network. Its methods are safe for concurrent use.
type Host struct {
	cfg     Config
	stack   *stack
	direct  protocol.ID
	request protocol.ID
	topic   string
	group   group         // goroutines and callbacks that Run waits for
	wake    chan struct{} // holds a token while dialers may wait for their goroutine
	serving chan struct{} // one token per request that is being answered
	stats   counters

	mu      sync.Mutex
	state   state
	cancel  context.CancelFunc // ends Run; set while running
	ended   chan struct{}      // closed when Run has returned all it holds
	gossip  *pubsub.Topic      // set while running
	links   map[PeerID]*link   // connected peers
	readers map[PeerID]*reader // inbound direct streams
	asking  map[PeerID]int     // requests of a peer that are being served
	dialers map[PeerID]*dialer // peers given to AddPeers
}

type state uint8

const (
	idle state = iota
	running
	closed
)

type counters struct{ sent, received, dropped, refused, gossiped, rejected atomic.Uint64 }

// Stats counts events since New.
type Stats struct {
	Peers    int    // peers to which direct messages flow
	Sent     uint64 // direct messages handed to the transport
	Received uint64 // direct messages given to OnMessage
	Dropped  uint64 // direct messages lost to a full queue or a lost connection
	Refused  uint64 // frames and requests of peers that broke a limit
	Gossiped uint64 // gossip messages accepted
	Rejected uint64 // gossip messages rejected
}

// New makes a host and binds its listening sockets, so that Addrs is known. It refuses
// connections until Run. Call Close if Run is never called.
func New(cfg Config) (*Host, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrConfig, err)
	}
	s, err := assemble(&cfg, key)
	if err != nil {
		return nil, err
	}
	for _, text := range cfg.Listen {
		addr, err := ma.NewMultiaddr(text)
		if err == nil {
			err = s.swarm.Listen(addr)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("p2p: listen on %s: %w", text, err), s.Close())
		}
	}
	prefix := "/rootstem/" + cfg.Network
	return &Host{
		cfg: cfg, stack: s,
		direct: protocol.ID(prefix + "/direct/1"), request: protocol.ID(prefix + "/request/1"), topic: prefix + "/tx/1",
		wake: make(chan struct{}, 1), serving: make(chan struct{}, maxServing), ended: make(chan struct{}),
		links: map[PeerID]*link{}, readers: map[PeerID]*reader{}, asking: map[PeerID]int{}, dialers: map[PeerID]*dialer{},
	}, nil
}

// ID names this node.
func (h *Host) ID() PeerID { return h.stack.ID() }

// Addrs returns the addresses at which the host listens, wildcards resolved to those of
// the machine's interfaces, each with /p2p/ID as AddPeers of another host wants it.
func (h *Host) Addrs() []string {
	addrs, err := h.stack.swarm.InterfaceListenAddresses()
	if err != nil {
		h.cfg.Logger.Warn("list addresses of interfaces", "err", err)
		addrs = h.stack.swarm.ListenAddresses()
	}
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String() + "/p2p/" + h.ID().String()
	}
	return out
}

// Run serves until ctx ends or Close is called, and returns nil then. It owns every
// goroutine and calls no callback after it has returned. It can run once.
func (h *Host) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h.mu.Lock()
	if h.state != idle {
		h.mu.Unlock()
		return ErrClosed
	}
	h.state, h.cancel = running, cancel
	h.mu.Unlock()
	defer close(h.ended)

	err := h.start(ctx)
	for err == nil && ctx.Err() == nil {
		h.startDialers(ctx)
		select {
		case <-ctx.Done():
		case <-h.wake:
		}
	}
	cancel()
	h.mu.Lock()
	h.state, h.gossip = closed, nil
	h.mu.Unlock()
	h.stack.gate.open.Store(false)
	h.group.close()
	closeErr := h.stack.Close()
	h.group.wait()
	return errors.Join(err, closeErr)
}

func (h *Host) start(ctx context.Context) error {
	topic, err := h.startGossip(ctx)
	if err != nil {
		return fmt.Errorf("p2p: gossip: %w", err)
	}
	h.mu.Lock()
	h.gossip = topic
	h.mu.Unlock()
	h.stack.SetStreamHandler(h.direct, h.serveDirect)
	h.stack.SetStreamHandler(h.request, h.serveRequest)
	h.stack.Network().Notify(&network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { h.refresh(ctx, c.RemotePeer()) },
		DisconnectedF: func(_ network.Network, c network.Conn) { h.refresh(ctx, c.RemotePeer()) },
	})
	h.stack.Start()
	h.stack.gate.open.Store(true)
	return nil
}

// Close ends Run and waits for it, or releases a host that never ran. Later calls do
// nothing. Callbacks must not call it.
func (h *Host) Close() error {
	h.mu.Lock()
	was := h.state
	h.state = closed
	cancel := h.cancel
	h.mu.Unlock()
	if cancel != nil {
		cancel()
		<-h.ended
		return nil
	}
	if was == closed {
		return nil
	}
	return h.stack.Close()
}

// AddPeers keeps the host connected to peers, each a multiaddress that ends in /p2p/ID
// with an ed25519 identity: it dials when there is no connection, with growing pauses
// of up to 15 s. Own addresses are passed over. On an error nothing is added.
func (h *Host) AddPeers(addrs ...string) error {
	infos := make([]*peer.AddrInfo, 0, len(addrs))
	for _, text := range addrs {
		info, err := peer.AddrInfoFromString(text)
		if err != nil {
			return fmt.Errorf("%w: %q: %w", ErrAddress, text, err)
		}
		if len(info.Addrs) == 0 || !isEd25519(info.ID) {
			return fmt.Errorf("%w: %q: no transport address or not an ed25519 identity", ErrAddress, text)
		}
		infos = append(infos, info)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == closed {
		return ErrClosed
	}
	for _, info := range infos {
		h.addPeer(info)
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return nil
}

// Peers returns the peers to which direct messages flow, in the order of their ids.
func (h *Host) Peers() []PeerID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []PeerID
	for id, l := range h.links {
		if l.up {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Send queues msg for a connected peer. It does not wait, and copies msg. It returns
// ErrSize or ErrNotConnected.
func (h *Host) Send(to PeerID, msg []byte) error {
	if len(msg) == 0 || len(msg) > h.cfg.MaxMessage {
		return fmt.Errorf("%w: %d bytes", ErrSize, len(msg))
	}
	msg = slices.Clone(msg)
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.links[to]
	if l == nil || l.stopped {
		return ErrNotConnected
	}
	h.enqueue(l, msg)
	return nil
}

// Broadcast queues msg for every connected peer. It does not wait, and copies msg. It
// returns ErrSize; that nobody is connected is not an error.
func (h *Host) Broadcast(msg []byte) error {
	if len(msg) == 0 || len(msg) > h.cfg.MaxMessage {
		return fmt.Errorf("%w: %d bytes", ErrSize, len(msg))
	}
	msg = slices.Clone(msg)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.links {
		if !l.stopped {
			h.enqueue(l, msg)
		}
	}
	return nil
}

func (h *Host) enqueue(l *link, msg []byte) {
	if n := l.queue.push(msg); n > 0 {
		h.stats.dropped.Add(uint64(n))
	}
}

// Stats returns a snapshot.
func (h *Host) Stats() Stats {
	s := &h.stats
	return Stats{
		Peers: len(h.Peers()), Sent: s.sent.Load(), Received: s.received.Load(), Dropped: s.dropped.Load(),
		Refused: s.refused.Load(), Gossiped: s.gossiped.Load(), Rejected: s.rejected.Load(),
	}
}

// group counts goroutines and callbacks and admits no more once it is closed.
type group struct {
	mu     sync.Mutex
	wg     sync.WaitGroup
	closed bool
}

func (g *group) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.wg.Add(1)
	return true
}

func (g *group) leave() { g.wg.Done() }

func (g *group) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}

func (g *group) wait() { g.wg.Wait() }
