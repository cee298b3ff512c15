package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
)

// each runs a test in memory and on both backends. Cleanup checks the whole store.
func each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Run("memory", func(t *testing.T) { f(t, mustOpen(t, store.Config{})) })
	for _, b := range backends() {
		t.Run(b.Name(), func(t *testing.T) { f(t, mustOpen(t, store.Config{Dir: t.TempDir(), Backend: b})) })
	}
}

func backends() []store.Backend { return []store.Backend{store.GoLevelDB(), pebble.Backend()} }

func mustOpen(t *testing.T, cfg store.Config) *store.Store {
	s, err := store.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := s.Check(); !errors.Is(err, store.ErrClosed) {
			require.NoError(t, err)
		}
		require.NoError(t, s.Close())
	})
	return s
}

func set(t *testing.T, s *store.Store, p store.Space, pairs ...string) {
	b := s.Batch()
	for i := 0; i < len(pairs); i += 2 {
		b.Set(p, []byte(pairs[i]), []byte(pairs[i+1]))
	}
	require.NoError(t, b.WriteSync())
}

func walk(t *testing.T, it *store.Iterator) (out []string) {
	for it.Next() {
		out = append(out, string(it.Key())+"="+string(it.Value()))
	}
	require.NoError(t, it.Err())
	require.NoError(t, it.Close())
	return out
}

func TestSpacesNeverMeet(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		a, ab := s.Space("a"), s.Space("ab")
		set(t, s, a, "b", "1", "", "2", "\xff\xff", "3")
		set(t, s, ab, "", "4", "b", "5")
		require.Equal(t, []string{"=2", "b=1", "\xff\xff=3"}, walk(t, a.Iterate(nil, nil)))
		require.Equal(t, []string{"=4", "b=5"}, walk(t, ab.Iterate(nil, nil)))
		require.Equal(t, []string{"b=5", "=4"}, walk(t, ab.Reverse(nil, nil)))
		require.Equal(t, []string{"=2"}, walk(t, a.Iterate(nil, []byte("b"))))
		require.Equal(t, []string{"\xff\xff=3", "b=1"}, walk(t, a.Reverse([]byte("b"), nil)))
		require.Empty(t, walk(t, a.Iterate([]byte("c"), []byte("b"))))
		require.Empty(t, walk(t, s.Space("b").Iterate(nil, nil)))
	})
}

func TestGetTellsAnEmptyValueFromNone(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p := s.Space("x")
		set(t, s, p, "empty", "")
		for key, want := range map[string]bool{"empty": true, "none": false} {
			value, err := p.Get([]byte(key))
			require.NoError(t, err)
			require.Equal(t, want, value != nil)
			has, err := p.Has([]byte(key))
			require.NoError(t, err)
			require.Equal(t, want, has)
		}
	})
}

func TestABatchIsAllOrNothingAndOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p := s.Space("x")
		b := s.Batch()
		key, value := []byte("k"), []byte("v")
		b.Set(p, key, value)
		b.Set(p, []byte("gone"), nil)
		b.Delete(p, []byte("gone"))
		key[0], value[0] = 'X', 'X' // the batch has copied them
		called := 0
		b.Then(func() {
			called++
			got, err := p.Get([]byte("k"))
			require.NoError(t, err)
			require.Equal(t, "v", string(got))
		})
		require.Empty(t, walk(t, p.Iterate(nil, nil)))
		require.Equal(t, 3, b.Len())
		require.NoError(t, b.WriteSync())
		require.Equal(t, 1, called)
		require.ErrorIs(t, b.WriteSync(), store.ErrBatch)
		require.Equal(t, []string{"k=v"}, walk(t, p.Iterate(nil, nil)))
		dropped := s.Batch()
		dropped.Set(p, []byte("z"), nil)
		dropped.Close()
		require.ErrorIs(t, dropped.WriteSync(), store.ErrBatch)
	})
}

func TestAnIteratorSeesItsBeginningAndBlocksNoWrite(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p := s.Space("x")
		set(t, s, p, "a", "1", "b", "2", "c", "3")
		it := p.Iterate(nil, nil)
		require.True(t, it.Next())
		b := s.Batch()
		b.Delete(p, []byte("b"))
		b.Set(p, []byte("c"), []byte("4"))
		b.Set(p, []byte("d"), []byte("5"))
		require.NoError(t, b.WriteSync())
		require.Equal(t, []string{"b=2", "c=3"}, walk(t, it))
		require.Equal(t, []string{"a=1", "c=4", "d=5"}, walk(t, p.Iterate(nil, nil)))
		require.False(t, it.Next())
		require.NoError(t, it.Close())
	})
}

func TestEverythingFailsAfterClose(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p, l := s.Space("x"), s.Log("l")
		set(t, s, p, "a", "1", "b", "2")
		_, err := l.Append([]byte("r"))
		require.NoError(t, err)
		it := p.Iterate(nil, nil)
		require.True(t, it.Next())
		b := s.Batch()
		b.Set(p, []byte("k"), nil)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())

		require.Equal(t, "a", string(it.Key()))
		require.False(t, it.Next())
		require.ErrorIs(t, it.Err(), store.ErrClosed)
		require.NoError(t, it.Close())
		_, err = p.Get([]byte("a"))
		require.ErrorIs(t, err, store.ErrClosed)
		_, err = p.Has([]byte("a"))
		require.ErrorIs(t, err, store.ErrClosed)
		late := p.Reverse(nil, nil)
		require.False(t, late.Next())
		require.ErrorIs(t, late.Err(), store.ErrClosed)
		require.NoError(t, late.Close())
		require.ErrorIs(t, b.WriteSync(), store.ErrClosed)
		_, err = l.Append(nil)
		require.ErrorIs(t, err, store.ErrClosed)
		_, _, err = l.Bounds()
		require.ErrorIs(t, err, store.ErrClosed)
		require.ErrorIs(t, l.Replay(nil), store.ErrClosed)
		require.ErrorIs(t, l.Truncate(1), store.ErrClosed)
		require.ErrorIs(t, s.Check(), store.ErrClosed)
	})
}

func TestCloseDuringUseNeverPanics(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		p, l := s.Space("x"), s.Log("l")
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				for i := 0; ; i++ {
					b := s.Batch()
					b.Set(p, fmt.Append(nil, w, i%50), []byte("v"))
					b.Append(l, []byte("r"))
					it := p.Iterate(nil, nil)
					for it.Next() {
						_, err := p.Get(it.Key())
						if err != nil {
							break
						}
					}
					_ = it.Close()
					if err := b.WriteSync(); errors.Is(err, store.ErrClosed) {
						return
					}
					if i == 20 && w == 0 {
						_ = s.Close()
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestADirectoryBelongsToOneStore(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("STORE_TEST_DIR") != "" {
		_, err := store.Open(store.Config{Dir: os.Getenv("STORE_TEST_DIR")})
		require.ErrorIs(t, err, store.ErrLocked)
		return
	}
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	set(t, s, s.Space("x"), "a", "1")
	_, err = store.Open(store.Config{Dir: dir})
	require.ErrorIs(t, err, store.ErrLocked)
	require.ErrorContains(t, err, dir)

	other := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	other.Env = append(os.Environ(), "STORE_TEST_DIR="+dir)
	out, err := other.CombinedOutput()
	require.NoError(t, err, "%s", out)

	require.NoError(t, s.Close())
	again := mustOpen(t, store.Config{Dir: dir})
	require.Equal(t, []string{"a=1"}, walk(t, again.Space("x").Iterate(nil, nil)))
}

func TestOpenRefusesAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, s.DB().SetSync([]byte("\x00format"), []byte("2")))
	require.NoError(t, s.Close())
	for range 2 { // the failed Open has released the lock
		_, err = store.Open(store.Config{Dir: dir})
		require.ErrorIs(t, err, store.ErrFormat)
	}
}

func TestCheckFindsAKeyOutsideAllSpaces(t *testing.T) {
	s, err := store.Open(store.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Check())
	require.NoError(t, s.DB().SetSync([]byte{5, 1}, []byte{1}))
	require.ErrorIs(t, s.Check(), store.ErrCorrupt)
}
