package state

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// requireAll compares everything that a view says, proofs included, with the model.
func requireAll(t *testing.T, model naiveState, v *View) {
	t.Helper()
	requireSame(t, model, v)
	for i := range 120 {
		addr := ledger.Address{19: byte(i)}
		slots := []ledger.Hash{{1: 9}}
		if a := model[addr]; a != nil {
			for key := range a.storage {
				slots = append(slots, key)
			}
		}
		for key := range 6 {
			slots = append(slots, ledger.Hash{0: byte(key), 31: byte(i % 10)})
		}
		p, err := v.Prove(addr, slots)
		require.NoError(t, err)
		require.NoError(t, p.Verify(v.Root()))
		require.Equal(t, model[addr] != nil, p.Account.Exists())
		for _, s := range p.Storage {
			if a := model[addr]; a != nil {
				require.Equal(t, a.storage[s.Key], s.Value)
			}
		}
	}
}

func TestEveryRootOfTheHistoryAnswersAndOlderOnesDoNot(t *testing.T) {
	const history = 12
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	cfg := Config{History: history, Nodes: 8_000, Accounts: 40, Slots: 40, Diffs: 4_000}
	st, err := OpenWith(s, cfg)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(11, 12))
	model := make(naiveState)
	v := empty(t, st)
	var models []naiveState
	var views []*View
	for i := range 36 {
		v = apply(t, v, randomChanges(rng, model, 1+rng.IntN(40))...)
		models, views = append(models, model.clone()), append(views, v)
		if i%3 == 2 || i > 30 {
			commit(t, s, st, v)
		}
	}
	for range 2 {
		for i := range views {
			at, err := st.View(views[i].Root())
			if i < len(views)-1-history {
				require.ErrorIs(t, err, ErrUnknownRoot)
				_, err = views[i].Account(ledger.Address{19: 1})
				require.ErrorIs(t, err, ErrPruned)
				continue
			}
			require.NoError(t, err)
			requireAll(t, models[i], at)
			requireSame(t, models[i], views[i])
			old := models[i].clone()
			next := apply(t, at, randomChanges(rng, old, 20)...)
			requireAll(t, old, next)
			require.ErrorIs(t, st.Commit(s.Batch(), next), staleUnlessNewest(i, len(views)))
		}
		st, err = OpenWith(s, cfg) // without caches, and still readable through the old views
		require.NoError(t, err)
	}
	requireShorterHistory(t, s, views, models)
}

func staleUnlessNewest(i, n int) error {
	if i == n-1 {
		return nil
	}
	return ErrStale
}

// requireShorterHistory opens the state with a shorter history, which the next
// commit enforces, and then with a longer one.
func requireShorterHistory(t *testing.T, s *store.Store, views []*View, models []naiveState) {
	st, err := OpenWith(s, Config{History: 3})
	require.NoError(t, err)
	last := len(views) - 1
	v, err := st.View(views[last].Root())
	require.NoError(t, err)
	commit(t, s, st, apply(t, v, ledger.Change{Address: ledger.Address{2: 1}, Account: ledger.Account{Nonce: 77}}))
	_, err = st.View(views[last-3].Root())
	require.ErrorIs(t, err, ErrUnknownRoot)
	at, err := st.View(views[last-2].Root())
	require.NoError(t, err)
	requireAll(t, models[last-2], at)
	st, err = OpenWith(s, Config{History: 100})
	require.NoError(t, err)
	_, err = st.View(views[last-3].Root())
	require.ErrorIs(t, err, ErrUnknownRoot)
	require.NoError(t, st.Check())
	st, err = OpenWith(s, Config{History: -1})
	require.NoError(t, err)
	_, seq := st.Tip()
	v, err = st.View(st.tip.Load().root)
	require.NoError(t, err)
	commit(t, s, st, apply(t, v, ledger.Change{Address: ledger.Address{2: 1}, Account: ledger.Account{Nonce: 78}}))
	_, err = st.View(views[last-2].Root())
	require.ErrorIs(t, err, ErrUnknownRoot)
	_, err = v.Account(ledger.Address{19: 1})
	require.ErrorIs(t, err, ErrPruned)
	_, now := st.Tip()
	require.Equal(t, seq+1, now)
}

func TestBlocksThatChangeNothingKeepTheRootReadable(t *testing.T) {
	s, err := store.Open(store.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	st, err := OpenWith(s, Config{History: 2})
	require.NoError(t, err)
	one := ledger.Change{Address: ledger.Address{1}, Account: ledger.Account{Nonce: 1}}
	two := ledger.Change{Address: ledger.Address{1}, Account: ledger.Account{Nonce: 2}}
	v := apply(t, empty(t, st), one)
	first := v.Root()
	commit(t, s, st, v)
	for range 5 {
		v = apply(t, v)
		commit(t, s, st, v)
	}
	_, err = st.View(first)
	require.NoError(t, err)
	v = apply(t, apply(t, apply(t, apply(t, apply(t, v, two), one), two), two), two)
	commit(t, s, st, v)
	at, err := st.View(first)
	require.ErrorIs(t, err, ErrUnknownRoot, "%v", at)
}

// Between Commit and the end of WriteSync, and if the batch is dropped, a view reads
// what it always did.
func TestACommitInFlightDoesNotShow(t *testing.T) {
	s, st := openState(t, "")
	rng := rand.New(rand.NewPCG(21, 22))
	model := make(naiveState)
	v := apply(t, empty(t, st), randomChanges(rng, model, 200)...)
	commit(t, s, st, v)
	old := model.clone()
	next := apply(t, v, randomChanges(rng, model, 100)...)
	requireAll(t, old, v)
	dropped := s.Batch()
	require.NoError(t, st.Commit(dropped, apply(t, v, randomChanges(rng, old.clone(), 100)...)))
	dropped.Close()
	requireAll(t, old, v)
	b := s.Batch()
	require.NoError(t, st.Commit(b, next))
	requireAll(t, old, v)
	b.Then(func() { requireAll(t, old, v); requireAll(t, model, next) })
	require.NoError(t, b.WriteSync())
	requireAll(t, old, v)
	requireAll(t, model, next)
	require.NoError(t, st.Check())
}

// Readers of one old view never see a newer state while others are committed.
func TestAReaderOfAnOldViewNeverSeesAMixedState(t *testing.T) {
	s, err := store.Open(store.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	st, err := OpenWith(s, Config{Nodes: 20_000, Accounts: 64, Slots: 64, Diffs: 100_000})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(31, 32))
	model := make(naiveState)
	v := apply(t, empty(t, st), randomChanges(rng, model, 300)...)
	commit(t, s, st, v)
	old, fixed := model.clone(), v
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				addr := ledger.Address{19: byte(i % 120)}
				p, err := fixed.Prove(addr, []ledger.Hash{{0: byte(i % 6), 31: byte(i % 10)}})
				if err == nil {
					err = p.Verify(fixed.Root())
				}
				if err != nil {
					t.Errorf("round %d: %v", i, err)
					return
				}
				var want uint64
				if a := old[addr]; a != nil {
					want = a.account.Nonce
				}
				if p.Account.Nonce != want {
					t.Errorf("round %d: nonce %d, want %d", i, p.Account.Nonce, want)
				}
			}
		})
	}
	for range 60 {
		v = apply(t, v, randomChanges(rng, model, 20)...)
		b := s.Batch()
		require.NoError(t, st.Commit(b, v))
		require.NoError(t, b.WriteSync())
	}
	close(stop)
	wg.Wait()
	requireAll(t, old, fixed)
	require.NoError(t, st.Check())
}

func TestBlocksThatLeaveNothingInTheStateAreBuiltOn(t *testing.T) {
	dir := t.TempDir()
	for seq := uint64(0); seq < 5; seq++ {
		s, err := store.Open(store.Config{Dir: dir})
		require.NoError(t, err)
		st, err := Open(s)
		require.NoError(t, err)
		root, n := st.Tip()
		require.Equal(t, ledger.EmptyRoot, root)
		require.Equal(t, 2*seq, n)
		v := apply(t, empty(t, st))
		commit(t, s, st, v)
		commit(t, s, st, apply(t, v))
		_, err = empty(t, st).Prove(ledger.Address{1}, []ledger.Hash{{2}})
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	s, st := openState(t, dir)
	filled := apply(t, empty(t, st), ledger.Change{Address: ledger.Address{1}, Account: ledger.Account{Nonce: 1}})
	commit(t, s, st, filled)
	commit(t, s, st, apply(t, filled, ledger.Change{Address: ledger.Address{1}, Deleted: true}))
	commit(t, s, st, apply(t, empty(t, st), ledger.Change{Address: ledger.Address{2}, Account: ledger.Account{Nonce: 1}}))
	a, err := filled.Account(ledger.Address{1})
	require.NoError(t, err)
	require.Equal(t, uint64(1), a.Nonce)
	a, err = empty(t, st).Account(ledger.Address{2})
	require.NoError(t, err)
	require.False(t, a.Exists())
}
