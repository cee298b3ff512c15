package mempool

import (
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// TestPoolKeepsItsPromises drives a small pool with random calls: bounds hold, books
// balance, refused calls change nothing, nothing executable is lost while there is room,
// and Next is complete, affordable and in order.
func TestPoolKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rich(t, 4)
		p := newPool(t, state, func(c *Config) { c.MaxCount, c.MaxGap, c.MaxBytes = 12, 4, MaxTxBytes })
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { checkPool(t, p, state) },
			"add": func(t *rapid.T) {
				tip := rapid.Uint64Range(0, 5).Draw(t, "tip")
				data := rapid.SampledFrom([]int{0, 0, 0, 30 << 10, 60 << 10}).Draw(t, "data")
				tx := transfer(t, rapid.ByteRange(1, 4).Draw(t, "user"), rapid.Uint64Range(0, 12).Draw(t, "nonce"),
					tip, tip+rapid.Uint64Range(0, 3).Draw(t, "more"),
					func(tx *ledger.Transaction) { tx.Data, tx.Gas = make([]byte, data), 2e6 })
				checkAdd(t, p, tx)
			},
			"remove": func(t *rapid.T) {
				if txs := next(t, p, 0, 1<<40); len(txs) > 0 {
					p.Remove(rapid.SampledFrom(txs).Draw(t, "tx").Hash())
				}
			},
			"final block": func(t *rapid.T) {
				txs := next(t, p, 0, 1<<40)
				for _, tx := range txs[:rapid.IntRange(0, len(txs)).Draw(t, "n")] {
					from, err := tx.Sender()
					require.NoError(t, err)
					a := state[from]
					state = state.with(from, tx.Nonce+1, a.Balance.Uint64()-tx.Gas)
				}
				require.NoError(t, p.Reset(state))
			},
			"balance": func(t *rapid.T) {
				a := user(t, rapid.ByteRange(1, 4).Draw(t, "user"))
				state = state.with(a, state[a].Nonce, rapid.SampledFrom([]uint64{0, 2e7, 1e18}).Draw(t, "wei"))
				require.NoError(t, p.Reset(state))
			},
		})
	})
}

func checkAdd(t *rapid.T, p *Pool, tx *ledger.Transaction) {
	before, stats := content(p), p.Stats()
	room := len(before) < p.cfg.MaxCount && stats.Bytes+len(tx.Envelope()) <= p.cfg.MaxBytes
	err := p.Add(tx)
	after := content(p)
	if err != nil {
		require.Equal(t, before, after)
		require.Equal(t, stats, p.Stats())
		require.False(t, room && errors.Is(err, ErrFull))
		return
	}
	require.True(t, after[tx.Hash()])
	lost := 0
	for h := range before {
		if !after[h] {
			lost++
		}
	}
	if room {
		require.Equal(t, len(before)+1, len(after)+lost)
		require.LessOrEqual(t, lost, 1, "only what it replaced")
	}
}

func content(p *Pool) map[ledger.Hash]bool {
	out := map[ledger.Hash]bool{}
	for h := range p.byHash {
		out[h] = true
	}
	return out
}

func checkPool(t *rapid.T, p *Pool, state accounts) {
	var count, bytes, executable int
	for a, q := range p.senders {
		require.NotEmpty(t, q.list)
		require.Equal(t, state[a].Nonce, q.nonce)
		var cost uint256.Int
		run, want := 0, q.nonce
		for i, e := range q.list {
			require.GreaterOrEqual(t, e.tx.Nonce, q.nonce)
			if i > 0 {
				require.Less(t, q.list[i-1].tx.Nonce, e.tx.Nonce)
			}
			if e.tx.Nonce == want {
				run, want = run+1, want+1
			}
			require.Same(t, e, p.byHash[e.hash])
			cost.Add(&cost, &e.cost)
			count, bytes = count+1, bytes+e.size
		}
		require.Equal(t, run, q.run)
		require.Equal(t, cost, q.cost)
		balance := state[a].Balance
		require.False(t, cost.Gt(&balance))
		executable += run
	}
	require.Len(t, p.byHash, count)
	require.Equal(t, Stats{executable, count - executable, len(p.senders), bytes}, p.Stats())
	require.LessOrEqual(t, count, p.cfg.MaxCount)
	require.LessOrEqual(t, bytes, p.cfg.MaxBytes)
	checkNext(t, p, state, executable)
}

func checkNext(t *rapid.T, p *Pool, state accounts, executable int) {
	txs := next(t, p, 0, 1<<40)
	require.Len(t, txs, executable, "all of them fit in a block of this test")
	nonces := map[ledger.Address]uint64{}
	for _, tx := range txs {
		from, err := tx.Sender()
		require.NoError(t, err)
		require.Equal(t, state[from].Nonce+nonces[from], tx.Nonce)
		nonces[from]++
	}
	require.Equal(t, txs, next(t, p, 0, 1<<40), "the same question has the same answer")
	half := next(t, p, 2, 8e6)
	require.LessOrEqual(t, len(half), 4)
	for _, tx := range half {
		require.False(t, tx.GasFeeCap.LtUint64(2))
	}
}
