package sim_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/sim"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// busy has work for a block each 50 ms; Δ is 100 ms.
func busy(seed uint64, seats int) sim.Config {
	return sim.Config{Seed: seed, Seats: seats, Block: 50, Delta: 100, MaxDelta: 400}
}

func start(t *testing.T, cfg sim.Config) *sim.Sim {
	s, err := sim.New(cfg)
	require.NoError(t, err)
	return s
}

// spells is an App whose work arrives in the first part of the run only.
type spells struct {
	sim.App
	until uint64 // ms
}

func (a spells) Pending(parent *sim.Block, now uint64) bool {
	return a.App.Pending(parent, min(now, a.until))
}

func TestFourSeatsFollowTheGoldenTranscript(t *testing.T) {
	cfg := busy(1, 4)
	var b strings.Builder
	cfg.Trace = func(line string) { b.WriteString(line) }
	s := start(t, cfg)
	s.SetNetwork(sim.Network{MinDelay: 10, MaxDelay: 10})
	require.NoError(t, s.Run(190))
	file := filepath.Join("testdata", "happy.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

func TestOneSeatDownOfFourDoesNotStopTheChain(t *testing.T) {
	for down := range 4 {
		s := start(t, busy(uint64(down), 4))
		s.Crash(down)
		require.NoError(t, s.Run(10_000))
		require.Greater(t, s.Lowest(), uint64(30))
	}
}

func TestTwoSeatsDownOfFourHaltAndResume(t *testing.T) {
	s := start(t, busy(7, 4))
	require.NoError(t, s.Run(2000))
	s.Crash(0)
	s.Crash(2)
	require.NoError(t, s.Run(2200))
	halted := s.Result().Blocks
	require.NoError(t, s.Run(60_000))
	require.LessOrEqual(t, s.Result().Blocks, halted+1)
	s.Start(2)
	require.NoError(t, s.Run(70_000))
	require.Greater(t, s.Lowest(), halted+20)
	s.Start(0)
	require.NoError(t, s.Run(80_000))
	require.Greater(t, s.Lowest(), halted+60)
}

func TestIdleChainIsSilentAndWakes(t *testing.T) {
	cfg := busy(3, 4)
	plain := start(t, cfg).App(0)
	cfg.NewApp = func(int) sim.App { return &spells{plain, 1000} }
	s := start(t, cfg)
	require.NoError(t, s.Run(3000))
	top, sent := s.Result().Blocks, s.Sent()
	require.Greater(t, top, uint64(5))
	require.Equal(t, top, s.Lowest(), "the last block is final everywhere")
	require.NoError(t, s.Run(103_000))
	require.Equal(t, top, s.Result().Blocks, "no empty blocks")
	require.Less(t, s.Sent()-sent, uint64(1000), "only statuses")
	for i := range s.Processes() {
		s.App(i).(*spells).until = 1 << 40
	}
	require.NoError(t, s.Run(104_000))
	require.Greater(t, s.Lowest(), top+5)
}

func TestSingleSeatFinalisesAtOnceWithoutANetwork(t *testing.T) {
	s := start(t, busy(1, 1))
	require.NoError(t, s.Run(5000))
	require.Greater(t, s.Result().Blocks, uint64(90))
	require.Zero(t, s.Sent())
	s.Crash(0)
	s.Start(0)
	require.NoError(t, s.Run(10_000))
	require.Greater(t, s.Result().Blocks, uint64(180))
}

func TestEpochsEndOnOneBlockAndContinueOnIt(t *testing.T) {
	for seed := range uint64(6) {
		for _, n := range []int{1, 4} {
			cfg := busy(seed, n)
			cfg.Epoch = 5
			s := start(t, cfg)
			s.SetNetwork(sim.Network{Loss: 100, MaxDelay: 40})
			require.NoError(t, s.Run(8000))
			s.Heal()
			require.NoError(t, s.Run(14_000))
			require.Greater(t, s.Lowest(), uint64(40), "n=%d seed %d", n, seed)
			for h := uint64(1); s.Final(h) != nil; h++ {
				require.Equal(t, (h-1)/5+1, uint64(s.Final(h).Epoch), "height %d", h)
			}
		}
	}
}

func TestInvalidProposalsAreNullified(t *testing.T) {
	cfg := busy(5, 4)
	cfg.Byzantine = map[int]sim.Behaviour{2: sim.Corrupt}
	s := start(t, cfg)
	require.NoError(t, s.Run(10_000))
	require.Greater(t, s.Result().Blocks, uint64(30))
}

func TestPowerLossOfAllSeatsLosesNothing(t *testing.T) {
	for seed := range uint64(12) {
		s := start(t, busy(seed, 4))
		for range 8 {
			s.SetNetwork(sim.Network{Loss: 100, MaxDelay: 60})
			require.NoError(t, s.Run(s.Now()+300+137*seed%700))
			for i := range s.Processes() {
				s.Crash(i)
			}
			for i := range s.Processes() {
				s.Start(i)
			}
		}
		s.Heal()
		require.NoError(t, s.Await(s.Now()))
	}
}

func TestDeltaGrowsUntilASlowNetworkProgressesAndRecovers(t *testing.T) {
	cfg := busy(11, 4)
	cfg.MaxDelta = 1600
	s := start(t, cfg)
	s.SetNetwork(sim.Network{MinDelay: 350, MaxDelay: 400})
	require.NoError(t, s.Run(60_000))
	slow := s.Lowest()
	require.Greater(t, slow, uint64(10))
	s.Heal()
	require.NoError(t, s.Run(70_000))
	s.Crash(1)
	before := s.Lowest()
	require.NoError(t, s.Run(80_000))
	require.Greater(t, s.Lowest(), before+60, "a silent leader costs 2Δ of the smallest Δ again")
}

// chaos is a short run under everything at once.
func chaos(t *testing.T, cfg sim.Config) *sim.Sim {
	s := start(t, cfg)
	require.NoError(t, s.Chaos(60_000))
	return s
}

func TestNoForkAndProgressAfterChaos(t *testing.T) {
	for seed := range uint64(8) {
		chaos(t, sim.Config{Seed: seed, Seats: 4})
		chaos(t, sim.Config{Seed: seed, Seats: 7, Epoch: 4})
	}
}

func TestNoForkWithEachBehaviour(t *testing.T) {
	shown := 0
	for b := sim.Twin; b <= sim.Corrupt; b <<= 1 {
		for seed := range uint64(3) {
			s := chaos(t, sim.Config{Seed: seed, Seats: 4, Byzantine: map[int]sim.Behaviour{1: b}})
			shown += s.Evidence(1)
			chaos(t, sim.Config{Seed: seed, Seats: 7, Byzantine: map[int]sim.Behaviour{0: b, 1: b | sim.Twin}})
			cfg := busy(seed, 4) // blocks follow one another without a pause
			cfg.Byzantine = map[int]sim.Behaviour{2: b}
			s = start(t, cfg)
			s.SetNetwork(sim.Network{Loss: 50, MaxDelay: 80})
			require.NoError(t, s.Run(20_000))
		}
	}
	require.Positive(t, shown, "equivocation is reported")
}

func TestHeaderClocksADayOffDoNotStopTheChain(t *testing.T) {
	for _, skew := range []int64{86_400_000, -86_400_000} {
		s := start(t, sim.Config{Seed: 4, Seats: 4})
		for i := range 3 {
			s.SetClock(i, 4000*int64(i-1), 0)
		}
		s.SetClock(3, skew, 0)
		require.NoError(t, s.Run(30_000))
		require.NoError(t, s.Await(25_000))
		var last uint64
		for h := uint64(1); s.Final(h) != nil; h++ {
			require.Greater(t, s.Final(h).Time, last)
			last = s.Final(h).Time
		}
		require.Less(t, last, s.Now()+30_000)
	}
}

func TestNewRefusesUnfitConfigurations(t *testing.T) {
	for _, cfg := range []sim.Config{
		{}, {Seats: 65}, {Seats: 4, Byzantine: map[int]sim.Behaviour{4: sim.Silent}}, {Seats: 4, Delta: 10, MaxDelta: 5},
	} {
		_, err := sim.New(cfg)
		require.Error(t, err)
	}
}
