package rolldpos

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"github.com/rootstem/rootstem/internal/eddsa"
	"github.com/rootstem/rootstem/internal/rlp"
)

// Signatures are those of a quorum of a committee over one digest. Bit i%8 (least
// significant first) of Bitmap[i/8] stands for seat i; the bitmap has ⌈n/8⌉ bytes and
// its padding is zero. Sigs follow in the order of the seats.
type Signatures struct {
	Bitmap []byte
	Sigs   [][64]byte
}

// Verify returns nil if at least a quorum of c's seats, and nobody else, signed
// digest. Errors wrap ErrBitmap, ErrQuorum or ErrSignature. It does not validate c.
func (s *Signatures) Verify(c *Committee, digest [32]byte) error {
	seats, err := s.Seats(c)
	if err != nil {
		return err
	}
	if q := c.Quorum(); q == 0 || len(seats) < q {
		return fmt.Errorf("%w: %d of %d", ErrQuorum, len(seats), c.Size())
	}
	if c.check == nil && s.allHold(c, seats, digest) {
		return nil
	}
	for i, seat := range seats {
		if !c.verify(seat, digest, &s.Sigs[i]) {
			return fmt.Errorf("%w: seat %d", ErrSignature, seat)
		}
	}
	return nil
}

// allHold verifies the signatures together, which takes half the time.
func (s *Signatures) allHold(c *Committee, seats []int, digest [32]byte) bool {
	all := make([]eddsa.Signature, len(seats))
	for i, seat := range seats {
		all[i] = eddsa.Signature{Key: c.Keys[seat], Message: digest[:], Sig: &s.Sigs[i]}
	}
	return eddsa.VerifyAll(all)
}

// Seats returns the signers, ascending, or an error that wraps ErrBitmap. It checks
// no signature.
func (s *Signatures) Seats(c *Committee) ([]int, error) {
	if len(s.Bitmap) != (c.Size()+7)/8 {
		return nil, fmt.Errorf("%w: %d bytes for %d seats", ErrBitmap, len(s.Bitmap), c.Size())
	}
	var seats []int
	for i, x := range s.Bitmap {
		for ; x != 0; x &= x - 1 {
			seats = append(seats, 8*i+bits.TrailingZeros8(x))
		}
	}
	if len(seats) > 0 && seats[len(seats)-1] >= c.Size() {
		return nil, fmt.Errorf("%w: padding is not zero", ErrBitmap)
	}
	if len(seats) != len(s.Sigs) {
		return nil, fmt.Errorf("%w: %d seats, %d signatures", ErrBitmap, len(seats), len(s.Sigs))
	}
	return seats, nil
}

// Collect makes Signatures from those of single seats, nil where a seat is silent.
func Collect(sigs []*[64]byte) Signatures {
	out := Signatures{Bitmap: make([]byte, (len(sigs)+7)/8)}
	for i, sig := range sigs {
		if sig != nil {
			out.Bitmap[i/8] |= 1 << (i % 8)
			out.Sigs = append(out.Sigs, *sig)
		}
	}
	return out
}

// AppendBinary appends the RLP list [bitmap, concatenated signatures].
func (s *Signatures) AppendBinary(dst []byte) []byte {
	return rlp.AppendList(dst, s.appendFields(nil))
}

func (s *Signatures) appendFields(p []byte) []byte {
	p = rlp.AppendBytes(p, s.Bitmap)
	sigs := make([]byte, 0, 64*len(s.Sigs))
	for i := range s.Sigs {
		sigs = append(sigs, s.Sigs[i][:]...)
	}
	return rlp.AppendBytes(p, sigs)
}

// DecodeSignatures reads signatures that fill b exactly; it verifies none.
func DecodeSignatures(b []byte) (*Signatures, error) {
	d := rlp.NewDecoder(b)
	s := new(Signatures)
	s.decodeFields(d)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: signatures: %w", ErrEncoding, err)
	}
	return s, nil
}

func (s *Signatures) decodeFields(d *rlp.Decoder) {
	s.Bitmap = bytes.Clone(d.Bytes())
	sigs := d.Bytes()
	if len(s.Bitmap) > (MaxSeats+7)/8 || len(sigs)%64 != 0 || len(sigs) > 64*MaxSeats {
		d.Fail(ErrBitmap)
		return
	}
	if len(sigs) > 0 {
		s.Sigs = make([][64]byte, len(sigs)/64)
	}
	for i := range s.Sigs {
		copy(s.Sigs[i][:], sigs[64*i:])
	}
}

// Certificate proves that a quorum cast one vote: Prepare makes a notarisation, Commit
// finality, Nullify (with a zero Block) a nullification. The view of a commit
// certificate is the votes' view, which is at least that of the block's header.
type Certificate struct {
	Epoch Epoch
	View  View
	Kind  Kind
	Block Hash
	Signatures
}

// Verify returns nil if a quorum of c signed the certificate for the chain with this
// genesis hash. c must be a committee that the caller trusts for the epoch. Errors
// wrap ErrInvalid.
func (x *Certificate) Verify(genesis Hash, c *Committee) error {
	if x.Epoch != c.Epoch {
		return fmt.Errorf("%w: %d, not %d", ErrEpoch, x.Epoch, c.Epoch)
	}
	if err := checkStatement(x.View, x.Kind, x.Block); err != nil {
		return err
	}
	return x.Signatures.Verify(c, VoteDigest(genesis, x.Epoch, x.View, x.Kind, x.Block))
}

// checkStatement refuses what no honest seat votes for.
func checkStatement(v View, k Kind, block Hash) error {
	switch {
	case k != Prepare && k != Commit && k != Nullify:
		return fmt.Errorf("%w: %d", ErrKind, k)
	case (k == Nullify) != (block == Hash{}):
		return fmt.Errorf("%w: %s and the block's hash", ErrKind, k)
	case v == 0 || v >= maxView:
		return fmt.Errorf("%w: %d", ErrView, v)
	}
	return nil
}

// AppendBinary appends the RLP list [3, epoch, view, kind, block, bitmap, concatenated
// signatures]; the leading 3 tells it from other messages.
func (x *Certificate) AppendBinary(dst []byte) []byte {
	p := rlp.AppendUint(nil, typeCertificate)
	p = appendStatement(p, x.Epoch, x.View, x.Kind, x.Block)
	return rlp.AppendList(dst, x.Signatures.appendFields(p))
}

// DecodeCertificate reads a certificate that fills b exactly. It verifies no
// signature: Verify does.
func DecodeCertificate(b []byte) (*Certificate, error) {
	d := rlp.NewDecoder(b)
	if d.Uint() != typeCertificate {
		d.Fail(errNotCertificate)
	}
	x := new(Certificate)
	x.decodeFields(d)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrEncoding, err)
	}
	return x, nil
}

var errNotCertificate = errors.New("not a certificate")

func (x *Certificate) decodeFields(d *rlp.Decoder) {
	decodeStatement(d, &x.Epoch, &x.View, &x.Kind, &x.Block)
	x.Signatures.decodeFields(d)
}

// Final returns the commit that the certificate claims; ok is false for another kind
// and for nil. It verifies nothing.
func (x *Certificate) Final() (e Epoch, v View, block Hash, ok bool) {
	if x == nil || x.Kind != Commit {
		return 0, 0, Hash{}, false
	}
	return x.Epoch, x.View, x.Block, true
}
