package crash_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

var (
	points = flag.Int("crashpoints", 4000, "crash points for each backend (a tenth with -short, unless it is set)")
	seed   = flag.Uint64("seed", 1, "seed of the first workload")
)

// few is a tenth of a number with -short, which the race detector needs.
func few(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// crashPoints returns how many to run.
func crashPoints() int {
	if *points == 4000 {
		return few(*points)
	}
	return *points
}

const (
	lifetimes = 3  // of one workload: each ends in a crash
	batches   = 14 // of one lifetime
)

// powerFailures runs workloads and lets the power go at every operation, in every
// way, until it has tried as many crash points as it should.
type powerFailures struct {
	t       *testing.T
	backend store.Backend
	m       *model
	random  *rand.Rand
	done    int
	ops     int
	// of the running lifetime: batches acknowledged and begun.
	acknowledged, begun int
	first               uint64 // the log was truncated below this
	failed              error
}

func TestCrashAtEveryOperationLosesNothingSynced(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &powerFailures{t: t, backend: b}
			workloads := 0
			for ; p.done < crashPoints(); workloads++ {
				p.workload(*seed + uint64(workloads))
			}
			t.Logf("%s: %d crash points at %d operations of %d workloads, seed %d", name, p.done, p.ops, workloads, *seed)
			fmt.Printf("crash points run: %s %d (%d operations, %d workloads, seed %d)\n", name, p.done, p.ops, workloads, *seed)
		})
	}
}

func (p *powerFailures) workload(seed uint64) {
	p.m, p.random = newModel(seed), rand.New(rand.NewPCG(seed, 0))
	p.m.extend(lifetimes*batches + 1)
	disk := crash.New()
	p.acknowledged, p.begun, p.first = 0, 0, 0
	for range lifetimes {
		disk.SetHook(p.hook)
		s, err := store.Open(config(disk, "a/b", p.backend))
		p.require(seed, err)
		n, err := p.m.verify(s)
		p.require(seed, err)
		p.acknowledged, p.begun = n, n
		for range batches {
			p.begun++
			p.require(seed, p.m.batch(s, p.begun).WriteSync())
			p.acknowledged = p.begun
			if next := p.m.next[p.begun]; p.random.IntN(5) == 0 && next > 4 {
				p.require(seed, s.Log("log").Truncate(next-4))
			}
		}
		next := disk.Image(p.loss(p.random.IntN(8)))
		p.require(seed, s.Close())
		disk.SetHook(nil)
		disk = next
	}
}

func (p *powerFailures) require(seed uint64, err error) {
	require.NoError(p.t, p.failed, "seed %d", seed)
	require.NoError(p.t, err, "seed %d", seed)
}

// loss returns one of the eight ways to lose power.
func (p *powerFailures) loss(way int) crash.Loss {
	return crash.Loss{Data: crash.Data(way % 4), Strict: way >= 4, Random: p.random}
}

func (p *powerFailures) hook(op, name string, image func(crash.Loss) *crash.FS) error {
	if p.done >= crashPoints() || p.failed != nil {
		return nil
	}
	p.ops++
	for way := range 8 {
		loss := p.loss(way)
		p.done++
		if err := p.survives(image(loss)); err != nil && p.failed == nil {
			p.failed = fmt.Errorf("operation %d, %s %s, data %v, strict %v: %w", p.ops, op, name, loss.Data, loss.Strict, err)
		}
	}
	return nil
}

// survives opens what is left: it must be the state after a number of batches, none
// of the acknowledged ones missing, and take another batch.
func (p *powerFailures) survives(disk *crash.FS) (err error) {
	s, err := store.Open(config(disk, "a/b", p.backend))
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	n, err := p.m.verify(s)
	if err != nil {
		return err
	}
	if n < p.acknowledged || n > p.begun {
		return fmt.Errorf("%d batches are left; %d were acknowledged, %d begun", n, p.acknowledged, p.begun)
	}
	if p.done%16 != 0 {
		return nil
	}
	if err := p.m.batch(s, n+1).WriteSync(); err != nil {
		return err
	}
	_, err = p.m.verify(s)
	return err
}
