package sim_test

import (
	"errors"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/announce"
	"github.com/rootstem/rootstem/rolldpos/sim"
)

var (
	seeds = flag.Uint64("seeds", 30, "Safety: how many seeds, each with one of the numbers of seats in turn")
	hours = flag.Float64("hours", 0.1, "Safety: simulated hours of each run")
	first = flag.Uint64("first", 1, "Safety: the first seed")
	seats = flag.String("n", "4,7,10", "Safety: numbers of seats")
	block = flag.Duration("block", time.Second, "Safety: time between arrivals of work")
	real  = flag.Bool("real", false, "Safety: sign with ed25519")
)

// summary is what TestMain prints at the end.
var summary announce.Summary

func TestMain(m *testing.M) {
	debug.SetGCPercent(800) // much is made, little lives long
	code := m.Run()
	summary.Print()
	os.Exit(code)
}

// outcome is what one seed gave with one number of seats.
type outcome struct {
	sim.Result
	err error
}

// safety runs one seed with one number of seats.
func safety(seed uint64, n int) outcome {
	cfg := sim.Lot(seed, n)
	cfg.Block, cfg.Real = uint64(block.Milliseconds()), *real
	s, err := sim.New(cfg)
	if err == nil {
		err = s.Chaos(uint64(*hours * 3_600_000))
	}
	if s == nil {
		return outcome{err: err}
	}
	return outcome{s.Result(), err}
}

// campaign runs all seeds with one worker for each core; the result does not depend on
// which worker runs what.
func campaign(sizes []int) []outcome {
	out := make([]outcome, *seeds)
	var next uint64
	var turn sync.Mutex
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for {
				turn.Lock()
				i := next
				next++
				turn.Unlock()
				if i >= uint64(len(out)) {
					return
				}
				out[i] = safety(*first+i, sizes[i%uint64(len(sizes))])
			}
		})
	}
	done.Wait()
	return out
}

func sizes(t *testing.T) (list []int) {
	for _, word := range strings.Split(*seats, ",") {
		n, err := strconv.Atoi(word)
		require.NoError(t, err)
		list = append(list, n)
	}
	return list
}

func TestSafetyAndProgressUnderFaults(t *testing.T) {
	list := sizes(t)
	began := time.Now()
	var views, hash uint64
	conflicts, stalls := 0, 0
	for i, o := range campaign(list) {
		views += o.Views
		hash = (hash ^ o.Hash) * 0x100000001b3
		if o.err == nil {
			continue
		}
		if errors.Is(o.err, sim.ErrStall) {
			stalls++
		} else {
			conflicts++
		}
		t.Errorf("%v\nreplay: go test ./rolldpos/sim -run Safety -count=1 -timeout 0 -args -seeds=1 -hours=%g -first=%d -n=%d -block=%s -real=%t",
			o.err, *hours, *first+uint64(i), list[i%len(list)], *block, *real)
	}
	t.Logf("%d runs of %g h in %s", *seeds, *hours, time.Since(began).Round(time.Millisecond))
	summary.Addf("sim: %d seeds, %d views, %d conflicts, %d stalls, hash %016x", *seeds, views, conflicts, stalls, hash)
}

func TestASeedRunTwiceGivesOneHash(t *testing.T) {
	run := func(seed uint64) uint64 {
		s, err := sim.New(sim.Lot(seed, 7))
		require.NoError(t, err)
		require.NoError(t, s.Chaos(300_000))
		return s.Result().Hash
	}
	require.Equal(t, run(5), run(5))
	require.NotEqual(t, run(5), run(6))
}

func TestRealSignaturesGiveTheSameRunAsMocks(t *testing.T) {
	run := func(real bool) sim.Result {
		cfg := sim.Lot(3, 4)
		cfg.Real = real
		s, err := sim.New(cfg)
		require.NoError(t, err)
		require.NoError(t, s.Chaos(60_000))
		return s.Result()
	}
	require.Equal(t, run(false), run(true))
}
