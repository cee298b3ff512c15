package blocks

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Record is a final block with what its execution left.
type Record struct {
	Block       *ledger.Block
	Hash        ledger.Hash // of the header
	Receipts    []*ledger.Receipt
	Anchor      ledger.Anchor
	Domain      ledger.Hash // of checkpoint certificates; zero if there is none
	Certificate []byte      // of finality; empty if a later block's covers this one
}

// appendHead encodes what is kept for ever: [header, anchor, domain].
func (r *Record) appendHead(dst []byte) []byte {
	p := r.Block.Header.AppendRLP(nil)
	p = appendAnchor(p, &r.Anchor)
	p = appendHash(p, &r.Domain)
	return rlp.AppendList(dst, p)
}

func (r *Record) decodeHead(b []byte) error {
	d := rlp.NewDecoder(b)
	head := d.Raw()
	decodeAnchor(d, &r.Anchor)
	decodeHash(d, &r.Domain)
	if err := d.Done(); err != nil {
		return err
	}
	h, err := ledger.DecodeHeader(head)
	if err != nil {
		return err
	}
	r.Block = &ledger.Block{Header: *h}
	r.Hash = h.Hash()
	return nil
}

// appendHash writes zero, the usual value of fields that are not in use, as an
// empty string.
func appendHash(dst []byte, h *ledger.Hash) []byte {
	if h.IsZero() {
		return rlp.AppendBytes(dst, nil)
	}
	return rlp.AppendBytes(dst, h[:])
}

func decodeHash(d *rlp.Decoder, h *ledger.Hash) {
	switch b := d.Bytes(); len(b) {
	case 0:
	case len(h):
		copy(h[:], b)
	default:
		d.Fail(rlp.ErrLength)
	}
}

// appendAnchor writes the fields in their order; the ABI's form has 500 bytes.
func appendAnchor(dst []byte, a *ledger.Anchor) []byte {
	var p, cursors []byte
	for _, x := range []uint64{a.Subchain, a.Revision, a.Seq, a.MessageCount} {
		p = rlp.AppendUint(p, x)
	}
	for _, c := range a.Cursors {
		q := rlp.AppendUint(nil, c.Peer)
		q = rlp.AppendUint(q, uint64(c.Lane))
		cursors = rlp.AppendList(cursors, rlp.AppendUint(q, c.Next))
	}
	p = rlp.AppendList(p, cursors)
	for _, h := range anchorHashes(a) {
		p = appendHash(p, h)
	}
	return rlp.AppendList(dst, p)
}

func decodeAnchor(outer *rlp.Decoder, a *ledger.Anchor) {
	d := outer.List()
	for _, x := range []*uint64{&a.Subchain, &a.Revision, &a.Seq, &a.MessageCount} {
		*x = d.Uint()
	}
	d.Each(func(item *rlp.Decoder) {
		c := item.List()
		cursor := ledger.Cursor{Peer: c.Uint()}
		lane := c.Uint()
		cursor.Lane, cursor.Next = uint32(lane), c.Uint()
		if lane != uint64(cursor.Lane) {
			c.Fail(rlp.ErrInteger)
		}
		if err := c.Done(); err != nil {
			item.Fail(err)
			return
		}
		a.Cursors = append(a.Cursors, cursor)
	})
	for _, h := range anchorHashes(a) {
		decodeHash(d, h)
	}
	if err := d.Done(); err != nil {
		outer.Fail(err)
	}
}

func anchorHashes(a *ledger.Anchor) []*ledger.Hash {
	return []*ledger.Hash{&a.PrevCheckpoint, &a.ExitRoot, &a.ExitSums, &a.DataHash, &a.ChainKey, &a.CodeHash}
}

// appendItems encodes a list of strings.
func appendItems(encoded [][]byte) []byte {
	var p []byte
	for _, x := range encoded {
		p = rlp.AppendBytes(p, x)
	}
	return rlp.AppendList(nil, p)
}

func decodeItems(b []byte, f func(item []byte) error) error {
	d := rlp.Items(b)
	d.Each(func(item *rlp.Decoder) {
		raw := item.Bytes()
		if item.Err() != nil {
			return
		}
		if err := f(raw); err != nil {
			item.Fail(err)
		}
	})
	return d.Done()
}

func (r *Record) encodeBody() []byte {
	envelopes := make([][]byte, len(r.Block.Transactions))
	for i, tx := range r.Block.Transactions {
		envelopes[i] = tx.Envelope()
	}
	return appendItems(envelopes)
}

func (r *Record) decodeBody(b []byte) error {
	return decodeItems(b, func(raw []byte) error {
		tx, err := ledger.DecodeTransaction(raw)
		r.Block.Transactions = append(r.Block.Transactions, tx)
		return err
	})
}

func (r *Record) encodeReceipts() []byte {
	encoded := make([][]byte, len(r.Receipts))
	for i, x := range r.Receipts {
		encoded[i] = x.AppendRLP(nil)
	}
	return appendItems(encoded)
}

func decodeReceipts(b []byte) (out []*ledger.Receipt, err error) {
	err = decodeItems(b, func(raw []byte) error {
		receipt, err := ledger.DecodeReceipt(raw)
		out = append(out, receipt)
		return err
	})
	return out, err
}

// follows checks that r is the block after the one with the hash parent.
func (r *Record) follows(height uint64, parent ledger.Hash) error {
	h := &r.Block.Header
	switch {
	case h.Height != height:
		return fmt.Errorf("%w: block %d where %d is next", ErrChain, h.Height, height)
	case height > 0 && h.Parent != parent:
		return fmt.Errorf("%w: block %d has the parent %s, not %s", ErrChain, height, h.Parent, parent)
	case len(r.Receipts) != len(r.Block.Transactions):
		return fmt.Errorf("%w: block %d has %d receipts for %d transactions", ErrChain, height, len(r.Receipts), len(r.Block.Transactions))
	}
	return nil
}
