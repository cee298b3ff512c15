package crash_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

func TestReadersAndWritersLiveThroughADiskThatFillsUp(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			if raceDetector && name == "goleveldb" {
				t.Skip("goleveldb answers a failed compaction on a channel that may be closed, and recovers")
			}
			disk := crash.New()
			s, err := store.Open(config(disk, "d", b))
			require.NoError(t, err)
			var full, stop atomic.Bool
			var failed atomic.Int64
			disk.SetHook(func(op, _ string, _ func(crash.Loss) *crash.FS) error {
				if full.Load() && op != "remove" {
					return syscall.ENOSPC
				}
				return nil
			})
			p := s.Space("x")
			var wg sync.WaitGroup
			var last [4]int
			for w := range last {
				wg.Go(func() {
					for i := 1; !stop.Load(); {
						batch := s.Batch()
						batch.Set(p, fmt.Append(nil, w), strconv.AppendInt(nil, int64(i), 10))
						batch.Set(p, fmt.Append(nil, "filler ", w, i%50), make([]byte, 300))
						switch err := batch.WriteSync(); {
						case err == nil:
							last[w] = i
							i++
						case errors.Is(err, store.ErrNoSpace):
							failed.Add(1)
							time.Sleep(time.Millisecond)
						default:
							t.Errorf("write: %v", err)
							return
						}
					}
				})
			}
			for range 2 {
				wg.Go(func() {
					for !stop.Load() {
						it := p.Iterate(nil, nil)
						for it.Next() {
						}
						err := errors.Join(it.Err(), it.Close())
						if err != nil && !errors.Is(err, store.ErrNoSpace) && !errors.Is(err, store.ErrRecovered) {
							t.Errorf("read: %v", err)
							return
						}
					}
				})
			}
			for range 20 {
				time.Sleep(15 * time.Millisecond)
				full.Store(true)
				time.Sleep(15 * time.Millisecond)
				full.Store(false)
			}
			time.Sleep(15 * time.Millisecond)
			stop.Store(true)
			wg.Wait()
			for w, want := range last {
				got, err := p.Get(fmt.Append(nil, w))
				require.NoError(t, err)
				n, err := strconv.Atoi(string(got))
				require.NoError(t, err)
				require.GreaterOrEqual(t, n, want)
			}
			require.NoError(t, s.Check())
			require.NoError(t, s.Close())
			t.Logf("%s: %v batches, %d refused", name, last, failed.Load())
		})
	}
}
