package crash_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/announce"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

var (
	points = flag.Int("crashpoints", defaultPoints, "crash points of each workload for each backend (a tenth with -short, unless it is set)")
	seed   = flag.Uint64("seed", 1, "seed of the first workload")
)

const defaultPoints = 3000

// summary is what TestMain prints at the end.
var summary announce.Summary

func TestMain(m *testing.M) {
	code := m.Run()
	summary.Print()
	os.Exit(code)
}

// few is a tenth of a number with -short, which the race detector needs.
func few(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// crashPoints returns how many to run.
func crashPoints() int {
	if *points == defaultPoints {
		return few(*points)
	}
	return *points
}

const (
	lifetimes = 3  // of one workload: each ends in a crash
	batches   = 14 // of one lifetime
)

// powerFailures lets the power go at every operation of a workload, in every way,
// until it has tried as many crash points as it should.
type powerFailures struct {
	t       *testing.T
	backend store.Backend
	random  *rand.Rand // the hook's own: it runs on the engines' goroutines too
	// survives opens what is left: it must be what was there after some step, none of
	// the acknowledged ones missing. With more set it must also take another step.
	survives func(disk *crash.FS, more bool) error
	done     atomic.Int64
	ops      int
	failed   atomic.Pointer[error] // the first
	// of the running lifetime: steps acknowledged and begun. Hooks of an engine's own
	// goroutines read them too.
	acknowledged, begun atomic.Int64
}

// enough tells whether all crash points were tried.
func (p *powerFailures) enough() bool { return p.done.Load() >= int64(crashPoints()) }

// print says how many crash points were run.
func (p *powerFailures) print(workload string, workloads int) {
	summary.Addf("crash points run: %s, %s %d (%d operations, %d workloads, seed %d)",
		workload, p.backend.Name(), p.done.Load(), p.ops, workloads, *seed)
}

func (p *powerFailures) require(seed uint64, err error) {
	if failed := p.failed.Load(); failed != nil {
		require.NoError(p.t, *failed, "seed %d", seed)
	}
	require.NoError(p.t, err, "seed %d", seed)
}

// loss returns one of the eight ways to lose power.
func (p *powerFailures) loss(way int) crash.Loss {
	return crash.Loss{Data: crash.Data(way % 4), Strict: way >= 4, Random: p.random}
}

func (p *powerFailures) hook(op, name string, image func(crash.Loss) *crash.FS) error {
	if p.enough() || p.failed.Load() != nil {
		return nil
	}
	p.ops++
	for way := range 8 {
		loss := p.loss(way)
		n := p.done.Add(1)
		if err := p.survives(image(loss), n%16 == 0); err != nil {
			err = fmt.Errorf("operation %d, %s %s, data %v, strict %v: %w", p.ops, op, name, loss.Data, loss.Strict, err)
			p.failed.CompareAndSwap(nil, &err)
		}
	}
	return nil
}

// within checks how many steps are left.
func (p *powerFailures) within(n int) error {
	if a, b := p.acknowledged.Load(), p.begun.Load(); int64(n) < a || int64(n) > b {
		return fmt.Errorf("%d steps are left; %d were acknowledged, %d begun", n, a, b)
	}
	return nil
}

func TestCrashAtEveryOperationLosesNothingSynced(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pairsAndRecords{powerFailures: powerFailures{t: t, backend: b}}
			p.survives = p.reopens
			workloads := 0
			for ; !p.enough(); workloads++ {
				p.workload(*seed + uint64(workloads))
			}
			p.print("pairs and records", workloads)
		})
	}
}

// pairsAndRecords crashes batches of pairs and records of a log.
type pairsAndRecords struct {
	powerFailures
	m *model
}

func (p *pairsAndRecords) workload(seed uint64) {
	p.m, p.random = newModel(seed), rand.New(rand.NewPCG(seed, 0))
	p.m.extend(lifetimes*batches + 1)
	plan := rand.New(rand.NewPCG(seed, 1))
	disk := crash.New()
	p.acknowledged.Store(0)
	p.begun.Store(0)
	for range lifetimes {
		disk.SetHook(p.hook)
		s, err := store.Open(config(disk, "a/b", p.backend))
		p.require(seed, err)
		at, err := p.m.verify(s)
		p.require(seed, err)
		p.acknowledged.Store(int64(at))
		for n := at + 1; n <= at+batches; n++ {
			p.begun.Store(int64(n))
			p.require(seed, p.m.batch(s, n).WriteSync())
			p.acknowledged.Store(int64(n))
			if next := p.m.next[n]; plan.IntN(5) == 0 && next > 4 {
				p.require(seed, s.Log("log").Truncate(next-4))
			}
		}
		next := disk.Image(p.loss(plan.IntN(8)))
		p.require(seed, s.Close())
		disk.SetHook(nil)
		disk = next
	}
}

func (p *pairsAndRecords) reopens(disk *crash.FS, more bool) (err error) {
	s, err := store.Open(config(disk, "a/b", p.backend))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	n, err := p.m.verify(s)
	if err == nil {
		err = p.within(n)
	}
	if err != nil || !more {
		return err
	}
	if err := p.m.batch(s, n+1).WriteSync(); err != nil {
		return err
	}
	_, err = p.m.verify(s)
	return err
}
