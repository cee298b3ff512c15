package blocks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Check reads everything and returns the first contradiction as store.ErrCorrupt:
// headers that do not form a chain, bodies and receipts against the roots of their
// headers, every index against the blocks in both directions, what should have been
// pruned. Nothing may be appended meanwhile.
func (s *Store) Check() error {
	c := &checker{Store: s, state: s.bounds()}
	for _, step := range []func() error{c.chain, c.counts, c.run, c.logs} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

type checker struct {
	*Store
	state                     state
	transactions, checkpoints int
}

// chain walks the headers, and the bodies from the floor on.
func (c *checker) chain() error {
	var parent ledger.Hash
	for height := range c.state.next {
		r, err := c.Header(height)
		if err != nil {
			return err
		}
		key := heightKey(height)
		if height > 0 && r.Block.Header.Parent != parent {
			return c.headers.corrupt(key, "parent")
		}
		if r.Block.Header.AnchorHash != r.Anchor.Hash() {
			return c.headers.corrupt(key, "anchor")
		}
		if err := c.leads(c.numbers, r.Hash[:], height); err != nil {
			return err
		}
		if r.Anchor.Seq != 0 {
			c.checkpoints++
			if err := c.leads(c.Store.checkpoints, heightKey(r.Anchor.Seq), height); err != nil {
				return err
			}
		} else if height < c.state.certified && len(r.Certificate) > 0 {
			return c.certificates.corrupt(key, "not pruned")
		}
		if height >= c.state.floor {
			if err := c.body(height); err != nil {
				return err
			}
		}
		parent = r.Hash
	}
	if parent != c.state.hash {
		return c.meta.corrupt(stateKey(), "head")
	}
	return nil
}

func (c *checker) body(height uint64) error {
	r, err := c.Block(height)
	if err != nil {
		return err
	}
	key := heightKey(height)
	if ledger.TxRoot(r.Block.Transactions) != r.Block.Header.TxRoot {
		return c.bodies.corrupt(key, "transactions root")
	}
	if ledger.ReceiptsRoot(r.Receipts) != r.Block.Header.ReceiptsRoot {
		return c.receipts.corrupt(key, "receipts root")
	}
	for i, tx := range r.Block.Transactions {
		hash := tx.Hash()
		if r.Receipts[i].TxHash != hash {
			return c.receipts.corrupt(key, "transaction hash")
		}
		if err := c.leads(c.Store.transactions, hash[:], height, uint64(i)); err != nil {
			return err
		}
	}
	c.transactions += len(r.Block.Transactions)
	return nil
}

// leads checks that an index has these numbers.
func (c *checker) leads(t table, key []byte, want ...uint64) error {
	b, err := t.get(key)
	if err != nil {
		return err
	}
	if got, ok := uvarints(b, len(want)); !ok || !slices.Equal(got, want) {
		return t.corrupt(key, fmt.Sprintf("not %d", want))
	}
	return nil
}

// counts checks that the tables have no more keys than the blocks account for.
func (c *checker) counts() error {
	for _, want := range []struct {
		table table
		keys  int
	}{
		{c.numbers, int(c.state.next)}, {c.Store.transactions, c.transactions}, {c.Store.checkpoints, c.checkpoints},
	} {
		n := 0
		err := want.table.each(nil, nil, func(_, _ []byte) error { n++; return nil })
		if err != nil {
			return err
		}
		if n != want.keys {
			return want.table.corrupt(nil, fmt.Sprintf("%d keys, want %d", n, want.keys))
		}
	}
	return c.certificates.each(nil, nil, func(key, value []byte) error {
		if len(key) != 8 || len(value) == 0 || bytes.Compare(key, heightKey(c.state.next)) >= 0 {
			return c.certificates.corrupt(key, "without a block")
		}
		return nil
	})
}

// logs compares sections and the tail in memory with the receipts.
func (c *checker) logs() error {
	sections, err := c.loadSections(c.state.tail.start)
	if err != nil {
		return err
	}
	if !slices.Equal(sections, c.state.sections) {
		return c.sections.corrupt(nil, "directory")
	}
	for i, sec := range sections {
		found, err := c.section(sec)
		if err != nil {
			return err
		}
		if i == 0 && sec.start > c.state.floor {
			return c.sections.corrupt(heightKey(sec.start), "begins above the floor")
		}
		if err := c.compare(sec, found); err != nil {
			return err
		}
	}
	if len(sections) == 0 && c.state.tail.start > c.state.floor {
		return c.sections.corrupt(heightKey(c.state.floor), "no section")
	}
	c.mu.RLock()
	posts := maps.Clone(c.Store.state.tail.posts)
	c.mu.RUnlock()
	return c.compare(section{c.state.tail.start, c.state.next}, posts)
}

// section reads the postings of a section.
func (c *checker) section(sec section) (map[item][]uint32, error) {
	out := make(map[item][]uint32)
	err := c.eachPosting(sec, func(x item, key, value []byte) error {
		offsets, ok := decodeOffsets(value, sec.end-sec.start)
		if !ok {
			return c.postings.corrupt(key, "offsets")
		}
		out[x] = offsets
		return nil
	})
	return out, err
}

// run checks that the shared space has no keys but those of blocks and sections.
func (c *checker) run() error {
	ends := make(map[uint64]bool)
	for _, sec := range c.state.sections {
		ends[sec.end] = true
	}
	return c.headers.each(nil, nil, func(key, _ []byte) error {
		if len(key) < 9 {
			return c.headers.corrupt(key, "length of the key")
		}
		height, known := binary.BigEndian.Uint64(key), false
		switch key[8] {
		case kindPosting:
			known = len(key) == 9+itemSize && ends[height]
		case kindHeader:
			known = len(key) == 9 && height < c.state.next
		case kindBody, kindReceipts:
			known = len(key) == 9 && height >= c.state.floor && height < c.state.next
		}
		if !known {
			return c.headers.corrupt(key, "belongs to nothing that is kept")
		}
		return nil
	})
}

// compare checks postings of a range against the receipts that are kept of it.
func (c *checker) compare(sec section, found map[item][]uint32) error {
	low := max(sec.start, c.state.floor)
	want := newTail(sec.start)
	for height := low; height < sec.end; height++ {
		r, err := c.Block(height)
		if err != nil {
			return err
		}
		want.add(height, itemsOf(r.Receipts))
	}
	cut := uint32(low - sec.start)
	for x, offsets := range found {
		first, _ := slices.BinarySearch(offsets, cut)
		if !slices.Equal(offsets[first:], want.posts[x]) {
			return c.postings.corrupt(postingKey(sec, x), "differs from the receipts")
		}
		delete(want.posts, x)
	}
	for x := range want.posts {
		return c.postings.corrupt(postingKey(sec, x), "missing")
	}
	return nil
}

// Check opens a store only to check what this package keeps in it.
func Check(db *store.Store) error {
	s, err := Open(db, Policy{})
	if err != nil {
		return err
	}
	return s.Check()
}
