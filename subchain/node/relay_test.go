package node_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/node"
)

// wireTransactions is the first byte of a direct message of transactions.
const wireTransactions = 5

// tap counts the messages of transactions that a node sends to each peer.
type tap struct {
	mu   sync.Mutex
	sent map[string]int
}

func (x *tap) watch(n *network, name string) {
	x.sent = map[string]int{}
	n.rewrite[name] = func(to string, msg []byte) []byte {
		if msg[0] == wireTransactions {
			x.mu.Lock()
			x.sent[to]++
			x.mu.Unlock()
		}
		return msg
	}
}

func (x *tap) counts() map[string]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[string]int{}
	for to, n := range x.sent {
		out[to] = n
	}
	return out
}

func payment(t *testing.T, nonce uint64) *ledger.Transaction {
	t.Helper()
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, Gas: 21000, To: &ledger.Address{1}}
	tx.ChainID.SetUint64(9)
	tx.Sign(account(t))
	return tx
}

// final waits until nodes have a transaction in a final block.
func (n *network) final(hash ledger.Hash, names ...string) {
	n.t.Helper()
	for _, name := range names {
		require.Eventually(n.t, func() bool {
			_, _, err := n.members[name].chain.Transaction(hash)
			return err == nil
		}, 20*time.Second, 5*time.Millisecond, "%s: %s", name, n)
	}
}

// static is a network whose committee never changes and whose epoch does not end.
func static(t *testing.T, committee []string) *network {
	return newNetwork(t, 1_000_000, committee, func() []module.Entry { return nil })
}

func TestASeatTellsEachOtherSeatOfATransactionAtMostOnce(t *testing.T) {
	n := static(t, all)
	var x tap
	x.watch(n, "a")
	n.start(all...)
	n.reach(20, all...) // every seat's votes have come
	tx := payment(t, 0)
	require.NoError(t, n.members["a"].node.Submit(tx))
	n.final(tx.Hash(), all...)
	counts := x.counts()
	require.NotEmpty(t, counts)
	for to, times := range counts {
		require.Equal(t, 1, times, to)
	}
}

func TestALeaderThatIsAwayHoldsUpNoTransaction(t *testing.T) {
	n := static(t, four)
	n.start(four...)
	n.reach(8, four...)
	n.halt("b")
	tx := payment(t, 0)
	require.NoError(t, n.members["a"].node.Submit(tx))
	n.final(tx.Hash(), "a", "c", "d")
}

func TestATransactionOfANodeWithoutASeatIsGossiped(t *testing.T) {
	n := static(t, four)
	var x tap
	x.watch(n, "g")
	n.start(append([]string{"g"}, four...)...)
	n.reach(3, "g")
	tx := payment(t, 0)
	require.NoError(t, n.members["g"].node.Submit(tx))
	n.final(tx.Hash(), "g", "a")
	require.Empty(t, x.counts())
}

func TestAQuietSeatProposesItsTransactionsAndSendsThemToNobody(t *testing.T) {
	n := static(t, four)
	n.tune = func(name string, cfg *node.Config) { cfg.Quiet = name == "a" }
	var x tap
	x.watch(n, "a")
	n.start(four...)
	n.reach(3, four...)
	tx := payment(t, 0)
	require.NoError(t, n.members["a"].node.Submit(tx))
	n.final(tx.Hash(), four...)
	require.Empty(t, x.counts())
}
