package rolldpos

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
)

// Message is what seats send one another: *Proposal, *Vote, *Certificate or *Status.
type Message interface {
	// AppendBinary appends the encoding that DecodeMessage reads.
	AppendBinary(dst []byte) []byte
	decodeFields(d *rlp.Decoder)
}

// The first item of an encoded message.
const (
	typeProposal    = 1
	typeVote        = 2
	typeCertificate = 3
	typeStatus      = 4
)

// Vote is one seat's statement in a view.
type Vote struct {
	Epoch Epoch
	View  View
	Kind  Kind
	Block Hash // zero for Nullify
	Seat  int
	Sig   [64]byte // ed25519 over VoteDigest
}

// Verify returns nil if the vote's seat signed it. Errors wrap ErrInvalid.
func (x *Vote) Verify(genesis Hash, c *Committee) error {
	if err := checkOrigin(c, x.Epoch, x.Seat); err != nil {
		return err
	}
	if err := checkStatement(x.View, x.Kind, x.Block); err != nil {
		return err
	}
	if !c.verify(x.Seat, VoteDigest(genesis, x.Epoch, x.View, x.Kind, x.Block), &x.Sig) {
		return fmt.Errorf("%w: vote of seat %d", ErrSignature, x.Seat)
	}
	return nil
}

// Proposal is a leader's block for a view, with what justifies its place: the
// certificate of its parent, unless that is the epoch's anchor, and nullifications of
// the views between. Justification is not signed by the leader: its parts are.
type Proposal struct {
	Epoch      Epoch
	View       View
	Block      Hash
	ParentView View         // the view in which the parent was certified; 0: the anchor
	Parent     Hash         // equal to Block where an epoch's last block is proposed again
	Sig        [64]byte     // the leader's ed25519 over ProposalDigest
	ParentCert *Certificate // Prepare or Commit; nil for the anchor
	Nullified  []*Certificate
}

// Verify returns nil if the view's leader signed the proposal and its parts fit
// together. It does not verify the justifying certificates. Errors wrap ErrInvalid.
func (x *Proposal) Verify(genesis Hash, c *Committee) error {
	leader := c.Leader(x.View)
	switch err := checkOrigin(c, x.Epoch, leader); {
	case err != nil:
		return err
	case x.View == 0 || x.View >= maxView || x.ParentView >= x.View:
		return fmt.Errorf("%w: %d on %d", ErrView, x.View, x.ParentView)
	case x.Block == Hash{} || x.Parent == Hash{}:
		return fmt.Errorf("%w: proposal without a hash", ErrKind)
	}
	if p := x.ParentCert; p != nil &&
		(p.Epoch != x.Epoch || p.View != x.ParentView || p.Block != x.Parent || p.Kind == Nullify) {
		return fmt.Errorf("%w: proposal and its parent's certificate", ErrKind)
	}
	for _, n := range x.Nullified {
		if n.Epoch != x.Epoch || n.Kind != Nullify || n.View <= x.ParentView || n.View >= x.View {
			return fmt.Errorf("%w: proposal and a nullification", ErrKind)
		}
	}
	if !c.verify(leader, x.digest(genesis), &x.Sig) {
		return fmt.Errorf("%w: proposal of seat %d", ErrSignature, leader)
	}
	return nil
}

func (x *Proposal) digest(genesis Hash) [32]byte {
	return ProposalDigest(genesis, x.Epoch, x.View, x.ParentView, x.Parent, x.Block)
}

// Status asks for what a seat lacks, or answers such a question's Query.
type Status struct {
	Epoch Epoch
	Seat  int
	View  View // the lowest view of which the seat lacks a certificate that it needs; in an answer its current view
	Final View // of the newest commit certificate that it knows
	// Query is Config.Query of a seat that awaits answers to it, Answer the Query that
	// is answered; else both are 0.
	Query, Answer uint64
	Sig           [64]byte
}

// Verify returns nil if the status' seat signed it. Errors wrap ErrInvalid.
func (x *Status) Verify(genesis Hash, c *Committee) error {
	if err := checkOrigin(c, x.Epoch, x.Seat); err != nil {
		return err
	}
	if !c.verify(x.Seat, statusDigest(genesis, x), &x.Sig) {
		return fmt.Errorf("%w: status of seat %d", ErrSignature, x.Seat)
	}
	return nil
}

func checkOrigin(c *Committee, e Epoch, seat int) error {
	if e != c.Epoch {
		return fmt.Errorf("%w: %d, not %d", ErrEpoch, e, c.Epoch)
	}
	if seat < 0 || seat >= c.Size() {
		return fmt.Errorf("%w: %d", ErrSeat, seat)
	}
	return nil
}

// AppendBinary appends the RLP list [2, epoch, view, kind, block, seat, signature].
func (x *Vote) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(make([]byte, 0, 128), typeVote)
	p = appendStatement(p, x.Epoch, x.View, x.Kind, x.Block)
	p = rlp.AppendUint(p, uint64(x.Seat))
	return rlp.AppendList(dst, rlp.AppendBytes(p, x.Sig[:]))
}

func (x *Vote) decodeFields(d *rlp.Decoder) {
	decodeStatement(d, &x.Epoch, &x.View, &x.Kind, &x.Block)
	x.Seat = decodeSeat(d)
	d.Fixed(x.Sig[:])
}

// AppendBinary appends the RLP list [1, epoch, view, block, parent's view, parent,
// signature, [parent's certificate], [nullification, …]]; the certificates are
// encoded as messages.
func (x *Proposal) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(make([]byte, 0, 1024), typeProposal)
	p = rlp.AppendUint(p, uint64(x.Epoch))
	p = rlp.AppendUint(p, uint64(x.View))
	p = rlp.AppendBytes(p, x.Block[:])
	p = rlp.AppendUint(p, uint64(x.ParentView))
	p = rlp.AppendBytes(p, x.Parent[:])
	p = rlp.AppendBytes(p, x.Sig[:])
	var parent, nullified []byte
	if x.ParentCert != nil {
		parent = x.ParentCert.AppendBinary(nil)
	}
	for _, n := range x.Nullified {
		nullified = n.AppendBinary(nullified)
	}
	p = rlp.AppendList(p, parent)
	return rlp.AppendList(dst, rlp.AppendList(p, nullified))
}

func (x *Proposal) decodeFields(d *rlp.Decoder) {
	x.Epoch, x.View = Epoch(d.Uint()), View(d.Uint())
	d.Fixed(x.Block[:])
	x.ParentView = View(d.Uint())
	d.Fixed(x.Parent[:])
	d.Fixed(x.Sig[:])
	for _, c := range decodeCertificates(d, 1) {
		x.ParentCert = c
	}
	x.Nullified = decodeCertificates(d, MaxNullifications)
}

func decodeCertificates(d *rlp.Decoder, max int) (out []*Certificate) {
	d.Each(func(item *rlp.Decoder) {
		raw := item.Raw()
		if item.Err() != nil {
			return
		}
		if len(out) == max {
			item.Fail(errTooMany)
			return
		}
		c, err := DecodeCertificate(raw)
		if err != nil {
			item.Fail(err)
			return
		}
		out = append(out, c)
	})
	return out
}

// AppendBinary appends the RLP list [4, epoch, seat, view, final view, query, answer,
// signature].
func (x *Status) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(make([]byte, 0, 128), typeStatus)
	for _, n := range []uint64{uint64(x.Epoch), uint64(x.Seat), uint64(x.View), uint64(x.Final), x.Query, x.Answer} {
		p = rlp.AppendUint(p, n)
	}
	return rlp.AppendList(dst, rlp.AppendBytes(p, x.Sig[:]))
}

func (x *Status) decodeFields(d *rlp.Decoder) {
	x.Epoch, x.Seat = Epoch(d.Uint()), decodeSeat(d)
	x.View, x.Final = View(d.Uint()), View(d.Uint())
	x.Query, x.Answer = d.Uint(), d.Uint()
	d.Fixed(x.Sig[:])
}

var errTooMany = errors.New("too many certificates")

// DecodeMessage reads a message that fills b exactly. It verifies no signature.
// Errors wrap ErrEncoding. The result does not alias b.
func DecodeMessage(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrEncoding, len(b))
	}
	d := rlp.NewDecoder(b)
	var m Message
	switch kind := d.Uint(); kind {
	case typeProposal:
		m = new(Proposal)
	case typeVote:
		m = new(Vote)
	case typeCertificate:
		m = new(Certificate)
	case typeStatus:
		m = new(Status)
	default:
		return nil, fmt.Errorf("%w: message of type %d", ErrEncoding, kind)
	}
	m.decodeFields(d)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: message: %w", ErrEncoding, err)
	}
	return m, nil
}

func appendStatement(p []byte, e Epoch, v View, k Kind, block Hash) []byte {
	p = rlp.AppendUint(p, uint64(e))
	p = rlp.AppendUint(p, uint64(v))
	p = rlp.AppendUint(p, uint64(k))
	return rlp.AppendBytes(p, block[:])
}

func decodeStatement(d *rlp.Decoder, e *Epoch, v *View, k *Kind, block *Hash) {
	*e, *v = Epoch(d.Uint()), View(d.Uint())
	kind := d.Uint()
	d.Fixed(block[:])
	*k = Kind(kind)
	if kind < uint64(Prepare) || kind > uint64(Nullify) {
		d.Fail(ErrKind)
	}
}

func decodeSeat(d *rlp.Decoder) int {
	seat := d.Uint()
	if seat >= MaxSeats {
		d.Fail(ErrSeat)
		return 0
	}
	return int(seat)
}
