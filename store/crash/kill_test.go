package crash_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
)

const (
	kills     = 50 // of each backend's writer
	writerEnv = "STORE_CRASH_WRITER"
)

// writeUntilKilled is the writer process: it prints the number of each batch when it
// is acknowledged.
func writeUntilKilled(dir string, b store.Backend) error {
	s, err := store.Open(config(store.OS(), dir, b))
	if err != nil {
		return err
	}
	m := newModel(4)
	n, err := count(s)
	for err == nil {
		n++
		if err = m.batch(s, n).WriteSync(); err == nil {
			_, err = fmt.Println(n)
		}
	}
	return errors.Join(err, s.Close())
}

func TestCrashOfAKilledWriterLosesNothingAcknowledged(t *testing.T) {
	if dir := os.Getenv(writerEnv); dir != "" {
		b := backends()[os.Getenv(writerEnv+"_BACKEND")]
		require.NoError(t, writeUntilKilled(dir, b))
	}
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, m, random := t.TempDir(), newModel(4), rand.New(rand.NewPCG(*seed, 2))
			for kill := range few(kills) {
				acknowledged := killWriter(t, dir, name, 1+random.IntN(25))
				s, err := store.Open(config(store.OS(), dir, b))
				require.NoError(t, err, "kill %d", kill)
				n, err := count(s)
				require.NoError(t, err)
				require.GreaterOrEqual(t, n, acknowledged, "kill %d", kill)
				m.extend(n)
				_, err = m.verify(s)
				require.NoError(t, err, "kill %d", kill)
				require.NoError(t, s.Close())
			}
			t.Logf("%s: %d kills, %d batches", name, few(kills), len(m.digests)-1)
		})
	}
}

// killWriter starts a writer and kills it after a number of acknowledgements. It
// returns the last batch that was acknowledged.
func killWriter(t *testing.T, dir, backend string, after int) (last int) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashOfAKilledWriterLosesNothingAcknowledged$")
	cmd.Env = append(os.Environ(), writerEnv+"="+dir, writerEnv+"_BACKEND="+backend)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); seen++ {
		n, err := strconv.Atoi(lines.Text())
		require.NoError(t, err, "the writer says %q", lines.Text())
		last = n
		if seen == after {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "the writer was killed")
	require.NotZero(t, last)
	return last
}
