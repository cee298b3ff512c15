// Package erc5564 is the stateless way to be paid in private that Ethereum's wallets
// know: stealth addresses of ERC-5564, scheme 1 (secp256k1 with view tags), and the
// meta-addresses of ERC-6538.
//
// The payee publishes a MetaAddress. The payer calls Pay with a fresh ephemeral key
// (see Ephemeral), pays to the stealth address and emits the Announcement. The payee's
// ViewKey tries every announcement of the chain; Keys spend what it found. Prefer
// package paymentcode between parties who pay each other often: it looks payments up
// where this scheme computes a multiplication for every announcement of everybody.
//
// # Specification
//
//	r              ephemeral scalar;  R = r·G, compressed
//	S              r·P_view = p_view·R
//	h              Keccak-256(S compressed, 33 bytes), which must be in [1, n)
//	view tag       h[0]
//	P              P_spend + h·G;  the stealth address is its Ethereum account
//	p              p_spend + h
//	meta-address   P_spend ‖ P_view, 66 bytes; as text st:CHAIN:0xHEX
//
// # Deviations
//
// The one-key form (P_view = P_spend, 33 bytes) is refused, and so is P_view =
// −P_spend: whoever finds payments could spend them. An h that is not canonical, of
// probability 2^-128, is refused instead of reduced.
//
// # Not claimed
//
// The payer knows h, so p and h together give p_spend: a one-time key must never
// become known. An announcement proves nothing about who paid. The view tag reveals
// eight bits of h, which leaves it above 2^120 to guess.
//
// All computation on secrets is in constant time (see paymentcode/internal/ec);
// whether an announcement is ours becomes visible in the time of Find.
package erc5564

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
	"github.com/rootstem/rootstem/paymentcode/internal/onetime"
)

// Scheme is the scheme id of this package in ERC-5564 and ERC-6538.
const Scheme = 1

// Errors of this package.
var (
	ErrMeta         = errors.New("erc5564: malformed meta-address")
	ErrSameKey      = errors.New("erc5564: the view key would spend: it must differ from the spend key")
	ErrKey          = errors.New("erc5564: private key is zero or not below the group's order")
	ErrAnnouncement = errors.New("erc5564: malformed announcement")
	ErrNotOurs      = errors.New("erc5564: the announcement is not for this key")
)

// MetaAddress is what a payee publishes: two compressed points.
type MetaAddress struct{ Spend, View [33]byte }

// Parse reads st:CHAIN:0xHEX and returns the short name of the chain as well.
func Parse(text string) (m MetaAddress, chain string, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] != "st" || !shortName(parts[1]) || !strings.HasPrefix(parts[2], "0x") {
		return m, "", ErrMeta
	}
	b, err := hex.DecodeString(parts[2][2:])
	if err != nil {
		return m, "", ErrMeta
	}
	m, err = Decode(b)
	return m, parts[1], err
}

func shortName(s string) bool {
	ok := len(s) > 0 && len(s) <= 32
	for _, c := range s {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	return ok
}

// Decode reads the 66 bytes that the registry of ERC-6538 holds.
func Decode(b []byte) (m MetaAddress, err error) {
	if len(b) != 66 {
		return m, ErrMeta
	}
	got := MetaAddress{Spend: [33]byte(b), View: [33]byte(b[33:])}
	if _, _, err = got.points(); err != nil {
		return m, err
	}
	return got, nil
}

func (m MetaAddress) points() (spend, view *ec.Point, err error) {
	if spend, err = ec.ParsePoint(m.Spend[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMeta, err)
	}
	if view, err = ec.ParsePoint(m.View[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMeta, err)
	}
	if string(m.Spend[1:]) == string(m.View[1:]) {
		return nil, nil, ErrSameKey
	}
	return spend, view, nil
}

// Bytes returns P_spend ‖ P_view.
func (m MetaAddress) Bytes() (out [66]byte) {
	copy(out[:], m.Spend[:])
	copy(out[33:], m.View[:])
	return out
}

// URI returns the text of a chain, by its short name such as eth.
func (m MetaAddress) URI(chain string) string {
	b := m.Bytes()
	return "st:" + chain + ":0x" + hex.EncodeToString(b[:])
}

// Announcement is what the payer makes known of one payment.
type Announcement struct {
	Stealth   [20]byte // the account that is paid
	Ephemeral [33]byte // R
	ViewTag   byte
}

// ParseAnnouncement reads the fields of the event Announcement; metadata begins with
// the view tag.
func ParseAnnouncement(scheme uint64, stealth [20]byte, ephemeral, metadata []byte) (Announcement, error) {
	if scheme != Scheme || len(ephemeral) != 33 || len(metadata) == 0 {
		return Announcement{}, ErrAnnouncement
	}
	return Announcement{Stealth: stealth, Ephemeral: [33]byte(ephemeral), ViewTag: metadata[0]}, nil
}

// Pay derives the stealth address for an ephemeral scalar in [1, n), big-endian,
// which must be used once and kept secret. It returns ErrMeta, ErrSameKey or ErrKey.
// Constant time.
func Pay(m MetaAddress, ephemeral [32]byte) (a Announcement, err error) {
	spend, view, err := m.points()
	if err != nil {
		return a, err
	}
	r, err := ec.ParseScalar(ephemeral[:])
	if err != nil {
		return a, ErrKey
	}
	h, tag, err := shared(r, view)
	if err != nil {
		return a, err
	}
	p, err := ec.Shift(spend, h)
	if err != nil {
		return a, ErrKey
	}
	out := Announcement{ViewTag: tag}
	if out.Stealth, err = ec.Address(p); err != nil {
		return a, err
	}
	if out.Ephemeral, err = ec.Public(r); err != nil {
		return a, err
	}
	return out, nil
}

// Ephemeral derives an ephemeral scalar that stays secret and fresh if the payer's
// secret is unknown to others and n, a counter, never repeats, even when the entropy
// is stuck or known; and also if only the entropy is good.
func Ephemeral(secret, entropy [32]byte, m MetaAddress, n uint64) ([32]byte, error) {
	meta := m.Bytes()
	ikm := append(append([]byte{}, secret[:]...), entropy[:]...)
	defer clear(ikm)
	for try := range byte(8) {
		info := append(binary.BigEndian.AppendUint64(meta[:], n), try)
		b, err := hkdf.Key(sha256.New, ikm, []byte("rootstem/erc5564/1/ephemeral"), string(info), 32)
		if err != nil {
			return [32]byte{}, fmt.Errorf("erc5564: %w", err)
		}
		if _, err := ec.ParseScalar(b); err == nil {
			return [32]byte(b), nil
		}
	}
	return [32]byte{}, ErrKey
}

func shared(s *ec.Scalar, p *ec.Point) (h *ec.Scalar, tag byte, err error) {
	secret, err := ec.Compress(ec.Mul(s, p))
	if err != nil {
		return nil, 0, ErrKey
	}
	sum := keccak.Sum256(secret[:])
	if h, err = ec.ParseScalar(sum[:]); err != nil {
		return nil, 0, ErrKey
	}
	return h, sum[0], nil
}

// ViewKey finds payments and cannot spend them.
type ViewKey struct {
	view  *ec.Scalar
	spend *ec.Point
	meta  MetaAddress
}

// NewViewKey joins the private view key, big-endian, with the public spend key.
func NewViewKey(view [32]byte, spend [33]byte) (*ViewKey, error) {
	v, err := ec.ParseScalar(view[:])
	if err != nil {
		return nil, ErrKey
	}
	pub, err := ec.Public(v)
	if err != nil {
		return nil, ErrKey
	}
	m := MetaAddress{Spend: spend, View: pub}
	p, _, err := m.points()
	if err != nil {
		return nil, err
	}
	return &ViewKey{view: v, spend: p, meta: m}, nil
}

// MetaAddress returns what the payee publishes.
func (v *ViewKey) MetaAddress() MetaAddress { return v.meta }

// Find returns nil if the announcement pays to this key, ErrNotOurs if not, and
// ErrAnnouncement if its point is none.
func (v *ViewKey) Find(a Announcement) error {
	_, err := v.find(a)
	return err
}

func (v *ViewKey) find(a Announcement) (*ec.Scalar, error) {
	r, err := ec.ParsePoint(a.Ephemeral[:])
	if err != nil {
		return nil, ErrAnnouncement
	}
	h, tag, err := shared(v.view, r)
	if err != nil || tag != a.ViewTag {
		return nil, ErrNotOurs
	}
	p, err := ec.Shift(v.spend, h)
	if err != nil {
		return nil, ErrNotOurs
	}
	if address, err := ec.Address(p); err != nil || address != a.Stealth {
		return nil, ErrNotOurs
	}
	return h, nil
}

// Keys spend. They hold the view key too.
type Keys struct {
	spend *ec.Scalar
	view  *ViewKey
}

// NewKeys reads two big-endian scalars.
func NewKeys(spend, view [32]byte) (*Keys, error) {
	s, err := ec.ParseScalar(spend[:])
	if err != nil {
		return nil, ErrKey
	}
	pub, err := ec.Public(s)
	if err != nil {
		return nil, ErrKey
	}
	v, err := NewViewKey(view, pub)
	if err != nil {
		return nil, err
	}
	return &Keys{spend: s, view: v}, nil
}

// View returns the tier that a gateway may hold.
func (k *Keys) View() *ViewKey { return k.view }

// OneTimeKey signs for one stealth address and does not hand out its scalar.
type OneTimeKey = onetime.Key

// OneTime returns the key of an announced payment, or the error of ViewKey.Find.
func (k *Keys) OneTime(a Announcement) (*OneTimeKey, error) {
	h, err := k.view.find(a)
	if err != nil {
		return nil, err
	}
	return onetime.New(k.spend, h, false)
}
