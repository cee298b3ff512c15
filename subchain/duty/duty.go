// Package duty does for a node what its chain asks of it beside voting: transactions of
// the operator's account carry evidence of guilt and beacons to the module that elects,
// and the messages of the key ceremony to the module that holds it; and the node's
// shares of the chain key are kept here.
//
// New prepares it; hand Final, Evidence and Beacon to the node as its callbacks, and the
// Duty itself as its Keys; Run works until its context ends. One goroutine decides and
// signs. What it owes is derived from final blocks again after a restart, but for
// evidence, which another node brings as well.
package duty

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/staking"
)

// ErrConfig reports a configuration that lacks a part.
var ErrConfig = errors.New("duty: incomplete configuration")

// Config assembles a Duty. The zero address of a module means that the chain has none.
type Config struct {
	Chain *chain.Chain
	Store *store.Store
	// Key is the operator's account, which pays for the transactions. Any account
	// will do; without coins on a chain that charges for gas, nothing gets done. Nil
	// makes no transactions: others bring evidence, and the seat has no part in
	// ceremonies.
	Key *ledger.Key
	// Nonce returns the account's next nonce, transactions that wait counted.
	Nonce func(ledger.Address) (uint64, error)
	// Pending reports whether a transaction waits to be included.
	Pending func(ledger.Hash) bool
	// Submit puts a transaction into the node's pool and spreads it.
	Submit func(*ledger.Transaction) error
	// Sign has the node send its partial of a handover.
	Sign func(chainkey.Statement)
	// Seat is the node's consensus key. What one node suffices for, the seats do in
	// turn, a block apart, and a node without a seat after them.
	Seat     ed25519.PrivateKey
	Staking  ledger.Address
	Ceremony ledger.Address
	Vault    *Vault       // of the seat's secrets
	Logger   *slog.Logger // nil discards
}

// Duty is what one node owes its chain.
type Duty struct {
	cfg       Config
	log       *slog.Logger
	from      ledger.Address // zero without a key
	handovers store.Space    // era (8 bytes, big-endian) → chainkey.Handover
	wake      chan struct{}  // a block became final, or there is a new task

	mu    sync.Mutex
	tasks []*task          // oldest first, at most maxTasks
	given *chainkey.Signed // newest signature of a handover

	// Owned by Run's goroutine.
	epoch uint64 // of the next block
	run   *run   // nil until the epoch's ceremony opens
	// looked is when, in signEvery blocks, the next epoch's key was looked at last, and
	// settled the last epoch in which nothing is left to be handed over.
	looked, settled uint64
}

// maxTasks bounds what is owed at a time: more is dropped, which for evidence means
// that another node brings it.
const maxTasks = 256

// New prepares a Duty and starts nothing.
func New(cfg Config) (*Duty, error) {
	if cfg.Chain == nil || cfg.Store == nil || cfg.Nonce == nil || cfg.Pending == nil || cfg.Submit == nil || cfg.Sign == nil || cfg.Vault == nil {
		return nil, ErrConfig
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Duty{cfg: cfg, log: cfg.Logger, wake: make(chan struct{}, 1), handovers: cfg.Store.Space("handovers")}
	if cfg.Key != nil {
		d.from = cfg.Key.Address()
	}
	return d, nil
}

// Final takes that a block became final. It returns at once.
func (d *Duty) Final(*chain.Record) { d.nudge() }

func (d *Duty) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Evidence has a proof of guilt brought on chain. It returns at once.
func (d *Duty) Evidence(epoch uint64, e rolldpos.Evidence) {
	if d.cfg.Staking.IsZero() {
		return
	}
	data, err := staking.EvidenceCall(e)
	if err != nil {
		d.log.Error("evidence not encoded", "epoch", epoch, "seat", e.Seat, "error", err)
		return
	}
	name := fmt.Sprintf("evidence against seat %d of epoch %d", e.Seat, epoch)
	d.owe(&task{name: name, to: d.cfg.Staking, data: data, wait: d.turn(epoch)})
}

// Signed has a round's signature brought on chain, and keeps that of a handover. It
// returns at once.
func (d *Duty) Signed(s *chainkey.Signed) {
	if b, ok := s.Beacon(); ok {
		d.beacon(b)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given = s
	d.nudge()
}

func (d *Duty) beacon(b *chainkey.Beacon) {
	if d.cfg.Staking.IsZero() {
		return
	}
	data, err := staking.BeaconCall(b.Round, b.Signature)
	if err != nil {
		d.log.Error("beacon not encoded", "round", b.Round, "error", err)
		return
	}
	d.owe(&task{name: fmt.Sprintf("beacon %d", b.Round), to: d.cfg.Staking, data: data, wait: d.turn(b.Round)})
}

// turn is how many blocks this node leaves to others for what one suffices for.
func (d *Duty) turn(epoch uint64) uint64 {
	c, err := d.cfg.Chain.Committee(epoch)
	if err != nil {
		return 0
	}
	n := uint64(c.Size())
	if d.cfg.Seat == nil {
		return n
	}
	seat := c.Seat(d.cfg.Seat.Public().(ed25519.PublicKey))
	if seat == rolldpos.Observer {
		return n
	}
	return (uint64(seat) + epoch) % n
}

// Run works until ctx ends, which returns nil. What it cannot do is logged: blocks become
// final without.
func (d *Duty) Run(ctx context.Context) error {
	defer func() {
		if d.run != nil {
			d.run.end()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		}
		d.attend(ctx)
		if err := d.handOver(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("handover", "epoch", d.epoch, "error", err)
		}
		d.work(ctx)
	}
}
