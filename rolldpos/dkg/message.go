package dkg

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
)

// Message is what a transcript consists of: *Enrolment, *Deal, *Complaint,
// *Justification or *Acknowledgement.
type Message interface {
	// AppendBinary appends the encoding that DecodeMessage reads.
	AppendBinary(dst []byte) []byte
	// Author returns the seat that says it: among the dealers for a deal and a
	// justification, among the receiving seats for the others.
	Author() int

	phase() Phase
	appendFields(dst []byte) []byte
	decodeFields(d *rlp.Decoder)
	signature() *[64]byte
}

// The first item of an encoded message.
const (
	typeEnrolment       = 1
	typeDeal            = 2
	typeComplaint       = 3
	typeJustification   = 4
	typeAcknowledgement = 5
)

// MaxMessage bounds the bytes of an encoded message.
const MaxMessage = 1 << 16

// Sealed is a share, encrypted to one seat: 32 bytes and a tag. It is zero for a seat
// that has not enrolled.
type Sealed [48]byte

// Enrolment publishes a seat's encryption key for this ceremony.
type Enrolment struct {
	Seat int
	Key  [32]byte // X25519
	Sig  [64]byte // ed25519 over Rules.Statement, as in all messages
}

// Deal shares a polynomial among the seats.
type Deal struct {
	Dealer     int
	Commitment [][96]byte // of the coefficients, the constant one first: points of G2
	Ephemeral  [32]byte   // X25519
	Shares     []Sealed   // in the order of seats
	Sig        [64]byte
}

// Complaint says that a seat got no valid share from some dealers.
type Complaint struct {
	Seat    int
	Dealers []byte // ascending, at least one
	Sig     [64]byte
}

// Justification reveals the shares of all who complained of a dealer.
type Justification struct {
	Dealer  int
	Reveals []Reveal // by ascending seat, at least one
	Sig     [64]byte
}

// Reveal is the share of one seat in the clear: a scalar, big-endian.
type Reveal struct {
	Seat  int
	Share [32]byte
}

// Acknowledgement says that a seat's share of the group is durable.
type Acknowledgement struct {
	Seat  int
	Group [32]byte // Group.Digest
	Sig   [64]byte
}

// AppendBinary appends the RLP list [1, seat, key, signature].
func (m *Enrolment) AppendBinary(dst []byte) []byte { return appendMessage(dst, m) }

// AppendBinary appends the RLP list [2, dealer, concatenated commitment, ephemeral key,
// concatenated shares, signature].
func (m *Deal) AppendBinary(dst []byte) []byte { return appendMessage(dst, m) }

// AppendBinary appends the RLP list [3, seat, dealers (a byte each), signature].
func (m *Complaint) AppendBinary(dst []byte) []byte { return appendMessage(dst, m) }

// AppendBinary appends the RLP list [4, dealer, reveals (a byte and 32 each, in one
// string), signature].
func (m *Justification) AppendBinary(dst []byte) []byte { return appendMessage(dst, m) }

// AppendBinary appends the RLP list [5, seat, digest, signature].
func (m *Acknowledgement) AppendBinary(dst []byte) []byte { return appendMessage(dst, m) }

func appendMessage(dst []byte, m Message) []byte {
	return rlp.AppendList(dst, rlp.AppendBytes(m.appendFields(nil), m.signature()[:]))
}

// DecodeMessage reads a message that fills b exactly. It verifies neither signature nor
// points. Errors wrap ErrEncoding. The result does not alias b.
func DecodeMessage(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrEncoding, len(b))
	}
	d := rlp.NewDecoder(b)
	var m Message
	switch kind := d.Uint(); kind {
	case typeEnrolment:
		m = new(Enrolment)
	case typeDeal:
		m = new(Deal)
	case typeComplaint:
		m = new(Complaint)
	case typeJustification:
		m = new(Justification)
	case typeAcknowledgement:
		m = new(Acknowledgement)
	default:
		return nil, fmt.Errorf("%w: message of type %d", ErrEncoding, kind)
	}
	m.decodeFields(d)
	d.Fixed(m.signature()[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: message: %w", ErrEncoding, err)
	}
	return m, nil
}

// Author returns the seat.
func (m *Enrolment) Author() int { return m.Seat }

// Author returns the dealer.
func (m *Deal) Author() int { return m.Dealer }

// Author returns the seat.
func (m *Complaint) Author() int { return m.Seat }

// Author returns the dealer.
func (m *Justification) Author() int { return m.Dealer }

// Author returns the seat.
func (m *Acknowledgement) Author() int { return m.Seat }

func (m *Enrolment) phase() Phase       { return Enrolling }
func (m *Deal) phase() Phase            { return Dealing }
func (m *Complaint) phase() Phase       { return Complaining }
func (m *Justification) phase() Phase   { return Justifying }
func (m *Acknowledgement) phase() Phase { return Acknowledging }

func (m *Enrolment) signature() *[64]byte       { return &m.Sig }
func (m *Deal) signature() *[64]byte            { return &m.Sig }
func (m *Complaint) signature() *[64]byte       { return &m.Sig }
func (m *Justification) signature() *[64]byte   { return &m.Sig }
func (m *Acknowledgement) signature() *[64]byte { return &m.Sig }

func begin(kind uint64, author int) []byte {
	return rlp.AppendUint(rlp.AppendUint(nil, kind), uint64(author))
}

func (m *Enrolment) appendFields(dst []byte) []byte {
	return append(dst, rlp.AppendBytes(begin(typeEnrolment, m.Seat), m.Key[:])...)
}

func (m *Deal) appendFields(dst []byte) []byte {
	commitment := make([]byte, 0, len(m.Commitment)*96)
	for i := range m.Commitment {
		commitment = append(commitment, m.Commitment[i][:]...)
	}
	shares := make([]byte, 0, len(m.Shares)*len(Sealed{}))
	for i := range m.Shares {
		shares = append(shares, m.Shares[i][:]...)
	}
	b := rlp.AppendBytes(begin(typeDeal, m.Dealer), commitment)
	return append(dst, rlp.AppendBytes(rlp.AppendBytes(b, m.Ephemeral[:]), shares)...)
}

func (m *Complaint) appendFields(dst []byte) []byte {
	return append(dst, rlp.AppendBytes(begin(typeComplaint, m.Seat), m.Dealers)...)
}

func (m *Justification) appendFields(dst []byte) []byte {
	var reveals []byte
	for i := range m.Reveals {
		reveals = append(append(reveals, byte(m.Reveals[i].Seat)), m.Reveals[i].Share[:]...)
	}
	return append(dst, rlp.AppendBytes(begin(typeJustification, m.Dealer), reveals)...)
}

func (m *Acknowledgement) appendFields(dst []byte) []byte {
	return append(dst, rlp.AppendBytes(begin(typeAcknowledgement, m.Seat), m.Group[:])...)
}

var errField = errors.New("field out of bounds")

func decodeSeat(d *rlp.Decoder) int {
	seat := d.Uint()
	if seat >= rolldpos.MaxSeats {
		d.Fail(errField)
		return 0
	}
	return int(seat)
}

// decodeItems returns a string that holds 1 to MaxSeats items of some size.
func decodeItems(d *rlp.Decoder, size int) []byte {
	b := d.Bytes()
	if len(b) == 0 || len(b)%size != 0 || len(b)/size > rolldpos.MaxSeats {
		d.Fail(errField)
		return nil
	}
	return b
}

func (m *Enrolment) decodeFields(d *rlp.Decoder) {
	m.Seat = decodeSeat(d)
	d.Fixed(m.Key[:])
}

func (m *Deal) decodeFields(d *rlp.Decoder) {
	m.Dealer = decodeSeat(d)
	for b := decodeItems(d, 96); len(b) > 0; b = b[96:] {
		m.Commitment = append(m.Commitment, [96]byte(b))
	}
	d.Fixed(m.Ephemeral[:])
	for b := decodeItems(d, len(Sealed{})); len(b) > 0; b = b[len(Sealed{}):] {
		m.Shares = append(m.Shares, Sealed(b))
	}
}

func (m *Complaint) decodeFields(d *rlp.Decoder) {
	m.Seat = decodeSeat(d)
	m.Dealers = append(m.Dealers, decodeItems(d, 1)...)
	for i := 1; i < len(m.Dealers); i++ {
		if m.Dealers[i] <= m.Dealers[i-1] {
			d.Fail(errField)
		}
	}
}

func (m *Justification) decodeFields(d *rlp.Decoder) {
	m.Dealer = decodeSeat(d)
	for b := decodeItems(d, 33); len(b) > 0; b = b[33:] {
		r := Reveal{int(b[0]), [32]byte(b[1:33])}
		if n := len(m.Reveals); n > 0 && r.Seat <= m.Reveals[n-1].Seat {
			d.Fail(errField)
		}
		m.Reveals = append(m.Reveals, r)
	}
}

func (m *Acknowledgement) decodeFields(d *rlp.Decoder) {
	m.Seat = decodeSeat(d)
	d.Fixed(m.Group[:])
}
