package rpc

import (
	"context"
	"fmt"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func getBlockByNumber(s *session, _ context.Context, p params) (any, error) {
	rec, err := s.byNumber(p, 0)
	return showBlock(rec, err, p)
}

func getBlockByHash(s *session, _ context.Context, p params) (any, error) {
	rec, err := s.byHash(p, 0)
	return showBlock(rec, err, p)
}

func showBlock(rec *Record, err error, p params) (any, error) {
	if err != nil {
		return nil, err
	}
	full, err := p.flag(1)
	if err != nil || rec == nil {
		return nil, err
	}
	return viewBlock(rec, full)
}

// byNumber opens the block that parameter i names by a tag or a quantity; nil if
// there is none.
func (s *session) byNumber(p params, i int) (*Record, error) {
	height, err := textAs(p, i, s.parseHeight)
	if err != nil {
		return nil, err
	}
	return s.open(reference{height: height})
}

func (s *session) byHash(p params, i int) (*Record, error) {
	h, err := textAs(p, i, parseHash)
	if err != nil {
		return nil, err
	}
	return s.open(reference{hash: &h})
}

func getBlockTransactionCountByNumber(s *session, _ context.Context, p params) (any, error) {
	return countTransactions(s.byNumber(p, 0))
}

func getBlockTransactionCountByHash(s *session, _ context.Context, p params) (any, error) {
	return countTransactions(s.byHash(p, 0))
}

func countTransactions(rec *Record, err error) (any, error) {
	if err != nil || rec == nil {
		return nil, err
	}
	return quantity(len(rec.Block.Transactions)), nil
}

func getUncleCountByBlockNumber(s *session, _ context.Context, p params) (any, error) {
	return countUncles(s.byNumber(p, 0))
}

func getUncleCountByBlockHash(s *session, _ context.Context, p params) (any, error) {
	return countUncles(s.byHash(p, 0))
}

func countUncles(rec *Record, err error) (any, error) {
	if err != nil || rec == nil {
		return nil, err
	}
	return quantity(0), nil
}

func getBlockReceipts(s *session, _ context.Context, p params) (any, error) {
	rec, err := s.record(p, 0)
	if err != nil || rec == nil {
		return nil, err
	}
	if err := rec.check(); err != nil {
		return nil, err
	}
	return viewReceipts(rec)
}

// check refuses a record whose receipts do not match its transactions.
func (r *Record) check() error {
	if len(r.Receipts) != len(r.Block.Transactions) {
		return fmt.Errorf("rpc: block %d has %d receipts for %d transactions",
			r.Block.Header.Height, len(r.Receipts), len(r.Block.Transactions))
	}
	return nil
}

func getTransactionByBlockNumberAndIndex(s *session, _ context.Context, p params) (any, error) {
	rec, err := s.byNumber(p, 0)
	return showTransaction(rec, err, p)
}

func getTransactionByBlockHashAndIndex(s *session, _ context.Context, p params) (any, error) {
	rec, err := s.byHash(p, 0)
	return showTransaction(rec, err, p)
}

func showTransaction(rec *Record, err error, p params) (any, error) {
	if err != nil {
		return nil, err
	}
	index, err := textAs(p, 1, parseQuantity)
	if err != nil || rec == nil || index >= uint64(len(rec.Block.Transactions)) {
		return nil, err
	}
	return viewTransaction(rec.Block.Transactions[index], rec, int(index))
}

// find opens the block of a final transaction; nil if there is none.
func (s *session) find(tx ledger.Hash) (*Record, int, error) {
	height, index, ok, err := s.backend.Chain.Lookup(tx)
	if err != nil || !ok {
		return nil, 0, err
	}
	rec, err := s.backend.Chain.Block(height)
	if err != nil {
		return nil, 0, err
	}
	if index < 0 || index >= len(rec.Block.Transactions) {
		return nil, 0, fmt.Errorf("rpc: transaction %s is indexed at %d of block %d, which has %d", tx, index, height, len(rec.Block.Transactions))
	}
	return rec, index, rec.check()
}

// getTransactionByHash asks the chain again after the pool, because a transaction
// may have moved from one to the other in between.
func getTransactionByHash(s *session, _ context.Context, p params) (any, error) {
	hash, err := textAs(p, 0, parseHash)
	if err != nil {
		return nil, err
	}
	rec, index, err := s.find(hash)
	if err == nil && rec == nil {
		if tx, ok := s.backend.Pool.Pending(hash); ok {
			return viewTransaction(tx, nil, 0)
		}
		rec, index, err = s.find(hash)
	}
	if err != nil || rec == nil {
		return nil, err
	}
	return viewTransaction(rec.Block.Transactions[index], rec, index)
}

func getTransactionReceipt(s *session, _ context.Context, p params) (any, error) {
	hash, err := textAs(p, 0, parseHash)
	if err != nil {
		return nil, err
	}
	rec, index, err := s.find(hash)
	if err != nil || rec == nil {
		return nil, err
	}
	logs := 0
	for _, r := range rec.Receipts[:index] {
		logs += len(r.Logs)
	}
	return viewReceipt(rec, index, logs)
}
