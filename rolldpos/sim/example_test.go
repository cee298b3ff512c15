package sim_test

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/sim"
)

// meter is a user's chain: every device reports one unit a second, and the state is the
// sum of what was reported. A block's payload is the new sum; the states of blocks that
// may yet lose lie beside the final one.
type meter struct {
	sums  map[rolldpos.Hash]uint64
	final rolldpos.Hash
	disk  uint64 // the final sum
}

func newMeter(int) sim.App { return &meter{sums: make(map[rolldpos.Hash]uint64)} }

func (m *meter) sum(h rolldpos.Hash) uint64 {
	if h == m.final {
		return m.disk
	}
	return m.sums[h]
}

func (m *meter) Pending(parent *sim.Block, now uint64) bool { return now/1000 > m.sum(parent.Hash) }

func (m *meter) Build(parent *sim.Block, now uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, max(now/1000, m.sum(parent.Hash)))
}

func (m *meter) Execute(b *sim.Block) bool {
	if len(b.Payload) != 8 || binary.BigEndian.Uint64(b.Payload) < m.sum(b.Parent) {
		return false // sums never fall
	}
	m.sums[b.Hash] = binary.BigEndian.Uint64(b.Payload)
	return true
}

func (m *meter) Finalize(b *sim.Block) {
	m.disk, m.final = m.sums[b.Hash], b.Hash
}

func (m *meter) Restart(wipe bool) {
	m.sums = make(map[rolldpos.Hash]uint64)
	if wipe {
		m.final, m.disk = rolldpos.Hash{}, 0
	}
}

// A chain of one's own, with a liar among seven seats, goes through an hour of loss,
// partitions, crashes and restored disks.
func Example() {
	s, err := sim.New(sim.Config{
		Seed: 1, Seats: 7, NewApp: newMeter, Byzantine: map[int]sim.Behaviour{2: sim.Equivocate | sim.Corrupt},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Chaos(3_600_000); err != nil {
		fmt.Println(err)
		return
	}
	same := true
	for i := range s.Processes() {
		if s.Height(i) == s.Result().Blocks {
			same = same && s.App(i).(*meter).disk == s.App(0).(*meter).disk
		}
	}
	fmt.Println("the liar was found out:", s.Evidence(2) > 0)
	fmt.Println("all have reported and agree:", s.App(0).(*meter).disk > 3500, same)
	// Output:
	// the liar was found out: true
	// all have reported and agree: true true
}
