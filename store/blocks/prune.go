package blocks

import (
	"github.com/rootstem/rootstem/internal/keccak"
)

// pruneStep bounds the blocks that are pruned for each new one.
const pruneStep = 8

// prune removes what the policy no longer keeps. Of the sections it may remove
// those that were on disk before the batch, at most one more than the batch adds,
// and only below the floor that readers know already: a deletion shows before the
// new floor does, and a search must not take what is gone for what never was.
func (w *writer) prune(durable []section) error {
	st := &w.state
	published := st.floor
	budget := pruneStep * uint64(len(w.fresh))
	if n := w.policy.Blocks; n != 0 && st.next > n {
		for end := min(st.next-n, st.floor+budget); st.floor < end; st.floor++ {
			if err := w.pruneBlock(st.floor); err != nil {
				return err
			}
		}
	}
	if n := w.policy.Certificates; n != 0 && st.next > n {
		// Never above the floor, which may lag behind its policy.
		for end := min(st.next-n, st.certified+budget, st.floor); st.certified < end; st.certified++ {
			if err := w.pruneCertificate(st.certified); err != nil {
				return err
			}
		}
	}
	added := len(st.sections) - len(durable)
	for i := 0; i <= added && i < len(durable) && durable[i].end <= published; i++ {
		if err := w.pruneSection(durable[i]); err != nil {
			return err
		}
		st.sections = st.sections[1:]
	}
	return nil
}

// pruneBlock removes a body with its receipts and the places of its transactions.
func (w *writer) pruneBlock(height uint64) error {
	key := heightKey(height)
	if height >= w.from {
		for _, tx := range w.fresh[height-w.from].Block.Transactions {
			hash := tx.Hash()
			w.transactions.delete(w.batch, hash[:])
		}
	} else {
		body, err := w.bodies.get(key)
		if err != nil {
			return err
		}
		if body == nil {
			return w.bodies.corrupt(key, "missing")
		}
		err = decodeItems(body, func(envelope []byte) error {
			hash := keccak.Sum256(envelope)
			w.transactions.delete(w.batch, hash[:])
			return nil
		})
		if err != nil {
			return w.bodies.corrupt(key, err.Error())
		}
	}
	w.bodies.delete(w.batch, key)
	w.receipts.delete(w.batch, key)
	return nil
}

// pruneCertificate removes a certificate unless it is a checkpoint's.
func (w *writer) pruneCertificate(height uint64) error {
	var r *Record
	if height >= w.from {
		r = w.fresh[height-w.from]
	} else {
		var err error
		if r, err = w.readHead(height); err != nil {
			return err
		}
	}
	if r.Anchor.Seq == 0 {
		w.certificates.delete(w.batch, heightKey(height))
	}
	return nil
}

func (w *writer) pruneSection(sec section) error {
	w.sections.delete(w.batch, heightKey(sec.start))
	return w.eachPosting(sec, func(_ item, key, _ []byte) error {
		w.postings.delete(w.batch, key)
		return nil
	})
}
