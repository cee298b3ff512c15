package parallel

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
	"github.com/rootstem/rootstem/vm/asm"
)

// distant is a state that takes a while to answer, as one on disk does.
type distant struct{ *world }

func (d distant) Account(a ledger.Address) (ledger.Account, error) {
	time.Sleep(50 * time.Microsecond)
	return d.world.Account(a)
}

func (d distant) Storage(a ledger.Address, k ledger.Hash) (ledger.Hash, error) {
	time.Sleep(50 * time.Microsecond)
	return d.world.Storage(a, k)
}

var busy = ledger.Address{0xcc, 9}

// BenchmarkApply executes a block of 256 messages by 256 senders: transfers, transfers
// of a token, and loops of 300,000 gas; then transfers of a token over a slow state.
func BenchmarkApply(b *testing.B) {
	w := newWorld(b, 256)
	w.deploy(b, busy, false, 10_000, asm.Label("loop"), 1, asm.SWAP1, asm.SUB, asm.DUP1, asm.Ref("loop"), asm.JUMPI)
	to := func(contract ledger.Address) []*ledger.Message {
		messages := transfers(256)
		for i, m := range messages {
			m.To, m.Gas, m.Data = &contract, 350_000, word(person(i^128))
			m.Value.Clear()
		}
		return messages
	}
	wide := block
	wide.GasLimit = 1 << 40
	v := machine()
	for _, c := range []struct {
		name     string
		state    vm.Reader
		messages []*ledger.Message
	}{
		{"transfer", w, transfers(256)}, {"token", w, to(token)}, {"loop", w, to(busy)}, {"token,distant", distant{w}, to(token)},
	} {
		for _, workers := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/workers=%d", c.name, workers), func(b *testing.B) {
				var stats Stats
				for b.Loop() {
					var err error
					_, stats, err = Executor{Workers: workers}.Apply(v.Begin(wide, c.state), c.messages)
					require.NoError(b, err)
					require.Equal(b, workers, stats.Workers)
				}
				b.ReportMetric(float64(stats.Conflicts), "conflicts")
				b.ReportMetric(float64(b.N*len(c.messages))/b.Elapsed().Seconds(), "tx/s")
			})
		}
	}
}
