package p2p

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
)

// link sends direct messages to one connected peer.
type link struct {
	queue   *queue
	slots   chan struct{} // one token per request to the peer
	stop    context.CancelFunc
	stopped bool // under Host.mu
	up      bool // under Host.mu: the stream is open
}

// refresh makes the link of a peer follow whether it is connected.
func (h *Host) refresh(ctx context.Context, id PeerID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	connected := h.stack.swarm.Connectedness(id) == network.Connected
	l := h.links[id]
	switch {
	case connected && l == nil:
		if !h.group.enter() {
			return
		}
		linkCtx, stop := context.WithCancel(ctx)
		l = &link{
			queue: newQueue(h.cfg.QueueMessages, h.cfg.QueueBytes),
			slots: make(chan struct{}, h.cfg.RequestsPerPeer), stop: stop,
		}
		h.links[id] = l
		go func() {
			defer h.group.leave()
			h.runLink(linkCtx, id, l)
			h.refresh(ctx, id) // the peer may have come back meanwhile
		}()
	case !connected && l != nil:
		l.stopped = true
		l.stop()
	}
	if d := h.dialers[id]; d != nil && !connected {
		d.signal()
	}
}

func (h *Host) runLink(ctx context.Context, id PeerID, l *link) {
	for delay := minBackoff; ctx.Err() == nil; delay = min(2*delay, maxBackoff) {
		s, err := h.stack.NewStream(network.WithNoDial(ctx, "direct messages"), id, h.direct)
		if err != nil {
			h.cfg.Logger.Debug("open direct stream", "peer", id, "err", err)
		} else {
			began := time.Now()
			h.setUp(id, l, true)
			err = h.pump(ctx, s, l.queue)
			h.setUp(id, l, false)
			h.cfg.Logger.Debug("direct stream ended", "peer", id, "err", errors.Join(err, s.Reset()))
			if time.Since(began) > maxBackoff {
				delay = minBackoff
			}
		}
		sleep(ctx, delay)
	}
	l.stop()
	h.mu.Lock()
	delete(h.links, id)
	h.stats.dropped.Add(uint64(l.queue.drain()))
	h.mu.Unlock()
}

func (h *Host) setUp(id PeerID, l *link, up bool) {
	h.mu.Lock()
	l.up = up
	h.mu.Unlock()
	if h.cfg.OnPeer != nil {
		h.cfg.OnPeer(id, up)
	}
}

// pump writes what is queued, all that is there in one write.
func (h *Host) pump(ctx context.Context, s network.Stream, q *queue) error {
	var buf []byte
	for {
		var n int
		if buf, n = q.batch(buf[:0]); n == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-q.ready:
			}
			continue
		}
		if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			h.stats.dropped.Add(uint64(n))
			return err
		}
		if _, err := s.Write(buf); err != nil {
			h.stats.dropped.Add(uint64(n))
			return err
		}
		h.stats.sent.Add(uint64(n))
		if cap(buf) > 4*batchBytes {
			buf = nil
		}
	}
}

// reader is the inbound direct stream of one peer.
type reader struct {
	stream network.Stream
	done   chan struct{}
}

func (h *Host) serveDirect(s network.Stream) {
	if !h.group.enter() {
		h.drop(s, ErrClosed)
		return
	}
	defer h.group.leave()
	id := s.Conn().RemotePeer()
	r := &reader{stream: s, done: make(chan struct{})}
	defer close(r.done)
	h.mu.Lock()
	old := h.readers[id]
	h.readers[id] = r
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		if h.readers[id] == r {
			delete(h.readers, id)
		}
		h.mu.Unlock()
	}()
	if old != nil {
		h.drop(old.stream, errors.New("replaced by a new stream"))
		<-old.done
	}
	h.drop(s, h.receive(id, s))
}

// receive hands messages to OnMessage until the stream fails or ends.
func (h *Host) receive(id PeerID, s network.Stream) error {
	in := bufio.NewReaderSize(s, 16<<10)
	for {
		msg, release, err := readFrame(in, s.Scope(), h.cfg.MaxMessage)
		if err != nil {
			return err
		}
		h.stats.received.Add(1)
		if h.cfg.OnMessage != nil {
			h.cfg.OnMessage(id, msg)
		}
		release()
	}
}

// drop ends a stream in both directions for a reason.
func (h *Host) drop(s network.Stream, reason error) {
	id := s.Conn().RemotePeer()
	if errors.Is(reason, ErrSize) || errors.Is(reason, network.ErrResourceLimitExceeded) {
		h.stats.refused.Add(1)
		h.cfg.Logger.Warn("peer broke a limit", "peer", id, "protocol", s.Protocol(), "err", reason)
	} else if !errors.Is(reason, io.EOF) {
		h.cfg.Logger.Debug("stream ended", "peer", id, "protocol", s.Protocol(), "err", reason)
	}
	if err := s.Reset(); err != nil {
		h.cfg.Logger.Debug("reset stream", "peer", id, "err", err)
	}
}

// dialer keeps the host connected to one peer.
type dialer struct {
	info    peer.AddrInfo
	lost    chan struct{} // holds a token while the connection may be gone
	started bool          // under Host.mu
}

func (d *dialer) signal() {
	select {
	case d.lost <- struct{}{}:
	default:
	}
}

// addPeer wants Host.mu held.
func (h *Host) addPeer(info *peer.AddrInfo) {
	if info.ID == h.ID() {
		return
	}
	h.stack.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.PermanentAddrTTL)
	if h.dialers[info.ID] != nil {
		return
	}
	h.stack.ConnManager().Protect(info.ID, "added")
	h.dialers[info.ID] = &dialer{info: *info, lost: make(chan struct{}, 1)}
}

func (h *Host) startDialers(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.dialers {
		if !d.started && h.group.enter() {
			d.started = true
			go h.keepConnected(ctx, d)
		}
	}
}

func (h *Host) keepConnected(ctx context.Context, d *dialer) {
	defer h.group.leave()
	delay := minBackoff
	if h.ID() > d.info.ID {
		sleep(ctx, minBackoff) // two nodes that list each other need one connection
	}
	for ctx.Err() == nil {
		began := time.Now()
		err := h.dial(ctx, d)
		for err == nil && ctx.Err() == nil && h.stack.swarm.Connectedness(d.info.ID) == network.Connected {
			select {
			case <-ctx.Done():
			case <-d.lost:
			}
		}
		if time.Since(began) > 2*maxBackoff {
			delay = minBackoff
		}
		h.cfg.Logger.Debug("not connected", "peer", d.info.ID, "retry", delay, "err", err)
		sleep(ctx, delay)
		delay = min(2*delay, maxBackoff)
	}
}

// dial returns at once if the peer is connected.
func (h *Host) dial(ctx context.Context, d *dialer) error {
	h.stack.swarm.Backoff().Clear(d.info.ID) // ours is finer
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return h.stack.Connect(ctx, d.info)
}

// sleep waits for between a half and the whole of d, so that nodes do not act in step.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
