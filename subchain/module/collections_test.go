package module_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

type point struct {
	X int32
	Y int32
}

type track struct {
	Name   string
	Device [4]byte
	Points []point
	Ends   [2]point
	Raw    []byte
}

// shelf is embedded: its collections belong to the module.
type shelf struct {
	tracks module.Map[string, track]
	Ring   module.Set[ledger.Address] `slot:"ring"`
}

type Store struct {
	shelf
	points module.List[point]
	box    module.Outbox
	head   module.Item[track]
}

func (s *Store) PutTrack(ctx *module.Context, key string, t track) error {
	s.tracks.Set(ctx, key, t)
	return nil
}
func (s *Store) Track(v *module.View, key string) (track, error) { return s.tracks.Get(v, key), nil }
func (s *Store) DropTrack(ctx *module.Context, key string) error {
	s.tracks.Delete(ctx, key)
	return nil
}
func (s *Store) Push(ctx *module.Context, p point) (uint64, error) {
	return s.points.Append(ctx, p), nil
}
func (s *Store) Put(ctx *module.Context, i uint64, p point) error {
	s.points.Set(ctx, i, p)
	return nil
}
func (s *Store) Pop(ctx *module.Context) (point, error) { return s.points.Pop(ctx), nil }
func (s *Store) Points(v *module.View) (out []point, err error) {
	for i, p := range s.points.All(v) {
		if p != s.points.Get(v, i) {
			panic("All and Get differ")
		}
		out = append(out, p)
	}
	return out, nil
}
func (s *Store) Join(ctx *module.Context, a ledger.Address) (bool, error) {
	return s.Ring.Add(ctx, a), nil
}
func (s *Store) Leave(ctx *module.Context, a ledger.Address) (bool, error) {
	return s.Ring.Remove(ctx, a), nil
}
func (s *Store) Member(v *module.View, a ledger.Address) (bool, error) { return s.Ring.Has(v, a), nil }
func (s *Store) Members(v *module.View) (out []ledger.Address, err error) {
	for a := range s.Ring.All(v) {
		out = append(out, a)
	}
	if uint64(len(out)) != s.Ring.Len(v) {
		panic("All and Len differ")
	}
	return out, nil
}
func (s *Store) Post(ctx *module.Context, leaf ledger.Hash) (uint64, error) {
	return s.box.Append(ctx, leaf), nil
}
func (s *Store) Box(v *module.View) (ledger.Hash, uint64, error) {
	return s.box.Root(v), s.box.Count(v), nil
}

type stores struct {
	*harness
	s  *Store
	at ledger.Address
}

func newStore(t testing.TB) stores {
	s := &Store{}
	return stores{newHarness(t, module.Entry{Name: "store", Module: s}), s, module.AddressOf("store")}
}

func (s stores) do(method string, args ...any) []byte {
	s.t.Helper()
	return s.ok(tx{to: s.at, gas: 8_000_000, data: pack(s.t, method, args...)})
}

const putTrack = "putTrack(string,(string,bytes4,(int32,int32)[],(int32,int32)[2],bytes))"

func TestValueLiesInStorageAsDocumented(t *testing.T) {
	s := newStore(t)
	long := strings.Repeat("0123456789", 7) // 70 bytes: three words
	v := track{
		Name: "short", Device: [4]byte{1, 2, 3, 4}, Points: []point{{-1, 2}, {3, 4}},
		Ends: [2]point{{5, 6}, {7, -8}}, Raw: []byte(long),
	}
	s.do(putTrack, "key", v)
	require.Equal(t, v, unpack[track](t, s.do("track(string)", "key")))

	base := ledger.Keccak([]byte("rootstem.slot.v1tracks"))
	slot := s.s.tracks.Slot("key")
	require.Equal(t, ledger.Keccak([]byte("key"), base[:]), slot)
	at := func(base ledger.Hash, n uint64) ledger.Hash {
		w := base.Word()
		w.AddUint64(&w, n)
		return s.world.storage[s.at][ledger.WordHash(&w)]
	}
	require.Equal(t, ledger.Hash{0: 's', 1: 'h', 2: 'o', 3: 'r', 4: 't', 31: 10}, at(slot, 0))
	require.Equal(t, ledger.Hash{1, 2, 3, 4}, at(slot, 1))
	require.Equal(t, word(2), at(slot, 2))
	second := slot.Word()
	second.AddUint64(&second, 2)
	points := ledger.Keccak(second.PaddedBytes(32))
	for i, x := range []int64{-1, 2, 3, 4} {
		require.Equal(t, signed(x), at(points, uint64(i)))
	}
	for i, x := range []int64{5, 6, 7, -8} {
		require.Equal(t, signed(x), at(slot, uint64(3+i)))
	}
	require.Equal(t, word(2*70+1), at(slot, 7))
	seventh := slot.Word()
	seventh.AddUint64(&seventh, 7)
	raw := ledger.Keccak(seventh.PaddedBytes(32))
	for i := range 3 {
		var w ledger.Hash
		copy(w[:], long[32*i:])
		require.Equal(t, w, at(raw, uint64(i)))
	}
}

func signed(x int64) (h ledger.Hash) {
	if x < 0 {
		for i := range h {
			h[i] = 0xff
		}
	}
	for i := range 8 {
		h[31-i] = byte(x >> (8 * i))
	}
	return h
}

func TestShorterValueClearsWhatALongerOneLeft(t *testing.T) {
	s := newStore(t)
	empty := s.storageOf(s.at)
	long := track{Name: strings.Repeat("n", 200), Points: make([]point, 9), Raw: make([]byte, 31)}
	for i := range long.Points {
		long.Points[i] = point{int32(i + 1), -1}
	}
	s.do(putTrack, "k", long)
	mid := track{Name: strings.Repeat("m", 32), Points: long.Points[:2], Raw: []byte{1}}
	s.do(putTrack, "k", mid)
	got := s.storageOf(s.at)
	require.Equal(t, uint64(len(empty)+1+1+1+4+1), uint64(len(got))) // name, its word, length, two points, raw
	s.do("dropTrack(string)", "k")
	require.Equal(t, empty, s.storageOf(s.at))
	zero := unpack[track](t, s.do("track(string)", "k"))
	require.Equal(t, track{Points: []point{}, Raw: []byte{}}, zero)
}

func TestListGrowsAndShrinksAtItsEnd(t *testing.T) {
	s := newStore(t)
	empty := s.storageOf(s.at)
	var want []point
	for i := range int32(5) {
		want = append(want, point{i, -i})
		require.Equal(t, uint64(i), unpack[uint64](t, s.do("push((int32,int32))", want[i])))
	}
	want[2] = point{7, 7}
	s.do("put(uint64,(int32,int32))", uint64(2), want[2])
	require.Equal(t, want, unpack[[]point](t, s.do("points()")))
	require.Equal(t, signed(7), s.world.storage[s.at][s.s.points.Slot(2)])
	for i := range 5 {
		require.Equal(t, want[4-i], unpack[point](t, s.do("pop()")))
	}
	require.Equal(t, empty, s.storageOf(s.at))
}

func TestSetBehavesLikeItsModel(t *testing.T) {
	s := newStore(t)
	empty := s.storageOf(s.at)
	var model []ledger.Address
	x := uint32(1)
	for range 120 {
		x = x*1664525 + 1013904223
		a := ledger.Address{19: byte(x>>24) % 8, 0: 1}
		i := slices.Index(model, a)
		require.Equal(t, i >= 0, unpack[bool](t, s.do("member(address)", a)))
		if x>>16&1 == 0 {
			require.Equal(t, i < 0, unpack[bool](t, s.do("join(address)", a)))
			if i < 0 {
				model = append(model, a)
			}
		} else {
			require.Equal(t, i >= 0, unpack[bool](t, s.do("leave(address)", a)))
			if i >= 0 {
				model[i] = model[len(model)-1]
				model = model[:len(model)-1]
			}
		}
		require.ElementsMatch(t, model, unpack[[]ledger.Address](t, s.do("members()")))
		for i, a := range model {
			require.Equal(t, word(uint64(i+1)), s.world.storage[s.at][s.s.Ring.Slot(a)])
		}
	}
	for _, a := range model {
		s.do("leave(address)", a)
	}
	require.Equal(t, empty, s.storageOf(s.at))
}

func TestSlotTagNamesTheBaseSlot(t *testing.T) {
	s := newStore(t)
	s.do("join(address)", alice)
	require.Equal(t, word(1), s.world.storage[s.at][ledger.Keccak([]byte("rootstem.slot.v1ring"))])
}

func TestOutboxHasTheRootOfItsLeaves(t *testing.T) {
	s := newStore(t)
	var leaves []ledger.Hash
	for i := range uint64(20) {
		var root ledger.Hash
		var count uint64
		require.NoError(t, module.Unpack(s.do("box()"), &root, &count))
		require.Equal(t, merkle.Root(leaves), root)
		require.Equal(t, i, count)
		for at, leaf := range leaves {
			require.NoError(t, merkle.Verify(root, count, uint64(at), leaf, merkle.Prove(leaves, uint64(at))))
		}
		leaves = append(leaves, word(i*i+1))
		require.Equal(t, i, unpack[uint64](t, s.do("post(bytes32)", leaves[i])))
	}
}

func TestStorageProofAtSlotProvesTheValue(t *testing.T) {
	token := &Token{Symbol_: "TOK"}
	h := newHarness(t, module.Entry{Name: "token", Module: token})
	at := module.AddressOf("token")
	h.ok(tx{from: bob, to: at, data: pack(t, "approve(address,uint256)", alice, *word7())})

	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	states, err := state.Open(db)
	require.NoError(t, err)
	view, err := states.View(ledger.EmptyRoot)
	require.NoError(t, err)
	change := h.reg.Genesis()[0]
	change.Storage = nil
	for k, v := range h.world.storage[at] {
		change.Storage = append(change.Storage, ledger.Slot{Key: k, Value: v})
	}
	slices.SortFunc(change.Storage, func(a, b ledger.Slot) int { return slices.Compare(a.Key[:], b.Key[:]) })
	view, err = view.Apply([]ledger.Change{change})
	require.NoError(t, err)

	slot := token.allowances.Slot(Allowance{bob, alice})
	proof, err := view.Prove(at, []ledger.Hash{slot})
	require.NoError(t, err)
	account, err := ledger.VerifyAccount(view.Root(), at, proof.Proof)
	require.NoError(t, err)
	value, err := ledger.VerifySlot(account.Root, slot, proof.Storage[0].Proof)
	require.NoError(t, err)
	require.Equal(t, word(7), value)
}
