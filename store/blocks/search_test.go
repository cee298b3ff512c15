package blocks

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func collect(s *Store, f *ledger.LogFilter, from, to uint64) (out []uint64, err error) {
	for height, err := range s.Search(context.Background(), f, from, to) {
		if err != nil {
			return out, err
		}
		out = append(out, height)
	}
	return out, nil
}

// scan is what Search stands for: it looks at every block.
func (w *world) scan(f *ledger.LogFilter, from, to uint64, each bool) (out []uint64) {
	for height := from; height <= to && height < uint64(len(w.all)); height++ {
		var logs []ledger.Log
		for _, r := range w.all[height].Receipts {
			logs = append(logs, r.Logs...)
		}
		if !each {
			if slices.ContainsFunc(logs, func(l ledger.Log) bool { return f.Matches(&l) }) {
				out = append(out, height)
			}
			continue
		}
		// Every condition alone is met by some log.
		hit := len(logs) > 0 && slices.ContainsFunc(logs, func(l ledger.Log) bool {
			return (&ledger.LogFilter{Addresses: f.Addresses}).Matches(&l)
		})
		for i, choices := range f.Topics {
			topics := make([][]ledger.Hash, i+1)
			topics[i] = choices
			hit = hit && (len(choices) == 0 || slices.ContainsFunc(logs, func(l ledger.Log) bool {
				return (&ledger.LogFilter{Topics: topics}).Matches(&l)
			}))
		}
		if hit {
			out = append(out, height)
		}
	}
	return out
}

func (w *world) filter() *ledger.LogFilter {
	f := new(ledger.LogFilter)
	for range w.rng.IntN(3) {
		f.Addresses = append(f.Addresses, w.address())
	}
	for range w.rng.IntN(5) {
		var choices []ledger.Hash
		for range w.rng.IntN(3) {
			choices = append(choices, w.topic())
		}
		f.Topics = append(f.Topics, choices)
	}
	return f
}

func (w *world) span(low uint64) (from, to uint64) {
	n := uint64(len(w.all)) + 20
	from, to = low+w.rng.Uint64N(n-low), low+w.rng.Uint64N(n-low)
	if w.rng.IntN(4) == 0 {
		return low, 1<<64 - 1
	}
	return min(from, to), max(from, to)
}

// Whatever the sizes of sections, batches and filters, and over a reopening, the
// search yields every block with a match, and of the others only those in which
// every condition is met.
func TestSearchAgreesWithAScan(t *testing.T) {
	for seed := range uint64(12) {
		w := newWorld(100 + seed)
		w.quiet = []float64{0, 0.5, 0.95}[seed%3]
		db := memory(t)
		l := limits{blocks: 1 + w.rng.Uint64N(80), postings: 1 + w.rng.IntN(400)}
		var policy Policy
		if seed%2 == 1 {
			policy = Policy{Blocks: 100}
		}
		s := mustOpen(t, db, policy, l)
		matches := 0
		for len(w.all) < 400 {
			mustAppend(t, db, s, w.take(1+w.rng.IntN(20))...)
			if w.rng.IntN(10) == 0 {
				s = mustOpen(t, db, policy, l)
			}
			for range 8 {
				f := w.filter()
				from, to := w.span(s.Floor())
				got, err := collect(s, f, from, to)
				require.NoError(t, err)
				require.Equal(t, w.scan(f, from, to, true), got, "seed %d, %+v, %d to %d", seed, f, from, to)
				for _, height := range w.scan(f, from, to, false) {
					require.Contains(t, got, height)
					matches++
				}
			}
		}
		require.NotZero(t, matches)
		require.NoError(t, s.Check())
	}
}

func TestSearchBelowTheFloorIsRefused(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{Blocks: 10}, small())
	w := newWorld(20)
	mustAppend(t, db, s, w.take(40)...)
	require.Equal(t, uint64(30), s.Floor())
	_, err := collect(s, &ledger.LogFilter{}, 29, 35)
	require.ErrorIs(t, err, ErrPruned)
	_, err = collect(s, &ledger.LogFilter{}, 30, 35)
	require.NoError(t, err)
	got, err := collect(s, &ledger.LogFilter{}, 40, 50)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestSearchEndsWithItsContextItsCallerAndItsBound(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{}, limits{blocks: 2, postings: 10})
	w := newWorld(21)
	w.quiet = 0
	for range 100 {
		mustAppend(t, db, s, w.take(2)...)
	}
	for range s.Search(context.Background(), &ledger.LogFilter{}, 0, 1000) {
		break
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errStop)
	for _, err := range s.Search(ctx, &ledger.LogFilter{}, 0, 1000) {
		require.ErrorIs(t, err, context.Canceled)
	}
	f := new(ledger.LogFilter)
	for i := range 1000 {
		f.Addresses = append(f.Addresses, ledger.Address{2, byte(i >> 8), byte(i)})
	}
	_, err := collect(s, f, 0, 1000)
	require.ErrorIs(t, err, ErrWide)
	_, err = collect(s, f, 0, 50)
	require.NoError(t, err)
	got, err := collect(s, &ledger.LogFilter{Topics: make([][]ledger.Hash, 5)}, 0, 1000)
	require.NoError(t, err)
	require.Empty(t, got, "no log has five topics")
}

// Searches that run while blocks are appended and pruned give whole answers for
// what they cover, or say that it is pruned.
func TestSearchWhileBlocksAreAppended(t *testing.T) {
	db := memory(t)
	s := mustOpen(t, db, Policy{Blocks: 60}, limits{blocks: 16, postings: 100})
	w := newWorld(22)
	w.quiet = 0
	w.take(800)
	mustAppend(t, db, s, w.all[:100]...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				head, _, _ := s.Head()
				from := head - 55
				got, err := collect(s, &ledger.LogFilter{}, from, head)
				if err != nil {
					require.ErrorIs(t, err, ErrPruned)
					continue
				}
				require.Equal(t, w.scan(&ledger.LogFilter{}, from, head, false), got)
			}
		})
	}
	for i := 100; i < 800; i += 4 {
		mustAppend(t, db, s, w.all[i:i+4]...)
	}
	close(done)
	wg.Wait()
}
