package blocks

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// synthetic makes blocks of a chain of devices: in every block two readings, each a
// log of one of 50 contracts with one of two events, a device of 10,000 and, every
// thousandth block, an alarm.
type synthetic struct {
	height uint64
	parent ledger.Hash
	bytes  uint64 // of headers, bodies, receipts, certificates
}

var (
	eventReading = ledger.Keccak([]byte("Reading(bytes32,uint256)"))
	eventCharge  = ledger.Keccak([]byte("Charge(bytes32,uint256)"))
	eventAlarm   = ledger.Keccak([]byte("Alarm(bytes32)"))
)

func contract(i uint64) ledger.Address { return ledger.Address{0xc0, byte(i)} }

func device(i uint64) ledger.Hash {
	return ledger.Keccak([]byte("device"), binary.BigEndian.AppendUint64(nil, i))
}

func (s *synthetic) next() *Record {
	r := &Record{Block: new(ledger.Block)}
	h := &r.Block.Header
	h.Height, h.Parent, h.Time, h.StateRoot = s.height, s.parent, s.height*1000, device(s.height)
	if h.Height > 0 {
		r.Certificate = make([]byte, 300)
		for i := range uint64(2) {
			s.transact(r, i)
		}
	}
	h.TxRoot = ledger.TxRoot(r.Block.Transactions)
	h.ReceiptsRoot = ledger.ReceiptsRoot(r.Receipts)
	h.AnchorHash = r.Anchor.Hash()
	r.Hash = h.Hash()
	s.height, s.parent = h.Height+1, r.Hash
	s.bytes += uint64(len(r.appendHead(nil)) + len(r.encodeBody()) + len(r.encodeReceipts()) + len(r.Certificate))
	return r
}

func (s *synthetic) transact(r *Record, i uint64) {
	n := 2*s.height + i
	mixed := n * 0x9e3779b97f4a7c15 >> 20 // spreads devices and contracts
	to := contract(mixed % 50)
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: n, Gas: 100_000, To: &to, Data: make([]byte, 68)}
	tx.R.SetBytes(eventReading[:])
	tx.S.SetBytes(eventCharge[:])
	event := eventReading
	switch {
	case s.height%1000 == 0 && i == 0:
		event = eventAlarm
	case mixed%3 == 0:
		event = eventCharge
	}
	r.Block.Transactions = append(r.Block.Transactions, tx)
	r.Receipts = append(r.Receipts, &ledger.Receipt{
		Type: tx.Type, Success: true, CumulativeGas: 50_000 * (i + 1), TxHash: tx.Hash(), GasUsed: 50_000,
		Logs: []ledger.Log{{Address: to, Topics: []ledger.Hash{event, device(mixed / 50 % 10_000)}, Data: make([]byte, 32)}},
	})
}

// written is what the process has passed to the system to write, in bytes; zero
// where /proc does not tell.
func written(b *testing.B) uint64 {
	raw, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if text, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, err := strconv.ParseUint(text, 10, 64)
			require.NoError(b, err)
			return n
		}
	}
	return 0
}

func diskUse(b *testing.B, dir string) (n int64) {
	require.NoError(b, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	}))
	return n
}

// BenchmarkAppend writes one block in a synced batch, as a node does. written/block
// has everything that goleveldb writes for it, then and later.
func BenchmarkAppend(b *testing.B) {
	for _, policy := range []Policy{{}, {Blocks: 1000, Certificates: 1000}} {
		b.Run(fmt.Sprintf("keep=%d", policy.Blocks), func(b *testing.B) {
			db, err := store.Open(store.Config{Dir: b.TempDir()})
			require.NoError(b, err)
			defer func() { require.NoError(b, db.Close()) }()
			s, err := Open(db, policy)
			require.NoError(b, err)
			var chain synthetic
			before := written(b)
			b.ReportAllocs()
			for b.Loop() {
				mustAppend(b, db, s, chain.next())
			}
			b.ReportMetric(float64(chain.bytes)/float64(chain.height), "content-B/op")
			b.ReportMetric(float64(written(b)-before)/float64(chain.height), "written-B/op")
		})
	}
}

// indexBytes adds up keys and values of the log index.
func indexBytes(b *testing.B, s *Store) (n float64) {
	for _, sec := range s.bounds().sections {
		require.NoError(b, s.eachPosting(sec, func(_ item, key, value []byte) error {
			n += float64(len(key) + len(value))
			return nil
		}))
	}
	return n
}

// BenchmarkLogIndex compares what the index makes the disk write with the plain
// alternative of one key for each posting. An operation is 100 blocks in a batch.
func BenchmarkLogIndex(b *testing.B) {
	const step = 100
	run := func(b *testing.B, index func(batch *store.Batch, s *Store, w *writer, height uint64, items []item)) {
		dir := b.TempDir()
		db, err := store.Open(store.Config{Dir: dir})
		require.NoError(b, err)
		defer func() { require.NoError(b, db.Close()) }()
		s, err := Open(db, Policy{})
		require.NoError(b, err)
		chain, n, before := synthetic{}, 0, written(b)
		for b.Loop() {
			batch, st := db.Batch(), s.bounds()
			w := &writer{Store: s, batch: batch, from: st.next, state: st, early: st.tail}
			w.state.tail = newTail(st.tail.start)
			for range step {
				items := itemsOf(chain.next().Receipts)
				n += len(items)
				index(batch, s, w, w.state.next, items)
				w.state.next++
			}
			batch.Then(w.publish)
			require.NoError(b, batch.WriteSync())
		}
		b.ReportMetric(float64(written(b)-before)/float64(n), "written-B/posting")
		b.ReportMetric(float64(diskUse(b, dir))/float64(n), "disk-B/posting")
	}
	b.Run("sections", func(b *testing.B) {
		run(b, func(_ *store.Batch, _ *Store, w *writer, height uint64, items []item) { w.index(height, items) })
	})
	b.Run("a_key_each", func(b *testing.B) {
		run(b, func(batch *store.Batch, s *Store, _ *writer, height uint64, items []item) {
			for _, x := range items {
				batch.Set(s.postings.space, binary.BigEndian.AppendUint64(heightKey(uint64(x)), height), nil)
			}
		})
	})
}

// BenchmarkMillionBlocks searches logs of a million blocks. It writes 9 GB first and
// keeps 0.7 GB of them.
func BenchmarkMillionBlocks(b *testing.B) {
	dir := b.TempDir()
	db, err := store.Open(store.Config{Dir: dir})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	s, err := Open(db, Policy{})
	require.NoError(b, err)
	const million, step = 1_000_000, 500
	var chain synthetic
	before := written(b)
	for range million / step {
		records := make([]*Record, step)
		for i := range records {
			records[i] = chain.next()
		}
		mustAppend(b, db, s, records...)
	}
	total := written(b) - before
	b.Run("size", func(b *testing.B) {
		for b.Loop() {
		}
		const mega = 1 << 20
		b.ReportMetric(float64(chain.bytes)/mega, "content-MiB")
		b.ReportMetric(indexBytes(b, s)/mega, "log-index-MiB")
		b.ReportMetric(float64(len(s.bounds().sections)), "sections")
		b.ReportMetric(float64(total)/mega, "written-MiB")
		b.ReportMetric(float64(diskUse(b, dir))/mega, "disk-MiB")
	})

	one := func(h ledger.Hash) []ledger.Hash { return []ledger.Hash{h} }
	var many []ledger.Hash
	for i := range uint64(100) {
		many = append(many, device(i))
	}
	for _, q := range []struct {
		name   string
		filter ledger.LogFilter
	}{
		{"no_such_address", ledger.LogFilter{Addresses: []ledger.Address{{1}}}},
		{"one_device", ledger.LogFilter{Topics: [][]ledger.Hash{nil, one(device(77))}}},
		{"one_device_of_a_contract", ledger.LogFilter{Addresses: []ledger.Address{contract(7)}, Topics: [][]ledger.Hash{one(eventReading), one(device(77))}}},
		{"rare_event", ledger.LogFilter{Topics: [][]ledger.Hash{one(eventAlarm)}}},
		{"a_hundred_devices", ledger.LogFilter{Topics: [][]ledger.Hash{nil, many}}},
		{"one_contract", ledger.LogFilter{Addresses: []ledger.Address{contract(7)}}},
		{"every_block", ledger.LogFilter{}},
	} {
		b.Run(q.name, func(b *testing.B) {
			found := 0
			b.ReportAllocs()
			for b.Loop() {
				found = 0
				for _, err := range s.Search(context.Background(), &q.filter, 0, million) {
					if err != nil {
						b.Fatal(err)
					}
					found++
				}
			}
			b.ReportMetric(float64(found), "blocks")
		})
	}
	b.Run("read_block", func(b *testing.B) {
		n := uint64(0)
		b.ReportAllocs()
		for b.Loop() {
			n = (n + 7919) % million
			if _, err := s.Block(n); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := Open(db, Policy{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
