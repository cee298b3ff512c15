package chain

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// spaces are the tables of final blocks. Heights are keys of eight bytes, big
// endian.
type spaces struct {
	meta         store.Space // "head" → height
	blocks       store.Space // height → RLP of the block
	results      store.Space // height → receipts, anchor, domain, certificate
	heights      store.Space // block hash → height
	transactions store.Space // transaction hash → height ‖ index (4 bytes)
	checkpoints  store.Space // sequence number → height
}

var headKey = []byte("head")

func openSpaces(s *store.Store) spaces {
	return spaces{
		meta: s.Space("chain"), blocks: s.Space("blocks"), results: s.Space("results"),
		heights: s.Space("heights"), transactions: s.Space("transactions"), checkpoints: s.Space("checkpoints"),
	}
}

func be(x uint64) []byte { return binary.BigEndian.AppendUint64(nil, x) }

func (s *spaces) head() (height uint64, ok bool, err error) {
	b, err := s.meta.Get(headKey)
	if err != nil || b == nil {
		return 0, false, err
	}
	if len(b) != 8 {
		return 0, false, fmt.Errorf("chain: stored head has %d bytes", len(b))
	}
	return binary.BigEndian.Uint64(b), true, nil
}

func (s *spaces) putHead(batch *store.Batch, height uint64) {
	batch.Set(s.meta, headKey, be(height))
}

func (s *spaces) put(batch *store.Batch, r *Record) {
	height := r.Block.Header.Height
	key := be(height)
	batch.Set(s.blocks, key, r.Block.AppendRLP(nil))
	batch.Set(s.results, key, r.appendResults(nil))
	batch.Set(s.heights, r.Hash[:], key)
	if r.Anchor.Seq != 0 {
		batch.Set(s.checkpoints, be(r.Anchor.Seq), key)
	}
	for i, tx := range r.Block.Transactions {
		hash := tx.Hash()
		batch.Set(s.transactions, hash[:], binary.BigEndian.AppendUint32(be(height), uint32(i)))
	}
}

// appendResults encodes what a block does not hold itself. Receipts are strings
// within a list.
func (r *Record) appendResults(dst []byte) []byte {
	var receipts []byte
	for _, x := range r.Receipts {
		receipts = rlp.AppendBytes(receipts, x.AppendRLP(nil))
	}
	p := rlp.AppendList(nil, receipts)
	p = rlp.AppendBytes(p, r.Anchor.Encode())
	p = rlp.AppendBytes(p, r.Domain[:])
	p = rlp.AppendBytes(p, r.Certificate)
	return rlp.AppendList(dst, p)
}

func (r *Record) decodeResults(b []byte) error {
	d := rlp.NewDecoder(b)
	d.Each(func(item *rlp.Decoder) {
		raw := item.Bytes()
		if item.Err() != nil {
			return
		}
		receipt, err := ledger.DecodeReceipt(raw)
		if err != nil {
			item.Fail(err)
			return
		}
		r.Receipts = append(r.Receipts, receipt)
	})
	anchor := d.Bytes()
	d.Fixed(r.Domain[:])
	r.Certificate = append([]byte(nil), d.Bytes()...)
	if err := d.Done(); err != nil {
		return err
	}
	a, err := ledger.DecodeAnchor(anchor)
	if err != nil {
		return err
	}
	r.Anchor = *a
	return nil
}

func (s *spaces) block(height uint64) (*Record, error) {
	raw, err := s.blocks.Get(be(height))
	if err != nil {
		return nil, err
	}
	results, err := s.results.Get(be(height))
	if err != nil {
		return nil, err
	}
	if raw == nil || results == nil {
		return nil, fmt.Errorf("%w: block %d", ErrUnknown, height)
	}
	r := new(Record)
	if r.Block, err = ledger.DecodeBlock(raw); err != nil {
		return nil, fmt.Errorf("chain: stored block %d: %w", height, err)
	}
	if err := r.decodeResults(results); err != nil {
		return nil, fmt.Errorf("chain: stored results of block %d: %w", height, err)
	}
	r.Hash = r.Block.Header.Hash()
	return r, nil
}

func (s *spaces) height(hash ledger.Hash) (uint64, error) {
	b, err := s.heights.Get(hash[:])
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: block %s", ErrUnknown, hash)
	}
	return binary.BigEndian.Uint64(b), nil
}

func (s *spaces) transaction(hash ledger.Hash) (height uint64, index int, err error) {
	b, err := s.transactions.Get(hash[:])
	if err != nil {
		return 0, 0, err
	}
	if len(b) != 12 {
		return 0, 0, fmt.Errorf("%w: transaction %s", ErrUnknown, hash)
	}
	return binary.BigEndian.Uint64(b), int(binary.BigEndian.Uint32(b[8:])), nil
}

// Checkpoint returns the block that carries a sequence number, or ErrUnknown.
func (c *Chain) Checkpoint(seq uint64) (*Record, error) {
	b, err := c.spaces.checkpoints.Get(be(seq))
	if err != nil {
		return nil, err
	}
	if len(b) != 8 {
		return nil, fmt.Errorf("%w: checkpoint %d", ErrUnknown, seq)
	}
	return c.Block(binary.BigEndian.Uint64(b))
}
