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
)

// TestStateTests runs every case of Cancun, Prague and Osaka below EEST_DIR.
func TestStateTests(t *testing.T) {
	dir := fixture.Dir(t, "EEST_DIR", "fixtures/eest")
	runDir(t, dir)
}

// TestStateTestsOfTheMultiIndexFormat runs the sample of ethereum/tests.
func TestStateTestsOfTheMultiIndexFormat(t *testing.T) {
	runDir(t, fixture.Dir(t, "ETHEREUM_TESTS_DIR", "fixtures/ethereum-tests-sample"))
}

// runDir runs all files below dir and reports the sum on standard output.
func runDir(t *testing.T, dir string) {
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".json") && d.Name() != "index.json" {
			files = append(files, path)
		}
		return err
	}))
	var runner Runner
	var passed, failed, skipped atomic.Int64
	// The group returns when all parallel files are done.
	t.Run("files", func(t *testing.T) {
		for _, path := range files {
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			t.Run(filepath.ToSlash(name), func(t *testing.T) {
				t.Parallel()
				raw, err := os.ReadFile(path)
				require.NoError(t, err)
				tests, err := Parse(raw)
				if err != nil {
					failed.Add(1)
					t.Errorf("%s: %v", name, err)
					return
				}
				for _, key := range slices.Sorted(maps.Keys(tests)) {
					p, f, s := runTest(t, &runner, key, tests[key])
					passed.Add(p)
					failed.Add(f)
					skipped.Add(s)
				}
			})
		}
	})
	fmt.Printf("state tests: %d passed, %d failed, %d skipped\n", passed.Load(), failed.Load(), skipped.Load())
	require.NotZero(t, passed.Load(), "no case of a supported fork in %s", dir)
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
