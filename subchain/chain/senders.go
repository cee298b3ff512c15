package chain

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// senderBatch is how many recoveries a worker takes at a time: about a millisecond.
const senderBatch = 16

// recoverSenders recovers the senders that txs do not know yet, on every core, and has
// ended its goroutines when it returns. A transaction keeps its sender, so those that
// the pool admitted cost nothing here. What has no sender is left to execution, which
// meets the same error in the block's order.
func recoverSenders(txs []*ledger.Transaction) {
	var next atomic.Int64
	work := func() {
		for {
			end := int(next.Add(senderBatch))
			start := end - senderBatch
			if start >= len(txs) {
				return
			}
			for _, tx := range txs[start:min(end, len(txs))] {
				_, _ = tx.Sender() // the error is execution's to report
			}
		}
	}
	batches := (len(txs) + senderBatch - 1) / senderBatch
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), batches) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}
