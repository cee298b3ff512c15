package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func replay(t *testing.T, l *Log) (out []string) {
	require.NoError(t, l.Replay(func(seq uint64, payload []byte) error {
		out = append(out, fmt.Sprintf("%d:%s", seq, payload))
		return nil
	}))
	return out
}

func mustOpen(t *testing.T, cfg Config) *Store {
	s, err := Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Check())
		require.NoError(t, s.Close())
	})
	return s
}

func TestALogKeepsItsOrderOverReopening(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for round := range 4 {
		s, err := Open(Config{Dir: dir})
		require.NoError(t, err)
		l := s.Log("votes")
		require.Equal(t, want, replay(t, l))
		for i := range 3 {
			text := fmt.Sprintf("r%d.%d", round, i)
			seq, err := l.Append([]byte(text))
			require.NoError(t, err)
			require.Equal(t, uint64(len(want)), seq)
			want = append(want, fmt.Sprintf("%d:%s", seq, text))
		}
		b := s.Batch()
		b.Append(l, []byte("x"))
		b.Set(s.Space("votes"), []byte("k"), []byte("v"))
		b.Append(s.Log("other"), []byte("o"))
		b.Append(l, []byte("y"))
		require.NoError(t, b.WriteSync())
		want = append(want, fmt.Sprintf("%d:x", len(want)), fmt.Sprintf("%d:y", len(want)+1))
		require.Equal(t, want, replay(t, l))
		require.Len(t, replay(t, s.Log("other")), round+1)
		require.NoError(t, s.Check())
		require.NoError(t, s.Close())
	}
}

func TestTruncateForgetsRecordsAndNeverReusesNumbers(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	require.NoError(t, err)
	l := s.Log("l")
	for i := range 10 {
		_, err := l.Append(fmt.Append(nil, i))
		require.NoError(t, err)
	}
	require.NoError(t, l.Truncate(7))
	require.NoError(t, l.Truncate(3))
	require.Equal(t, []string{"7:7", "8:8", "9:9"}, replay(t, l))
	require.NoError(t, l.Truncate(1000))
	require.Empty(t, replay(t, l))
	require.NoError(t, s.Close())

	s = mustOpen(t, Config{Dir: dir})
	l = s.Log("l")
	require.Empty(t, replay(t, l))
	first, next, err := l.Bounds()
	require.NoError(t, err)
	require.Equal(t, []uint64{10, 10}, []uint64{first, next})
	seq, err := l.Append([]byte("on"))
	require.NoError(t, err)
	require.Equal(t, uint64(10), seq)
}

func TestReplayFindsEveryDamage(t *testing.T) {
	for name, harm := range map[string]func(p Space, b *Batch, rec []byte){
		"a flipped bit in the payload": func(p Space, b *Batch, rec []byte) { rec[13] ^= 4; b.Set(p, seqKey(2), rec) },
		"a flipped bit in the head":    func(p Space, b *Batch, rec []byte) { rec[7] ^= 1; b.Set(p, seqKey(2), rec) },
		"a torn record":                func(p Space, b *Batch, rec []byte) { b.Set(p, seqKey(2), rec[:len(rec)-1]) },
		"an empty record":              func(p Space, b *Batch, rec []byte) { b.Set(p, seqKey(2), nil) },
		"a missing record":             func(p Space, b *Batch, rec []byte) { b.Delete(p, seqKey(2)) },
		"a missing first record":       func(p Space, b *Batch, rec []byte) { b.Delete(p, seqKey(0)) },
		"a moved record":               func(p Space, b *Batch, rec []byte) { b.Set(p, seqKey(4), rec) },
		"a strange key":                func(p Space, b *Batch, rec []byte) { b.Set(p, append(seqKey(2), 0), rec) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(Config{})
			require.NoError(t, err)
			l := s.Log("l")
			for i := range 5 {
				_, err := l.Append(fmt.Append(nil, "record ", i))
				require.NoError(t, err)
			}
			rec, err := l.space.Get(seqKey(2))
			require.NoError(t, err)
			b := s.Batch()
			harm(l.space, b, append([]byte(nil), rec...))
			require.NoError(t, b.WriteSync())
			require.ErrorIs(t, l.Replay(func(seq uint64, payload []byte) error {
				require.Equal(t, fmt.Sprint("record ", seq), string(payload))
				return nil
			}), ErrCorrupt)
			require.ErrorIs(t, s.Check(), ErrCorrupt)
		})
	}
}

func TestReplayStopsAtTheCallersError(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		l := mustOpen(t, Config{Dir: dir}).Log("l")
		for range 3 {
			_, err := l.Append(nil)
			require.NoError(t, err)
		}
		stop := errors.New("stop")
		n := 0
		require.ErrorIs(t, l.Replay(func(uint64, []byte) error {
			n++
			_, err := l.Append([]byte("from within"))
			require.NoError(t, err)
			return stop
		}), stop)
		require.Equal(t, 1, n)
		require.Len(t, replay(t, l), 4)
	}
}

func BenchmarkLogAppend(b *testing.B) {
	s, err := Open(Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	l := s.Log("l")
	payload := make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Append(payload); err != nil {
			b.Fatal(err)
		}
	}
}
