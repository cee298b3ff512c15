package rpc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Bounds of a filter's lists.
const (
	maxFilterAddresses = 1000
	maxFilterTopics    = 1000 // alternatives in one position
)

// logQuery is a filter with the blocks that it covers: one by hash, or a range.
type logQuery struct {
	ledger.LogFilter
	hash     *ledger.Hash
	from, to uint64
}

func getLogs(s *session, ctx context.Context, p params) (any, error) {
	q, err := s.parseLogQuery(p[0])
	if err != nil {
		return nil, err
	}
	if q.hash != nil {
		rec, err := s.backend.Chain.BlockByHash(*q.hash)
		if errors.Is(err, ErrNotFound) {
			return nil, failf(codeServer, "unknown block")
		}
		if err != nil {
			return nil, err
		}
		return s.collect([]logView{}, rec, &q.LogFilter)
	}
	return s.search(ctx, q)
}

// search collects the matches of a range of blocks in order. It reads only blocks
// that the index names, and not too many.
func (s *session) search(ctx context.Context, q *logQuery) (any, error) {
	if q.from > q.to {
		return nil, invalidParams("invalid block range params")
	}
	out := []logView{}
	if q.from > s.head {
		return out, nil
	}
	read := uint64(0)
	for height, err := range s.backend.Logs.Search(ctx, &q.LogFilter, q.from, min(q.to, s.head)) {
		if err != nil {
			return nil, searchError(ctx, err)
		}
		if ctx.Err() != nil {
			return nil, searchError(ctx, ctx.Err())
		}
		if read++; read > s.cfg.MaxLogBlocks {
			return nil, failf(codeLimit, "query returned more than %d blocks, use a smaller range", s.cfg.MaxLogBlocks)
		}
		if s.logBlocks == 0 {
			return nil, failf(codeLimit, "limit exceeded: too many blocks to search for logs in one request")
		}
		s.logBlocks--
		rec, err := s.backend.Chain.Block(height)
		if err != nil {
			return nil, searchError(ctx, err)
		}
		if out, err = s.collect(out, rec, &q.LogFilter); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// searchError says what clients recognise and answer with a smaller or later range.
func searchError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return failf(codeServer, "request timed out")
	case errors.Is(err, ErrTooWide):
		return failf(codeLimit, "query exceeds limit, use a smaller block range or fewer addresses and topics")
	case errors.Is(err, ErrUnavailable):
		return failf(codePruned, "pruned history unavailable")
	}
	return err
}

// collect appends the matches of one block. The bound on results speaks the words
// that clients recognise and answer with a smaller range.
func (s *session) collect(out []logView, rec *Record, f *ledger.LogFilter) ([]logView, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	index := 0
	for i, r := range rec.Receipts {
		for j := range r.Logs {
			if f.Matches(&r.Logs[j]) {
				if len(out) == s.cfg.MaxLogs {
					return nil, failf(codeLimit, "query returned more than %d results", s.cfg.MaxLogs)
				}
				out = append(out, viewLog(&r.Logs[j], rec, i, index))
			}
			index++
		}
	}
	return out, nil
}

// parseLogQuery reads the object of eth_getLogs.
func (s *session) parseLogQuery(raw json.RawMessage) (*logQuery, error) {
	var o struct {
		FromBlock *string           `json:"fromBlock"`
		ToBlock   *string           `json:"toBlock"`
		BlockHash *string           `json:"blockHash"`
		Address   json.RawMessage   `json:"address"`
		Topics    []json.RawMessage `json:"topics"`
	}
	if raw[0] != '{' {
		return nil, invalidParams("invalid argument 0: not an object")
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, invalidParams("invalid argument 0: malformed filter")
	}
	q, f := &logQuery{from: s.head, to: s.head}, fields{object: "filter"}
	if o.BlockHash != nil {
		if o.FromBlock != nil || o.ToBlock != nil {
			return nil, invalidParams("cannot specify both blockHash and fromBlock/toBlock")
		}
		q.hash = new(ledger.Hash)
		read(&f, "blockHash", o.BlockHash, parseHash, q.hash)
	}
	read(&f, "fromBlock", o.FromBlock, s.parseHeight, &q.from)
	read(&f, "toBlock", o.ToBlock, s.parseHeight, &q.to)
	if len(o.Topics) > ledger.MaxLogTopics {
		return nil, invalidParams("exceed max topics")
	}
	q.Addresses = oneOrMany(&f, "address", o.Address, maxFilterAddresses, parseAddress)
	for _, t := range o.Topics {
		q.Topics = append(q.Topics, oneOrMany(&f, "topics", t, maxFilterTopics, parseHash))
	}
	return q, f.err
}

// oneOrMany reads a value or a list of values; null and absence are the empty list.
// A null within a list admits all, so the list is empty then.
func oneOrMany[T any](f *fields, name string, raw json.RawMessage, max int, parse func(string) (T, error)) (out []T) {
	if len(raw) == 0 || string(raw) == "null" || f.err != nil {
		return nil
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		var err error
		if items, err = elements(raw, max); err != nil {
			f.fail(name, errors.New("too many alternatives"))
			return nil
		}
	}
	for _, item := range items {
		if string(item) == "null" {
			return nil
		}
		var text string
		if err := json.Unmarshal(item, &text); err != nil {
			f.fail(name, errors.New("not a string"))
			return nil
		}
		var v T
		read(f, name, &text, parse, &v)
		out = append(out, v)
	}
	return out
}
