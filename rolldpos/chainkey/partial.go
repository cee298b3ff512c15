package chainkey

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Partial is one seat's share of a signature.
type Partial struct {
	Statement
	Seat      int
	Signature bls.Signature
}

// Sign signs a statement with a seat's share. It refuses with ErrStatement what no
// seat should sign, and with ErrSeat a share of no seat. The caller answers for the
// statement: it signs a CommitKind only with its own commit vote, a RoundKind only in
// that epoch, and a HandoverKind only for the key that the chain's ceremony made.
func Sign(genesis Hash, s Statement, share *bls.Share) (*Partial, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if share.Index == 0 || share.Index > rolldpos.MaxSeats {
		return nil, fmt.Errorf("%w: share %d", ErrSeat, share.Index)
	}
	dst, msg := s.message(genesis)
	return &Partial{Statement: s, Seat: int(share.Index) - 1, Signature: share.Sign(dst, msg).Signature}, nil
}

// Verify returns nil if the partial verifies against its seat's public share; shares
// are in the order of the seats. A Collector does so for many at once. Errors wrap
// ErrInvalid.
func (p *Partial) Verify(genesis Hash, shares []*bls.PublicKey) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.Seat < 0 || p.Seat >= len(shares) {
		return fmt.Errorf("%w: %d", ErrSeat, p.Seat)
	}
	dst, msg := p.message(genesis)
	if err := shares[p.Seat].Verify(dst, msg, p.Signature); err != nil {
		return fmt.Errorf("%w: seat %d: %w", ErrPartial, p.Seat, err)
	}
	return nil
}

// AppendBinary appends the RLP list [kind, epoch, view, block, seat, signature]; the
// block is empty in a RoundKind.
func (p *Partial) AppendBinary(dst []byte) []byte {
	b := rlp.AppendUint(nil, uint64(p.Kind))
	b = rlp.AppendUint(b, uint64(p.Epoch))
	b = rlp.AppendUint(b, uint64(p.View))
	if p.Kind == RoundKind {
		b = rlp.AppendBytes(b, nil)
	} else {
		b = rlp.AppendBytes(b, p.Block[:])
	}
	b = rlp.AppendUint(b, uint64(p.Seat))
	return rlp.AppendList(dst, rlp.AppendBytes(b, p.Signature[:]))
}

// DecodePartial reads a partial that fills b exactly. It verifies no signature.
// Errors wrap ErrEncoding or ErrStatement.
func DecodePartial(b []byte) (*Partial, error) {
	d := rlp.NewDecoder(b)
	p := new(Partial)
	kind := d.Uint()
	p.Kind = Kind(kind)
	p.Epoch, p.View = rolldpos.Epoch(d.Uint()), rolldpos.View(d.Uint())
	if kind == uint64(RoundKind) {
		d.Fixed(nil)
	} else {
		d.Fixed(p.Block[:])
	}
	seat := d.Uint()
	d.Fixed(p.Signature[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: partial: %w", ErrEncoding, err)
	}
	if kind > uint64(HandoverKind) {
		return nil, fmt.Errorf("%w: kind %d", ErrStatement, kind)
	}
	if seat >= rolldpos.MaxSeats {
		return nil, fmt.Errorf("%w: %d", ErrSeat, seat)
	}
	p.Seat = int(seat)
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}
