// Package node runs one node of a chain: it drives consensus over a transport,
// with every block executed here before it is voted for, and every vote in the
// log before it is sent.
//
// New prepares a node from its parts; hand OnMessage, OnGossip and OnRequest to
// the transport; Run works until its context ends or the node must stop. One
// goroutine owns the consensus core, the pending blocks and all writes. Messages
// that find its queue full are dropped: consensus repeats them.
//
// Every epoch begins with the committee that the chain has elected for it, on the final
// last block of the epoch before: a node gains a seat there, or loses it. A node without
// a seat follows: it syncs final blocks, relays transactions and serves reads.
//
// With Config.Keys the seats sign with the shares of the chain key beside their commits,
// and every node gathers the certificates, beacons and handovers that come of it, on a
// goroutine of its own that nothing waits for.
package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// ErrStopped reports that the node stopped to protect the chain: two certificates
// contradict each other, or its own execution contradicts a certified block.
var ErrStopped = errors.New("node: stopped to protect the chain")

// Transport carries bytes between nodes. Broadcast, Send and Publish never block.
type Transport interface {
	Broadcast(msg []byte) error
	Send(to p2p.PeerID, msg []byte) error
	Publish(msg []byte) error
	Request(ctx context.Context, to p2p.PeerID, req []byte) ([]byte, error)
	Peers() []p2p.PeerID
}

// Config assembles a node. Times of zero mean the documented default.
type Config struct {
	Chain Chain
	Store *store.Store
	Pool  Pool
	// Key is the seat's consensus key; nil, or a key without a seat, follows.
	Key ed25519.PrivateKey
	// Watermark, if set, keeps the seat from signing twice after the store was restored
	// from an old copy. One that knows of no vote beside a store that does makes the
	// seat ask the others where they are, in each epoch until the next start.
	Watermark *store.Watermark
	// BlockTime is the least time between two blocks; 0 means 250 ms.
	BlockTime time.Duration
	// Heartbeat is the time after which an idle chain makes an empty block; 0 means
	// 10 s.
	Heartbeat time.Duration
	// Delta is the time in which a message usually arrives; 0 means 500 ms.
	Delta time.Duration
	// Quiet keeps transactions that are submitted here until this seat leads, instead of
	// passing them on: for applications that spread them by other means.
	Quiet  bool
	Logger *slog.Logger // nil discards
	// Final, if set, is called for each block that became final here, oldest first,
	// on the node's goroutine: it must return soon.
	Final func(*chain.Record)

	// Keys, if set, has the node gather the certificates and beacons of the chain key,
	// and sign partials where it holds a share. Without it the votes are the only
	// certificates.
	Keys Keys
	// Signed, if set, is called with each round and each handover that the chain key has
	// signed, on a goroutine of the node's: it must return soon.
	Signed  func(*chainkey.Signed)
	Metrics Metrics
	// Evidence, if set, is called with each proof of guilt that this node has seen, on
	// the node's goroutine: it must return soon.
	Evidence func(epoch uint64, e rolldpos.Evidence)
}

// Node is one running node.
type Node struct {
	cfg       Config
	chain     Chain
	pool      Pool
	log       *slog.Logger
	transport Transport
	started   time.Time
	events    chan event
	jobs      chan job
	stirred   chan struct{} // holds a token while the pool may have news
	running   chan struct{} // closed once transport is set
	outbox    outbox
	verified  verified
	seated    atomic.Bool   // whether the key has a seat in this epoch
	best      atomic.Uint64 // highest height that a peer reported
	syncStart atomic.Uint64 // height at which the running sync began, plus one; 0: none

	// Owned by Run's goroutine.
	seat      int
	keeper    *keeper
	lost      store.Mark // see keeper.lost
	doubt     bool
	core      *rolldpos.Core
	committee *rolldpos.Committee // of the epoch
	epoch     uint64
	wake      time.Time
	bodies    *bodies
	relay     relay
	waiting   []waiting
	finals    []rolldpos.Finalized
	build     *rolldpos.BuildRequest
	demand    bool
	fetches   map[ledger.Hash]time.Time
	syncing   syncState
	announced uint64 // height that was told to peers last
	checks    *endorsements
	ahead     ahead
	output    output
	partials  *partials // nil without Keys
	fault     error
}

// event is something that Run's goroutine works on.
type event func(ctx context.Context)

// job is a request to a peer, worked on by one of a few goroutines beside Run's.
type job func(ctx context.Context)

const (
	queueLength = 4096
	workers     = 4
	tickEvery   = 10 * time.Millisecond
	statusEvery = 500 * time.Millisecond
	// maxDrift is how far ahead of the clock a block's time may be.
	maxDrift = 15 * time.Second
)

// New prepares a node. It reads the store and starts nothing.
func New(cfg Config) (*Node, error) {
	if cfg.BlockTime == 0 {
		cfg.BlockTime = 250 * time.Millisecond
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = 10 * time.Second
	}
	if cfg.Delta == 0 {
		cfg.Delta = 500 * time.Millisecond
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Node{
		cfg: cfg, chain: cfg.Chain, pool: cfg.Pool, log: cfg.Logger,
		events:  make(chan event, queueLength),
		jobs:    make(chan job, workers),
		stirred: make(chan struct{}, 1),
		running: make(chan struct{}),
		outbox:  outbox{ready: make(chan struct{}, 1)},
		keeper:  openKeeper(cfg.Store, cfg.Watermark),
		bodies:  newBodies(),
		fetches: map[ledger.Hash]time.Time{},
		checks:  newEndorsements(),
	}
	if cfg.Keys != nil {
		n.partials = &partials{node: n, queue: make(chan func(*gathering) error, partialQueue)}
	}
	return n, nil
}

// Run works until ctx ends, which returns nil, or the node must stop.
func (n *Node) Run(ctx context.Context, t Transport) error {
	n.transport = t
	n.started = time.Now()
	close(n.running)
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for range workers {
		group.Go(func() { n.work(ctx) })
	}
	if n.partials != nil {
		group.Go(func() { n.partials.run(ctx) })
	}
	group.Go(func() { n.publish(ctx) })
	if err := n.restore(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	statusTick := time.NewTicker(statusEvery)
	defer statusTick.Stop()
	for n.fault == nil {
		select {
		case <-ctx.Done():
			return nil
		case e := <-n.events:
			e(ctx)
			n.drain(ctx)
		case <-n.stirred:
			n.evaluate(ctx)
		case <-tick.C:
			n.tick(ctx)
		case <-statusTick.C:
			n.announce(ctx)
		}
		n.flush()
	}
	return n.fault
}

// drain works on what is queued already: one sync serves all of it.
func (n *Node) drain(ctx context.Context) {
	for range maxBatch {
		select {
		case e := <-n.events:
			e(ctx)
		default:
			return
		}
	}
}

// fail stops the node with its first fault.
func (n *Node) fail(err error) {
	if n.fault == nil {
		n.fault = err
		n.log.Error("node stops", "error", err)
	}
}

// post queues an event, or drops it if the queue is full.
func (n *Node) post(e event) bool {
	select {
	case n.events <- e:
		return true
	default:
		return false
	}
}

// stir has the pool looked at soon. However many transactions come meanwhile, they
// leave the queue to consensus.
func (n *Node) stir() {
	select {
	case n.stirred <- struct{}{}:
	default:
	}
}

// wait queues an event, waiting for room.
func (n *Node) wait(ctx context.Context, e event) {
	select {
	case n.events <- e:
	case <-ctx.Done():
	}
}

// spawn hands a job to the workers; false if all are busy with more waiting.
func (n *Node) spawn(j job) bool {
	select {
	case n.jobs <- j:
		return true
	default:
		return false
	}
}

func (n *Node) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-n.jobs:
			j(ctx)
		}
	}
}

// now is the core's clock: milliseconds, monotone within a run.
func (n *Node) now() uint64 { return uint64(time.Since(n.started).Milliseconds()) + 1 }

// Sync reports whether the node is fetching final blocks, where it began and the
// highest height that peers reported.
func (n *Node) Sync() (active bool, start, highest uint64) {
	s := n.syncStart.Load()
	if s > 0 {
		return true, s - 1, n.best.Load()
	}
	return false, 0, n.best.Load()
}

// Checkpoint returns the encoded signatures of a quorum over a checkpoint, or nil
// while there is none.
func (n *Node) Checkpoint(seq uint64) ([]byte, error) { return n.keeper.checkpoint(seq) }

// OnRequest answers a peer's request. It may be called from any goroutine.
func (n *Node) OnRequest(_ p2p.PeerID, req []byte) ([]byte, error) {
	if len(req) == 0 {
		return nil, errWire
	}
	switch req[0] {
	case askBlock:
		if len(req) != 33 {
			return nil, errWire
		}
		return n.serveBlock(ledger.Hash(req[1:]))
	case askRange:
		height, err := decodeUint(req[1:])
		if err != nil {
			return nil, err
		}
		return n.serveRange(height)
	case askCheckpoint:
		seq, err := decodeUint(req[1:])
		if err != nil {
			return nil, err
		}
		return n.keeper.checkpoint(seq)
	}
	return nil, fmt.Errorf("%w: request %d", errWire, req[0])
}
