package rpc

import (
	"encoding/json"
	"errors"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// params are the positional parameters of a call. Reading one that is absent or null
// fails; has tells.
type params []json.RawMessage

func parseParams(raw json.RawMessage, m method) (params, error) {
	var p params
	if len(raw) > 0 {
		items, err := elements(raw, m.max)
		if errors.Is(err, errTooMany) {
			return nil, invalidParams("too many arguments, want at most %d", m.max)
		}
		if err != nil {
			return nil, invalidParams("malformed parameters")
		}
		p = items
	}
	for i := range m.required {
		if !p.has(i) {
			return nil, invalidParams("missing value for required argument %d", i)
		}
	}
	return p, nil
}

func (p params) has(i int) bool { return i < len(p) && string(p[i]) != "null" }

func (p params) text(i int) (string, error) {
	var s string
	if !p.has(i) {
		return "", invalidParams("missing value for required argument %d", i)
	}
	if err := json.Unmarshal(p[i], &s); err != nil {
		return "", invalidParams("invalid argument %d: not a string", i)
	}
	return s, nil
}

// textAs reads parameter i with parse.
func textAs[T any](p params, i int, parse func(string) (T, error)) (T, error) {
	var zero T
	s, err := p.text(i)
	if err != nil {
		return zero, err
	}
	v, err := parse(s)
	if err != nil {
		return zero, invalidParams("invalid argument %d: %v", i, err)
	}
	return v, nil
}

func parseAddress(s string) (a ledger.Address, err error) {
	err = parseFixed(s, a[:])
	return a, err
}

func parseHash(s string) (h ledger.Hash, err error) {
	err = parseFixed(s, h[:])
	return h, err
}

func (p params) flag(i int) (bool, error) {
	if !p.has(i) {
		return false, nil
	}
	var b bool
	if err := json.Unmarshal(p[i], &b); err != nil {
		return false, invalidParams("invalid argument %d: not a boolean", i)
	}
	return b, nil
}

// reference is how a request names a block.
type reference struct {
	pending bool
	hash    *ledger.Hash // if set, height is not used
	height  uint64
}

// reference reads parameter i as a block: a tag or quantity, the hash of a block, or
// an object of EIP-1898. Absent means latest.
func (s *session) reference(p params, i int) (reference, error) {
	if !p.has(i) {
		return reference{height: s.head}, nil
	}
	if p[i][0] != '{' {
		text, err := p.text(i)
		if err != nil {
			return reference{}, err
		}
		return s.parseReference(text, i)
	}
	var object struct {
		BlockNumber      *string `json:"blockNumber"`
		BlockHash        *string `json:"blockHash"`
		RequireCanonical bool    `json:"requireCanonical"` // every block here is canonical
	}
	if err := json.Unmarshal(p[i], &object); err != nil {
		return reference{}, invalidParams("invalid argument %d: malformed block object", i)
	}
	switch {
	case (object.BlockNumber == nil) == (object.BlockHash == nil):
		return reference{}, invalidParams("invalid argument %d: give either blockNumber or blockHash", i)
	case object.BlockNumber != nil:
		return s.parseReference(*object.BlockNumber, i)
	}
	h, err := parseHash(*object.BlockHash)
	if err != nil {
		return reference{}, invalidParams("invalid argument %d: %v", i, err)
	}
	return reference{hash: &h}, nil
}

func (s *session) parseReference(text string, i int) (reference, error) {
	if len(text) == 66 {
		h, err := parseHash(text)
		if err != nil {
			return reference{}, invalidParams("invalid argument %d: %v", i, err)
		}
		return reference{hash: &h}, nil
	}
	height, err := s.parseHeight(text)
	if err != nil {
		return reference{}, invalidParams("invalid argument %d: %v", i, err)
	}
	return reference{height: height, pending: text == "pending"}, nil
}

// parseHeight reads a tag or a quantity. Blocks are final at once, so all tags but
// earliest mean the head.
func (s *session) parseHeight(text string) (uint64, error) {
	switch text {
	case "latest", "pending", "safe", "finalized":
		return s.head, nil
	case "earliest":
		return 0, nil
	}
	return parseQuantity(text)
}

// record opens the block that parameter i names. It returns nil if there is none.
func (s *session) record(p params, i int) (*Record, error) {
	ref, err := s.reference(p, i)
	if err != nil {
		return nil, err
	}
	return s.open(ref)
}

func (s *session) open(ref reference) (rec *Record, err error) {
	switch {
	case ref.hash != nil:
		rec, err = s.backend.Chain.BlockByHash(*ref.hash)
	case ref.height > s.head:
		return nil, nil
	default:
		rec, err = s.backend.Chain.Block(ref.height)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return rec, err
}

// height resolves the block that parameter i names to a height that exists.
func (s *session) height(p params, i int) (uint64, error) {
	ref, err := s.reference(p, i)
	if err != nil {
		return 0, err
	}
	if ref.hash != nil {
		rec, err := s.backend.Chain.BlockByHash(*ref.hash)
		if err != nil {
			return 0, err
		}
		return rec.Block.Header.Height, nil
	}
	if ref.height > s.head {
		return 0, ErrNotFound
	}
	return ref.height, nil
}
