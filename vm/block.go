package vm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrInvalidBlock reports a list of messages that cannot be a block, because one of
// them is Invalid where it stands. It wraps the reason.
var ErrInvalidBlock = errors.New("vm: invalid block")

// Execution is the outcome of a block.
type Execution struct {
	Results []Result // one per message
	GasUsed uint64
	Blobs   uint64 // number of blobs
	Changes []ledger.Change
}

// Execute executes the messages of a block on the state that r gives. The gas and the
// blobs of all of them are held to the block's limits. An error that is
// ErrInvalidBlock says that they cannot be a block; any other is a fault of the host.
func (vm *VM) Execute(b Block, r Reader, messages []*ledger.Message) (*Execution, error) {
	s := vm.Begin(b, r)
	results, err := s.ApplyAll(messages)
	if err != nil {
		return nil, err
	}
	return &Execution{Results: results, GasUsed: s.gasUsed, Blobs: s.blobs, Changes: s.Changes()}, nil
}

// ApplyAll applies messages in order. It stops with ErrInvalidBlock at the first that
// is Invalid; the results and the effects of those before it remain.
func (s *Session) ApplyAll(messages []*ledger.Message) ([]Result, error) {
	results := make([]Result, 0, len(messages))
	for i, m := range messages {
		res, err := s.Apply(m)
		if err != nil {
			return results, err
		}
		if res.Status == Invalid {
			return results, fmt.Errorf("%w: message %d: %w", ErrInvalidBlock, i, res.Err)
		}
		results = append(results, res)
	}
	return results, nil
}

// GasUsed is the gas that the session's messages used.
func (s *Session) GasUsed() uint64 { return s.gasUsed }

// GasLeft is what remains of the block's gas limit.
func (s *Session) GasLeft() uint64 { return s.block.GasLimit - min(s.gasUsed, s.block.GasLimit) }

// BlobsLeft is how many blobs the block can still have.
func (s *Session) BlobsLeft() uint64 {
	return s.vm.cfg.BlobsPerBlock - min(s.blobs, s.vm.cfg.BlobsPerBlock)
}

// accessListRounds bounds the runs of AccessList: a list changes the gas that code
// can observe, so that the next run may touch something else.
const accessListRounds = 8

// AccessList simulates a message as Call does and returns what it touches in the form
// of EIP-2930, with the result of the run that had this list. The sender, the payer,
// the receiver, the coinbase and precompiled contracts are warm without a list and
// stand in it only if slots of theirs were touched. The message's own list is part of
// the result. If the runs do not agree on a list, it is the union of their lists. An
// error is a fault of the host.
func (vm *VM) AccessList(b Block, r Reader, m *ledger.Message) ([]ledger.AccessTuple, Result, error) {
	msg := *m
	if msg.Type == ledger.LegacyTx {
		msg.Type = ledger.AccessListTx
	}
	for range accessListRounds {
		t, err := vm.TraceCall(b, r, &msg, nil)
		if err != nil || t.Status == Invalid {
			return nil, t.result(), err
		}
		list := mergeAccess(vm.worthListing(&b, t.Message, t.Touched), msg.AccessList)
		if slices.EqualFunc(list, msg.AccessList, equalTuple) {
			return list, t.Result, nil
		}
		msg.AccessList = list
	}
	res, err := vm.Call(b, r, &msg)
	return msg.AccessList, res, err
}

func equalTuple(x, y ledger.AccessTuple) bool {
	return x.Address == y.Address && slices.Equal(x.Slots, y.Slots)
}

// worthListing drops accounts that are warm anyway and have no slots.
func (vm *VM) worthListing(b *Block, m *ledger.Message, touched []ledger.AccessTuple) []ledger.AccessTuple {
	return slices.DeleteFunc(touched, func(t ledger.AccessTuple) bool {
		a := t.Address
		warm := a == m.From || a == m.GasPayer || a == b.Coinbase || m.To != nil && a == *m.To || vm.precompiles[a] != nil
		return warm && len(t.Slots) == 0
	})
}

// mergeAccess returns the union of two lists, ascending.
func mergeAccess(x, y []ledger.AccessTuple) []ledger.AccessTuple {
	all := slices.Concat(x, y)
	slices.SortStableFunc(all, func(a, b ledger.AccessTuple) int { return slices.Compare(a.Address[:], b.Address[:]) })
	var out []ledger.AccessTuple
	for _, t := range all {
		if n := len(out); n == 0 || out[n-1].Address != t.Address {
			out = append(out, ledger.AccessTuple{Address: t.Address})
		}
		last := &out[len(out)-1]
		last.Slots = append(last.Slots, t.Slots...)
	}
	for i := range out {
		slices.SortFunc(out[i].Slots, func(a, b ledger.Hash) int { return slices.Compare(a[:], b[:]) })
		out[i].Slots = slices.Compact(out[i].Slots)
	}
	return out
}
