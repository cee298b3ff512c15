package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/node"
	"github.com/rootstem/rootstem/subchain/p2p"
)

// ours is a network of this repository's nodes.
type ours struct {
	validators []*validator
	cancel     context.CancelFunc
	group      sync.WaitGroup
	errs       []error // of each Run, under mu
	mu         sync.Mutex
}

type validator struct {
	db   *store.Store
	app  *application
	pool *pool
	node *node.Node
	host *p2p.Host
}

func startRootstem(s *settings, sc scenario, dir string, m *meter) (network, error) {
	committee := &rolldpos.Committee{Epoch: 1}
	keys := make([]ed25519.PrivateKey, sc.validators)
	for i := range keys {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		keys[i] = private
		committee.Keys = append(committee.Keys, public)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := &ours{cancel: cancel}
	for i, key := range keys {
		v, err := newValidator(s, sc, filepath.Join(dir, fmt.Sprint(i)), key, committee, func(r *chain.Record) {
			payloads := make([][]byte, len(r.Block.Transactions))
			for j, tx := range r.Block.Transactions {
				payloads[j] = tx.Data
			}
			m.delivered(i, payloads)
		})
		if err != nil {
			return nil, errors.Join(err, o.close())
		}
		for _, other := range o.validators {
			if err := errors.Join(v.host.AddPeers(other.host.Addrs()...), other.host.AddPeers(v.host.Addrs()...)); err != nil {
				return nil, errors.Join(err, o.close())
			}
		}
		o.validators = append(o.validators, v)
	}
	for _, v := range o.validators {
		o.start(func() error { return v.host.Run(ctx) })
	}
	for _, v := range o.validators {
		for len(v.host.Peers()) < sc.validators-1 {
			time.Sleep(time.Millisecond)
		}
	}
	for _, v := range o.validators {
		o.start(func() error { return v.node.Run(ctx, v.host) })
	}
	return o, nil
}

func (o *ours) start(run func() error) {
	o.group.Go(func() {
		if err := run(); err != nil {
			o.mu.Lock()
			o.errs = append(o.errs, err)
			o.mu.Unlock()
		}
	})
}

func newValidator(s *settings, sc scenario, dir string, key ed25519.PrivateKey, committee *rolldpos.Committee, final func(*chain.Record)) (*validator, error) {
	db, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	v := &validator{db: db, pool: newPool(s)}
	v.app = newApplication(committee, v.pool)
	v.node, err = node.New(node.Config{
		Chain: v.app, Store: db, Pool: v.pool, Key: key, Final: final,
		BlockTime: 1, Heartbeat: 1, // no pause between blocks
		Delta: time.Second, Quiet: sc.name == direct,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	v.host, err = p2p.New(p2p.Config{
		Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Network: "bench", MaxConnsPerIP: 1024,
		OnMessage: v.node.OnMessage, OnGossip: v.node.OnGossip, OnRequest: v.node.OnRequest, OnPeer: v.node.OnPeer,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
}

// wrapped is how many of the txSize bytes of an envelope are not of the payload.
const wrapped = 98

// transaction is a legacy transaction of txSize bytes that carries the first bytes of
// a payload. Where its signature belongs stands a constant.
func transaction(payload []byte) *ledger.Transaction {
	word := new(uint256.Int).Not(new(uint256.Int))
	return &ledger.Transaction{
		To: new(ledger.Address), Gas: 21000, Data: payload[:txSize-wrapped], V: *uint256.NewInt(27), R: *word, S: *word,
	}
}

func (o *ours) submit(validator int, payload []byte) error {
	err := o.validators[validator].node.Submit(transaction(payload))
	if errors.Is(err, mempool.ErrFull) {
		return errFull
	}
	return err
}

func (o *ours) height() uint64 { return o.validators[0].app.Head().Block.Header.Height }

func (o *ours) close() error {
	o.cancel()
	o.group.Wait()
	errs := o.errs
	for _, v := range o.validators {
		errs = append(errs, v.host.Close(), v.db.Close())
	}
	return errors.Join(errs...)
}
