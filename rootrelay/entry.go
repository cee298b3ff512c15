package rootrelay

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// ErrLog reports an event of this package that cannot be decoded.
var ErrLog = errors.New("rootrelay: malformed event")

// The signatures of the events that carry a leaf.
const (
	sentEvent    = "MessageSent(uint64,uint64," + messageType + ")"
	forwardEvent = "MessageForwarded(uint64,uint64,uint64," + messageType + ")"
	ackEvent     = "AckSent(uint64,uint64," + ackType + ")"
)

// Entry is a leaf of an outbox with what it stands for, as the events tell: a message
// or an acknowledgement, exactly one of which is set.
type Entry struct {
	Index   uint64
	Leaf    ledger.Hash
	Message *module.Message
	Order   uint64 // of a message that the root forwarded
	Ack     *Ack
}

// LeafTopics are the first topics of the events that carry a leaf.
func LeafTopics() []ledger.Hash {
	return []ledger.Hash{
		ledger.Keccak([]byte(sentEvent)), ledger.Keccak([]byte(forwardEvent)), ledger.Keccak([]byte(ackEvent)),
	}
}

// DecodeEntry reads an event that carries a leaf; ok is false for other events. The
// event is not a proof: compare the root of all leaves with a header's.
func DecodeEntry(log *ledger.Log) (e Entry, ok bool, err error) {
	if len(log.Topics) != 2 {
		return e, false, nil
	}
	topics := LeafTopics()
	d := abi.NewDecoder(log.Data)
	switch log.Topics[0] {
	case topics[0]:
		e.Index = d.Uint(64)
		m := readMessage(d.Tail())
		e.Message, e.Leaf = &m, m.Leaf()
	case topics[1]:
		e.Index, e.Order = d.Uint(64), d.Uint(64)
		m := readMessage(d.Tail())
		e.Message, e.Leaf = &m, ForwardLeaf(e.Order, m.Leaf())
	case topics[2]:
		e.Index = d.Uint(64)
		a := readAck(d.Tail())
		e.Ack, e.Leaf = &a, a.Leaf()
	default:
		return e, false, nil
	}
	if d.Err() != nil {
		return Entry{}, false, fmt.Errorf("%w: %w", ErrLog, d.Err())
	}
	return e, true, nil
}
