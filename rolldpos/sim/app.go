package sim

import (
	"encoding/binary"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// Block is a block of a simulated chain. Nobody changes one that was built.
type Block struct {
	Hash   rolldpos.Hash // Keccak-256 of all that follows
	Parent rolldpos.Hash
	Epoch  rolldpos.Epoch
	View   rolldpos.View
	Height uint64 // the parent's plus one; 0 is the genesis block
	Time   uint64 // ms, by its builder's clock; above the parent's
	// Payload is what the App built.
	Payload []byte
}

func (b *Block) seal(nonce uint64) {
	head := append(make([]byte, 0, 80), b.Parent[:]...)
	for _, x := range []uint64{uint64(b.Epoch), uint64(b.View), b.Height, b.Time, nonce} {
		head = binary.BigEndian.AppendUint64(head, x)
	}
	b.Hash = keccak.Sum256(head, b.Payload)
}

// App is one process's copy of a user's chain. It is called from one goroutine, must
// decide by its arguments and its own state alone, and keeps the state of blocks that
// may yet lose beside the final one.
type App interface {
	// Pending says whether there is work for a block on parent, which was executed.
	// Time now, in ms since the run began, is the network's, alike for all processes:
	// what arrives from users arrives by it.
	Pending(parent *Block, now uint64) bool
	// Build returns the payload of a block on parent, which was executed; it may be
	// empty.
	Build(parent *Block, now uint64) []byte
	// Execute says whether b is valid on its parent, which was executed, and keeps its
	// state. It may come again for the same block.
	Execute(b *Block) bool
	// Finalize makes b's state durable: once for each height, in order.
	Finalize(b *Block)
	// Restart forgets what is not final: the process has crashed. With wipe it
	// forgets all: the disk was replaced, and the final blocks come once more.
	Restart(wipe bool)
}

// pulse is the default App: one transaction arrives in each block time, and a block has
// room for one, so that after a halt blocks follow one another without a pause. A
// block's payload is the number of its transaction, or its parent's if it is empty.
type pulse struct{ period uint64 }

func (a pulse) Pending(parent *Block, now uint64) bool { return now/a.period > last(parent) }

func (a pulse) Build(parent *Block, now uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, min(now/a.period, last(parent)+1))
}

func (a pulse) Execute(b *Block) bool { return len(b.Payload) == 8 }
func (a pulse) Finalize(*Block)       {}
func (a pulse) Restart(bool)          {}

func last(b *Block) uint64 {
	if len(b.Payload) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b.Payload)
}
