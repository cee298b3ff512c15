// Package bip47 is Bitcoin's reusable payment codes: BIP-47 version 1 and version 3
// of OBPP-05, codes, notifications and payment keys.
//
// Make an Account from the extended key m/47'/coin'/account' (package hd), publish
// Account.Code, and derive the keys to pay with Account.Pay and to be paid with
// Account.Receive. A notification carries the payer's code to the payee, by version 1
// (Blind, Unblind) or version 3 (Notify, Account.Open); it is the payee's version that
// counts. Building and finding transactions is the wallet's part.
//
// # Specification
//
// BIP-47 (version 1) and OBPP-05 (version 3). In the notation of both, a is the
// payer's 0th private key, B the payee's i-th public key, S = a·B and Sx its x:
//
//	version 1   s = SHA-256(Sx)
//	version 3   s = SHA-256(HMAC-SHA-512(key Sx, coin type, 4 bytes big-endian))
//	            payment key B' = B + s·G; its private key is b + s
//	            chain code of a version 3 code = SHA-256(SHA-256(public key))
//
// # Deviations
//
// Versions 2 and 4 are refused, as are version 1 codes with feature bits (Bitmessage)
// or non-zero reserved bytes. Bytes that OBPP-05 leaves arbitrary are not looked at.
//
// # Not claimed
//
// Payment keys are children of an extended public key that the code shows: one private
// key b + s and s, which the payer knows, give b and with it the account's key. So
// one-time keys sign and are not exported. A version 1 notification shows on chain
// that somebody notified this payee. Secrets are handled in constant time.
package bip47

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"github.com/rootstem/rootstem/paymentcode/hd"
	"github.com/rootstem/rootstem/paymentcode/internal/base58check"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
	"github.com/rootstem/rootstem/paymentcode/internal/onetime"
)

// Errors of this package.
var (
	ErrCode         = errors.New("bip47: malformed payment code")
	ErrVersion      = errors.New("bip47: only versions 1 and 3 without features are known")
	ErrKey          = errors.New("bip47: private key is zero or not below the group's order")
	ErrPrivate      = errors.New("bip47: an account needs a private key")
	ErrIndex        = errors.New("bip47: no key at this index; take the next")
	ErrNotification = errors.New("bip47: not a notification to this account")
)

// Version is the version of a payment code.
type Version byte

// The versions that this package knows.
const (
	V1 Version = 1
	V3 Version = 3
)

// Sizes of a code in bytes.
const (
	longSize  = 80 // version 1, and version 3 for a payee of version 1
	shortSize = 34 // version 3
)

// Code is a payment code. It is comparable; its zero value is not a code.
type Code struct {
	version Version
	pub     [33]byte
	chain   [32]byte // of version 3: derived from pub
}

func newCode(v Version, pub [33]byte, chain [32]byte) (Code, error) {
	if _, err := ec.ParsePoint(pub[:]); err != nil {
		return Code{}, ErrCode
	}
	switch v {
	case V1:
	case V3:
		chain = sha256.Sum256(pub[:])
		chain = sha256.Sum256(chain[:])
	default:
		return Code{}, ErrVersion
	}
	return Code{v, pub, chain}, nil
}

// Decode reads 80 bytes of version 1, or 34 bytes of version 3. It reads the 80 bytes
// of a version 3 code as well, whose chain code must be the derived one.
func Decode(b []byte) (Code, error) {
	switch {
	case len(b) == shortSize && Version(b[0]) == V3:
		return newCode(V3, [33]byte(b[1:]), [32]byte{})
	case len(b) != longSize:
		return Code{}, ErrCode
	case Version(b[0]) != V1 && Version(b[0]) != V3 || b[1] != 0:
		return Code{}, ErrVersion
	case [13]byte(b[67:]) != [13]byte{}:
		return Code{}, ErrCode
	}
	c, err := newCode(Version(b[0]), [33]byte(b[2:]), [32]byte(b[35:]))
	if err == nil && c.chain != [32]byte(b[35:67]) {
		return Code{}, ErrCode
	}
	return c, err
}

// Parse reads the Base58Check text of a code.
func Parse(text string) (Code, error) {
	b, err := base58check.Decode(text)
	if err != nil || len(b) == 0 {
		return Code{}, ErrCode
	}
	c, err := Decode(b[1:])
	if err != nil {
		return Code{}, err
	}
	if b[0] != c.prefix() || len(b)-1 != len(c.Bytes()) {
		return Code{}, ErrCode
	}
	return c, nil
}

func (c Code) prefix() byte {
	if c.version == V3 {
		return 0x22
	}
	return 0x47
}

// Version returns the code's version.
func (c Code) Version() Version { return c.version }

// String returns the Base58Check text.
func (c Code) String() string { return base58check.Encode(append([]byte{c.prefix()}, c.Bytes()...)) }

// Bytes returns the binary form of the code's version: 80 or 34 bytes.
func (c Code) Bytes() []byte {
	if c.version == V3 {
		return append([]byte{byte(V3)}, c.pub[:]...)
	}
	long := c.Long()
	return long[:]
}

// Long returns the form of 80 bytes: version, features (0), public key, chain code,
// zeros.
func (c Code) Long() (out [longSize]byte) {
	out[0] = byte(c.version)
	copy(out[2:], c.pub[:])
	copy(out[35:], c.chain[:])
	return out
}

// Key returns the i-th public child, compressed; i is below 2^31.
func (c Code) Key(i uint32) ([33]byte, error) {
	if i >= hd.Hardened {
		return [33]byte{}, ErrIndex
	}
	k, err := hd.NewPublic(c.pub, c.chain)
	if err != nil {
		return [33]byte{}, ErrCode
	}
	if k, err = k.Child(i); err != nil {
		return [33]byte{}, ErrIndex
	}
	return k.Public(), nil
}

// Identifier returns what marks a notification of version 3 to this code from a payer
// with a code of version sender.
func (c Code) Identifier(sender Version) [32]byte {
	return [32]byte(mac(c.chain[:], []byte{byte(sender)}))
}

// P2PKH returns the text of Bitcoin's address of a compressed key on the main network:
// of Key(0), the notification address of version 1.
func P2PKH(pub [33]byte) string {
	h := ec.Hash160(pub[:])
	return base58check.Encode(append([]byte{0}, h[:]...))
}

func mac(key, data []byte) []byte {
	m := hmac.New(sha512.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// Account is the private side of a code.
type Account struct {
	key  *hd.Key
	code Code
}

// NewAccount makes an account from an extended private key, by convention
// m/47'/coin'/account'.
func NewAccount(key *hd.Key, v Version) (*Account, error) {
	secret, err := key.Secret()
	if err != nil {
		return nil, ErrPrivate
	}
	code, err := newCode(v, key.Public(), key.Chain())
	if err != nil {
		return nil, err
	}
	k, err := hd.New(secret, code.chain)
	clear(secret[:])
	if err != nil {
		return nil, ErrKey
	}
	return &Account{k, code}, nil
}

// Code returns what to publish.
func (a *Account) Code() Code { return a.code }

// String shows nothing secret.
func (a *Account) String() string { return "account of " + a.code.String() }

// GoString shows nothing secret.
func (a *Account) GoString() string { return a.String() }

func (a *Account) secret(i uint32) (*ec.Scalar, error) {
	if i >= hd.Hardened {
		return nil, ErrIndex
	}
	k, err := a.key.Child(i)
	if err != nil {
		return nil, ErrIndex
	}
	b, err := k.Secret()
	if err != nil {
		return nil, ErrPrivate
	}
	defer clear(b[:])
	return ec.ParseScalar(b[:])
}

// sharedX returns the x coordinate of secret·pub.
func sharedX(secret *ec.Scalar, pub [33]byte) ([]byte, error) {
	p, err := ec.ParsePoint(pub[:])
	if err != nil {
		return nil, ErrCode
	}
	s, err := ec.Compress(ec.Mul(secret, p))
	if err != nil {
		return nil, ErrKey
	}
	return s[1:], nil
}

// tweak is the specifications' s, by the payee's version.
func tweak(v Version, sx []byte, coin uint32) (*ec.Scalar, error) {
	if v == V3 {
		sx = mac(sx, binary.BigEndian.AppendUint32(nil, coin))
	}
	h := sha256.Sum256(sx)
	s, err := ec.ParseScalar(h[:])
	if err != nil {
		return nil, ErrIndex
	}
	return s, nil
}

// Pay returns the compressed key to pay to another code for the i-th time. coin is
// SLIP-44's type without hardening and matters only for a payee of version 3.
// ErrIndex, of probability 2^-127, means: take the next. Constant time.
func (a *Account) Pay(to Code, coin, i uint32) ([33]byte, error) {
	secret, err := a.secret(0)
	if err != nil {
		return [33]byte{}, err
	}
	pub, err := to.Key(i)
	if err != nil {
		return [33]byte{}, err
	}
	sx, err := sharedX(secret, pub)
	if err != nil {
		return [33]byte{}, err
	}
	s, err := tweak(to.version, sx, coin)
	if err != nil {
		return [33]byte{}, err
	}
	return shift(pub, s)
}

func shift(pub [33]byte, s *ec.Scalar) ([33]byte, error) {
	p, err := ec.ParsePoint(pub[:])
	if err != nil {
		return [33]byte{}, ErrCode
	}
	out, err := ec.Shift(p, s)
	if err != nil {
		return out, ErrIndex
	}
	return out, nil
}

// OneTimeKey signs for one payment and does not hand out its scalar.
type OneTimeKey = onetime.Key

// Receive returns the key of the i-th payment from another code; its Public is what
// the payer pays to. Constant time.
func (a *Account) Receive(from Code, coin, i uint32) (*OneTimeKey, error) {
	pub, err := from.Key(0)
	if err != nil {
		return nil, err
	}
	secret, err := a.secret(i)
	if err != nil {
		return nil, err
	}
	sx, err := sharedX(secret, pub)
	if err != nil {
		return nil, err
	}
	s, err := tweak(a.code.version, sx, coin)
	if err != nil {
		return nil, err
	}
	k, err := onetime.New(secret, s, false)
	if err != nil {
		return nil, ErrIndex
	}
	return k, nil
}

// Blind makes the payload of a version 1 notification: the payer's code in 80 bytes,
// unreadable but for the payee. designated is the private key of the transaction's
// first input that shows its public key, outpoint that input's 36 bytes as serialised
// in the transaction. Constant time.
func Blind(payer Code, designated [32]byte, payee Code, outpoint [36]byte) ([80]byte, error) {
	secret, err := ec.ParseScalar(designated[:])
	if err != nil {
		return [80]byte{}, ErrKey
	}
	pub, err := payee.Key(0)
	if err != nil {
		return [80]byte{}, err
	}
	sx, err := sharedX(secret, pub)
	if err != nil {
		return [80]byte{}, err
	}
	out := payer.Long()
	mask(&out, mac(outpoint[:], sx))
	return out, nil
}

func mask(code *[80]byte, s []byte) {
	subtle.XORBytes(code[3:67], code[3:67], s) // x and the chain code; the sign stays
}

// Unblind reads the payload of a version 1 notification to this account, or returns
// ErrNotification. A payload to somebody else is taken for a code with probability
// about one half, as BIP-47 has no checksum: look only at notifications to one's own
// address.
func (a *Account) Unblind(payload [80]byte, designated [33]byte, outpoint [36]byte) (Code, error) {
	secret, err := a.secret(0)
	if err != nil {
		return Code{}, err
	}
	sx, err := sharedX(secret, designated)
	if err != nil {
		return Code{}, ErrNotification
	}
	mask(&payload, mac(outpoint[:], sx))
	c, err := Decode(payload[:])
	if err != nil {
		return Code{}, ErrNotification
	}
	return c, nil
}
