package chain

import (
	"encoding/binary"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// transfers returns the envelopes of n transfers and who signed them.
func transfers(tb testing.TB, n int) (raw [][]byte, from []ledger.Address) {
	tb.Helper()
	for i := range n {
		var secret [32]byte
		binary.BigEndian.PutUint64(secret[24:], uint64(i)+1)
		key, err := ledger.ParseKey(secret)
		require.NoError(tb, err)
		tx := &ledger.Transaction{
			Type: ledger.DynamicFeeTx, ChainID: *uint256.NewInt(7), To: &ledger.Address{1}, Gas: 21_000,
			GasFeeCap: *uint256.NewInt(100), Value: *uint256.NewInt(1),
		}
		tx.Sign(key)
		raw, from = append(raw, tx.Envelope()), append(from, key.Address())
	}
	return raw, from
}

func decoded(tb testing.TB, raw [][]byte) []*ledger.Transaction {
	tb.Helper()
	txs := make([]*ledger.Transaction, len(raw))
	for i := range raw {
		var err error
		txs[i], err = ledger.DecodeTransaction(raw[i])
		require.NoError(tb, err)
	}
	return txs
}

// TestSendersAreRecoveredAndGoroutinesEnd covers lengths around a batch, a transaction
// that stands twice and one that nobody signed.
func TestSendersAreRecoveredAndGoroutinesEnd(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	raw, from := transfers(t, 3*senderBatch+1)
	for _, n := range []int{0, 1, senderBatch, senderBatch + 1, len(raw)} {
		txs := decoded(t, raw[:n])
		if n > 2 {
			txs[1] = txs[0]
			txs[2].S.Clear()
		}
		recoverSenders(txs)
		for i, tx := range txs {
			if n > 2 && i == 2 {
				_, err := tx.Sender()
				require.ErrorIs(t, err, ledger.ErrSignature)
				continue
			}
			if n > 2 && i == 1 {
				i = 0
			}
			require.Zero(t, testing.AllocsPerRun(1, func() { _, _ = tx.Sender() }), "recovered by now")
			got, err := tx.Sender()
			require.NoError(t, err)
			require.Equal(t, from[i], got)
		}
	}
}

// BenchmarkSenders recovers the senders of 10,000 transfers: one after another, as
// recoverSenders does, and when the pool knows them.
func BenchmarkSenders(b *testing.B) {
	const n = 10_000
	raw, _ := transfers(b, n)
	for name, run := range map[string]func([]*ledger.Transaction){
		"serial": func(txs []*ledger.Transaction) {
			for _, tx := range txs {
				if _, err := tx.Sender(); err != nil {
					b.Fatal(err)
				}
			}
		},
		"parallel": recoverSenders,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				txs := decoded(b, raw)
				b.StartTimer()
				run(txs)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/n*1e6, "µs/tx")
		})
	}
	b.Run("pooled", func(b *testing.B) {
		txs := decoded(b, raw)
		recoverSenders(txs)
		for b.Loop() {
			recoverSenders(txs)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/n*1e6, "µs/tx")
	})
}
