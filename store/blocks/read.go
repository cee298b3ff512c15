package blocks

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Block returns the block of a height with its receipts: ErrUnknown above the head,
// ErrPruned below the floor.
func (s *Store) Block(height uint64) (*Record, error) {
	r, err := s.Header(height)
	if err != nil {
		return nil, err
	}
	body, err := s.bodies.get(heightKey(height))
	if err != nil {
		return nil, err
	}
	if floor := s.Floor(); height < floor {
		return nil, fmt.Errorf("%w: transactions of block %d, the lowest is %d", ErrPruned, height, floor)
	}
	if body == nil && height < s.leaving.Load() {
		return nil, fmt.Errorf("%w: transactions of block %d", ErrPruned, height)
	}
	if body == nil {
		return nil, s.bodies.corrupt(heightKey(height), "missing")
	}
	if err := r.decodeBody(body); err != nil {
		return nil, s.bodies.corrupt(heightKey(height), err.Error())
	}
	r.Receipts, err = s.readReceipts(height)
	if floor := s.Floor(); height < floor {
		return nil, fmt.Errorf("%w: receipts of block %d, the lowest is %d", ErrPruned, height, floor)
	}
	if err != nil && height < s.leaving.Load() {
		return nil, fmt.Errorf("%w: receipts of block %d", ErrPruned, height)
	}
	if err != nil {
		return nil, err
	}
	if len(r.Receipts) != len(r.Block.Transactions) {
		return nil, s.receipts.corrupt(heightKey(height), "number of receipts")
	}
	return r, nil
}

func (t *tables) readReceipts(height uint64) ([]*ledger.Receipt, error) {
	key := heightKey(height)
	b, err := t.receipts.get(key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, t.receipts.corrupt(key, "missing")
	}
	receipts, err := decodeReceipts(b)
	if err != nil {
		return nil, t.receipts.corrupt(key, err.Error())
	}
	return receipts, nil
}

// Header returns what is kept for ever of a block, and its certificate while that
// is kept. The record has neither transactions nor receipts.
func (s *Store) Header(height uint64) (*Record, error) {
	if next := s.bounds().next; height >= next {
		return nil, fmt.Errorf("%w: block %d of %d", ErrUnknown, height, next)
	}
	r, err := s.readHead(height)
	if err != nil {
		return nil, err
	}
	certificate, err := s.certificates.get(heightKey(height))
	if err != nil {
		return nil, err
	}
	r.Certificate = append([]byte(nil), certificate...)
	return r, nil
}

func (t *tables) readHead(height uint64) (*Record, error) {
	key := heightKey(height)
	b, err := t.headers.get(key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, t.headers.corrupt(key, "missing")
	}
	r := new(Record)
	if err := r.decodeHead(b); err != nil {
		return nil, t.headers.corrupt(key, err.Error())
	}
	if r.Block.Header.Height != height {
		return nil, t.headers.corrupt(key, "height")
	}
	return r, nil
}

// Height returns the height of a block, or ErrUnknown.
func (s *Store) Height(hash ledger.Hash) (uint64, error) {
	n, err := place(s.numbers, hash[:], 1)
	if err != nil {
		return 0, err
	}
	return n[0], s.known(n[0])
}

// Transaction returns the place of a transaction, or ErrUnknown, also if its block
// has been pruned.
func (s *Store) Transaction(hash ledger.Hash) (height uint64, index int, err error) {
	n, err := place(s.transactions, hash[:], 2)
	if err != nil {
		return 0, 0, err
	}
	return n[0], int(n[1]), s.known(n[0])
}

// Checkpoint returns the height of the block that carries a sequence number, or
// ErrUnknown.
func (s *Store) Checkpoint(seq uint64) (uint64, error) {
	n, err := place(s.checkpoints, heightKey(seq), 1)
	if err != nil {
		return 0, err
	}
	return n[0], s.known(n[0])
}

// Certified returns the lowest height, at least from, whose certificate is kept, or
// ErrUnknown.
func (s *Store) Certified(from uint64) (height uint64, err error) {
	it := s.certificates.space.Iterate(heightKey(from), nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Next() {
		if err := it.Err(); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: certificate at or above %d", ErrUnknown, from)
	}
	if len(it.Key()) != 8 {
		return 0, s.certificates.corrupt(it.Key(), "length of the key")
	}
	height = binary.BigEndian.Uint64(it.Key())
	return height, s.known(height)
}

// known hides what is durable but not published yet.
func (s *Store) known(height uint64) error {
	if next := s.bounds().next; height >= next {
		return fmt.Errorf("%w: block %d of %d", ErrUnknown, height, next)
	}
	return nil
}

func place(t table, key []byte, n int) ([]uint64, error) {
	b, err := t.get(key)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fmt.Errorf("%w: %x in %s", ErrUnknown, key, t.name)
	}
	out, ok := uvarints(b, n)
	if !ok {
		return nil, t.corrupt(key, "numbers")
	}
	return out, nil
}
