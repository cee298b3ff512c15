package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/node"
)

var kills = flag.Int("kills", 2, "how often TestKill kills its process")

// finals remembers what every validator of every chain has called final.
type finals struct {
	blocks  map[string]ledger.Hash // by chain and height
	heights map[string]uint64      // by validator
}

// TestKilledAtAnyMomentItResumes kills the process without warning, looks into all
// databases, and goes on in the end.
func TestKilledAtAnyMomentItResumes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and kills a binary")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "quickstart.exe")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "readings.csv")
	rows, above := []string{"date,value"}, 0
	more := func(n int) {
		for range n {
			i := len(rows) - 1
			rows = append(rows, fmt.Sprintf("%s,%d.5", time.Unix(int64(1_700_000_000+60*i), 0).UTC().Format(time.RFC3339), i%30))
			if i%30 >= 25 {
				above++
			}
		}
		writeFile(t, file, strings.Join(rows, "\n")+"\n")
	}

	seen := &finals{blocks: map[string]ledger.Hash{}, heights: map[string]uint64{}}
	for kill := range *kills {
		more(150) // so that there is always work that can be interrupted
		cmd := exec.Command(program, "-serve", "-data", data, "-readings", file)
		require.NoError(t, cmd.Start())
		wait := time.Duration(50+rand.IntN(3_500)) * time.Millisecond
		time.Sleep(wait)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait(), "it was still at work")
		t.Logf("kill %d after %s: heights %v", kill+1, wait, seen.check(t, data))
	}
	more(10)
	cmd := exec.Command(program, "-json", "-data", data, "-readings", file)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stdout.String()+stderr.String())
	var s summary
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &s), stdout.String())
	t.Logf("%s", stdout.String())
	require.True(t, s.OK)
	require.EqualValues(t, len(rows)-1, s.Readings)
	require.EqualValues(t, above, s.Alarms)
	require.GreaterOrEqual(t, s.MessagesDelivered, uint64(3))
	require.Equal(t, coins(11).Dec(), s.ValueMoved, "no message was sent twice")
	seen.check(t, data)
}

// check reads all databases of stopped validators: heights do not fall, no final
// block changes or differs between validators, no seat has voted twice.
func (f *finals) check(t *testing.T, data string) map[string]uint64 {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(data, "*", "validator-*", "db"))
	require.NoError(t, err)
	heights := map[string]uint64{}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		db, err := store.Open(store.Config{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, node.Audit(db), dir)
		chain := filepath.Base(filepath.Dir(filepath.Dir(dir)))
		final, err := blocks.Open(db, blocks.Policy{})
		require.NoError(t, err)
		require.NoError(t, final.Check(), dir)
		height, _, ok := final.Head()
		if !ok { // killed before block 0 was written
			require.Zero(t, f.heights[dir])
			require.NoError(t, db.Close())
			continue
		}
		require.GreaterOrEqual(t, height, f.heights[dir], dir)
		f.heights[dir] = height
		heights[chain] = max(heights[chain], height)
		for h := range height + 1 {
			r, err := final.Block(h)
			require.NoError(t, err, "%s, block %d", dir, h)
			key := fmt.Sprintf("%s %d", chain, h)
			if old, ok := f.blocks[key]; ok {
				require.Equal(t, old, r.Hash, key) // which covers the state root
			}
			f.blocks[key] = r.Hash
		}
		require.NoError(t, db.Close())
	}
	return heights
}
