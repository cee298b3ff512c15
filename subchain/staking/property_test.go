package staking_test

import (
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

// account is a world with what its ballots belong to.
type account struct {
	*world
	owners []*person                   // by id − 1
	frozen map[uint64][]ledger.Address // rankings as they were first seen, by epoch
}

// Random operations, many of which are refused, never part the books from the stakes,
// from the module's balance or from the supply.
func TestTheBooksMatchStakesBalanceAndSupply(t *testing.T) {
	var bases []*world
	for _, issue := range []bool{false, true} {
		w := newWorld(t, 6, func(c *staking.Config) {
			paying(c)
			c.Issue = issue
			c.Params.Candidates, c.Params.Delegates, c.Params.Seats, c.Params.MinSeats = 4, 4, 4, 2
			c.Params.Evidence = election.Window{Millis: 8000, Blocks: 8}
			c.Params.Unbond = election.Window{Millis: 9000, Blocks: 9}
		})
		w.registerAll(4, descending)
		w.to(4, 1)
		bases = append(bases, w)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := &account{world: bases[rapid.IntRange(0, 1).Draw(t, "base")].clone(t), frozen: map[uint64][]ledger.Address{}}
		for range rapid.IntRange(5, 50).Draw(t, "steps") {
			w.random(t)
			w.unaltered()
			if rapid.IntRange(0, 4).Draw(t, "check") == 0 {
				w.balanced()
			}
		}
		w.balanced()
		w.drain()
	})
}

// random tries one operation.
func (w *account) random(t *rapid.T) {
	p := w.people[rapid.IntRange(0, len(w.people)-1).Draw(t, "who")]
	q := w.people[rapid.IntRange(0, len(w.people)-1).Draw(t, "whom")]
	amount := rapid.Uint64Range(0, 3000).Draw(t, "amount")
	operation := rapid.IntRange(0, 12).Draw(t, "operation")
	if operation >= 6 && operation <= 8 {
		if len(w.owners) > 0 {
			i := rapid.IntRange(0, len(w.owners)-1).Draw(t, "ballot")
			method := []string{"withdraw(uint64)", "claim(uint64)", "harvest(uint64)"}[operation-6]
			w.call(w.owners[i], 0, method, uint64(i+1))
		}
		return
	}
	switch operation {
	case 0:
		w.call(p, amount, registerMethod, w.papers(p, amount%1000)...)
	case 1:
		w.call(p, amount, "bond()")
	case 2:
		w.call(p, 0, "unbond(uint256)", number(amount))
	case 3:
		w.call(p, 0, "resign()")
	case 4:
		w.call(p, 0, "release()")
	case 5, 9:
		if r := w.call(p, amount, "vote(address,uint64)", q.address, 10*amount); r.Status == vm.Success {
			w.owners = append(w.owners, p)
		}
	case 10:
		w.call(p, 0, "collect()")
	case 11:
		e := w.height/w.cfg.Params.EpochLength + 1
		for seat, s := range w.epoch {
			if amount%4 == 0 && s.Payee == q.address {
				w.call(p, 0, evidenceMethod, w.evidence(q, rolldpos.Epoch(e), seat)...)
				return
			}
		}
	case 12:
		w.fill(p, amount)
		for range amount % 20 {
			w.block()
		}
	}
}

// unaltered checks that a ranking never changes, whatever happens to its candidates, and
// that the committee is what it says.
func (w *account) unaltered() {
	now := w.height/w.cfg.Params.EpochLength + 1 // of the next block
	for e := now; e <= now+2; e++ {
		r := w.ranking(e)
		if was, ok := w.frozen[e]; ok && len(r) > 0 {
			require.Equal(w.t, was, r, "epoch %d", e)
		} else if len(r) > 0 {
			w.frozen[e] = r
		}
	}
	if r := w.frozen[now]; len(r) >= int(w.cfg.Params.MinSeats) {
		require.Equal(w.t, r, payees(w.epoch), "epoch %d", now)
	}
}

// balanced adds up what the module owes, account by account.
func (w *account) balanced() {
	w.t.Helper()
	var bonded, voted, unbonding, owed uint64
	b := w.books()
	for _, p := range w.people {
		owed += w.credit(p)
		var u staking.Unbonding
		var free bool
		w.view([]any{&u, &free}, "unbonding(address)", p.address)
		unbonding += first(u.Amount)
	}
	var list []ledger.Address
	w.view([]any{&list}, "candidates()")
	weights := map[ledger.Address]uint64{}
	for i := range w.owners {
		x, earned, ok := w.ballot(uint64(i + 1))
		if !ok {
			continue
		}
		voted += first(x.Amount)
		owed += first(earned)
		if x.Left == 0 {
			weights[x.Candidate] += first(x.Weight)
		}
	}
	for _, p := range w.people {
		c, ok := w.standing(p)
		if !ok {
			continue
		}
		bonded += first(c.x.Self)
		require.Equal(w.t, weights[p.address], first(c.x.Votes), "the weight of a candidate is that of his ballots")
		if c.active {
			require.False(w.t, c.x.Barred)
			require.GreaterOrEqual(w.t, first(c.x.Self), first(w.cfg.Params.MinSelf))
			require.Contains(w.t, list, p.address)
		}
	}
	require.Equal(w.t, bonded, first(b.Bonded))
	require.Equal(w.t, voted, first(b.Voted))
	require.Equal(w.t, unbonding, first(b.Unbonding))
	require.LessOrEqual(w.t, owed, first(b.Owed), "more is owed than was set aside")
	sum := bonded + voted + unbonding + first(b.Owed) + first(b.Pool)
	require.Equal(w.t, sum, w.balance(module.AddressOf(staking.Name)), "the balance is what the books say")
	if !w.cfg.Issue {
		var supply uint64
		for a := range w.state.accounts {
			supply += w.balance(a)
		}
		require.EqualValues(w.t, len(w.people)*wealth, supply, "coins were made or lost")
	}
}

// ballot reads a ballot; ok is false if it was paid out.
func (w *account) ballot(id uint64) (b staking.Ballot, earned uint256.Int, ok bool) {
	return b, earned, w.read([]any{&b, &earned}, "ballot(uint64)", id)
}

func (w *account) standing(p *person) (c candidate, ok bool) {
	return c, w.read([]any{&c.id, &c.x, &c.weight, &c.active}, "candidate(address)", p.address)
}

// read is view that may be refused.
func (w *account) read(into []any, signature string, args ...any) bool {
	data, err := module.Pack(signature, args...)
	require.NoError(w.t, err)
	to := module.AddressOf(staking.Name)
	r, err := w.machine().Call(w.environment(), w.state, &ledger.Message{To: &to, Data: data, Gas: gasLimit})
	require.NoError(w.t, err)
	if r.Status != vm.Success {
		return false
	}
	require.NoError(w.t, module.Unpack(r.Return, into...))
	return true
}

// drain takes out what can be.
func (w *account) drain() {
	for i, p := range w.owners {
		w.call(p, 0, "withdraw(uint64)", uint64(i+1))
	}
	for range 40 {
		w.block()
	}
	for i, p := range w.owners {
		w.call(p, 0, "claim(uint64)", uint64(i+1))
	}
	w.balanced()
	require.Zero(w.t, first(w.books().Voted), "a vote cannot be taken out")
	for _, p := range w.people {
		w.call(p, 0, "collect()")
	}
	w.balanced()
}
