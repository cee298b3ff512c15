// Package devnet runs all validators of a chain in one process, for examples and
// tests: each is a whole node with its own directory, keys, database and sockets,
// and shares no memory with the others. It is not for production, where every
// validator is a process on a machine of its own.
package devnet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/chain"
)

// Network is a running chain. Its methods may be called from any goroutine.
type Network struct {
	configs []subchain.Config
	keys    []ed25519.PrivateKey

	mu    sync.Mutex
	nodes []*running // nil: stopped
}

type running struct {
	node   *subchain.Node
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// ErrStopped reports an operation on a validator that does not run.
var ErrStopped = errors.New("devnet: validator is stopped")

// Start makes or opens n validators under dir (validator-0, validator-1, …) and
// starts them. The configuration holds for each of them, but for Dir, Key,
// Listen, Peers and the committee, which are filled in. Modules are built by a
// function, because each node needs values of its own.
func Start(dir string, n int, cfg func(validator int) subchain.Config) (*Network, error) {
	return StartSeats(dir, n, n, cfg)
}

// StartSeats is Start with a genesis committee of the first validators only. The
// others follow the chain until a module elects them.
func StartSeats(dir string, n, seats int, cfg func(validator int) subchain.Config) (*Network, error) {
	net := &Network{nodes: make([]*running, n)}
	var committee []chain.Validator
	for i := range n {
		key, err := subchain.OpenKey(filepath.Join(home(dir, i), "validator.key"))
		if err != nil {
			return nil, err
		}
		net.keys = append(net.keys, key)
		committee = append(committee, chain.Validator{Key: key.Public().(ed25519.PublicKey)})
	}
	for i := range n {
		c := cfg(i)
		c.Dir = home(dir, i)
		c.Key = net.keys[i]
		c.Genesis.Committee = committee[:seats]
		net.configs = append(net.configs, c)
	}
	for i := range n {
		if err := net.StartValidator(i); err != nil {
			return nil, errors.Join(err, net.Close())
		}
	}
	return net, nil
}

func home(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("validator-%d", i)) }

// StartValidator starts a stopped validator and connects it with the others.
func (net *Network) StartValidator(i int) error {
	net.mu.Lock()
	defer net.mu.Unlock()
	if net.nodes[i] != nil {
		return fmt.Errorf("devnet: validator %d runs already", i)
	}
	n, err := subchain.New(net.configs[i])
	if err != nil {
		return fmt.Errorf("devnet: validator %d: %w", i, err)
	}
	for _, other := range net.nodes {
		if other == nil {
			continue
		}
		if err := errors.Join(n.AddPeers(other.node.Addrs()...), other.node.AddPeers(n.Addrs()...)); err != nil {
			return errors.Join(fmt.Errorf("devnet: connecting validator %d: %w", i, err), n.Close())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{node: n, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = n.Run(ctx)
	}()
	net.nodes[i] = r
	return nil
}

// StopValidator stops a validator and waits until it has closed its database.
func (net *Network) StopValidator(i int) error {
	net.mu.Lock()
	r := net.nodes[i]
	net.nodes[i] = nil
	net.mu.Unlock()
	if r == nil {
		return fmt.Errorf("%w: %d", ErrStopped, i)
	}
	r.cancel()
	<-r.done
	return r.err
}

// Node returns a running validator.
func (net *Network) Node(i int) (*subchain.Node, error) {
	net.mu.Lock()
	defer net.mu.Unlock()
	if net.nodes[i] == nil {
		return nil, fmt.Errorf("%w: %d", ErrStopped, i)
	}
	return net.nodes[i].node, nil
}

// Failed returns the error of the first validator that ended by itself, or nil.
func (net *Network) Failed() error {
	net.mu.Lock()
	defer net.mu.Unlock()
	for i, r := range net.nodes {
		if r == nil {
			continue
		}
		select {
		case <-r.done:
			return fmt.Errorf("devnet: validator %d ended: %w", i, r.err)
		default:
		}
	}
	return nil
}

// Keys are the validators' consensus keys, in the order of the committee.
func (net *Network) Keys() []ed25519.PrivateKey { return net.keys }

// Close stops all validators.
func (net *Network) Close() error {
	var errs []error
	for i := range net.nodes {
		if err := net.StopValidator(i); err != nil && !errors.Is(err, ErrStopped) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Config returns the configuration of a validator, as a start for that of another
// node of the chain.
func (net *Network) Config(i int) subchain.Config { return net.configs[i] }
