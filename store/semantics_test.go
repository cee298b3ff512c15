package store_test

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

// eachDB runs a test on every database behind cometbft-db's interface.
func eachDB(t *testing.T, f func(t *testing.T, db *store.DB)) {
	run := func(name string, cfg store.Config) {
		t.Run(name, func(t *testing.T) {
			db, err := store.OpenDB(cfg)
			require.NoError(t, err)
			f(t, db)
			require.NoError(t, db.Close())
		})
	}
	run("memory", store.Config{})
	for _, b := range backends() {
		run(b.Name(), store.Config{Dir: t.TempDir(), Backend: b})
	}
}

func TestADatabaseRefusesEmptyKeysAndNilValues(t *testing.T) {
	eachDB(t, func(t *testing.T, db *store.DB) {
		require.ErrorIs(t, db.Set(nil, []byte("v")), store.ErrEmptyKey)
		require.ErrorIs(t, db.Set([]byte("k"), nil), store.ErrNilValue)
		require.ErrorIs(t, db.Delete([]byte{}), store.ErrEmptyKey)
		_, err := db.Get(nil)
		require.ErrorIs(t, err, store.ErrEmptyKey)
		_, err = db.Iterator([]byte{}, nil)
		require.ErrorIs(t, err, store.ErrEmptyKey)
		b := db.NewBatch()
		require.ErrorIs(t, b.Set([]byte("k"), nil), store.ErrNilValue)
		require.NoError(t, b.Close())
		require.ErrorIs(t, b.Set([]byte("k"), []byte("v")), store.ErrBatch)
		require.ErrorIs(t, b.WriteSync(), store.ErrBatch)
	})
}

func TestADatabaseIteratesBothWays(t *testing.T) {
	eachDB(t, func(t *testing.T, db *store.DB) {
		const n = 300
		b := db.NewBatch()
		for i := range n {
			require.NoError(t, b.Set(fmt.Appendf(nil, "%03d", i), fmt.Append(nil, i)))
		}
		require.NoError(t, b.Write())
		for _, c := range []struct {
			start, end string
			from, to   int
		}{{"", "", 0, n}, {"010", "", 10, n}, {"", "250", 0, 250}, {"0105", "2505", 11, 251}, {"400", "", 0, 0}, {"100", "100", 0, 0}} {
			bound := func(s string) []byte {
				if s == "" {
					return nil
				}
				return []byte(s)
			}
			up, err := db.Iterator(bound(c.start), bound(c.end))
			require.NoError(t, err)
			down, err := db.ReverseIterator(bound(c.start), bound(c.end))
			require.NoError(t, err)
			for i := c.from; i < c.to; i++ {
				require.Equal(t, fmt.Sprintf("%03d", i), string(up.Key()))
				require.Equal(t, fmt.Sprint(c.to-1-(i-c.from)), string(down.Value()))
				up.Next()
				down.Next()
			}
			require.False(t, up.Valid() || down.Valid())
			require.NoError(t, errors.Join(up.Error(), down.Error(), up.Close(), down.Close()))
		}
	})
}

func TestADatabaseNeverPanicsAfterClose(t *testing.T) {
	eachDB(t, func(t *testing.T, db *store.DB) {
		require.NoError(t, db.Set([]byte("k"), []byte("v")))
		it, err := db.Iterator(nil, nil)
		require.NoError(t, err)
		require.True(t, it.Valid())
		sn, err := db.Snapshot()
		require.NoError(t, err)
		b := db.NewBatch()
		require.NoError(t, b.Set([]byte("k"), []byte("w")))
		require.NoError(t, db.Close())

		require.False(t, it.Valid())
		it.Next()
		require.Nil(t, it.Key())
		require.Nil(t, it.Value())
		require.ErrorIs(t, it.Error(), store.ErrClosed)
		require.NoError(t, it.Close())
		require.NoError(t, sn.Close())
		require.ErrorIs(t, b.WriteSync(), store.ErrClosed)
		require.ErrorIs(t, db.SetSync([]byte("k"), []byte("v")), store.ErrClosed)
		require.ErrorIs(t, db.DeleteSync([]byte("k")), store.ErrClosed)
		_, err = db.Has([]byte("k"))
		require.ErrorIs(t, err, store.ErrClosed)
		_, err = db.ReverseIterator(nil, nil)
		require.ErrorIs(t, err, store.ErrClosed)
		_, err = db.Snapshot()
		require.ErrorIs(t, err, store.ErrClosed)
		require.ErrorIs(t, db.Compact(nil, nil), store.ErrClosed)
		require.ErrorIs(t, db.Print(), store.ErrClosed)
		require.Empty(t, db.Stats())
		require.NoError(t, db.Close())
	})
}

func TestSlicesBelongToWhoHasThem(t *testing.T) {
	eachDB(t, func(t *testing.T, db *store.DB) {
		key, value := []byte("key"), []byte("value")
		require.NoError(t, db.Set(key, value))
		key[0], value[0] = 'X', 'X'
		got, err := db.Get([]byte("key"))
		require.NoError(t, err)
		require.Equal(t, "value", string(got))
		got[0] = 'Y'
		it, err := db.Iterator(nil, nil)
		require.NoError(t, err)
		k, v := it.Key(), it.Value()
		k[0], v[0] = 'Z', 'Z'
		it.Next()
		require.NoError(t, it.Close())
		again, err := db.Get([]byte("key"))
		require.NoError(t, err)
		require.Equal(t, "value", string(again))
		require.Equal(t, "Yalue", string(got))
		require.NoError(t, db.Compact(nil, nil))
	})
}

func TestASnapshotShowsOneState(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p := s.Space("x")
		set(t, s, p, "a", "1", "b", "2")
		sn, err := s.Snapshot()
		require.NoError(t, err)
		old := p.At(sn)
		it := old.Iterate(nil, nil)
		set(t, s, p, "a", "3", "c", "4")
		b := s.Batch()
		b.Delete(old, []byte("b")) // writes go to the newest state
		require.NoError(t, b.WriteSync())
		require.Equal(t, []string{"a=1", "b=2"}, walk(t, old.Iterate(nil, nil)))
		require.Equal(t, []string{"b=2", "a=1"}, walk(t, old.Reverse(nil, nil)))
		require.Equal(t, []string{"a=3", "c=4"}, walk(t, p.Iterate(nil, nil)))
		value, err := old.Get([]byte("c"))
		require.NoError(t, err)
		require.Nil(t, value)
		require.NoError(t, sn.Close())
		require.NoError(t, sn.Close())
		_, err = old.Get([]byte("a"))
		require.ErrorIs(t, err, store.ErrClosed)
		require.Equal(t, []string{"a=1", "b=2"}, walk(t, it))
	})
}

func TestConcurrentReadersSeeWholeBatches(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p := s.Space("x")
		set(t, s, p, "a", "0", "b", "0")
		var stop atomic.Bool
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for !stop.Load() {
					it := p.Iterate(nil, nil)
					var values []string
					for it.Next() {
						values = append(values, string(it.Value()))
					}
					_ = it.Close()
					if len(values) != 2 || values[0] != values[1] {
						t.Errorf("torn batch: %v", values)
						return
					}
				}
			})
		}
		for i := range 100 {
			set(t, s, p, "a", fmt.Sprint(i), "b", fmt.Sprint(i))
		}
		stop.Store(true)
		wg.Wait()
	})
}

func TestADirectoryKeepsItsBackend(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = store.Open(store.Config{Dir: dir, Backend: backends()[1]})
	require.ErrorIs(t, err, store.ErrFormat)
}

func TestAppendsAtTheSameTimeShareASync(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.Name(), func(t *testing.T) {
			disk, syncs := crash.New(), 0
			s, err := store.Open(store.Config{Dir: "d", FS: disk, Backend: b})
			require.NoError(t, err)
			disk.SetHook(func(op, _ string, _ func(crash.Loss) *crash.FS) error {
				if op == "sync" {
					syncs++
					time.Sleep(time.Millisecond)
				}
				return nil
			})
			l := s.Log("votes")
			const writers, each = 16, 20
			var wg sync.WaitGroup
			var taken [writers * each]atomic.Bool
			for range writers {
				wg.Go(func() {
					for range each {
						seq, err := l.Append([]byte("record"))
						if err != nil || taken[seq].Swap(true) {
							t.Errorf("append %d: %v", seq, err)
						}
					}
				})
			}
			wg.Wait()
			disk.SetHook(nil)
			require.Less(t, syncs, writers*each/2)
			_, next, err := l.Bounds()
			require.NoError(t, err)
			require.Equal(t, uint64(writers*each), next)
			require.NoError(t, s.Check())
			require.NoError(t, s.Close())
			t.Logf("%d appends, %d syncs", writers*each, syncs)
		})
	}
}

func TestTheDefaultBudgetStaysBelow64MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 128 MiB")
	}
	for _, b := range backends() {
		t.Run(b.Name(), func(t *testing.T) {
			s, err := store.Open(store.Config{Dir: t.TempDir(), Backend: b})
			require.NoError(t, err)
			before := resident(t)
			peak := before
			p, value := s.Space("x"), make([]byte, 1000)
			for i := range 260 {
				batch := s.Batch()
				for j := range 500 {
					k := i*500 + j
					copy(value, fmt.Append(nil, k*7919))
					batch.Set(p, fmt.Appendf(nil, "%08x", uint32(k)*2654435761), value)
				}
				require.NoError(t, batch.WriteSync())
				_, err := p.Get(fmt.Appendf(nil, "%08x", uint32(i)*2654435761))
				require.NoError(t, err)
				if i%20 == 0 {
					peak = max(peak, resident(t))
				}
			}
			require.NoError(t, s.Close())
			t.Logf("%s: memory grew by %d MiB at most", b.Name(), (peak-before)>>20)
			require.Less(t, peak-before, 64<<20)
		})
	}
}

// resident returns what the process holds: pebble keeps its memory outside Go's heap.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc/self/status to measure")
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			return kib << 10
		}
	}
	t.Skip("no VmRSS in /proc/self/status")
	return 0
}
