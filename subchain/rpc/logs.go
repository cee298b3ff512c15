package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Bounds of a filter's lists.
const (
	maxFilterAddresses = 1000
	maxFilterTopics    = 1000 // alternatives in one position
	topicPositions     = 4
)

// filter selects logs: any of the addresses, and in every position any of the
// topics. An empty list admits all.
type filter struct {
	addresses []ledger.Address
	topics    [][]ledger.Hash
}

func (f *filter) matches(l *ledger.Log) bool {
	if len(f.addresses) > 0 && !slices.Contains(f.addresses, l.Address) {
		return false
	}
	if len(f.topics) > len(l.Topics) {
		return false
	}
	for i, any := range f.topics {
		if len(any) > 0 && !slices.Contains(any, l.Topics[i]) {
			return false
		}
	}
	return true
}

// mayMatch reports whether a set of logs with this bloom can hold a match.
func (f *filter) mayMatch(bloom *ledger.Bloom) bool {
	may := func(n int, item func(int) []byte) bool {
		for i := range n {
			if bloom.MayHold(item(i)) {
				return true
			}
		}
		return n == 0
	}
	if !may(len(f.addresses), func(i int) []byte { return f.addresses[i][:] }) {
		return false
	}
	for _, any := range f.topics {
		if !may(len(any), func(i int) []byte { return any[i][:] }) {
			return false
		}
	}
	return true
}

// logQuery is a filter with the blocks that it covers: one by hash, or a range.
type logQuery struct {
	filter
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
		return s.collect([]logView{}, rec, &q.filter)
	}
	return s.scan(ctx, q)
}

// scan collects the matches of a range of blocks in order.
func (s *session) scan(ctx context.Context, q *logQuery) (any, error) {
	if q.from > q.to {
		return nil, invalidParams("invalid block range params")
	}
	if q.from > s.head {
		return []logView{}, nil
	}
	q.to = min(q.to, s.head)
	if q.to-q.from >= s.cfg.MaxLogBlocks {
		return nil, failf(codeLimit, "exceed maximum block range: %d", s.cfg.MaxLogBlocks)
	}
	out := []logView{}
	for height := q.from; height <= q.to; height++ {
		if ctx.Err() != nil {
			return nil, failf(codeServer, "request timed out")
		}
		if bloom, ok := s.blooms.Get(height); ok && !q.mayMatch(&bloom) {
			continue
		}
		if s.logBlocks == 0 {
			return nil, failf(codeLimit, "limit exceeded: too many blocks to search for logs in one request")
		}
		s.logBlocks--
		rec, err := s.backend.Chain.Block(height)
		if err != nil {
			return nil, err
		}
		if _, ok := s.blooms.Peek(height); !ok {
			s.blooms.Add(height, blockBloom(rec))
		}
		if out, err = s.collect(out, rec, &q.filter); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collect appends the matches of one block. The bound on results speaks the words
// that clients recognise and answer with a smaller range.
func (s *session) collect(out []logView, rec *Record, f *filter) ([]logView, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	index := 0
	for i, r := range rec.Receipts {
		for j := range r.Logs {
			if f.matches(&r.Logs[j]) {
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
	if len(o.Topics) > topicPositions {
		return nil, invalidParams("exceed max topics")
	}
	q.addresses = oneOrMany(&f, "address", o.Address, maxFilterAddresses, parseAddress)
	for _, t := range o.Topics {
		q.topics = append(q.topics, oneOrMany(&f, "topics", t, maxFilterTopics, parseHash))
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
