// Package parallel executes the messages of a block on several cores, with the
// results of executing them one after another.
//
// Executor.Apply stands in for vm.Session.ApplyAll. It runs each message on a guess
// of what the messages before it leave, notes what the message read, and accepts it
// when everything before it is final and reading again gives the same; otherwise the
// message runs again. Messages of one sender run in their order. The fees of the
// coinbase, and the balances that a plain transfer changes, are kept as amounts to
// add, so that messages which only add to a balance do not wait for each other. A
// block with many conflicts is executed serially.
//
// It pays where messages compute, or wait for a state on disk. A plain transfer over
// a state in memory costs less than its bookkeeping: a host whose blocks are of these
// leaves them to ApplyAll.
//
// This is the one place of the executor with goroutines. All have ended when Apply
// returns. The session's Reader, the block's BlockHash and the natives must be safe
// for concurrent use.
//
// Specification: Gelashvili et al., "Block-STM: Scaling Blockchain Execution by
// Turning Ordering Curse to a Performance Blessing", 2022. Deviations: validation
// compares values rather than versions; the final validation goes through the
// messages in order, so that no counter decides when all is done; a message that
// reads what is about to be written again waits if that is being executed.
package parallel

import (
	"runtime"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Executor executes blocks. Its zero value uses all cores, and one at a time if there
// are no more than two.
type Executor struct {
	// Workers is the number of goroutines; 1 executes serially, and 0 stands for
	// GOMAXPROCS, or for 1 if that is 2 or less: two cores gain less than it costs.
	Workers int
}

// Stats says how a block was executed.
type Stats struct {
	Workers    int // 1 if it was executed serially, maybe after an attempt
	Executions int // of the attempt in parallel
	Conflicts  int // of these, how many were in vain
}

// Apply applies messages to the session in order, with the results, errors and
// changes of ApplyAll: ErrInvalidBlock of package vm at the first message that is
// Invalid, any other error for a fault of the host.
func (e Executor) Apply(s *vm.Session, messages []*ledger.Message) ([]vm.Result, Stats, error) {
	workers := e.Workers
	if workers == 0 {
		if workers = runtime.GOMAXPROCS(0); workers <= 2 {
			workers = 1
		}
	}
	var stats Stats
	if workers > 1 && divides(messages) {
		results, stats, ok := attempt(s, messages, min(workers, len(messages)), len(messages)/2+fewest)
		if ok {
			return results, stats, nil
		}
	}
	stats.Workers = 1
	results, err := s.ApplyAll(messages)
	return results, stats, err
}

// fewest is the least number of messages that is worth starting goroutines for.
const fewest = 4

// divides reports whether messages can run side by side: not if one sender has most.
func divides(messages []*ledger.Message) bool {
	if len(messages) < fewest {
		return false
	}
	longest := 0
	chains := make(map[ledger.Address]int, len(messages))
	for _, m := range messages {
		chains[m.From]++
		longest = max(longest, chains[m.From])
	}
	return longest <= len(messages)/2
}

// attempt executes in parallel. If it does not succeed, for whatever reason, the
// session is as before and serial execution finds the reason. patience is how many
// conflicts are too many.
func attempt(s *vm.Session, messages []*ledger.Message, workers, patience int) ([]vm.Result, Stats, bool) {
	base := s.State()
	coinbase, err := base.Account(s.Block().Coinbase)
	// An empty coinbase that exists would be removed by a fee of nothing, and one
	// near 2^256 could wrap around.
	if err != nil || coinbase.Exists() && coinbase.Empty() || coinbase.Balance.Sign() < 0 {
		return nil, Stats{}, false
	}
	x := newExecution(s, base, messages, patience)
	x.run(workers)
	stats := Stats{Workers: workers, Executions: x.executions, Conflicts: x.conflicts}
	if x.failed {
		return nil, stats, false
	}
	results := make([]vm.Result, len(messages))
	gas, blobs := uint64(0), uint64(0)
	for i, m := range messages {
		results[i] = x.tasks[i].outcome.result
		if m.Gas > s.GasLeft()-min(gas, s.GasLeft()) {
			return nil, stats, false
		}
		gas += results[i].GasUsed
		blobs += uint64(len(m.BlobHashes))
	}
	if blobs > s.BlobsLeft() {
		return nil, stats, false
	}
	changes, err := x.store.changes()
	if err != nil || s.Absorb(changes, gas, blobs) != nil {
		return nil, stats, false
	}
	return results, stats, true
}
