package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
)

// comet is a network of CometBFT nodes.
type comet struct{ nodes []*node.Node }

// cometApp does nothing with transactions but tell the meter of them.
type cometApp struct {
	abci.BaseApplication
	validator int
	meter     *meter
	txs       [][]byte // of the block between FinalizeBlock and Commit
}

func (a *cometApp) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	a.txs = req.Txs
	results := make([]*abci.ExecTxResult, len(req.Txs))
	for i := range results {
		results[i] = &abci.ExecTxResult{}
	}
	return &abci.ResponseFinalizeBlock{TxResults: results}, nil
}

func (a *cometApp) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	a.meter.delivered(a.validator, a.txs)
	return &abci.ResponseCommit{}, nil
}

// cometConfig tunes a node for speed in a network that loses nothing.
func cometConfig(s *settings, sc scenario, dir string) *config.Config {
	c := config.DefaultConfig().SetRoot(dir)
	c.DBBackend = "memdb"
	c.RPC.ListenAddress = ""
	c.P2P.AllowDuplicateIP, c.P2P.AddrBookStrict, c.P2P.PexReactor = true, false, false
	c.P2P.MaxNumInboundPeers, c.P2P.MaxNumOutboundPeers = 256, 256
	c.P2P.SendRate, c.P2P.RecvRate = 1<<30, 1<<30
	c.P2P.FlushThrottleTimeout = time.Millisecond
	c.P2P.MaxPacketMsgPayloadSize = 32 << 10
	c.Mempool.Recheck = false
	c.Mempool.Broadcast = sc.name != direct
	c.Mempool.Size = s.pool
	c.Mempool.CacheSize = 10 * s.pool
	c.Consensus.TimeoutPropose = 2 * time.Second
	c.Consensus.TimeoutPrevote, c.Consensus.TimeoutPrecommit = 500*time.Millisecond, 500*time.Millisecond
	c.Consensus.TimeoutCommit, c.Consensus.SkipTimeoutCommit = 0, true
	c.Consensus.PeerGossipSleepDuration = s.gossip
	c.Consensus.PeerQueryMaj23SleepDuration = 250 * time.Millisecond
	c.Storage.DiscardABCIResponses = true
	c.TxIndex.Indexer = "null"
	return c
}

func startComet(s *settings, sc scenario, dir string, m *meter) (network, error) {
	doc := &types.GenesisDoc{ChainID: "bench", GenesisTime: time.Now(), InitialHeight: 1, ConsensusParams: types.DefaultConsensusParams()}
	// Room for the header and the commit beside the transactions, each with its length.
	doc.ConsensusParams.Block.MaxBytes = int64(s.block + s.block/txSize*3 + 64<<10)
	var validators []types.MockPV
	for range sc.validators {
		pv := types.NewMockPV()
		key, err := pv.GetPubKey()
		if err != nil {
			return nil, err
		}
		validators = append(validators, pv)
		doc.Validators = append(doc.Validators, types.GenesisValidator{PubKey: key, Power: 1, Address: key.Address()})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, err
	}
	addrs, err := freeAddrs(sc.validators)
	if err != nil {
		return nil, err
	}
	keys := make([]*p2p.NodeKey, sc.validators)
	peers := make([]string, sc.validators)
	for i := range keys {
		keys[i] = &p2p.NodeKey{PrivKey: ed25519.GenPrivKey()}
		peers[i] = fmt.Sprintf("%s@%s", keys[i].ID(), addrs[i])
	}
	c := &comet{}
	for i := range keys {
		cfg := cometConfig(s, sc, filepath.Join(dir, fmt.Sprint(i)))
		config.EnsureRoot(cfg.RootDir)
		cfg.P2P.ListenAddress = "tcp://" + addrs[i]
		// Each pair of nodes connects once.
		cfg.P2P.PersistentPeers = strings.Join(peers[:i], ",")
		app := &cometApp{validator: i, meter: m}
		n, err := node.NewNode(cfg, validators[i], keys[i], proxy.NewConnSyncLocalClientCreator(app),
			func() (*types.GenesisDoc, error) { return doc, nil }, config.DefaultDBProvider,
			node.DefaultMetricsProvider(cfg.Instrumentation), log.NewNopLogger())
		if err == nil {
			err = n.Start()
		}
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.nodes = append(c.nodes, n)
	}
	return c, nil
}

// freeAddrs returns addresses of loopback that were free a moment ago.
func freeAddrs(n int) (addrs []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

func (c *comet) submit(validator int, payload []byte) error {
	err := c.nodes[validator].Mempool().CheckTx(payload, nil, mempool.TxInfo{})
	if full := (mempool.ErrMempoolIsFull{}); errors.As(err, &full) {
		return errFull
	}
	return err
}

func (c *comet) height() uint64 { return uint64(c.nodes[0].BlockStore().Height()) }

func (c *comet) close() error {
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.Stop())
	}
	for _, n := range c.nodes {
		n.Wait()
	}
	return errors.Join(errs...)
}
