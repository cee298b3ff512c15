package statetest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// TestStateTests runs every case of Cancun, Prague and Osaka below EEST_DIR.
func TestStateTests(t *testing.T) {
	passed, failed, skipped := runDir(t, new(Runner), 1, fixture.Dir(t, "EEST_DIR", "fixtures/eest"))
	fmt.Printf("state tests: %d passed, %d failed, %d skipped\n", passed, failed, skipped)
}

// TestMultiIndexFormat runs the sample of ethereum/tests.
func TestMultiIndexFormat(t *testing.T) {
	passed, failed, _ := runDir(t, new(Runner), 1, fixture.Dir(t, "ETHEREUM_TESTS_DIR", "fixtures/ethereum-tests-sample"))
	t.Logf("%d passed, %d failed", passed, failed)
}

// silence is a Tracer that keeps nothing.
type silence struct{}

func (silence) Enter(*vm.CallTrace)  {}
func (silence) Step(*vm.StepTrace)   {}
func (silence) Charge(uint64, error) {}
func (silence) Log(*ledger.Log)      {}
func (silence) Exit(*vm.ExitTrace)   {}

// TestTracedExecutionGivesTheSame runs a sample of the files with a tracer: the loop
// that reports to it must give what the tests demand.
func TestTracedExecutionGivesTheSame(t *testing.T) {
	const every = 8
	r := &Runner{Tracer: func() vm.Tracer { return silence{} }}
	passed, failed, _ := runDir(t, r, every, fixture.Dir(t, "EEST_DIR", "fixtures/eest"))
	t.Logf("%d passed, %d failed", passed, failed)
}

// runDir runs one in every files below dir and counts their cases. Those that fail are listed
// with FAIL, their name, fork and index; skipped are those of other forks.
func runDir(t *testing.T, runner *Runner, every int, dir string) (passed, failed, skipped int64) {
	var files []string
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not follow a link
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".json") && d.Name() != "index.json" {
			files = append(files, path)
		}
		return err
	}))
	var sum [3]atomic.Int64
	// The group returns when all parallel files are done.
	t.Run("files", func(t *testing.T) {
		for i, path := range files {
			if i%every != 0 {
				continue
			}
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			t.Run(filepath.ToSlash(name), func(t *testing.T) {
				t.Parallel()
				raw, err := os.ReadFile(path)
				require.NoError(t, err)
				tests, err := Parse(raw)
				if err != nil {
					sum[1].Add(1)
					t.Errorf("%s: %v", name, err)
					return
				}
				for _, key := range slices.Sorted(maps.Keys(tests)) {
					p, f, s := runTest(t, runner, key, tests[key])
					sum[0].Add(p)
					sum[1].Add(f)
					sum[2].Add(s)
				}
			})
		}
	})
	if sum[0].Load() == 0 {
		t.Errorf("no case of a supported fork passed in %s", dir)
	}
	return sum[0].Load(), sum[1].Load(), sum[2].Load()
}

// runTest runs the cases of one test; skipped counts those of other forks.
func runTest(t *testing.T, r *Runner, name string, test *Test) (passed, failed, skipped int64) {
	forks := Forks()
	for _, fork := range slices.Sorted(maps.Keys(test.Post)) {
		if !slices.Contains(forks, fork) {
			skipped += int64(len(test.Post[fork]))
			continue
		}
		for i := range test.Post[fork] {
			if err := r.Run(test, fork, i); err != nil {
				failed++
				t.Errorf("FAIL %s %s/%d: %v", name, fork, i, err)
			} else {
				passed++
			}
		}
	}
	return passed, failed, skipped
}
