package sim_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/sim"
)

// Twins (S. Bano, A. Sonnino, A. Chursin, D. Perelman and D. Malkhi, "Twins: White-Glove
// Approach for BFT Testing", 2020): a Byzantine seat is two honest processes with one
// key, and what an adversary can do is who hears whom in each round. A scenario is
// which seats are doubled and, for each of the first views, a partition of the
// processes; afterwards the network heals.

var twins = flag.Int("twins", 300, "Twins: how many scenarios with seven seats are drawn by lot")

// scenario is run by the views of the senders: parts[v-1][process] is the process's
// part of the network in view v.
type scenario struct {
	seats int
	twins []int
	parts [][]int
}

func (x scenario) run(seed uint64) error {
	cfg := sim.Config{Seed: seed, Seats: x.seats, Byzantine: map[int]sim.Behaviour{}, Block: 250, Delta: 50, MaxDelta: 200}
	for _, seat := range x.twins {
		cfg.Byzantine[seat] = sim.Twin
	}
	s, err := sim.New(cfg)
	if err != nil {
		return err
	}
	s.Route(func(from, to int, v rolldpos.View) bool {
		return int(v) > len(x.parts) || x.parts[v-1][from] == x.parts[v-1][to]
	})
	if err := s.Run(600 * uint64(len(x.parts))); err != nil {
		return err
	}
	s.Heal()
	return s.Await(s.Now() + cfg.Block)
}

// partitions lists the ways to part n processes: restricted growth strings.
func partitions(n int) (out [][]int) {
	var grow func(prefix []int, parts int)
	grow = func(prefix []int, parts int) {
		if len(prefix) == n {
			out = append(out, append([]int(nil), prefix...))
			return
		}
		for part := range parts + 1 {
			grow(append(prefix, part), max(parts, part+1))
		}
	}
	grow(nil, 0)
	return out
}

// runAll runs scenarios on all cores and reports those that break a promise.
func runAll(t *testing.T, list []scenario) {
	var next atomic.Int64
	var done sync.WaitGroup
	var broken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && broken.Load() < 3; i = next.Add(1) - 1 {
				if err := list[i].run(uint64(i)); err != nil && broken.Add(1) <= 3 {
					t.Errorf("scenario %d, %+v: %v", i, list[i], err)
				}
			}
		})
	}
	done.Wait()
	t.Logf("twins: %d scenarios with %d seats, %d broke a promise", len(list), list[0].seats, broken.Load())
	summary.Addf("twins: %d scenarios with %d seats, %d broke a promise", len(list), list[0].seats, broken.Load())
}

// Leaders take turns, so that the choice of the doubled seat among four is the choice of
// its place in their order: it leads the first view, the second, or one of the next two.
// A relabelling of the seats turns any other assignment of two different leaders to the
// first two views into one of these.
func TestTwinsInEveryScenarioOfTwoRoundsAndFourSeatsDoNotFork(t *testing.T) {
	var list []scenario
	all := partitions(5)
	require.Len(t, all, 52, "Bell's number of 5")
	for twin := range 4 {
		for _, a := range all {
			for _, b := range all {
				list = append(list, scenario{seats: 4, twins: []int{twin}, parts: [][]int{a, b}})
			}
		}
	}
	require.Len(t, list, 4*52*52)
	runAll(t, list)
}

func TestTwinsInScenariosOfSevenSeatsDrawnByLotDoNotFork(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2))
	all := partitions(9)
	var list []scenario
	for range *twins {
		x := scenario{seats: 7, twins: rng.Perm(7)[:2]}
		for range 2 + rng.IntN(3) {
			x.parts = append(x.parts, all[rng.IntN(len(all))])
		}
		list = append(list, x)
	}
	runAll(t, list)
}
