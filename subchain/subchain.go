// Package subchain assembles a blockchain: one Config, one Run.
//
// Run with the zero Config, plus your modules, is a chain with a single validator
// and JSON-RPC on loopback. Give Genesis the keys of a committee and each of them a
// Config with its own Dir, Listen and Peers, and the same chain runs on many
// machines. Custom logic is written against subchain/module; this package and its
// siblings are for those who run nodes.
//
// New opens and binds everything and starts little more than libp2p's own
// goroutines; Run works until its context ends and closes everything.
package subchain

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/node"
	"github.com/rootstem/rootstem/subchain/p2p"
	"github.com/rootstem/rootstem/subchain/rpc"
	"github.com/rootstem/rootstem/vm"
)

// Config says which chain, with which logic, and how this node takes part. The
// zero value of every field means what its comment says.
type Config struct {
	// Genesis fixes the chain; all its nodes must agree on it. Without a name it is
	// "subchain"; without a chain id, one derived from the name; without a time,
	// 1 January 2026; without a committee, this node's key is the only seat. Modules
	// in it is filled in.
	Genesis chain.Genesis
	// Modules is the custom logic: each entry becomes a contract.
	Modules []module.Entry
	// Rules of the virtual machine; the zero value means vm.Osaka.
	Rules *vm.Rules

	// Dir holds the database and the keys. Empty keeps both in memory only.
	Dir string
	// Backend of the database; nil means goleveldb. Who imports store/pebble may set
	// pebble.Backend(). A directory belongs to the backend that created it: another
	// gets store.ErrFormat.
	Backend store.Backend
	// Budget bounds the database's memory and open files. A zero field means that of
	// store.DefaultBudget (16 MiB of cache, twice 4 MiB of fresh writes, 128 files),
	// with which the database stays below 64 MiB.
	Budget store.Budget
	// State bounds the caches of the world state, about 30 MiB unless it says
	// otherwise, and for how many blocks older states stay readable: 1,024.
	State state.Config
	// Keep says how much of the past the node keeps; the zero value keeps all.
	Keep blocks.Policy
	// Key is the consensus key; nil reads validator.key in Dir or makes one there.
	Key ed25519.PrivateKey
	// Listen are the multiaddrs of libp2p; empty means a free TCP port on loopback.
	Listen []string
	// Peers are multiaddrs that end in /p2p/ID. More can be added with AddPeers.
	Peers []string
	// RPC is the address of JSON-RPC; empty means 127.0.0.1:0, a free port.
	RPC string
	// RPCHosts are names, beside loopback's, under which the RPC may be reached.
	RPCHosts []string
	// RPCOrigins are the origins of web pages that may call it.
	RPCOrigins []string

	BlockTime time.Duration // least time between blocks; 0: 250 ms
	Heartbeat time.Duration // longest time without a block; 0: 10 s
	Delta     time.Duration // within which a message usually arrives; 0: 500 ms

	Logger *slog.Logger // nil discards
	// Ready, if set, is called once by Run when the node serves.
	Ready func(*Node)
	// Final, if set, is called for each block that became final here, in order.
	Final func(*chain.Record)
}

// defaultTime is the time of block 0 unless the genesis says otherwise.
const defaultTime = 1_767_225_600_000

// Node is one node of a chain.
type Node struct {
	cfg      Config
	db       *store.Store
	mark     *store.Watermark
	chain    *chain.Chain
	modules  *module.Registry
	pool     *mempool.Pool
	node     *node.Node
	host     *p2p.Host
	listener net.Listener
	server   *rpc.Server
}

// Run opens a node, serves until ctx ends, which returns nil, or something fails.
func Run(ctx context.Context, cfg Config) error {
	n, err := New(cfg)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// New opens the database and binds the sockets. Errors say what is wrong with the
// configuration; store.ErrLocked means that another process uses Dir. A node that
// is not run must be closed.
func New(cfg Config) (*Node, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.RPC == "" {
		cfg.RPC = "127.0.0.1:0"
	}
	n := &Node{cfg: cfg}
	if err := n.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("subchain: %w", err), n.Close())
	}
	return n, nil
}

func (n *Node) open() error {
	cfg := &n.cfg
	var err error
	if n.db, err = store.Open(store.Config{Dir: databaseDir(cfg.Dir), Backend: cfg.Backend, Budget: cfg.Budget}); err != nil {
		return err
	}
	keys, err := openKeys(cfg.Dir, cfg.Key)
	if err != nil {
		return err
	}
	if cfg.Dir != "" {
		if n.mark, err = store.OpenWatermark(nil, filepath.Join(cfg.Dir, "validator.mark")); err != nil {
			return err
		}
	}
	if err := n.openChain(keys); err != nil {
		return err
	}
	if err := n.openPool(); err != nil {
		return err
	}
	n.node, err = node.New(node.Config{
		Chain: n.chain, Store: n.db, Pool: n.pool, Key: keys.validator, Watermark: n.mark,
		BlockTime: cfg.BlockTime, Heartbeat: cfg.Heartbeat, Delta: cfg.Delta,
		Logger: cfg.Logger, Final: cfg.Final,
	})
	if err != nil {
		return err
	}
	if len(cfg.Listen) == 0 {
		cfg.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	genesis := n.chain.Genesis()
	n.host, err = p2p.New(p2p.Config{
		Key: keys.network, Listen: cfg.Listen, Network: genesis.String()[2:],
		OnMessage: n.node.OnMessage, OnGossip: n.node.OnGossip, OnRequest: n.node.OnRequest, OnPeer: n.node.OnPeer,
		Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	if err := n.host.AddPeers(cfg.Peers...); err != nil {
		return err
	}
	if n.listener, err = net.Listen("tcp", cfg.RPC); err != nil {
		return fmt.Errorf("rpc: %w", err)
	}
	n.server, err = rpc.New(rpc.Config{
		Hosts: cfg.RPCHosts, Origins: cfg.RPCOrigins, Logger: cfg.Logger,
	}, n.backend())
	return err
}

func (n *Node) openChain(keys *keys) error {
	g := n.cfg.Genesis
	if g.Name == "" {
		g.Name = "subchain"
	}
	if g.ChainID == 0 {
		g.ChainID = DefaultChainID(g.Name)
	}
	if g.Time == 0 {
		g.Time = defaultTime
	}
	if len(g.Committee) == 0 {
		g.Committee = []chain.Validator{{Key: keys.validator.Public().(ed25519.PublicKey)}}
	}
	rules := vm.Osaka()
	if n.cfg.Rules != nil {
		rules = *n.cfg.Rules
	}
	var origin ledger.Hash
	set, err := module.New(module.Chain{
		ID: g.ChainID, Genesis: func() ledger.Hash { return origin },
	}, n.cfg.Modules)
	if err != nil {
		return err
	}
	g.Modules = set.ConfigHashAt(0)
	n.modules = set
	n.chain, err = chain.Open(chain.Config{
		Genesis: g, Rules: rules, Modules: set, Heights: heights(n.cfg.Modules),
		Store: n.db, State: n.cfg.State, Keep: n.cfg.Keep,
	})
	if err != nil {
		return err
	}
	origin = n.chain.Genesis()
	return nil
}

func (n *Node) openPool() error {
	head := n.chain.Head()
	view, err := n.chain.StateOf(head)
	if err != nil {
		return err
	}
	n.pool, err = mempool.New(mempool.Config{
		ChainID: n.chain.ChainID(), BlockGas: n.chain.GasLimit(), MinGasPrice: n.cfg.Genesis.BaseFee,
		// Gossip comes in any order and once: what is refused for a gap is lost here.
		MaxGap: 1024,
	}, view)
	return err
}

// heights lists where the schedule of modules changes.
func heights(entries []module.Entry) []uint64 {
	out := []uint64{0}
	for i := range entries {
		out = append(out, entries[i].From)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// DefaultChainID derives the chain id of a chain whose genesis names none: below
// 2^31, so that every wallet takes it.
func DefaultChainID(name string) uint64 {
	h := ledger.Keccak([]byte("rootstem.chainid.v1"), []byte(name))
	return uint64(h[0]&0x7f)<<24 | uint64(h[1])<<16 | uint64(h[2])<<8 | uint64(h[3])
}

// Run serves until ctx ends, which returns nil, or something fails. It closes the
// node.
func (n *Node) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	parts := map[string]func(context.Context) error{
		"network":   n.host.Run,
		"consensus": func(ctx context.Context) error { return n.node.Run(ctx, n.host) },
		"rpc":       func(ctx context.Context) error { return n.server.Serve(ctx, n.listener) },
	}
	type end struct {
		part string
		err  error
	}
	ends := make(chan end, len(parts))
	for name, run := range parts {
		go func() { ends <- end{name, run(ctx)} }()
	}
	if n.cfg.Ready != nil {
		n.cfg.Ready(n)
	}
	var errs []error
	for range parts {
		e := <-ends
		cancel()
		if e.err != nil && !errors.Is(e.err, context.Canceled) {
			errs = append(errs, fmt.Errorf("subchain: %s: %w", e.part, e.err))
		}
	}
	cancel()
	return errors.Join(append(errs, n.Close())...)
}

// Close releases the database and the sockets. It may be called more than once.
func (n *Node) Close() error {
	var errs []error
	if n.listener != nil {
		if err := n.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if n.host != nil {
		errs = append(errs, n.host.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	if n.mark != nil {
		errs = append(errs, n.mark.Close())
	}
	n.listener, n.host, n.db, n.mark = nil, nil, nil, nil
	return errors.Join(errs...)
}

// URL is where JSON-RPC is served.
func (n *Node) URL() string { return "http://" + n.listener.Addr().String() }

// Addrs are the multiaddrs under which peers reach this node.
func (n *Node) Addrs() []string { return n.host.Addrs() }

// AddPeers keeps connections to peers.
func (n *Node) AddPeers(addrs ...string) error { return n.host.AddPeers(addrs...) }

// Chain reads the node's copy of the chain.
func (n *Node) Chain() *chain.Chain { return n.chain }

// Module returns the address of a module of this chain.
func (n *Node) Module(name string) (ledger.Address, bool) {
	for i := range n.cfg.Modules {
		e := &n.cfg.Modules[i]
		if e.Name != name {
			continue
		}
		if e.Address != nil {
			return *e.Address, true
		}
		return module.AddressOf(name), true
	}
	return ledger.Address{}, false
}
