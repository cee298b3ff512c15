package blocks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
	"github.com/rootstem/rootstem/store/pebble"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Package store/crash loses power under whole chains; here sections of the log index
// are small enough to be made and pruned too.
func TestCrashesWhileSectionsComeAndGoLeaveAPrefix(t *testing.T) {
	for _, backend := range []store.Backend{store.GoLevelDB(), pebble.Backend()} {
		t.Run(backend.Name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(90)
			w.take(60)
			cfg := store.Config{Dir: "d", Backend: backend, Budget: store.Budget{Cache: 64 << 10, WriteBuffer: 4 << 10, OpenFiles: 20}}
			disk, random := crash.New(), rand.New(rand.NewPCG(90, 91))
			points, failed := 0, error(nil) // of the hook, which one goroutine runs at a time
			var durable atomic.Int64
			disk.SetHook(func(op, name string, image func(crash.Loss) *crash.FS) error {
				loss := crash.Loss{Data: crash.Data(points % 4), Strict: points%8 >= 4, Random: random}
				if points++; failed == nil && (!testing.Short() || points%10 == 0) {
					if err := survives(on(cfg, image(loss)), w, int(durable.Load())); err != nil {
						failed = fmt.Errorf("point %d, %s %s, %+v: %w", points, op, name, loss, err)
					}
				}
				return nil
			})
			db, err := store.Open(on(cfg, disk))
			require.NoError(t, err)
			s := mustOpen(t, db, fewBlocks(), fewPostings())
			for from := 0; from < len(w.all); {
				to := min(from+1+w.rng.IntN(2), len(w.all))
				mustAppend(t, db, s, w.all[from:to]...)
				from = to
				durable.Store(int64(to))
			}
			disk.SetHook(nil)
			require.NoError(t, failed)
			require.NoError(t, db.Close())
			t.Logf("%d crash points, %d sections left", points, len(s.bounds().sections))
		})
	}
}

// survives opens what is left: a prefix of the world with the durable blocks.
func survives(cfg store.Config, w *world, durable int) (err error) {
	db, err := store.Open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := open(db, fewBlocks(), fewPostings())
	if err != nil {
		return err
	}
	if err := errors.Join(db.Check(), s.Check()); err != nil {
		return err
	}
	height, hash, ok := s.Head()
	if n := int(height) + 1; ok && (hash != w.all[height].Hash || n < durable) || !ok && durable > 0 {
		return fmt.Errorf("%d blocks are left of %d", n, durable)
	}
	got, err := collect(s, &ledger.LogFilter{}, s.Floor(), 1_000)
	if err == nil && ok && !slices.Equal(got, w.scan(&ledger.LogFilter{}, s.Floor(), height, false)) {
		err = fmt.Errorf("logs in %v", got)
	}
	return err
}

func fewBlocks() Policy { return Policy{Blocks: 12, Certificates: 20} }

func fewPostings() limits { return limits{blocks: 8, postings: 40} }

func on(cfg store.Config, disk *crash.FS) store.Config {
	cfg.FS = disk
	return cfg
}
