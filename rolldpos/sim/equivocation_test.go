package sim_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/sim"
)

// rough is four seats on a bad network, so that views are nullified too; the fourth
// lies in every second run.
func rough(t *testing.T, seed uint64) *sim.Sim {
	cfg := sim.Config{Seed: seed, Seats: 4, Block: 200, Delta: 50, MaxDelta: 200}
	if seed%2 == 1 {
		cfg.Byzantine = map[int]sim.Behaviour{3: sim.Equivocate | sim.Withhold}
	}
	s, err := sim.New(cfg)
	require.NoError(t, err)
	s.SetNetwork(sim.Network{Loss: 150, Duplicate: 200, MaxDelay: 70})
	return s
}

const roughTime = 2500 // ms

var crashSeeds = flag.Uint64("crashseeds", 2, "NoEquivocation: how many seeds, each with a crash at every persist point and with old disks")

// endsWell heals the network, starts who is down and wants progress.
func endsWell(t *testing.T, s *sim.Sim, what string) {
	require.NoError(t, s.Run(max(s.Now(), roughTime)), what)
	s.Heal()
	for i := range s.Processes() {
		s.Start(i)
	}
	require.NoError(t, s.Await(s.Now()), what)
}

func TestNoEquivocationAfterACrashAtAnyPersistPoint(t *testing.T) {
	points := 0
	for seed := range *crashSeeds {
		clean := rough(t, seed)
		require.NoError(t, clean.Run(roughTime))
		for point := 1; point <= clean.Persists(); point++ {
			for how := sim.Unsynced; how <= sim.Sent; how++ {
				what := fmt.Sprintf("seed %d, crash of sort %d at record %d", seed, how, point)
				s := rough(t, seed)
				s.CrashAt(point, how)
				for s.Now() < roughTime && (s.Persists() < point || s.Now()%100 != 0) {
					require.NoError(t, s.Run(s.Now()+10), what)
				}
				for i := range s.Processes() {
					s.Start(i)
				}
				endsWell(t, s, what)
				points++
			}
		}
	}
	t.Logf("%d crashes", points)
	summary.Addf("no equivocation: %d crashes within a step that logs", points)
}

// Each process in turn starts from each of its last disks, the watermark surviving or
// the others answering. One such seat is as good as a faulty one, so that none lies.
func TestNoEquivocationFromRestoredOldDisks(t *testing.T) {
	restored := 0
	for round := range 4 * *crashSeeds {
		victim := int(round % 4)
		for at := uint64(300); at < roughTime; at += 220 {
			for _, age := range []uint64{10, 40, 120, 260} {
				for _, watermark := range []bool{true, false} {
					what := fmt.Sprintf("seed %d, process %d at %d ms, disk of %d ms before, watermark %t", 2*(at+7919*round), victim, at, age, watermark)
					s := rough(t, 2*(at+7919*round))
					require.NoError(t, s.Run(at-age), what)
					old := s.CopyDisk(victim)
					require.NoError(t, s.Run(at), what)
					s.StartFrom(old, watermark)
					endsWell(t, s, what)
					restored++
				}
			}
		}
	}
	t.Logf("%d old disks", restored)
	summary.Addf("no equivocation: %d restored old disks", restored)
}

// What the victim signed last reaches nobody, one other seat has fallen behind and
// answers first, and the rest can do nothing without either: the view after the highest
// one reported must be left alone too.
func TestNoEquivocationWhenNobodySawTheLostVotes(t *testing.T) {
	restored := 0
	for round := range 4 * *crashSeeds {
		victim := int(round % 4)
		behind := (victim + 1) % 4
		for at := uint64(500); at < roughTime; at += 90 {
			for _, watermark := range []bool{true, false} {
				what := fmt.Sprintf("seed %d, process %d at %d ms, watermark %t", 2*(at+7919*round), victim, at, watermark)
				s := rough(t, 2*(at+7919*round))
				require.NoError(t, s.Run(at-300), what)
				old := s.CopyDisk(victim)
				groups := []int{1, 1, 1, 1}
				groups[behind] = 2
				s.Partition(groups)
				require.NoError(t, s.Run(at-150), what)
				for i := range 4 {
					s.Cut(victim, i)
				}
				require.NoError(t, s.Run(at), what)
				groups[victim] = 0
				s.Partition(groups)
				for i := range 4 {
					if i != behind {
						s.Cut(i, victim)
					}
				}
				s.StartFrom(old, watermark)
				require.NoError(t, s.Run(at+150), what)
				s.Partition(make([]int, 4))
				endsWell(t, s, what)
				restored++
			}
		}
	}
	summary.Addf("no equivocation: %d restored old disks whose last votes nobody saw", restored)
}
