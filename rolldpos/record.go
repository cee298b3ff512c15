package rolldpos

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
)

// Record is one entry of a seat's log: a vote with what it rests on, or a certificate
// alone, which Core.Records writes.
type Record struct {
	Proposal    *Proposal    // of a prepare; also the leader's own proposal
	Vote        *Vote        // the seat's own; nil beside a certificate alone
	Certificate *Certificate // of a commit its notarisation, of a nullify what began the view
}

// AppendBinary appends the RLP list [[proposal], [vote], [certificate]], in which an
// absent part is an empty list.
func (r *Record) AppendBinary(dst []byte) []byte {
	var proposal, vote, cert []byte
	if r.Proposal != nil {
		proposal = r.Proposal.AppendBinary(nil)
	}
	if r.Vote != nil {
		vote = r.Vote.AppendBinary(nil)
	}
	if r.Certificate != nil {
		cert = r.Certificate.AppendBinary(nil)
	}
	p := rlp.AppendList(make([]byte, 0, len(proposal)+len(vote)+len(cert)+16), proposal)
	p = rlp.AppendList(p, vote)
	return rlp.AppendList(dst, rlp.AppendList(p, cert))
}

// DecodeRecord reads a record that fills b exactly and whose parts fit together. It
// verifies no signature. Errors wrap ErrInvalid.
func DecodeRecord(b []byte) (*Record, error) {
	d := rlp.NewDecoder(b)
	var parts [3]Message
	for i := range parts {
		parts[i] = decodePart(d)
	}
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: record: %w", ErrEncoding, err)
	}
	r := new(Record)
	ok := true
	if parts[0] != nil {
		r.Proposal, ok = parts[0].(*Proposal)
	}
	if parts[1] != nil && ok {
		r.Vote, ok = parts[1].(*Vote)
	}
	if parts[2] != nil && ok {
		r.Certificate, ok = parts[2].(*Certificate)
	}
	if !ok || !r.fits() {
		return nil, fmt.Errorf("%w: parts of a record", ErrEncoding)
	}
	return r, nil
}

func decodePart(d *rlp.Decoder) (m Message) {
	d.Each(func(item *rlp.Decoder) {
		raw := item.Raw()
		if item.Err() != nil {
			return
		}
		if m != nil {
			item.Fail(errTooMany)
			return
		}
		var err error
		if m, err = DecodeMessage(raw); err != nil {
			item.Fail(err)
		}
	})
	return m
}

// fits says whether the record is one that a Core writes: rules 1 to 3 as far as one
// record shows them.
func (r *Record) fits() bool {
	v, p, x := r.Vote, r.Proposal, r.Certificate
	if v == nil {
		return p == nil && x != nil
	}
	switch v.Kind {
	case Prepare:
		return x == nil && p != nil && p.Epoch == v.Epoch && p.View == v.View && p.Block == v.Block
	case Commit:
		return p == nil && x != nil && x.Kind == Prepare &&
			x.Epoch == v.Epoch && x.View == v.View && x.Block == v.Block
	}
	return p == nil && (x == nil || x.Epoch == v.Epoch && x.View < v.View)
}

// Audit reads a log, in order, and returns an error that wraps ErrConflict if one seat
// in one view cast two different votes of one kind, both commit and nullify, or a
// prepare after nullify, or proposed two blocks as the leader; or an error that wraps
// ErrInvalid if a record cannot be read. It verifies no signature.
func Audit(records [][]byte) error {
	type place struct {
		epoch Epoch
		view  View
		seat  int
	}
	seen := make(map[place]*[3]*Vote)
	for i, b := range records {
		r, err := DecodeRecord(b)
		if err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		v := r.Vote
		if v == nil {
			continue
		}
		at := place{v.Epoch, v.View, v.Seat}
		if seen[at] == nil {
			seen[at] = new([3]*Vote)
		}
		cast := seen[at]
		old := cast[v.Kind-1]
		nullified := cast[Nullify-1] != nil
		switch {
		case old != nil && old.Block != v.Block,
			v.Kind == Commit && nullified,
			v.Kind == Nullify && cast[Commit-1] != nil,
			v.Kind == Prepare && old == nil && nullified:
			return fmt.Errorf("%w: record %d: %s in view %d of epoch %d", ErrConflict, i, v.Kind, v.View, v.Epoch)
		}
		cast[v.Kind-1] = v
	}
	return nil
}
