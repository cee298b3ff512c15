package paymentcode

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// NotificationSize is the size of a notification in bytes.
const NotificationSize = 1 + 2 + 33 + 4 + (codeSize - 1) + 4 + 16

// Offsets of a notification's fields. The AEAD's ciphertext, the epoch and its
// tag, begins at atEpoch; all before it is the AEAD's associated data.
const (
	atBucket = 1
	atR      = atBucket + 2
	atTag    = atR + 33
	atCode   = atTag + 4
	atEpoch  = atCode + codeSize - 1
)

const (
	domainBucket    = "rootstem/paycode1/bucket"
	domainEphemeral = "rootstem/paycode1/ephemeral"
	domainNotify    = "rootstem/paycode1/notify"
	domainSeal      = "rootstem/paycode1/seal"
	domainRoot      = "rootstem/paycode1/root"
)

// derive is HKDF-SHA-256 with a domain as its salt. The parts of the info have fixed
// sizes, so their concatenation is unambiguous.
func derive(secret []byte, domain string, size int, info ...[]byte) ([]byte, error) {
	var all []byte
	for _, part := range info {
		all = append(all, part...)
	}
	out, err := hkdf.Key(sha256.New, secret, []byte(domain), string(all), size)
	if err != nil {
		return nil, fmt.Errorf("paymentcode: %w", err)
	}
	return out, nil
}

// ephemeral derives r and two bytes of noise for the bucket's field.
func (v *ViewKey) ephemeral(to Code, epoch uint32) (r *ec.Scalar, noise uint16, err error) {
	secret := v.view.Bytes()
	defer clear(secret)
	ctx := binary.BigEndian.AppendUint32(to.AppendBinary(v.code.AppendBinary(nil)), epoch)
	for try := range byte(8) {
		out, err := derive(secret, domainEphemeral, 34, ctx, []byte{try})
		if err != nil {
			return nil, 0, err
		}
		r, err = ec.ParseScalar(out[:32])
		clear(out[:32])
		if err == nil {
			return r, binary.BigEndian.Uint16(out[32:]), nil
		}
	}
	return nil, 0, ErrIndex // probability 2^-1024
}

// secrets are what both ends compute: es from the ephemeral key, ss from the two view
// keys.
type secrets struct {
	es, ss [33]byte
	head   []byte // version ‖ bucket ‖ R
	payee  Code
}

// wipe erases the shared points.
func (s *secrets) wipe() {
	clear(s.es[:])
	clear(s.ss[:])
}

// outer derives the tag and the pad of the payer's code.
func (s *secrets) outer() (tag [4]byte, pad []byte, err error) {
	out, err := derive(s.es[:], domainNotify, 4+codeSize-1, s.head, s.payee.AppendBinary(nil))
	if err != nil {
		return tag, nil, err
	}
	return [4]byte(out), out[4:], nil
}

// inner derives 32 bytes from both secrets.
func (s *secrets) inner(domain string, payer Code, more ...byte) ([]byte, error) {
	secret := append(append(make([]byte, 0, len(s.es)+len(s.ss)), s.es[:]...), s.ss[:]...)
	defer clear(secret)
	return derive(secret, domain, 32, s.head, s.payee.AppendBinary(nil), payer.AppendBinary(nil), more)
}

// root derives k_0 of the ratchet.
func (s *secrets) root(payer Code, epoch uint32, chain uint64) (root [32]byte, err error) {
	info := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, epoch), chain)
	b, err := s.inner(domainRoot, payer, info...)
	if err != nil {
		return root, err
	}
	copy(root[:], b)
	clear(b)
	return root, nil
}

// notify writes the notification that v sends to another code, and returns the secrets
// for the caller to wipe. Same inputs, same bytes.
func (v *ViewKey) notify(to Code, epoch uint32) (note []byte, s *secrets, err error) {
	_, view, err := to.points()
	if err != nil {
		return nil, nil, err
	}
	r, noise, err := v.ephemeral(to, epoch)
	if err != nil {
		return nil, nil, err
	}
	defer r.Zero()
	pub, err := ec.Public(r)
	if err != nil {
		return nil, nil, err
	}
	note = binary.BigEndian.AppendUint16(append(make([]byte, 0, NotificationSize), Version), to.Filter().blend(noise))
	note = append(note, pub[:]...)
	s = &secrets{head: note[:atTag:atTag], payee: to}
	if s.es, err = ec.Compress(ec.Mul(r, view)); err != nil {
		return nil, nil, err
	}
	if s.ss, err = ec.Compress(ec.Mul(v.view, view)); err != nil {
		return nil, nil, ErrViewKey // wiped
	}
	tag, pad, err := s.outer()
	if err != nil {
		return nil, nil, err
	}
	note = append(note, tag[:]...)
	subtle.XORBytes(pad, pad, v.code.AppendBinary(nil)[1:])
	note = append(note, pad...)
	key, err := s.inner(domainSeal, v.code)
	if err != nil {
		return nil, nil, err
	}
	defer clear(key)
	aead, err := chacha20poly1305.New(key) // its nonce is zero: one key, one plaintext
	if err != nil {
		return nil, nil, fmt.Errorf("paymentcode: %w", err)
	}
	plain := binary.BigEndian.AppendUint32(nil, epoch)
	return aead.Seal(note, make([]byte, chacha20poly1305.NonceSize), plain, note), s, nil
}

// Open reads a notification and returns the channel of payments on one chain that it
// announces, which is the same however often and through whom it arrives. The chain
// is any number that the application gives its chains, such as the EVM's chain id.
//
// It returns ErrNotification or ErrVersion for malformed bytes, ErrNotOurs for a
// notification to somebody else (what nearly all of them are), and ErrForged for one
// that carries our tag and was altered, or was not made by the holder of the view key
// of the code that it claims. Whether it is ours shows in the time it takes; secrets
// are handled in constant time.
func (v *ViewKey) Open(notification []byte, chain uint64) (*Channel, error) {
	if len(notification) != NotificationSize {
		return nil, ErrNotification
	}
	if notification[0] != Version {
		return nil, ErrVersion
	}
	if !v.code.Filter().Match(notification) {
		return nil, ErrNotOurs
	}
	pub, err := ec.ParsePoint(notification[atR:atTag])
	if err != nil {
		return nil, ErrNotification
	}
	s := &secrets{head: notification[:atTag], payee: v.code}
	defer s.wipe()
	if s.es, err = ec.Compress(ec.Mul(v.view, pub)); err != nil {
		return nil, ErrNotOurs // wiped
	}
	tag, pad, err := s.outer()
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(tag[:], notification[atTag:atCode]) != 1 {
		return nil, ErrNotOurs
	}
	subtle.XORBytes(pad, pad, notification[atCode:atEpoch])
	payer, err := decodeCode(Version, pad)
	if err != nil {
		return nil, ErrForged
	}
	return v.open(s, payer, notification, chain)
}

func (v *ViewKey) open(s *secrets, payer Code, note []byte, chain uint64) (*Channel, error) {
	_, view, err := payer.points()
	if err != nil {
		return nil, ErrForged
	}
	if s.ss, err = ec.Compress(ec.Mul(v.view, view)); err != nil {
		return nil, ErrForged
	}
	key, err := s.inner(domainSeal, payer)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("paymentcode: %w", err)
	}
	plain, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), note[atEpoch:], note[:atEpoch])
	if err != nil {
		return nil, ErrForged
	}
	epoch := binary.BigEndian.Uint32(plain)
	root, err := s.root(payer, epoch, chain)
	if err != nil {
		return nil, err
	}
	return &Channel{payer: payer, payee: v.code, epoch: epoch, chain: chain, root: root}, nil
}
