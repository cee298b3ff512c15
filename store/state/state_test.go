package state

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

func openState(t testing.TB, dir string) (*store.Store, *State) {
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	st, err := Open(s)
	require.NoError(t, err)
	return s, st
}

func empty(t testing.TB, st *State) *View {
	v, err := st.View(ledger.EmptyRoot)
	require.NoError(t, err)
	return v
}

func commit(t testing.TB, s *store.Store, st *State, v *View) {
	b := s.Batch()
	require.NoError(t, st.Commit(b, v))
	require.NoError(t, b.WriteSync())
	require.NoError(t, st.Check())
}

func apply(t testing.TB, v *View, changes ...ledger.Change) *View {
	next, err := v.Apply(changes)
	require.NoError(t, err)
	return next
}

// randomChanges makes n changes, of up to 6 slots each, to few accounts and slots,
// so that deletions and returns are common.
func randomChanges(rng *rand.Rand, model naiveState, n int) (changes []ledger.Change) {
	for range n {
		c := ledger.Change{Address: ledger.Address{19: byte(rng.IntN(120))}}
		if old := model[c.Address]; old != nil {
			c.Account = old.account
		} else {
			c.Account.CodeHash = ledger.EmptyCodeHash
		}
		c.Account.Nonce = uint64(rng.IntN(3))
		c.Account.Balance = *uint256.NewInt(uint64(rng.IntN(2)))
		switch rng.IntN(12) {
		case 0:
			c.Deleted = true
		case 1:
			c.Cleared = true
		case 2:
			c.Code = fmt.Append(nil, "code", rng.IntN(5))
			c.Account.CodeHash = ledger.Keccak(c.Code)
		case 3:
			c.Code = []byte{}
			c.Account.CodeHash = ledger.EmptyCodeHash
		}
		for key := range rng.IntN(7) {
			slot := ledger.Slot{Key: ledger.Hash{0: byte(key), 31: byte(rng.IntN(10))}}
			if rng.IntN(3) > 0 {
				slot.Value[rng.IntN(32)] = byte(1 + rng.IntN(255))
			}
			c.Storage = append(c.Storage, slot)
		}
		model.apply([]ledger.Change{c})
		changes = append(changes, c)
	}
	return changes
}

func requireSame(t *testing.T, model naiveState, v *View) {
	t.Helper()
	require.Equal(t, model.root(), v.Root())
	for i := range 120 {
		addr := ledger.Address{19: byte(i)}
		a, err := v.Account(addr)
		require.NoError(t, err)
		want := model[addr]
		require.Equal(t, want != nil, a.Exists())
		if want == nil {
			continue
		}
		require.Equal(t, want.account.Nonce, a.Nonce)
		require.Equal(t, want.account.Balance, a.Balance)
		require.Equal(t, want.root(), a.Root)
		code, err := v.Code(a.CodeHash)
		require.NoError(t, err)
		require.Equal(t, string(want.code), string(code))
		for key, value := range want.storage {
			got, err := v.Storage(addr, key)
			require.NoError(t, err)
			require.Equal(t, value, got)
		}
	}
}

// The run mixes chains of pending views, commits of several at once, reopening and
// views that are dropped, with nodes that wait for never, some and all blocks.
func TestRandomUpdatesMatchTheNaiveState(t *testing.T) {
	for _, dirty := range []int{-1, 60_000, 0} {
		t.Run(fmt.Sprint(dirty), func(t *testing.T) { testRandomUpdates(t, dirty) })
	}
}

func testRandomUpdates(t *testing.T, dirty int) {
	dir := t.TempDir()
	s, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	cfg := Config{Nodes: 4_000, Dirty: dirty, Accounts: 10, Slots: 20, Codes: 1, Diffs: 100}
	st, err := OpenWith(s, cfg)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(7, 7))
	model := make(naiveState)
	v := empty(t, st)
	updates := 0
	for round := range 240 {
		changes := randomChanges(rng, model, 1+rng.IntN(60))
		for i := range changes {
			updates += 1 + len(changes[i].Storage)
		}
		dropped := apply(t, v, randomChanges(rng, model.clone(), 5)...)
		v = apply(t, v, changes...)
		require.NotEqual(t, v, dropped)
		require.Equal(t, model.root(), v.Root(), "round %d", round)
		if round%30 == 0 {
			requireSame(t, model, v)
		}
		if rng.IntN(3) == 0 {
			commit(t, s, st, v)
			require.Nil(t, v.pending.Load())
		}
		if rng.IntN(20) == 0 {
			commit(t, s, st, v)
			root := v.Root()
			require.NoError(t, s.Close())
			s, err = store.Open(store.Config{Dir: dir})
			require.NoError(t, err)
			st, err = OpenWith(s, cfg)
			require.NoError(t, err)
			v, err = st.View(root)
			require.NoError(t, err)
			requireSame(t, model, v)
		}
	}
	requireSame(t, model, v)
	require.NoError(t, s.Check())
	require.NoError(t, s.Close())
	require.Greater(t, updates, 20_000)
	t.Logf("%d updates", updates)
}

func TestViewsAreIsolated(t *testing.T) {
	s, st := openState(t, "")
	rng := rand.New(rand.NewPCG(1, 2))
	model := make(naiveState)
	base := apply(t, empty(t, st), randomChanges(rng, model, 100)...)
	left, right := model.clone(), model.clone()
	a := apply(t, base, randomChanges(rng, left, 50)...)
	b := apply(t, base, randomChanges(rng, right, 50)...)
	commit(t, s, st, b)
	for range 2 {
		requireSame(t, model, base)
		requireSame(t, left, a)
		requireSame(t, right, b)
		require.NotNil(t, a.pending.Load(), "a sibling's commit is not ours")
	}
	_, err := st.View(a.Root())
	require.ErrorIs(t, err, ErrUnknownRoot)
	_, err = st.View(base.Root())
	require.NoError(t, err, "an ancestor is committed too")
	batch := s.Batch()
	require.ErrorIs(t, st.Commit(batch, a), ErrStale)
	require.Zero(t, batch.Len())
	requireSame(t, left, a)
}

func TestADroppedBatchCommitsNothing(t *testing.T) {
	s, st := openState(t, "")
	v := apply(t, empty(t, st), ledger.Change{Address: ledger.Address{1}, Account: ledger.Account{Nonce: 1}})
	b := s.Batch()
	require.NoError(t, st.Commit(b, v))
	b.Close()
	_, err := st.View(v.Root())
	require.ErrorIs(t, err, ErrUnknownRoot)
	a, err := v.Account(ledger.Address{1})
	require.NoError(t, err)
	require.Equal(t, uint64(1), a.Nonce)
}

func TestViewRefusesARootThatWasNeverCommitted(t *testing.T) {
	s, st := openState(t, "")
	_, err := st.View(ledger.Hash{})
	require.ErrorIs(t, err, ErrUnknownRoot)
	_, err = st.View(ledger.Hash{1})
	require.ErrorIs(t, err, ErrUnknownRoot)
	// A storage root lies among the nodes, but is no state.
	v := apply(t, empty(t, st), ledger.Change{Address: ledger.Address{1}, Account: ledger.Account{Nonce: 1}, Storage: []ledger.Slot{{Value: ledger.Hash{1}}}})
	commit(t, s, st, v)
	a, err := v.Account(ledger.Address{1})
	require.NoError(t, err)
	_, err = st.View(a.Root)
	require.ErrorIs(t, err, ErrUnknownRoot)
}

func TestAnEmptyAccountIsRemoved(t *testing.T) {
	_, st := openState(t, "")
	addr := ledger.Address{1}
	v := apply(t, empty(t, st), ledger.Change{Address: addr})
	require.Equal(t, ledger.EmptyRoot, v.Root())
	v = apply(t, v, ledger.Change{Address: addr, Account: ledger.Account{Balance: *uint256.NewInt(1)}})
	require.NotEqual(t, ledger.EmptyRoot, v.Root())
	v = apply(t, v, ledger.Change{Address: addr})
	require.Equal(t, ledger.EmptyRoot, v.Root())
	a, err := v.Account(addr)
	require.NoError(t, err)
	require.False(t, a.Exists())
}

func TestADeletedAccountReturnsWithoutItsPast(t *testing.T) {
	s, st := openState(t, "")
	addr, slot := ledger.Address{1}, ledger.Hash{31: 1}
	full := ledger.Change{Address: addr, Account: ledger.Account{Nonce: 5}, Code: []byte{0xfe}, Storage: []ledger.Slot{{Key: slot, Value: ledger.Hash{1}}}}
	v := apply(t, empty(t, st), full)
	commit(t, s, st, v)
	gone := apply(t, v, ledger.Change{Address: addr, Deleted: true})
	require.Equal(t, ledger.EmptyRoot, gone.Root())
	value, err := gone.Storage(addr, slot)
	require.NoError(t, err)
	require.True(t, value.IsZero())

	bare := ledger.Change{Address: addr, Account: ledger.Account{Nonce: 1}}
	for name, back := range map[string]*View{
		"in a later block": apply(t, gone, bare),
		"in one go":        apply(t, v, ledger.Change{Address: addr, Deleted: true}, bare),
		"by clearing":      apply(t, v, ledger.Change{Address: addr, Cleared: true, Code: []byte{}, Account: ledger.Account{Nonce: 1}}),
	} {
		a, err := back.Account(addr)
		require.NoError(t, err)
		require.Equal(t, ledger.Account{Nonce: 1, Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}, a, name)
		value, err := back.Storage(addr, slot)
		require.NoError(t, err)
		require.True(t, value.IsZero(), name)
	}
	value, err = v.Storage(addr, slot)
	require.NoError(t, err)
	require.Equal(t, ledger.Hash{1}, value)
}

func TestLaterChangesOfOneAccountBuildOnEarlierOnes(t *testing.T) {
	_, st := openState(t, "")
	addr := ledger.Address{1}
	one := ledger.Change{Address: addr, Account: ledger.Account{Nonce: 1}}
	var all ledger.Change = one
	var steps []ledger.Change
	for i := range byte(50) {
		slot := ledger.Slot{Key: ledger.Hash{31: i}, Value: ledger.Hash{0: 1, 31: i}}
		all.Storage = append(all.Storage, slot)
		step := one
		step.Storage = []ledger.Slot{slot}
		steps = append(steps, step)
	}
	require.Equal(t, apply(t, empty(t, st), all).Root(), apply(t, empty(t, st), steps...).Root())
}

func TestApplyRefusesCodeThatDoesNotMatch(t *testing.T) {
	_, st := openState(t, "")
	addr := ledger.Address{1}
	v := apply(t, empty(t, st), ledger.Change{Address: addr, Code: []byte{1}})
	for _, c := range []ledger.Change{
		{Address: addr, Account: ledger.Account{Nonce: 1}},
		{Address: addr, Account: ledger.Account{CodeHash: ledger.Hash{1}}, Code: []byte{2}},
	} {
		_, err := v.Apply([]ledger.Change{c})
		require.ErrorIs(t, err, ErrChange)
	}
	_, err := v.Code(ledger.Hash{1})
	require.ErrorIs(t, err, ErrCode)
}

func TestProofsOfAViewVerify(t *testing.T) {
	s, st := openState(t, "")
	rng := rand.New(rand.NewPCG(3, 4))
	model := make(naiveState)
	v := apply(t, empty(t, st), randomChanges(rng, model, 300)...)
	for range 2 { // pending, then committed
		present, absent := 0, 0
		for i := range 130 {
			addr := ledger.Address{19: byte(i)}
			slots := []ledger.Hash{{0: 9}, {1: 9}}
			if a := model[addr]; a != nil {
				for k := range a.storage {
					slots = append(slots, k)
				}
			}
			p, err := v.Prove(addr, slots)
			require.NoError(t, err)
			require.NoError(t, p.Verify(v.Root()))
			require.Equal(t, model[addr] != nil, p.Account.Exists())
			account, err := ledger.VerifyAccount(v.Root(), addr, p.Proof)
			require.NoError(t, err)
			require.Equal(t, p.Account, account)
			require.Len(t, p.Storage, len(slots))
			for j, slot := range slots {
				var want ledger.Hash
				if a := model[addr]; a != nil {
					want = a.storage[slot]
				}
				require.Equal(t, want, p.Storage[j].Value)
			}
			if account.Exists() {
				present++
			} else {
				absent++
			}
		}
		require.NotZero(t, present)
		require.NotZero(t, absent)
		commit(t, s, st, v)
	}
	p, err := empty(t, st).Prove(ledger.Address{1}, []ledger.Hash{{}})
	require.NoError(t, err)
	require.NoError(t, p.Verify(ledger.EmptyRoot))
}

func TestDamageIsFoundOnReading(t *testing.T) {
	s, err := store.Open(store.Config{})
	require.NoError(t, err)
	st, err := OpenWith(s, Config{Dirty: -1})
	require.NoError(t, err)
	var changes []ledger.Change
	for i := range byte(50) {
		changes = append(changes, ledger.Change{Address: ledger.Address{i}, Account: ledger.Account{Nonce: 1}})
	}
	changes[0].Code = []byte{1, 2}
	v := apply(t, empty(t, st), changes...)
	commit(t, s, st, v)
	fresh := func() *View {
		st, err := Open(s)
		require.NoError(t, err)
		v, err := st.View(v.Root())
		require.NoError(t, err)
		return v
	}
	damage := func(space store.Space, key, value []byte) (undo func()) {
		old, err := space.Get(key)
		require.NoError(t, err)
		require.NotNil(t, old)
		set := func(value []byte) {
			b := s.Batch()
			b.Set(space, key, value)
			require.NoError(t, b.WriteSync())
		}
		set(value)
		require.ErrorIs(t, st.Check(), store.ErrCorrupt)
		return func() { set(old) }
	}
	hash := ledger.Keccak([]byte{1, 2})
	undo := damage(st.spaces.codes, hash[:], []byte{1, 3})
	_, err = fresh().Code(hash)
	require.ErrorIs(t, err, store.ErrCorrupt)
	undo()

	raw, err := st.spaces.nodes.Get(nil)
	require.NoError(t, err)
	flipped := append([]byte(nil), raw...)
	flipped[len(raw)-1] ^= 1
	for _, bad := range [][]byte{{0xc0}, flipped, raw[:len(raw)-1], append(raw[:len(raw):len(raw)], 0)} {
		undo = damage(st.spaces.nodes, nil, bad)
		_, err = fresh().Prove(ledger.Address{1}, nil)
		require.ErrorIs(t, err, store.ErrCorrupt)
		_, err = fresh().Apply(changes[1:2])
		require.NoError(t, err, "nothing changes")
		_, err = fresh().Apply([]ledger.Change{{Address: ledger.Address{9}, Account: ledger.Account{Nonce: 9}}})
		require.ErrorIs(t, err, store.ErrCorrupt)
		undo()
	}

	key := ledger.Keccak(changes[3].Address[:])
	raw, err = st.spaces.accounts.Get(key[:])
	require.NoError(t, err)
	undo = damage(st.spaces.accounts, key[:], raw[:len(raw)-1])
	_, err = fresh().Account(changes[3].Address)
	require.ErrorIs(t, err, store.ErrCorrupt)
	undo()
	other := ledger.Account{Nonce: 2, Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
	damage(st.spaces.accounts, key[:], appendSlim(nil, &other))()
	require.NoError(t, st.Check())
	requireExtraEntriesAreFound(t, s, st)
}

// requireExtraEntriesAreFound adds to each table what does not belong there.
func requireExtraEntriesAreFound(t *testing.T, s *store.Store, st *State) {
	account := ledger.Account{Nonce: 2, Root: ledger.EmptyRoot, CodeHash: ledger.EmptyCodeHash}
	raw, err := st.spaces.nodes.Get(nil)
	require.NoError(t, err)
	for _, x := range []struct {
		space      store.Space
		key, value []byte
	}{
		{st.spaces.accounts, make([]byte, 32), appendSlim(nil, &account)},
		{st.spaces.accounts, []byte{1}, appendSlim(nil, &account)},
		{st.spaces.slots, make([]byte, 64), []byte{1}},
		{st.spaces.nodes, []byte{15, 15, 15, 15}, raw},
		{st.spaces.nodes, []byte{0, 0, 0, 0}, raw},
		{st.spaces.storageNodes, make([]byte, 32), raw},
	} {
		b := s.Batch()
		b.Set(x.space, x.key, x.value)
		require.NoError(t, b.WriteSync())
		require.ErrorIs(t, st.Check(), store.ErrCorrupt)
		b = s.Batch()
		b.Delete(x.space, x.key)
		require.NoError(t, b.WriteSync())
		require.NoError(t, st.Check())
	}
}

// Readers hold on to views of any age while one writer applies and commits.
func TestReadersAndAWriterDoNotMeet(t *testing.T) {
	s, st := openState(t, t.TempDir())
	rng := rand.New(rand.NewPCG(5, 6))
	type shot struct {
		view  *View
		model naiveState
	}
	model := make(naiveState)
	shots := make(chan shot, 64)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for x := range shots {
				for addr, a := range x.model {
					got, err := x.view.Account(addr)
					if err != nil || got.Nonce != a.account.Nonce {
						t.Errorf("account %v: nonce %d, %v", addr, got.Nonce, err)
					}
					for k, v := range a.storage {
						if got, err := x.view.Storage(addr, k); err != nil || got != v {
							t.Errorf("slot %v of %v: %v, %v", k, addr, got, err)
						}
					}
					if code, err := x.view.Code(got.CodeHash); err != nil || string(code) != string(a.code) {
						t.Errorf("code of %v: %x, %v", addr, code, err)
					}
				}
			}
		})
	}
	v := empty(t, st)
	for i := range 60 {
		v = apply(t, v, randomChanges(rng, model, 20)...)
		shots <- shot{v, model.clone()}
		if i%3 == 2 {
			b := s.Batch()
			require.NoError(t, st.Commit(b, v))
			require.NoError(t, b.WriteSync())
		}
	}
	close(shots)
	wg.Wait()
}

func BenchmarkApply(b *testing.B) {
	s, st := openState(b, b.TempDir())
	var changes []ledger.Change
	for i := range 100_000 {
		h := ledger.Keccak(fmt.Append(nil, i))
		changes = append(changes, ledger.Change{Address: ledger.Address(h[:20]), Account: ledger.Account{Nonce: 1, CodeHash: ledger.EmptyCodeHash}})
	}
	v, err := empty(b, st).Apply(changes)
	require.NoError(b, err)
	batch := s.Batch()
	require.NoError(b, st.Commit(batch, v))
	require.NoError(b, batch.WriteSync())
	for i := range changes {
		changes[i].Account.Nonce = 2
	}
	for _, n := range []int{100, 5000} {
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Apply(changes[:n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
