package blocks

import (
	"encoding/binary"

	"github.com/rootstem/rootstem/store"
)

// writer prepares the state after a batch.
type writer struct {
	*Store
	batch *store.Batch
	from  uint64 // first height that the batch adds
	fresh []*Record
	state state
	// early is the published tail, while no section of this batch has taken it in.
	// It is only read. state.tail holds what the batch adds behind it.
	early tail
}

// Append adds blocks, oldest first, to a batch, with their indexes, and prunes what
// the policy no longer keeps. The first block of all has height 0. Readers see the
// blocks when the batch is durable. On failure the batch must be dropped.
func (s *Store) Append(batch *store.Batch, records ...*Record) error {
	if len(records) == 0 {
		return nil
	}
	st := s.bounds()
	w := &writer{Store: s, batch: batch, from: st.next, state: st, early: st.tail}
	w.state.tail = newTail(st.tail.start)
	for _, r := range records {
		if err := w.add(r); err != nil {
			return err
		}
	}
	if err := w.prune(st.sections); err != nil {
		return err
	}
	s.putState(batch, &w.state)
	s.leaving.Store(w.state.floor)
	batch.Then(w.publish)
	return nil
}

func (w *writer) add(r *Record) error {
	height := w.state.next
	if err := r.follows(height, w.state.hash); err != nil {
		return err
	}
	key := heightKey(height)
	w.headers.set(w.batch, key, r.appendHead(nil))
	w.bodies.set(w.batch, key, r.encodeBody())
	w.receipts.set(w.batch, key, r.encodeReceipts())
	if len(r.Certificate) > 0 {
		w.certificates.set(w.batch, key, append([]byte(nil), r.Certificate...))
	}
	place := binary.AppendUvarint(nil, height)
	w.numbers.set(w.batch, r.Hash[:], place)
	if r.Anchor.Seq != 0 {
		w.checkpoints.set(w.batch, heightKey(r.Anchor.Seq), place)
	}
	for i, tx := range r.Block.Transactions {
		hash := tx.Hash()
		w.transactions.set(w.batch, hash[:], binary.AppendUvarint(place[:len(place):len(place)], uint64(i)))
	}
	w.fresh = append(w.fresh, r)
	w.state.next, w.state.hash = height+1, r.Hash
	w.index(height, itemsOf(r.Receipts))
	return nil
}

func (w *writer) index(height uint64, items []item) {
	t := &w.state.tail
	t.add(height, items)
	if w.early.size+t.size < w.limits.postings && height+1-t.start < w.limits.blocks {
		return
	}
	sec := w.seal(w.batch, &w.early, t, height+1)
	w.state.sections = append(w.state.sections, sec)
	w.state.tail = newTail(sec.end)
	w.early = newTail(sec.end)
}

// publish shows readers what has become durable.
func (w *writer) publish() {
	s := w.Store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.next != w.from {
		panic("blocks: a batch was written out of order")
	}
	added := w.state.tail
	if added.start == s.state.tail.start {
		s.state.tail.join(&added)
		w.state.tail = s.state.tail
	}
	s.state = w.state
}
