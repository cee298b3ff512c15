package node

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/p2p"
	"github.com/rootstem/rootstem/vm"
)

// asks answers a request to a peer.
type asks func(ctx context.Context, req []byte) ([]byte, error)

// scripted is the network of a node whose peers are functions.
type scripted map[p2p.PeerID]asks

func (s scripted) Broadcast([]byte) error        { return nil }
func (s scripted) Send(p2p.PeerID, []byte) error { return nil }
func (s scripted) Publish([]byte) error          { return nil }
func (s scripted) Peers() []p2p.PeerID           { return slices.Sorted(maps.Keys(s)) }

func (s scripted) Request(ctx context.Context, to p2p.PeerID, req []byte) ([]byte, error) {
	return s[to](ctx, req)
}

func syncNode(t *testing.T, validator bool) *Node {
	seed := ledger.Keccak([]byte("sync test"))
	key := ed25519.NewKeyFromSeed(seed[:])
	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	set, err := module.New(module.Chain{ID: 7}, nil)
	require.NoError(t, err)
	c, err := chain.Open(chain.Config{
		Genesis: chain.Genesis{
			Name: "sync", ChainID: 7, Time: 1_000_000, EpochLength: 40, BaseFee: *uint256.NewInt(1_000_000_000),
			Committee: []chain.Validator{{Key: key.Public().(ed25519.PublicKey)}}, Modules: set.ConfigHashAt(0),
			Alloc: []chain.Allocation{{Address: ledger.Address{1}, Balance: *uint256.NewInt(1)}},
		},
		Rules: vm.Osaka(), Modules: set, Store: db,
	})
	require.NoError(t, err)
	view, err := c.StateOf(c.Head())
	require.NoError(t, err)
	pool, err := mempool.New(mempool.Config{ChainID: 7, BlockGas: c.GasLimit()}, view)
	require.NoError(t, err)
	cfg := Config{Chain: c, Store: db, Pool: pool, BlockTime: time.Millisecond, Heartbeat: time.Millisecond}
	if validator {
		cfg.Key = key
	}
	n, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, chain.Check(db))
		require.NoError(t, db.Close())
	})
	return n
}

// source is a stopped node with some blocks.
func source(t *testing.T, height uint64) *Node {
	t.Helper()
	n := syncNode(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	n.cfg.Final = func(r *chain.Record) {
		if r.Block.Header.Height >= height {
			cancel()
		}
	}
	require.NoError(t, n.Run(ctx, scripted{}))
	return n
}

func (n *Node) answers(_ context.Context, req []byte) ([]byte, error) { return n.OnRequest("x", req) }

func silent(ctx context.Context, _ []byte) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }

func refuses(context.Context, []byte) ([]byte, error) { return nil, p2p.ErrRefused }

func nothing(context.Context, []byte) ([]byte, error) { return nil, nil }

// claims are the heights that peers report, by their number of reports so far.
type claims map[p2p.PeerID]func(round int) uint64

func always(h uint64) func(int) uint64 { return func(int) uint64 { return h } }

// follow runs a node until it has all blocks, and returns how long that took by the
// bubble's clock.
func follow(t *testing.T, n *Node, peers scripted, say claims, height uint64) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx, peers) }()
	start := time.Now()
	for round := 0; n.chain.Head().Block.Header.Height < height; round++ {
		require.Less(t, time.Since(start), 10*time.Minute, "the sync hangs at %d", n.chain.Head().Block.Header.Height)
		for _, id := range peers.Peers() {
			n.OnMessage(id, status{say[id](round)}.encode())
		}
		time.Sleep(statusEvery)
	}
	took := time.Since(start)
	time.Sleep(fetchTimeout + statusEvery) // requests that are still under way
	cancel()
	require.NoError(t, <-done)
	return took
}

func TestAPeerThatPrunedOrHasNothingMakesTheNodeAskAnother(t *testing.T) {
	from := source(t, 200)
	top := from.chain.Head().Block.Header.Height
	synctest.Test(t, func(t *testing.T) {
		n := syncNode(t, false)
		garbage := func(context.Context, []byte) ([]byte, error) { return []byte{0xc1, 0x80, 0x05}, nil }
		peers := scripted{"pruned": refuses, "empty": nothing, "garbage": garbage, "honest": from.answers}
		say := claims{"pruned": always(top + 9), "empty": always(top + 8), "garbage": always(1 << 60), "honest": always(top)}
		took := follow(t, n, peers, say, top)
		require.Less(t, took, 2*time.Second)
		require.Equal(t, from.chain.Head().Hash, n.chain.Head().Hash)
	})
}

// CVE-2025-24371: a peer reports a height, then a lower one, and is waited for.
func TestAPeerThatLowersItsHeightCannotHangTheSync(t *testing.T) {
	from := source(t, 100)
	top := from.chain.Head().Block.Header.Height
	synctest.Test(t, func(t *testing.T) {
		n := syncNode(t, false)
		lowers := func(round int) uint64 {
			if round%2 == 0 {
				return 1 << 40
			}
			return 1
		}
		peers := scripted{"lowers": nothing, "honest": from.answers}
		took := follow(t, n, peers, claims{"lowers": lowers, "honest": always(top)}, top)
		require.Less(t, took, 2*time.Second)
		active, _, highest := n.Sync()
		require.False(t, active, "it is not waiting for a height that nobody reports")
		require.Equal(t, top, highest)
	})
}

func TestOneHonestPeerAmongSilentOnesIsEnough(t *testing.T) {
	from := source(t, 300)
	top := from.chain.Head().Block.Header.Height
	synctest.Test(t, func(t *testing.T) {
		n := syncNode(t, false)
		peers, say := scripted{"z": from.answers}, claims{"z": always(top)} // heard last
		for i := range 20 {
			id := p2p.PeerID(fmt.Sprint("silent ", i))
			peers[id], say[id] = silent, always(1<<40)
		}
		took := follow(t, n, peers, say, top)
		require.Less(t, took, 25*time.Second)
		t.Logf("%d blocks in %v", top, took)
	})
}

// forge answers with an honest range that f has changed.
func forge(from *Node, f func(blocks []finalBlock)) asks {
	return func(_ context.Context, req []byte) ([]byte, error) {
		answer, err := from.serveRange(binary.BigEndian.Uint64(req[1:]))
		if err != nil {
			return nil, err
		}
		blocks, err := decodeRange(answer)
		if err != nil || len(blocks) == 0 {
			return nil, errors.Join(err, p2p.ErrRefused)
		}
		f(blocks)
		var out []byte
		for _, fb := range blocks {
			out = appendFinalBlock(out, &chain.Record{Block: fb.block, Certificate: fb.certificate})
		}
		return out, nil
	}
}

func TestForgedBlocksAreRefusedBeforeTheyAreExecuted(t *testing.T) {
	from := source(t, 30)
	top := from.chain.Head().Block.Header.Height
	forged := map[ledger.Hash]bool{}
	lies := map[p2p.PeerID]func([]finalBlock){
		"header": func(b []finalBlock) {
			b[0].block.Header.Time++
			forged[b[0].block.Header.Hash()] = true
		},
		"certificate": func(b []finalBlock) { b[0].certificate[len(b[0].certificate)-1] ^= 1 },
		"another's":   func(b []finalBlock) { b[0].certificate = b[1].certificate },
		"transaction": func(b []finalBlock) { b[0].block.Transactions = []*ledger.Transaction{transaction(t, 0)} },
		"order":       func(b []finalBlock) { slices.Reverse(b) },
		"uncertified": func(b []finalBlock) {
			for i := range b {
				b[i].certificate = nil
			}
		},
	}
	synctest.Test(t, func(t *testing.T) {
		n := syncNode(t, false)
		peers, say := scripted{}, claims{}
		asked := map[p2p.PeerID]int{}
		for id, lie := range lies {
			answer := forge(from, lie)
			peers[id] = func(ctx context.Context, req []byte) ([]byte, error) {
				asked[id]++
				return answer(ctx, req)
			}
			say[id] = always(top + 1)
		}
		peers["honest"], say["honest"] = from.answers, func(round int) uint64 {
			if round < 10 {
				return 0
			}
			if round == 10 {
				require.Zero(t, n.chain.Head().Block.Header.Height, "what the liars sent")
				require.Len(t, asked, len(lies))
			}
			return top
		}
		follow(t, n, peers, say, top)
		for hash := range forged {
			require.False(t, n.chainHas(hash))
		}
	})
}
