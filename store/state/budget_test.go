package state

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
	"github.com/rootstem/rootstem/subchain/ledger"
)

const budgetEnv = "STATE_BUDGET_BACKEND"

// gateway is a budget for a device with little memory.
func gateway() (store.Budget, Config) {
	return store.Budget{Cache: 4 << 20, WriteBuffer: 1 << 20, OpenFiles: 32},
		Config{Nodes: 2 << 20, Dirty: 2 << 20, Accounts: 2_048, Slots: 4_096, Codes: 1 << 20, Diffs: 1 << 20}
}

// A process of its own holds a store and a state, writes more than they cache and says
// how much memory it ever had. The collector is told the limit as an operator would
// tell it, with GOMEMLIMIT.
func TestAStoreWithItsStateStaysBelow64MiBIfConfiguredSo(t *testing.T) {
	if name := os.Getenv(budgetEnv); name != "" {
		spendBudget(t, name)
		return
	}
	if testing.Short() {
		t.Skip("writes 30,000 accounts")
	}
	for _, name := range []string{"goleveldb", "pebble"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestAStoreWithItsStateStaysBelow64MiBIfConfiguredSo$", "-test.v")
			cmd.Env = append(os.Environ(), budgetEnv+"="+name, "GOMEMLIMIT=48MiB")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			var before, peak int
			_, line, ok := strings.Cut(string(out), "memory: ")
			if !ok {
				t.Skip("needs /proc/self/status to measure")
			}
			_, err = fmt.Sscanf(line, "%d KiB before, %d KiB at most", &before, &peak)
			require.NoError(t, err)
			t.Logf("%s: %d MiB at most, of which %d MiB are the test's own", name, peak>>10, before>>10)
			require.Less(t, peak-before, 64<<10)
		})
	}
}

func memoryOf(t *testing.T, field string) int {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			return kib
		}
	}
	t.Skip("no " + field)
	return 0
}

func spendBudget(t *testing.T, name string) {
	backend := store.GoLevelDB()
	if name == "pebble" {
		backend = pebble.Backend()
	}
	before := memoryOf(t, "VmRSS")
	budget, cfg := gateway()
	s, err := store.Open(store.Config{Dir: t.TempDir(), Backend: backend, Budget: budget})
	require.NoError(t, err)
	st, err := OpenWith(s, cfg)
	require.NoError(t, err)
	rng, v := rand.New(rand.NewPCG(1, 2)), empty(t, st)
	address := func(i int) (a ledger.Address) {
		binary.BigEndian.PutUint32(a[:], uint32(i)*2654435761)
		return a
	}
	for block := range 100 {
		var changes []ledger.Change
		for i := range 300 {
			c := ledger.Change{Address: address(block*300 + i), Account: ledger.Account{Nonce: 1, Balance: *uint256.NewInt(rng.Uint64())}}
			c.Storage = []ledger.Slot{{Value: ledger.Hash{1, 31: byte(i)}}, {Key: ledger.Hash{31: 1}, Value: ledger.Hash{2}}}
			changes = append(changes, c)
		}
		v = apply(t, v, changes...)
		b := s.Batch()
		require.NoError(t, st.Commit(b, v))
		require.NoError(t, b.WriteSync())
		for range 300 {
			addr := address(rng.IntN((block + 1) * 300))
			a, err := v.Account(addr)
			require.NoError(t, err)
			require.True(t, a.Exists())
			_, err = v.Storage(addr, ledger.Hash{31: 1})
			require.NoError(t, err)
		}
	}
	fmt.Printf("memory: %d KiB before, %d KiB at most\n", before, memoryOf(t, "VmHWM"))
	require.NoError(t, s.Close())
}
