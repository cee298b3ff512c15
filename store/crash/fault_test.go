package crash_test

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

const faultBatches = 25

// faulty is a disk on which the n-th change fails and, if full is set, every other
// one until there is room again.
type faulty struct {
	disk    *crash.FS
	backend store.Backend
	cause   error
	full    bool

	at, seen int
	room     bool // guarded by the disk's mutex, which the hook runs under
	hit      bool
}

func (f *faulty) hook(op, _ string, _ func(crash.Loss) *crash.FS) error {
	if op == "remove" {
		return nil // frees room
	}
	f.seen++
	if f.room || f.seen < f.at || f.seen > f.at && !f.full {
		return nil
	}
	f.hit = true
	return f.cause
}

// makeRoom lets the disk take changes again.
func (f *faulty) makeRoom() { f.disk.SetHook(nil) }

// run writes all batches past one fault and returns false if the fault was not
// reached.
func (f *faulty) run(m *model) (bool, error) {
	f.disk = crash.New()
	f.disk.SetHook(f.hook)
	s, err := store.Open(config(f.disk, "d", f.backend))
	if err != nil {
		if !typed(err, f.cause) {
			return true, fmt.Errorf("open: %w", err)
		}
		f.makeRoom()
		if s, err = store.Open(config(f.disk, "d", f.backend)); err != nil {
			return true, fmt.Errorf("open with room: %w", err)
		}
	}
	for n := 1; n <= faultBatches; n++ {
		if err := f.write(m, s, n); err != nil {
			return true, errors.Join(err, s.Close())
		}
	}
	if n, err := m.verify(s); err != nil && !typed(err, f.cause) || err == nil && n != faultBatches {
		return true, errors.Join(fmt.Errorf("at the end, %d batches: %w", n, err), s.Close())
	}
	f.makeRoom()
	if err := s.Close(); err != nil && !typed(err, f.cause) {
		return true, fmt.Errorf("close: %w", err)
	}
	return f.hit, f.again(m)
}

// write writes one batch. If that fails, what was acknowledged is there, and the
// batch goes through once there is room.
func (f *faulty) write(m *model, s *store.Store, n int) error {
	err := m.batch(s, n).WriteSync()
	if err == nil {
		return nil
	}
	if !typed(err, f.cause) {
		return fmt.Errorf("batch %d: %w", n, err)
	}
	if had, err := m.verify(s); err == nil && had != n-1 && had != n {
		return fmt.Errorf("%d batches are visible when %d failed", had, n)
	} else if err != nil && !typed(err, f.cause) {
		return fmt.Errorf("reading after batch %d failed: %w", n, err)
	} else if err != nil && f.backend.Name() == "goleveldb" {
		return fmt.Errorf("goleveldb cannot be read after batch %d failed: %w", n, err)
	}
	if f.full {
		if err := m.batch(s, n).WriteSync(); err == nil {
			return fmt.Errorf("batch %d went through without room", n)
		} else if !typed(err, f.cause) {
			return fmt.Errorf("batch %d without room: %w", n, err)
		}
	}
	f.makeRoom()
	probe := s.Batch()
	probe.Set(s.Space("probe"), nil, nil)
	if err := probe.WriteSync(); err != nil {
		return fmt.Errorf("after batch %d there is room, but: %w", n, err)
	}
	had, err := m.verify(s)
	if err != nil || had != n-1 && had != n {
		return fmt.Errorf("recovered to %d batches when %d failed: %w", had, n, err)
	}
	if had == n {
		return nil
	}
	return m.batch(s, n).WriteSync()
}

// again opens what the run has left.
func (f *faulty) again(m *model) error {
	s, err := store.Open(config(f.disk, "d", f.backend))
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	n, err := m.verify(s)
	if err == nil && n != faultBatches {
		err = fmt.Errorf("%d batches after opening again", n)
	}
	return errors.Join(err, s.Close())
}

func typed(err, cause error) bool {
	if errors.Is(cause, syscall.ENOSPC) {
		return errors.Is(err, store.ErrNoSpace)
	}
	return errors.Is(err, store.ErrIO)
}

func TestAFailedWriteIsTypedAndLosesNothing(t *testing.T) {
	m := newModel(3)
	m.extend(faultBatches)
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			if raceDetector && name == "goleveldb" {
				t.Skip("goleveldb answers a failed compaction on a channel that may be closed, and recovers")
			}
			t.Parallel()
			faults := 0
			for _, f := range []*faulty{{cause: syscall.ENOSPC, full: true}, {cause: syscall.EIO, full: true}, {cause: syscall.EIO}} {
				for f.at, f.backend = 1, b; ; f.at += 11 - few(10) {
					f.seen, f.hit = 0, false
					hit, err := f.run(m)
					require.NoError(t, err, "%s: change %d fails with %v, full %v", name, f.at, f.cause, f.full)
					if !hit {
						break
					}
					faults++
				}
			}
			t.Logf("%s: %d failed changes", name, faults)
		})
	}
}

func TestARecoveredPebbleLeavesNothingRunning(t *testing.T) {
	f := &faulty{backend: backends()["pebble"], cause: syscall.ENOSPC, full: true}
	m := newModel(3)
	m.extend(faultBatches)
	before := runtime.NumGoroutine()
	for f.at = 60; f.at < 90; f.at++ {
		f.seen, f.hit = 0, false
		_, err := f.run(m)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 10*time.Second, 10*time.Millisecond,
		"%d goroutines before", before)
}
