package mempool

import (
	"fmt"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// fill makes n transactions of the given number of senders.
func fill(b *testing.B, n, senders int) (accounts, []*ledger.Transaction) {
	keys := make([]*ledger.Key, senders)
	s := accounts{}
	for i := range keys {
		k, err := ledger.ParseKey([32]byte{30: byte(i >> 8), 31: byte(i), 0: 1})
		require.NoError(b, err)
		keys[i] = k
		s[k.Address()] = ledger.Account{Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash}
	}
	txs := make([]*ledger.Transaction, n)
	for i := range txs {
		txs[i] = &ledger.Transaction{
			Type: ledger.DynamicFeeTx, ChainID: *uint256.NewInt(chainID), Nonce: uint64(i / senders),
			Gas: 21000, To: &ledger.Address{9},
		}
		txs[i].Sign(keys[i%senders])
	}
	return s, txs
}

// BenchmarkAdd fills an empty pool of 8,192; senders are already recovered.
func BenchmarkAdd(b *testing.B) {
	for _, senders := range []int{1, 1000} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			s, txs := fill(b, 8192, senders)
			b.ReportAllocs()
			for b.Loop() {
				p := newPool(b, s)
				for _, tx := range txs {
					if err := p.Add(tx); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(txs)), "ns/tx")
		})
	}
}

// BenchmarkNext fills a block of 30 M gas from a full pool.
func BenchmarkNext(b *testing.B) {
	for _, senders := range []int{1, 1000} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			s, txs := fill(b, 8192, senders)
			p := newPool(b, s)
			for _, tx := range txs {
				require.NoError(b, p.Add(tx))
			}
			b.ReportAllocs()
			for b.Loop() {
				if got := next(b, p, 0, 30e6); len(got) != 30_000_000/21000 {
					b.Fatal(len(got))
				}
			}
		})
	}
}

// BenchmarkAddFull offers dearer transactions to a full pool of 8,192 senders.
func BenchmarkAddFull(b *testing.B) {
	s, txs := fill(b, 8192, 8192)
	p := newPool(b, s)
	for _, tx := range txs {
		require.NoError(b, p.Add(tx))
	}
	k := testKey(b, 77)
	s[k.Address()] = ledger.Account{Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash}
	nonce := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		tx := transfer(b, 77, nonce, 1, 1)
		nonce++
		if nonce == 4000 {
			nonce = 0
			require.NoError(b, p.Reset(s))
			p = newPool(b, s)
			for _, tx := range txs {
				require.NoError(b, p.Add(tx))
			}
		}
		b.StartTimer()
		if err := p.Add(tx); err != nil {
			b.Fatal(err)
		}
	}
}
