package chain_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

func key(t *testing.T, name string) *ledger.Key {
	t.Helper()
	k, err := ledger.ParseKey(ledger.Keccak([]byte(name)))
	require.NoError(t, err)
	return k
}

func genesis(t *testing.T) chain.Genesis {
	t.Helper()
	seed := ledger.Keccak([]byte("validator"))
	return chain.Genesis{
		Name: "test", ChainID: 7, Time: 1_000_000, EpochLength: 4, BaseFee: *uint256.NewInt(1_000_000_000),
		Committee: []chain.Validator{{Key: ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)}},
		Alloc:     []chain.Allocation{{Address: key(t, "alice").Address(), Balance: *uint256.NewInt(1e18)}},
	}
}

func open(t *testing.T, db *store.Store, g chain.Genesis) (*chain.Chain, error) {
	t.Helper()
	return keep(t, db, g, blocks.Policy{})
}

func keep(t *testing.T, db *store.Store, g chain.Genesis, p blocks.Policy) (*chain.Chain, error) {
	t.Helper()
	set, err := module.New(module.Chain{ID: g.ChainID}, nil)
	require.NoError(t, err)
	g.Modules = set.ConfigHashAt(0)
	return chain.Open(chain.Config{Genesis: g, Rules: vm.Osaka(), Modules: set, Store: db, Keep: p})
}

func fresh(t *testing.T) (*chain.Chain, *store.Store) {
	t.Helper()
	db, err := store.Open(store.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, chain.Check(db))
		require.NoError(t, db.Close())
	})
	c, err := open(t, db, genesis(t))
	require.NoError(t, err)
	return c, db
}

func pay(t *testing.T, nonce, wei uint64) *ledger.Transaction {
	t.Helper()
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, Gas: 21_000, To: &ledger.Address{1, 2, 3}}
	tx.ChainID.SetUint64(7)
	tx.GasFeeCap.SetUint64(20_000_000_000)
	tx.Value.SetUint64(wei)
	tx.Sign(key(t, "alice"))
	return tx
}

func propose(t *testing.T, c *chain.Chain, parent ledger.Hash, txs ...*ledger.Transaction) *chain.Record {
	t.Helper()
	r, rejected, err := c.Propose(chain.Proposal{Parent: parent, View: 1, Time: 2_000_000}, txs)
	require.NoError(t, err)
	require.Empty(t, rejected)
	return r
}

func TestAnotherNodeExecutesAProposalToTheSameRoots(t *testing.T) {
	a, _ := fresh(t)
	b, _ := fresh(t)
	require.Equal(t, a.Genesis(), b.Genesis())
	r := propose(t, a, a.Genesis(), pay(t, 0, 5), pay(t, 1, 6))
	copied, err := ledger.DecodeBlock(r.Block.AppendRLP(nil))
	require.NoError(t, err)
	got, err := b.Execute(copied)
	require.NoError(t, err)
	require.Equal(t, r.Hash, got.Hash)
	require.Len(t, got.Receipts, 2)
	v, err := b.StateOf(got)
	require.NoError(t, err)
	acc, err := v.Account(ledger.Address{1, 2, 3})
	require.NoError(t, err)
	require.Equal(t, uint64(11), acc.Balance.Uint64())
}

func TestEveryFieldOfAHeaderIsChecked(t *testing.T) {
	a, _ := fresh(t)
	r := propose(t, a, a.Genesis(), pay(t, 0, 5))
	for name, change := range map[string]func(*ledger.Header){
		"height":         func(h *ledger.Header) { h.Height++ },
		"view":           func(h *ledger.Header) { h.View = 0 },
		"epoch":          func(h *ledger.Header) { h.Epoch++ },
		"time":           func(h *ledger.Header) { h.Time = 1_000_000 },
		"proposer":       func(h *ledger.Header) { h.Proposer[0] ^= 1 },
		"state root":     func(h *ledger.Header) { h.StateRoot[0] ^= 1 },
		"tx root":        func(h *ledger.Header) { h.TxRoot[0] ^= 1 },
		"receipts root":  func(h *ledger.Header) { h.ReceiptsRoot[0] ^= 1 },
		"messages root":  func(h *ledger.Header) { h.MessagesRoot[0] ^= 1 },
		"committee":      func(h *ledger.Header) { h.Committee[0] ^= 1 },
		"next committee": func(h *ledger.Header) { h.NextCommittee[0] ^= 1 },
		"beacon":         func(h *ledger.Header) { h.Beacon[0] ^= 1 },
		"gas used":       func(h *ledger.Header) { h.GasUsed++ },
		"gas limit":      func(h *ledger.Header) { h.GasLimit++ },
		"base fee":       func(h *ledger.Header) { h.BaseFee.AddUint64(&h.BaseFee, 1) },
		"anchor":         func(h *ledger.Header) { h.AnchorHash[0] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := fresh(t)
			bad := &ledger.Block{Header: r.Block.Header, Transactions: r.Block.Transactions}
			change(&bad.Header)
			_, err := b.Execute(bad)
			require.ErrorIs(t, err, chain.ErrBlock)
		})
	}
}

func TestABlockWithATransactionThatCannotBeInItIsRefused(t *testing.T) {
	for name, tx := range map[string]*ledger.Transaction{
		"nonce gap": pay(t, 5, 1),
		"another chain": func() *ledger.Transaction {
			x := pay(t, 0, 1)
			x.ChainID.SetUint64(8)
			x.Sign(key(t, "alice"))
			return x
		}(),
		"no funds": func() *ledger.Transaction { x := pay(t, 0, 1); x.Sign(key(t, "bob")); return x }(),
		"unprotected": func() *ledger.Transaction {
			x := &ledger.Transaction{Gas: 21_000, To: &ledger.Address{1}}
			x.GasFeeCap.SetUint64(20_000_000_000)
			x.GasTipCap = x.GasFeeCap
			x.Sign(key(t, "alice"))
			return x
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := fresh(t)
			r, rejected, err := a.Propose(chain.Proposal{Parent: a.Genesis(), View: 1, Time: 2_000_000}, []*ledger.Transaction{tx})
			require.NoError(t, err)
			require.Len(t, rejected, 1)
			require.Empty(t, r.Block.Transactions)
			bad := &ledger.Block{Header: r.Block.Header, Transactions: []*ledger.Transaction{tx}}
			bad.Header.TxRoot = ledger.TxRoot(bad.Transactions)
			b, _ := fresh(t)
			_, err = b.Execute(bad)
			require.ErrorIs(t, err, chain.ErrBlock)
		})
	}
}

func TestFinalityTakesAncestorsAlongDropsSiblingsAndSurvivesReopening(t *testing.T) {
	c, db := fresh(t)
	one := propose(t, c, c.Genesis(), pay(t, 0, 1))
	sibling := propose(t, c, c.Genesis())
	two := propose(t, c, one.Hash, pay(t, 1, 2))
	nephew := propose(t, c, sibling.Hash)
	final, err := c.Finalize(two.Hash, []byte("certificate"))
	require.NoError(t, err)
	require.Len(t, final, 2)
	_, ok := c.Executed(sibling.Hash)
	require.False(t, ok)
	_, err = c.Finalize(nephew.Hash, nil)
	require.ErrorIs(t, err, chain.ErrUnknown)
	again, err := c.Finalize(two.Hash, []byte("certificate"))
	require.NoError(t, err)
	require.Empty(t, again)

	d, err := open(t, db, genesis(t))
	require.NoError(t, err)
	require.Equal(t, two.Hash, d.Head().Hash)
	require.Equal(t, []byte("certificate"), d.Head().Certificate)
	r, err := d.BlockByHash(one.Hash)
	require.NoError(t, err)
	require.Equal(t, one.Receipts, r.Receipts)
	height, index, err := d.Transaction(two.Block.Transactions[0].Hash())
	require.NoError(t, err)
	require.Equal(t, uint64(2), height)
	require.Zero(t, index)
	v, err := d.State(1)
	require.NoError(t, err)
	require.Equal(t, one.Block.Header.StateRoot, v.Root())
}

func TestFinalityThatContradictsAFinalBlockIsAConflict(t *testing.T) {
	c, _ := fresh(t)
	one := propose(t, c, c.Genesis(), pay(t, 0, 1))
	_, err := c.Finalize(one.Hash, nil)
	require.NoError(t, err)
	late, _, err := c.Propose(chain.Proposal{Parent: c.Genesis(), View: 2, Time: 3_000_000}, nil)
	require.NoError(t, err)
	_, err = c.Finalize(late.Hash, nil)
	require.ErrorIs(t, err, chain.ErrConflict)
	require.Equal(t, one.Hash, c.Head().Hash)
}

func TestAnotherGenesisDoesNotOpenTheDirectory(t *testing.T) {
	_, db := fresh(t)
	for name, change := range map[string]func(*chain.Genesis){
		"name":         func(g *chain.Genesis) { g.Name = "other" },
		"chain id":     func(g *chain.Genesis) { g.ChainID = 8 },
		"time":         func(g *chain.Genesis) { g.Time++ },
		"gas limit":    func(g *chain.Genesis) { g.GasLimit = 1_000_000 },
		"base fee":     func(g *chain.Genesis) { g.BaseFee.SetUint64(2) },
		"epoch length": func(g *chain.Genesis) { g.EpochLength = 9 },
		"payee":        func(g *chain.Genesis) { g.Committee[0].Payee = ledger.Address{1} },
		"allocation":   func(g *chain.Genesis) { g.Alloc[0].Balance.SetUint64(5) },
	} {
		g := genesis(t)
		change(&g)
		_, err := open(t, db, g)
		require.ErrorIs(t, err, chain.ErrGenesis, name)
	}
}

func TestAnUnfitGenesisIsRefusedWithItsReason(t *testing.T) {
	for want, change := range map[string]func(*chain.Genesis){
		"name":            func(g *chain.Genesis) { g.Name = "" },
		"chain id":        func(g *chain.Genesis) { g.ChainID = 0 },
		"allocated twice": func(g *chain.Genesis) { g.Alloc = append(g.Alloc, g.Alloc[0]) },
		"committee":       func(g *chain.Genesis) { g.Committee = nil },
	} {
		db, err := store.Open(store.Config{})
		require.NoError(t, err)
		g := genesis(t)
		change(&g)
		_, err = open(t, db, g)
		require.ErrorIs(t, err, chain.ErrGenesis)
		require.ErrorContains(t, err, want)
		require.NoError(t, db.Close())
	}
}

func TestTheBaseFeeFollowsUseAndKeepsItsFloor(t *testing.T) {
	c, _ := fresh(t)
	floor := c.Head().Block.Header.BaseFee
	parent := c.Head()
	// Blocks that are all but empty leave the fee at its floor.
	for i := range uint64(3) {
		parent = propose(t, c, parent.Hash, pay(t, i, 1))
		require.Equal(t, floor, parent.Block.Header.BaseFee)
	}
}

// emitter logs one topic, the first word of its input.
var emitter = ledger.Address{0xe}

func emit(t *testing.T, nonce uint64, topic ledger.Hash) *ledger.Transaction {
	t.Helper()
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, Gas: 60_000, To: &emitter, Data: topic[:]}
	tx.ChainID.SetUint64(7)
	tx.GasFeeCap.SetUint64(20_000_000_000)
	tx.Sign(key(t, "alice"))
	return tx
}

func TestLogsAreFoundAndThePastIsPrunedByPolicy(t *testing.T) {
	db, err := store.Open(store.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	g := genesis(t)
	// PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1
	g.Alloc = append(g.Alloc, chain.Allocation{Address: emitter, Code: []byte{0x5f, 0x35, 0x5f, 0x5f, 0xa1}})
	policy := blocks.Policy{Blocks: 4, Certificates: 6}
	c, err := keep(t, db, g, policy)
	require.NoError(t, err)
	var all []*chain.Record
	for i := range uint64(10) {
		r := propose(t, c, c.Head().Hash, emit(t, i, ledger.Hash{31: byte(i % 2)}))
		require.True(t, r.Receipts[0].Success)
		_, err := c.Finalize(r.Hash, []byte{byte(i), 1})
		require.NoError(t, err)
		all = append(all, r)
	}
	for range 2 { // the second time over what is on disk
		search := func(f ledger.LogFilter, from uint64) (out []uint64, err error) {
			for height, err := range c.Search(t.Context(), &f, from, 100) {
				if err != nil {
					return nil, err
				}
				out = append(out, height)
			}
			return out, nil
		}
		got, err := search(ledger.LogFilter{Addresses: []ledger.Address{emitter}, Topics: [][]ledger.Hash{{{31: 1}}}}, 7)
		require.NoError(t, err)
		require.Equal(t, []uint64{8, 10}, got)
		_, err = search(ledger.LogFilter{}, 6)
		require.ErrorIs(t, err, chain.ErrPruned)

		first, err := c.Header(1)
		require.NoError(t, err)
		require.Equal(t, all[0].Hash, first.Hash)
		r, err := c.Certified(1)
		require.NoError(t, err)
		require.Equal(t, uint64(5), r.Block.Header.Height)
		require.Equal(t, []byte{4, 1}, r.Certificate)
		_, _, err = c.Transaction(all[0].Block.Transactions[0].Hash())
		require.ErrorIs(t, err, chain.ErrUnknown)
		require.NoError(t, c.Check())
		c, err = keep(t, db, g, policy)
		require.NoError(t, err)
		_, err = c.Block(1)
		require.ErrorIs(t, err, chain.ErrPruned)
	}
}
