package blocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of this package; damage is store.ErrCorrupt.
var (
	ErrUnknown = errors.New("blocks: not known")
	ErrPruned  = errors.New("blocks: no longer kept")
	ErrChain   = errors.New("blocks: does not continue the chain")
	ErrPolicy  = errors.New("blocks: unfit policy")
	// ErrWide ends a search that has done its share of work; a smaller range or fewer
	// alternatives have an answer.
	ErrWide = errors.New("blocks: search is too wide")
)

// Policy says what is kept. Zero keeps all.
type Policy struct {
	// Blocks is the number of newest blocks whose transactions, receipts and indexes
	// are kept. Peers that are further behind cannot be served.
	Blocks uint64
	// Certificates is the number of newest blocks whose certificates are kept, at
	// least Blocks. Those of checkpoints are always kept.
	Certificates uint64
}

func (p Policy) validate() error {
	if p.Certificates != 0 && (p.Blocks == 0 || p.Certificates < p.Blocks) {
		return fmt.Errorf("%w: certificates of %d blocks, transactions of %d (0: all)", ErrPolicy, p.Certificates, p.Blocks)
	}
	return nil
}

// limits says when the tail of the log index becomes a section.
type limits struct {
	blocks   uint64 // below 2^32
	postings int
}

func defaultLimits() limits { return limits{blocks: 1 << 16, postings: 1 << 15} }

// Store holds final blocks.
type Store struct {
	tables
	policy Policy
	limits limits

	mu sync.RWMutex
	// state is replaced when a batch has become durable. Its map of postings is
	// changed in place then; everything else that it refers to only grows beyond the
	// lengths that others have seen.
	state state

	// leaving is the floor of the newest batch, which may be on its way to the disk:
	// what is missing below it is pruned, not damaged.
	leaving atomic.Uint64
}

// Kinds of keys that begin with a height.
const (
	kindPosting  = 0
	kindHeader   = 1
	kindBody     = 2
	kindReceipts = 3
)

type tables struct {
	meta         table // "state" → numbers of state
	certificates table // height → certificate, if it is not empty
	numbers      table // block hash → height
	transactions table // transaction hash → height, index
	checkpoints  table // sequence number → height
	sections     table // first height of a section → the first after it

	// These share a space, so that what a block adds to it is one run of keys behind
	// all others: an LSM tree rewrites old tables where new keys surround them.
	headers  table // height ‖ 1 → header, anchor, domain
	bodies   table // height ‖ 2 → transactions
	receipts table // height ‖ 3 → receipts
	postings table // first height after a section ‖ 0 ‖ item → heights
}

// state is what was durable at one time.
type state struct {
	next      uint64      // height of the block to come
	hash      ledger.Hash // of the block before
	floor     uint64      // lowest height whose body and receipts are kept
	certified uint64      // lowest height whose certificate is kept in any case
	sections  []section   // in ascending order, each beginning where the one before ends
	tail      tail
}

// Open reads the bounds of what a store holds and the tail of its log index.
func Open(db *store.Store, p Policy) (*Store, error) { return open(db, p, defaultLimits()) }

func open(db *store.Store, p Policy, l limits) (*Store, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	s := &Store{tables: openTables(db), policy: p, limits: l}
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

func openTables(db *store.Store) tables {
	t := func(name string) table {
		name = "block/" + name
		return table{space: db.Space(name), name: name}
	}
	run := func(kind byte) table {
		out := t("run")
		out.kind = kind
		return out
	}
	return tables{
		meta: t("meta"), certificates: t("certificates"), numbers: t("numbers"), transactions: t("transactions"),
		checkpoints: t("checkpoints"), sections: t("sections"),
		headers: run(kindHeader), bodies: run(kindBody), receipts: run(kindReceipts), postings: t("run"),
	}
}

func stateKey() []byte { return []byte("state") }

func (t *tables) putState(batch *store.Batch, st *state) {
	var b []byte
	for _, x := range []uint64{st.next, st.floor, st.certified, st.tail.start} {
		b = binary.AppendUvarint(b, x)
	}
	t.meta.set(batch, stateKey(), b)
}

func (s *Store) load() error {
	b, err := s.meta.get(stateKey())
	if err != nil {
		return err
	}
	st := state{tail: newTail(0)}
	if b != nil {
		n, ok := uvarints(b, 4)
		if !ok || n[0] == 0 || n[1] >= n[0] || n[2] > n[1] || n[3] > n[0] {
			return s.meta.corrupt(stateKey(), "numbers")
		}
		st.next, st.floor, st.certified, st.tail = n[0], n[1], n[2], newTail(n[3])
		head, err := s.readHead(st.next - 1)
		if err != nil {
			return err
		}
		st.hash = head.Hash
	}
	if st.sections, err = s.loadSections(st.tail.start); err != nil {
		return err
	}
	if st.tail, err = s.readTail(&st); err != nil {
		return err
	}
	s.state = st
	return nil
}

// Head returns the newest block's height and hash; ok is false if there is none.
func (s *Store) Head() (height uint64, hash ledger.Hash, ok bool) {
	st := s.bounds()
	if st.next == 0 {
		return 0, ledger.Hash{}, false
	}
	return st.next - 1, st.hash, true
}

// Floor returns the lowest height whose transactions, receipts and logs are kept.
func (s *Store) Floor() uint64 { return s.bounds().floor }

// bounds returns the published state; the caller must not look into the tail.
func (s *Store) bounds() state {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state
}
