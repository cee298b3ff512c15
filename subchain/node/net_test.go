package node_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/node"
	"github.com/rootstem/rootstem/subchain/p2p"
	"github.com/rootstem/rootstem/vm"
)

// wires connects the nodes of a test in memory: every message arrives, in order.
type wires struct {
	mu    sync.Mutex
	ports map[p2p.PeerID]*port
}

type port struct {
	wires  *wires
	id     p2p.PeerID
	inbox  chan func()
	target *node.Node
	// rewrite, if set, changes or drops (nil) what is sent to a peer.
	rewrite func(to string, msg []byte) []byte
	// answer, if set, answers requests in the node's place.
	answer func(req []byte) ([]byte, error)
}

var errUnplugged = errors.New("no such peer")

func (p *port) others() (out []*port) {
	p.wires.mu.Lock()
	defer p.wires.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(p.wires.ports)) {
		if id != p.id {
			out = append(out, p.wires.ports[id])
		}
	}
	return out
}

func (p *port) Peers() (ids []p2p.PeerID) {
	for _, o := range p.others() {
		ids = append(ids, o.id)
	}
	return ids
}

func (p *port) Broadcast(msg []byte) error {
	for _, o := range p.others() {
		p.deliver(o, msg)
	}
	return nil
}

func (p *port) deliver(o *port, msg []byte) {
	if p.rewrite != nil {
		if msg = p.rewrite(string(o.id), bytes.Clone(msg)); msg == nil {
			return
		}
	}
	select {
	case o.inbox <- func() { o.target.OnMessage(p.id, msg) }:
	default: // a node that stopped
	}
}

func (p *port) Send(to p2p.PeerID, msg []byte) error {
	for _, o := range p.others() {
		if o.id == to {
			p.deliver(o, msg)
			return nil
		}
	}
	return errUnplugged
}

func (p *port) Publish(msg []byte) error {
	for _, o := range p.others() {
		select {
		case o.inbox <- func() { o.target.OnGossip(p.id, msg) }:
		default:
		}
	}
	return nil
}

func (p *port) Request(_ context.Context, to p2p.PeerID, req []byte) ([]byte, error) {
	for _, o := range p.others() {
		switch {
		case o.id != to:
		case o.answer != nil:
			return o.answer(req)
		default:
			return o.target.OnRequest(p.id, req)
		}
	}
	return nil, errUnplugged
}

// member is one node with what it is made of, over a database that outlives it.
type member struct {
	name  string
	key   ed25519.PrivateKey
	db    *store.Store
	chain *chain.Chain
	node  *node.Node
	port  *port
	stop  func() error // nil while it does not run
}

func seatKey(name string) ed25519.PrivateKey {
	seed := ledger.Keccak([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func seatID(name string) [32]byte {
	return [32]byte(seatKey(name).Public().(ed25519.PublicKey))
}

// network is a chain of several nodes.
type network struct {
	t       *testing.T
	wires   *wires
	genesis chain.Genesis
	modules func() []module.Entry
	tune    func(name string, cfg *node.Config)
	members map[string]*member
	rewrite map[string]func(to string, msg []byte) []byte // by the sender's name
}

func newNetwork(t *testing.T, length uint64, committee []string, modules func() []module.Entry) *network {
	t.Helper()
	n := &network{
		t: t, wires: &wires{ports: map[p2p.PeerID]*port{}}, members: map[string]*member{}, modules: modules,
		rewrite: map[string]func(string, []byte) []byte{},
		genesis: chain.Genesis{Name: "epochs", ChainID: 9, Time: 1_000_000, EpochLength: length, Alloc: []chain.Allocation{
			{Address: account(t).Address(), Balance: *uint256.NewInt(1e18)},
		}},
	}
	for _, name := range committee {
		n.genesis.Committee = append(n.genesis.Committee, chain.Validator{Key: seatKey(name).Public().(ed25519.PublicKey)})
	}
	t.Cleanup(n.close)
	return n
}

func account(t *testing.T) *ledger.Key {
	t.Helper()
	k, err := ledger.ParseKey(ledger.Keccak([]byte("holder")))
	require.NoError(t, err)
	return k
}

func (n *network) close() {
	for _, name := range slices.Sorted(maps.Keys(n.members)) {
		m := n.members[name]
		n.halt(name)
		require.NoError(n.t, node.Audit(m.db))
		require.NoError(n.t, chain.Check(m.db))
		require.NoError(n.t, m.db.Close())
	}
}

// start runs nodes that are new or were halted.
func (n *network) start(names ...string) {
	n.t.Helper()
	for _, name := range names {
		m := n.members[name]
		if m == nil {
			db, err := store.Open(store.Config{})
			require.NoError(n.t, err)
			m = &member{name: name, key: seatKey(name), db: db}
			n.members[name] = m
		}
		n.assemble(m)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		inbox := m.port.inbox
		go func() {
			for {
				select {
				case f := <-inbox:
					f()
				case <-ctx.Done():
					return
				}
			}
		}()
		go func() { done <- m.node.Run(ctx, m.port) }()
		n.wires.mu.Lock()
		n.wires.ports[m.port.id] = m.port
		n.wires.mu.Unlock()
		m.stop = func() error {
			cancel()
			return <-done
		}
	}
}

func (n *network) assemble(m *member) {
	n.t.Helper()
	entries := n.modules()
	set, err := module.New(module.Chain{ID: n.genesis.ChainID}, entries)
	require.NoError(n.t, err)
	g := n.genesis
	g.Modules = set.ConfigHashAt(0)
	m.chain, err = chain.Open(chain.Config{Genesis: g, Rules: vm.Osaka(), Modules: set, Store: m.db})
	require.NoError(n.t, err)
	view, err := m.chain.StateOf(m.chain.Head())
	require.NoError(n.t, err)
	pool, err := mempool.New(mempool.Config{ChainID: g.ChainID, BlockGas: m.chain.GasLimit(), MaxGap: 64}, view)
	require.NoError(n.t, err)
	cfg := node.Config{
		Chain: m.chain, Store: m.db, Pool: pool, Key: m.key,
		BlockTime: 5 * time.Millisecond, Heartbeat: 20 * time.Millisecond, Delta: 100 * time.Millisecond,
	}
	if n.tune != nil {
		n.tune(m.name, &cfg)
	}
	m.node, err = node.New(cfg)
	require.NoError(n.t, err)
	m.port = &port{wires: n.wires, id: p2p.PeerID(m.name), inbox: make(chan func(), 4096), target: m.node, rewrite: n.rewrite[m.name]}
}

// halt stops nodes; their databases stay.
func (n *network) halt(names ...string) {
	n.t.Helper()
	for _, name := range names {
		m := n.members[name]
		if m.stop == nil {
			continue
		}
		n.wires.mu.Lock()
		delete(n.wires.ports, m.port.id)
		n.wires.mu.Unlock()
		require.NoError(n.t, m.stop(), name)
		m.stop = nil
	}
}

func (n *network) height(name string) uint64 {
	return n.members[name].chain.Head().Block.Header.Height
}

// reach waits until nodes have a final block of a height.
func (n *network) reach(height uint64, names ...string) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		return !slices.ContainsFunc(names, func(name string) bool { return n.height(name) < height })
	}, 20*time.Second, 5*time.Millisecond, "height %d: %s", height, n)
}

// block returns a final block that all the nodes named have alike.
func (n *network) block(height uint64, names ...string) *chain.Record {
	n.t.Helper()
	r, err := n.members[names[0]].chain.Block(height)
	require.NoError(n.t, err)
	for _, name := range names[1:] {
		other, err := n.members[name].chain.Block(height)
		require.NoError(n.t, err)
		require.Equal(n.t, r.Hash, other.Hash, "block %d of %s", height, name)
	}
	return r
}

func (n *network) String() (s string) {
	for _, name := range slices.Sorted(maps.Keys(n.members)) {
		s += fmt.Sprintf(" %s=%d", name, n.height(name))
	}
	return s
}
