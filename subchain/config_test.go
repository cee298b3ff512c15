package subchain_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/module"
)

// runTo runs a chain of one validator until its head is at a height, calls look and
// stops it.
func runTo(t *testing.T, cfg subchain.Config, height uint64, look func(*subchain.Node)) {
	t.Helper()
	cfg.BlockTime, cfg.Heartbeat = time.Millisecond, time.Millisecond
	n, err := subchain.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	require.Eventually(t, func() bool { return len(done) > 0 || n.Chain().Head().Block.Header.Height >= height }, 30*time.Second, time.Millisecond)
	look(n)
	cancel()
	require.NoError(t, <-done)
}

func TestANodeTakesTheBackendBudgetAndHistoryOfItsConfig(t *testing.T) {
	for _, b := range []store.Backend{nil, store.GoLevelDB(), pebble.Backend()} {
		name := "goleveldb"
		if b != nil {
			name = b.Name()
		}
		t.Run(name, func(t *testing.T) {
			cfg := subchain.Config{
				Dir: t.TempDir(), Backend: b,
				Budget: store.Budget{Cache: 1 << 20, WriteBuffer: 64 << 10, OpenFiles: 16},
				State:  state.Config{History: 3, Nodes: 1 << 16, Accounts: 100, Slots: 100, Codes: 1 << 16, Diffs: 1 << 16},
			}
			runTo(t, cfg, 8, func(n *subchain.Node) {
				head := n.Chain().Head().Block.Header.Height
				_, err := n.Chain().State(head)
				require.NoError(t, err)
			})
			require.DirExists(t, filepath.Join(cfg.Dir, "db", name))
			runTo(t, cfg, 12, func(*subchain.Node) {})
			db, err := store.Open(store.Config{Dir: filepath.Join(cfg.Dir, "db"), Backend: b})
			require.NoError(t, err)
			require.NoError(t, chain.Check(db))
			require.NoError(t, db.Close())
			entries, err := os.ReadDir(filepath.Join(cfg.Dir, "db"))
			require.NoError(t, err)
			for _, e := range entries {
				require.True(t, !e.IsDir() || e.Name() == name, e.Name())
			}
		})
	}
}

// clock makes every block change the state.
type clock struct{ Blocks module.Item[uint64] }

func (m *clock) BeginBlock(c *module.Context) error {
	m.Blocks.Set(c, m.Blocks.Get(c)+1)
	return nil
}

func TestANodeForgetsStatesAboveTheHistoryOfItsConfig(t *testing.T) {
	cfg := subchain.Config{State: state.Config{History: 60}}
	cfg.Modules = []module.Entry{{Name: "clock", Module: new(clock)}}
	runTo(t, cfg, 70, func(n *subchain.Node) {
		height := n.Chain().Head().Block.Header.Height
		_, err := n.Chain().State(height - 1)
		require.NoError(t, err)
		_, err = n.Chain().State(1)
		require.ErrorIs(t, err, state.ErrUnknownRoot)
	})
}

func TestANodeRefusesTheDirectoryOfAnotherBackendAndABadBudget(t *testing.T) {
	dir := t.TempDir()
	n, err := subchain.New(subchain.Config{Dir: dir, Backend: pebble.Backend()})
	require.NoError(t, err)
	require.NoError(t, n.Close())
	_, err = subchain.New(subchain.Config{Dir: dir})
	require.ErrorIs(t, err, store.ErrFormat)
	_, err = subchain.New(subchain.Config{Budget: store.Budget{Cache: -1}})
	require.ErrorContains(t, err, "negative budget")
	_, err = subchain.New(subchain.Config{State: state.Config{Nodes: -1}})
	require.ErrorContains(t, err, "negative cache size")
}
