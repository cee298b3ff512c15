package rolldpos

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	update = flag.Bool("update", false, "rewrite the transcripts in testdata")
	seeds  = flag.Int("seeds", 6, "seeds of each simulated network")
)

func TestFourSeatsFollowTheGoldenTranscript(t *testing.T) {
	s := newSim(t, 1, 4)
	s.minDelay, s.maxDelay = 10, 10
	var b strings.Builder
	s.onLine = func(line string) { b.WriteString(line) }
	s.bootAll()
	s.setDemand(true)
	s.run(40)
	s.setDemand(false)
	s.run(2000)
	file := filepath.Join("testdata", "happy.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

func TestOneSeatDownOfFourDoesNotStopTheChain(t *testing.T) {
	for down := range 4 {
		s := newSim(t, int64(down), 4)
		s.bootAll()
		s.crash(s.peers[down])
		s.setDemand(true)
		s.run(10_000)
		require.Greater(t, s.lowest(), 30)
		s.audit()
	}
}

func TestTwoSeatsDownOfFourHaltAndResume(t *testing.T) {
	s := newSim(t, 7, 4)
	s.bootAll()
	s.setDemand(true)
	s.run(2000)
	s.crash(s.peers[0])
	s.crash(s.peers[2])
	s.run(2200)
	halted := s.top
	s.run(60_000)
	require.LessOrEqual(t, s.top, halted+1)
	s.boot(s.peers[2])
	s.run(70_000)
	require.Greater(t, s.lowest(), halted+20)
	s.boot(s.peers[0])
	s.run(80_000)
	require.Greater(t, s.lowest(), halted+60)
	s.audit()
}

func TestIdleChainIsSilentAndWakes(t *testing.T) {
	s := newSim(t, 3, 4)
	s.bootAll()
	s.setDemand(true)
	s.run(1000)
	s.setDemand(false)
	s.run(3000)
	top, sent := s.top, s.sent
	require.Greater(t, top, 5)
	for _, p := range s.peers {
		require.Equal(t, top, s.height(p), "the last block is final everywhere")
		require.LessOrEqual(t, p.cores[1].newest(), View(0))
	}
	s.run(103_000)
	require.Equal(t, top, s.top, "no empty blocks")
	require.Less(t, s.sent-sent, 300, "only statuses")
	s.setDemand(true)
	s.run(104_000)
	require.Greater(t, s.lowest(), top+5)
	s.audit()
}

func TestSingleSeatFinalisesAtOnceWithoutANetwork(t *testing.T) {
	s := newSim(t, 1, 1)
	s.bootAll()
	s.setDemand(true)
	s.run(1000)
	require.Greater(t, s.top, 100)
	require.Zero(t, s.sent)
	s.crash(s.peers[0])
	s.boot(s.peers[0])
	top := s.top
	s.run(2000)
	require.Greater(t, s.top, top+100)
	s.setDemand(false)
	s.run(2010)
	top = s.top
	s.run(10_000)
	require.Equal(t, top, s.top)
	require.Zero(t, s.peers[0].cores[1].wake())
	s.audit()
}

func TestEpochsEndOnOneBlockAndContinueOnIt(t *testing.T) {
	for seed := range int64(*seeds) {
		for _, n := range []int{1, 4} {
			s := newSim(t, seed, n)
			s.lastHeight, s.loss = 5, 0.1
			s.bootAll()
			s.setDemand(true)
			s.run(uint64(n) * 1000)
			s.loss = 0
			s.run(uint64(n) * 2000)
			require.Greater(t, s.lowest(), 40, "n=%d seed %d", n, seed)
			require.Greater(t, s.peers[0].epoch, Epoch(8))
			for h, hash := range s.chain {
				if b := s.bodies[hash]; h > 0 {
					require.Equal(t, Epoch((h-1)/5+1), b.epoch, "height %d", h)
				}
			}
			s.audit()
		}
	}
}

func TestInvalidProposalsAreNullified(t *testing.T) {
	s := newSim(t, 5, 4)
	s.badBlocks = map[int]bool{2: true}
	s.peers[2].disk = map[Hash]bool{testAnchor: true}
	s.bootAll()
	s.setDemand(true)
	s.run(10_000)
	require.Greater(t, s.top, 30)
}

// chaos runs a network under loss, duplicates, partitions and crashes, heals it and
// asks for progress.
func chaos(t *testing.T, seed int64, n int, twins ...int) *sim {
	s := newSim(t, seed, n, twins...)
	s.loss, s.dup = 0.3*s.rng.Float64(), 0.5*s.rng.Float64()
	s.maxDelay = uint64(20 + s.rng.Intn(150))
	s.torn = 0.02 * s.rng.Float64()
	if seed%3 == 0 {
		s.lastHeight = 4
	}
	s.bootAll()
	s.setDemand(true)
	for s.now < 12_000 {
		s.upset()
		s.run(s.now + uint64(100+s.rng.Intn(1500)))
	}
	s.loss, s.dup, s.torn, s.maxDelay = 0, 0, 0, 40
	s.cut = func(a, b *peer) bool { return false }
	for _, p := range s.peers {
		if !p.up {
			s.boot(p)
		}
	}
	s.setDemand(true)
	top := s.top
	s.run(s.now + 10_000)
	if s.lowest() < top+10 {
		s.failf("height %d, only %d everywhere after the network healed", top, s.lowest())
	}
	s.audit()
	return s
}

// upset changes what is wrong.
func (s *sim) upset() {
	group := make([]int, len(s.peers))
	if s.rng.Intn(2) == 0 {
		for i := range group {
			group[i] = s.rng.Intn(2)
		}
	} else {
		for i, p := range s.peers {
			group[i] = 2 // in reach of all, but a twin only of its half
			if s.twin(p) {
				group[i] = i % 2
			}
		}
	}
	s.cut = func(a, b *peer) bool { return group[a.id]+group[b.id] == 1 }
	for _, p := range s.peers {
		switch {
		case !p.up && s.rng.Intn(2) == 0:
			s.boot(p)
		case p.up && s.rng.Intn(8) == 0:
			s.crash(p)
		case p.up:
			p.demand = s.rng.Intn(4) > 0
			s.step(p, p.epoch, Demand{p.demand})
		}
	}
}

func TestNoForkAndProgressAfterChaos(t *testing.T) {
	for seed := range int64(*seeds) {
		chaos(t, seed, 4)
		chaos(t, 1000+seed, 7)
	}
}

func TestNoForkWithEquivocatingSeats(t *testing.T) {
	shown := 0
	for seed := range int64(*seeds) {
		s := chaos(t, seed, 4, 0)
		shown += len(s.evidence)
		chaos(t, 1000+seed, 7, 0, 1)
	}
	require.Positive(t, shown, "equivocation is reported")
}

func TestEqualSeedsGiveEqualTraces(t *testing.T) {
	a, b := chaos(t, 42, 4, 0), chaos(t, 42, 4, 0)
	require.Equal(t, a.trace.Sum64(), b.trace.Sum64())
	require.NotEqual(t, a.trace.Sum64(), chaos(t, 43, 4, 0).trace.Sum64())
}

func TestPowerLossOfAllSeatsLosesNothing(t *testing.T) {
	for seed := range int64(*seeds) {
		s := newSim(t, seed, 4)
		s.loss = 0.1
		s.bootAll()
		s.setDemand(true)
		for range 8 {
			s.run(s.now + uint64(300+s.rng.Intn(1000)))
			notarised := map[View]Hash{}
			for _, p := range s.peers {
				c := p.cores[1]
				if v := c.newest(); v > 0 {
					notarised[v] = c.slots[v].cert(Prepare).Block
				}
				s.crash(p)
			}
			for _, block := range notarised {
				holders := 0
				for _, p := range s.peers {
					if p.disk[block] {
						holders++
					}
				}
				require.GreaterOrEqual(t, holders, 2, "f + 1 seats hold a notarised body on disk")
			}
			s.bootAll()
		}
		top := s.top
		s.run(s.now + 5000)
		require.Greater(t, s.lowest(), top+10)
		s.audit()
	}
}

func TestDeltaGrowsUntilASlowNetworkProgresses(t *testing.T) {
	s := newSim(t, 11, 4)
	s.minDelay, s.maxDelay = 350, 400 // Δ is 100
	s.bootAll()
	s.setDemand(true)
	s.run(60_000)
	require.Greater(t, s.lowest(), 10)
	s.minDelay, s.maxDelay = 1, 40
	s.run(70_000)
	for _, p := range s.peers {
		require.Equal(t, uint64(100), p.cores[1].delta(), "and recovers")
	}
	s.audit()
}
