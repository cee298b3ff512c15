package chain_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// vote elects the seats that it was told, with the height as beacon.
type vote struct {
	Next   [][32]byte `module:"config"`
	height module.Item[uint64]
}

func (v *vote) EndBlock(ctx *module.Context) error {
	v.height.Set(ctx, ctx.Height())
	return nil
}

func (v *vote) Election(c *module.View) (module.Election, error) {
	return module.Election{
		Next: v.Next, Payees: make([]ledger.Address, len(v.Next)), Beacon: ledger.Hash{31: byte(v.height.Get(c))},
		ChainKey: []byte{7}, Group: []byte{8, 9},
	}, nil
}

func seat(name string) [32]byte {
	seed := ledger.Keccak([]byte(name))
	return [32]byte(ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
}

func electing(t *testing.T, db *store.Store, next ...[32]byte) *chain.Chain {
	t.Helper()
	g := genesis(t)
	set, err := module.New(module.Chain{ID: g.ChainID}, []module.Entry{{Name: "vote", Module: &vote{Next: next}, Election: true}})
	require.NoError(t, err)
	g.Modules = set.ConfigHashAt(0)
	// Returns PREVRANDAO.
	g.Alloc = append(g.Alloc, chain.Allocation{Address: emitter, Code: []byte{0x44, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3}})
	c, err := chain.Open(chain.Config{Genesis: g, Rules: vm.Osaka(), Modules: set, Store: db})
	require.NoError(t, err)
	return c
}

func memory(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, chain.Check(db))
		require.NoError(t, db.Close())
	})
	return db
}

func TestAnEpochBeginsOnTheFinalLastBlockOnly(t *testing.T) {
	next := [][32]byte{seat("x"), seat("y")}
	a, b := electing(t, memory(t), next...), electing(t, memory(t), next...)
	var last *chain.Record
	for parent := a.Genesis(); last == nil || last.Block.Header.Height < 4; parent = last.Hash {
		last = propose(t, a, parent)
		_, err := b.Execute(last.Block)
		require.NoError(t, err)
	}
	_, _, err := a.Propose(chain.Proposal{Parent: last.Hash, View: 1, Time: 3_000_000}, nil)
	require.ErrorIs(t, err, chain.ErrUnknown)
	_, err = a.Committee(2)
	require.ErrorIs(t, err, chain.ErrUnknown)
	_, err = a.Finalize(last.Hash, []byte("certificate"))
	require.NoError(t, err)
	committee, err := a.Committee(2)
	require.NoError(t, err)
	require.Equal(t, ledger.Hash(committee.Hash()), last.Block.Header.NextCommittee)
	first, _, err := a.Propose(chain.Proposal{Parent: last.Hash, View: 1, Seat: committee.Leader(1), Time: 3_000_000}, nil)
	require.NoError(t, err)
	require.Equal(t, last.Block.Header.NextCommittee, first.Block.Header.Committee)

	_, err = b.Execute(first.Block)
	require.ErrorIs(t, err, chain.ErrUnknown)
	_, err = b.Finalize(last.Hash, []byte("certificate"))
	require.NoError(t, err)
	_, err = b.Execute(first.Block)
	require.NoError(t, err)
	_, _, err = b.Propose(chain.Proposal{Parent: last.Hash, View: 1, Seat: 2, Time: 3_000_000}, nil)
	require.ErrorIs(t, err, chain.ErrUnknown, "there are two seats now")
}

func TestOnlyTheElectedLeaderOfAViewProposes(t *testing.T) {
	next := [][32]byte{seat("x"), seat("y")}
	a, b := electing(t, memory(t), next...), electing(t, memory(t), next...)
	last := a.Head()
	for last.Block.Header.Height < 4 {
		last = propose(t, a, last.Hash)
		_, err := b.Execute(last.Block)
		require.NoError(t, err)
	}
	for _, c := range []*chain.Chain{a, b} {
		_, err := c.Finalize(last.Hash, nil)
		require.NoError(t, err)
	}
	committee, err := a.Committee(2)
	require.NoError(t, err)
	for s := range 2 {
		r, _, err := a.Propose(chain.Proposal{Parent: last.Hash, View: 5, Seat: s, Time: 3_000_000}, nil)
		require.NoError(t, err)
		_, err = b.Execute(r.Block)
		if s == committee.Leader(5) {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, chain.ErrBlock)
		}
	}
}

func TestHeadersCarryBeaconAndChainKeyAndTheElectionIsReadAgain(t *testing.T) {
	db := memory(t)
	c := electing(t, db, seat("x"))
	one := propose(t, c, c.Genesis())
	two := propose(t, c, one.Hash)
	require.Equal(t, ledger.Hash{31: 2}, two.Block.Header.Beacon)
	require.Equal(t, ledger.Keccak([]byte{7}), two.Anchor.ChainKey)
	require.Equal(t, two.Anchor.Hash(), two.Block.Header.AnchorHash)
	pending, err := c.Election(two)
	require.NoError(t, err)
	require.Equal(t, []byte{8, 9}, pending.Group)
	_, err = c.Finalize(two.Hash, nil)
	require.NoError(t, err)

	d := electing(t, db, seat("x"))
	again, err := d.Election(d.Head())
	require.NoError(t, err)
	require.Equal(t, pending, again)
	require.Equal(t, two.Anchor, d.Head().Anchor)
	zero, err := d.Block(0)
	require.NoError(t, err)
	before, err := d.Election(zero)
	require.NoError(t, err)
	require.Equal(t, [][32]byte{seat("x")}, before.Next)
	res, err := d.Call(t.Context(), 2, &ledger.Message{From: ledger.Address{1}, To: &emitter, Gas: 100_000})
	require.NoError(t, err)
	require.Equal(t, two.Block.Header.Beacon[:], res.Return, "contracts read the parent's beacon")
}

func TestTheCommitteesOfTheDatabaseAreFrozen(t *testing.T) {
	db := memory(t)
	c := electing(t, db, seat("x"), seat("y"))
	for range 4 {
		_, err := c.Finalize(propose(t, c, c.Head().Hash).Hash, []byte("certificate"))
		require.NoError(t, err)
	}
	b, err := db.Space("committees").Get([]byte{7: 2})
	require.NoError(t, err)
	require.Equal(t, "0xfd505f773445e9d41f8c3aa16b1e553d339e4eef9d0e591bdca88c8fa35da4d7", ledger.Keccak(b).String())
}
