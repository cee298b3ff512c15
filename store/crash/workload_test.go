package crash_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
)

func backends() map[string]store.Backend {
	return map[string]store.Backend{"goleveldb": store.GoLevelDB(), "pebble": pebble.Backend()}
}

// tiny budgets make a short workload rotate journals, write tables and compact.
func config(fsys store.FS, dir string, b store.Backend) store.Config {
	return store.Config{Dir: dir, FS: fsys, Backend: b, Budget: store.Budget{Cache: 64 << 10, WriteBuffer: 4 << 10, OpenFiles: 20}}
}

// model is what a store holds after each of a sequence of batches, every one of
// which depends on the seed and its number alone.
type model struct {
	seed    uint64
	digests [][32]byte // of the pairs after n batches
	next    []uint64   // the log's next number after n batches
	pairs   map[string]string
}

func newModel(seed uint64) *model {
	return &model{seed: seed, digests: make([][32]byte, 1), next: make([]uint64, 1), pairs: map[string]string{}}
}

type step struct {
	set     map[string]string
	deleted []string
	records int
}

func (m *model) step(n int) step {
	r := rand.New(rand.NewPCG(m.seed, uint64(n)))
	s := step{set: map[string]string{}, records: r.IntN(3)}
	for range 1 + r.IntN(6) {
		size := r.IntN(400)
		if r.IntN(40) == 0 {
			size = 5_000
		}
		value := make([]byte, size)
		for i := range value {
			value[i] = byte(r.Uint32())
		}
		s.set[fmt.Sprintf("key %02d", r.IntN(40))] = string(value)
	}
	for range r.IntN(3) {
		key := fmt.Sprintf("key %02d", r.IntN(40))
		if _, set := s.set[key]; !set {
			s.deleted = append(s.deleted, key)
		}
	}
	return s
}

func record(n, i int) []byte { return fmt.Appendf(nil, "record %d.%d", n, i) }

// extend computes what is there after n batches.
func (m *model) extend(n int) {
	for i := len(m.digests); i <= n; i++ {
		s, d := m.step(i), m.digests[i-1]
		for _, key := range s.deleted {
			m.toggle(&d, key)
			delete(m.pairs, key)
		}
		for key, value := range s.set {
			m.toggle(&d, key)
			m.pairs[key] = value
			m.toggle(&d, key)
		}
		m.digests = append(m.digests, d)
		m.next = append(m.next, m.next[i-1]+uint64(s.records))
	}
}

func (m *model) toggle(d *[32]byte, key string) {
	if value, ok := m.pairs[key]; ok {
		toggle(d, key, value)
	}
}

func toggle(d *[32]byte, key, value string) {
	for i, b := range sha256.Sum256([]byte(key + "=" + value)) {
		d[i] ^= b
	}
}

// batch fills a batch with the n-th step.
func (m *model) batch(s *store.Store, n int) *store.Batch {
	b, p, l := s.Batch(), s.Space("pairs"), s.Log("log")
	st := m.step(n)
	for _, key := range st.deleted {
		b.Delete(p, []byte(key))
	}
	for _, key := range slices.Sorted(maps.Keys(st.set)) {
		b.Set(p, []byte(key), []byte(st.set[key]))
	}
	for i := range st.records {
		b.Append(l, record(n, i))
	}
	b.Set(s.Space("count"), nil, binary.BigEndian.AppendUint64(nil, uint64(n)))
	return b
}

func count(s *store.Store) (int, error) {
	raw, err := s.Space("count").Get(nil)
	if err != nil || raw == nil {
		return 0, err
	}
	return int(binary.BigEndian.Uint64(raw)), nil
}

// verify reads everything and returns how many batches the store holds. Records may
// be truncated below limit, and may come twice if again is set.
func (m *model) verify(s *store.Store) (n int, err error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	if n, err = count(s); err != nil {
		return 0, err
	}
	if n >= len(m.digests) {
		return 0, fmt.Errorf("%d batches, of %d", n, len(m.digests)-1)
	}
	var d [32]byte
	it := s.Space("pairs").Iterate(nil, nil)
	defer it.Close()
	for it.Next() {
		toggle(&d, string(it.Key()), string(it.Value()))
	}
	if it.Err() != nil {
		return 0, it.Err()
	}
	if d != m.digests[n] {
		return 0, fmt.Errorf("the pairs are not those after %d batches", n)
	}
	return n, m.verifyLog(s, n)
}

func (m *model) verifyLog(s *store.Store, n int) error {
	_, next, err := s.Log("log").Bounds()
	if err != nil {
		return err
	}
	if next != m.next[n] {
		return fmt.Errorf("%d records after %d batches, want %d", next, n, m.next[n])
	}
	of := 1
	return s.Log("log").Replay(func(seq uint64, payload []byte) error {
		for m.next[of] <= seq {
			of++
		}
		if want := record(of, int(seq-m.next[of-1])); string(payload) != string(want) {
			return fmt.Errorf("record %d is %q, want %q", seq, payload, want)
		}
		return nil
	})
}

func TestTheWorkloadIsWhatTheModelSays(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			m := newModel(1)
			m.extend(60)
			s, err := store.Open(config(store.OS(), t.TempDir(), b))
			require.NoError(t, err)
			for n := 1; n <= 60; n++ {
				require.NoError(t, m.batch(s, n).WriteSync())
			}
			n, err := m.verify(s)
			require.NoError(t, err)
			require.Equal(t, 60, n)
			require.NoError(t, s.Close())
		})
	}
}
