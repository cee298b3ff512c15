package main

import (
	"crypto/ed25519"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

const (
	validators  = 4
	epochLength = 1_000 // blocks
	gwei        = 1_000_000_000
)

// coins is a number of whole coins in wei.
func coins(n uint64) *uint256.Int {
	return new(uint256.Int).Mul(uint256.NewInt(n), uint256.NewInt(gwei*gwei))
}

// place is one running chain as the story sees it: through the RPC of its first
// validator.
type place struct {
	name      string
	net       *devnet.Network
	rpc       *client
	chainID   uint64
	genesis   ledger.Hash
	header    []byte // RLP of block 0
	committee *rolldpos.Committee
	modules   map[string]ledger.Address
	clock     *clock
	dev       *account
	id        uint64 // that the root gave; 0: it is the root
}

// startPlace opens or makes a chain in the data directory. modules makes the values of one
// validator: they share nothing.
func (q *quickstart) startPlace(name string, port int, genesis chain.Genesis, modules func() []module.Entry) (*place, error) {
	p := &place{name: name, clock: newClock(), modules: map[string]ledger.Address{}}
	genesis.Name, genesis.EpochLength = name, epochLength
	var err error
	p.net, err = devnet.Start(filepath.Join(q.dir, name), validators, func(validator int) subchain.Config {
		cfg := subchain.Config{Genesis: genesis, Modules: modules(), Logger: q.faults.With("chain", name, "validator", validator)}
		if validator == 0 {
			cfg.Final = p.clock.final
			if port != 0 {
				cfg.RPC = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
			}
		}
		return cfg
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	first, err := p.net.Node(0)
	if err != nil {
		return nil, err
	}
	zero, err := first.Chain().Block(0)
	if err != nil {
		return nil, err
	}
	p.rpc = &client{first.URL()}
	p.chainID, p.genesis = first.Chain().ChainID(), first.Chain().Genesis()
	p.header = zero.Block.Header.AppendRLP(nil)
	if p.committee, err = first.Chain().Committee(0); err != nil {
		return nil, err
	}
	for _, e := range modules() {
		p.modules[e.Name], _ = first.Module(e.Name)
	}
	p.dev = &account{client: p.rpc, key: q.devKey, chainID: p.chainID, clock: p.clock}
	return p, nil
}

// startRoot starts the root chain. Gas costs there, and two accounts have coins.
func (q *quickstart) startRoot() (err error) {
	q.progress.step("starting the root chain: %d validators", validators)
	genesis := chain.Genesis{
		BaseFee: *uint256.NewInt(gwei),
		Alloc: []chain.Allocation{
			{Address: q.devKey.Address(), Balance: *coins(1_000_000)},
			{Address: q.relayKey.Address(), Balance: *coins(1_000)},
		},
	}
	q.root, err = q.startPlace("root", q.port(0), genesis, func() []module.Entry {
		return []module.Entry{{
			Name: rootrelay.RootName, Module: &rootrelay.Root{MinBond: *coins(100)},
			Gateway: true, Reentrant: true,
		}}
	})
	return err
}

// gateway is the module with which a subchain takes part in the relay. It knows the
// root by its genesis and its first committee.
func (q *quickstart) gateway() module.Entry {
	return module.Entry{
		Name: rootrelay.GatewayName,
		Module: &rootrelay.Gateway{
			RootChainID: q.root.chainID, RootGenesis: q.root.genesis,
			RootEpoch: 1, RootCommittee: q.root.committee.Hash(), Registry: rootrelay.RootAddress(),
			MaxGap: 100, EpochBlocks: epochLength,
		},
		Gateway: true, Mint: true, Reentrant: true,
	}
}

// startMeters starts the subchain of the readings: free of charge, without a coin
// of its own.
func (q *quickstart) startMeters() (err error) {
	q.progress.step("starting the subchain meters")
	q.meters, err = q.startPlace("meters", q.port(1), chain.Genesis{}, func() []module.Entry {
		return []module.Entry{q.gateway(), {Name: "meters", Module: &Meters{
			Gateway: rootrelay.GatewayAddress(), Billing: module.AddressOf("billing"),
		}}}
	})
	if err != nil {
		return err
	}
	return q.register(q.meters)
}

// startBilling starts the subchain of the bills, which takes reports from meters.
func (q *quickstart) startBilling() (err error) {
	q.progress.step("starting the subchain billing")
	q.billing, err = q.startPlace("billing", q.port(2), chain.Genesis{}, func() []module.Entry {
		return []module.Entry{q.gateway(), {Name: "billing", Module: &Billing{
			Source: q.meters.id, Meters: module.AddressOf("meters"), Price: *uint256.NewInt(1_000 * gwei),
		}}}
	})
	if err != nil {
		return err
	}
	return q.register(q.billing)
}

// register gives a subchain its id on the root, once: all its seats sign that the
// dev account may register it, and a bond is locked.
func (q *quickstart) register(p *place) error {
	dev := q.devKey.Address()
	digest := rootrelay.RegistrationDigest(q.root.chainID, rootrelay.RootAddress(), p.genesis, dev)
	var proofs []byte
	for _, key := range p.net.Keys() {
		proofs = append(proofs, ed25519.Sign(key, digest[:])...)
	}
	to := rootrelay.RootAddress()
	return q.root.dev.ensure(q.ctx, func() (bool, error) {
		w, err := q.root.rpc.view(q.ctx, to, pack("idOf(bytes32)", p.genesis))
		p.id = w.uint(0)
		return p.id != 0, err
	}, func() (action, error) {
		return action{
			name: "registering " + p.name, to: &to, value: *coins(100), gas: 3_000_000,
			data: rootrelay.RegisterCall(p.header, p.committee.AppendBinary(nil), proofs),
		}, nil
	})
}

// port is the RPC port of a chain's first validator.
func (q *quickstart) port(offset int) int {
	if q.options.port == 0 {
		return 0
	}
	return q.options.port + offset
}

// places are the chains that run.
func (q *quickstart) places() (all []*place) {
	for _, p := range []*place{q.root, q.meters, q.billing} {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// failed returns the error of the first validator that has ended by itself.
func failed(places []*place) error {
	for _, p := range places {
		if err := p.net.Failed(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// watch stops the story when a validator ends.
func (q *quickstart) watch(places []*place) {
	for pause(q.ctx, 10*pollEvery) == nil {
		if err := failed(places); err != nil {
			q.cancel(err)
			return
		}
	}
}
