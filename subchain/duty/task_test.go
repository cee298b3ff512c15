package duty

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// court takes each beacon once, from a height on.
type court struct {
	From   uint64 `module:"config"`
	rounds module.Map[uint64, bool]
}

func (c *court) SubmitBeacon(ctx *module.Context, round uint64, _ []byte) error {
	if ctx.Height() < c.From || c.rounds.Get(ctx, round) {
		return errors.New("too early or known")
	}
	c.rounds.Set(ctx, round, true)
	return nil
}

// bench is a chain without consensus: every block is final, and takes the transactions
// that a Duty submitted.
type bench struct {
	t       *testing.T
	chain   *chain.Chain
	duty    *Duty
	waiting []*ledger.Transaction
	sent    int
	hold    bool // leave the transactions out
}

func newBench(t *testing.T, from uint64, seats int, seat int) *bench {
	t.Helper()
	db, err := store.Open(store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	set, err := module.New(module.Chain{ID: 3}, []module.Entry{{Name: "court", Module: &court{From: from}}})
	require.NoError(t, err)
	operator, err := ledger.ParseKey(ledger.Keccak([]byte("operator")))
	require.NoError(t, err)
	g := chain.Genesis{
		Name: "bench", ChainID: 3, Modules: set.ConfigHashAt(0), BaseFee: *uint256.NewInt(1_000_000_000),
		Alloc: []chain.Allocation{{Address: operator.Address(), Balance: *uint256.NewInt(1e18)}},
	}
	key := func(i int) ed25519.PrivateKey {
		seed := ledger.Keccak([]byte{byte(i)})
		return ed25519.NewKeyFromSeed(seed[:])
	}
	for i := range seats {
		g.Committee = append(g.Committee, chain.Validator{Key: key(i).Public().(ed25519.PublicKey)})
	}
	b := &bench{t: t}
	b.chain, err = chain.Open(chain.Config{Genesis: g, Rules: vm.Osaka(), Modules: set, Store: db})
	require.NoError(t, err)
	vault, err := OpenVault("")
	require.NoError(t, err)
	b.duty, err = New(Config{
		Chain: b.chain, Store: db, Key: operator, Vault: vault, Seat: key(seat), Staking: module.AddressOf("court"),
		Nonce: func(a ledger.Address) (uint64, error) {
			view, err := b.chain.StateOf(b.chain.Head())
			require.NoError(t, err)
			account, err := view.Account(a)
			return account.Nonce + uint64(len(b.waiting)), err
		},
		Pending: func(h ledger.Hash) bool {
			for _, tx := range b.waiting {
				if tx.Hash() == h {
					return true
				}
			}
			return false
		},
		Submit: func(tx *ledger.Transaction) error {
			b.waiting = append(b.waiting, tx)
			b.sent++
			return nil
		},
		Sign: func(chainkey.Statement) {},
	})
	require.NoError(t, err)
	return b
}

// block makes a block final and has the duty look at it.
func (b *bench) block() {
	b.t.Helper()
	head := b.chain.Head()
	var txs []*ledger.Transaction
	if !b.hold {
		txs, b.waiting = b.waiting, nil
	}
	c, err := b.chain.Committee(1)
	require.NoError(b.t, err)
	r, rejected, err := b.chain.Propose(chain.Proposal{
		Parent: head.Hash, View: 1, Seat: c.Leader(1), Time: head.Block.Header.Time + 1000,
	}, txs)
	require.NoError(b.t, err)
	require.Empty(b.t, rejected)
	_, err = b.chain.Finalize(r.Hash, []byte("certificate"))
	require.NoError(b.t, err)
	b.duty.work(b.t.Context())
}

func round(n uint64) *chainkey.Signed {
	return &chainkey.Signed{
		Statement: chainkey.Statement{Kind: chainkey.RoundKind, Epoch: rolldpos.Epoch(n)}, Signature: bls.Signature{},
	}
}

func TestATaskIsDoneOnceAndEndsWithItsFinalReceipt(t *testing.T) {
	b := newBench(t, 0, 1, 0)
	b.duty.Signed(round(1))
	b.duty.Signed(round(1))
	require.Len(t, b.duty.tasks, 1)
	b.hold = true
	for range 3 {
		b.block()
	}
	require.Equal(t, 1, b.sent, "a transaction that waits is not sent again")
	b.hold = false
	b.block()
	require.Empty(t, b.duty.tasks)
	require.Equal(t, 1, b.sent)
}

func TestATransactionThatThePoolLostIsSentAgain(t *testing.T) {
	b := newBench(t, 0, 1, 0)
	b.duty.Signed(round(1))
	b.block()
	b.waiting = nil
	b.block()
	require.Equal(t, 2, b.sent)
	b.block()
	require.Empty(t, b.duty.tasks)
}

func TestWhatRevertsCostsNothingAndIsGivenUpAfterAWhile(t *testing.T) {
	b := newBench(t, 20, 1, 0)
	b.duty.Signed(round(1))
	for range 10 {
		b.block()
	}
	require.Zero(t, b.sent, "it is too early")
	for range 12 {
		b.block()
	}
	require.Equal(t, 1, b.sent)
	b.block()
	b.duty.Signed(round(1))
	for range maxRefused {
		b.block()
	}
	require.Empty(t, b.duty.tasks)
	require.Equal(t, 1, b.sent, "it is known")
}

func TestSeatsTakeTurnsAndOthersComeAfterThem(t *testing.T) {
	// Round 1 is the turn of seat 3 of 4; seat 1 waits two blocks for seats 3 and 0.
	for seat, wait := range map[int]int{3: 0, 0: 1, 1: 2, 2: 3, 9: 4} {
		b := newBench(t, 0, 4, seat)
		b.duty.Signed(round(1))
		for range wait {
			b.block()
			require.Zero(t, b.sent, "seat %d", seat)
		}
		b.block()
		require.Equal(t, 1, b.sent, "seat %d", seat)
	}
}

func TestTasksAreBoundedAndNoneAreTakenWithoutAKey(t *testing.T) {
	b := newBench(t, 0, 1, 0)
	for n := range uint64(2 * maxTasks) {
		b.duty.Signed(round(n + 1))
	}
	require.Len(t, b.duty.tasks, maxTasks)
	b = newBench(t, 0, 1, 0)
	b.duty.cfg.Key = nil
	b.duty.Signed(round(1))
	require.Empty(t, b.duty.tasks)
}
