// Package hd derives keys from words: BIP-39 (English list) and BIP-32.
//
// Call Seed, then Master, then Derive. Whoever wants payment codes calls
// paymentcode.Derive with the seed and does not need this package further.
//
// Scalars are handled in constant time; the text form of a private key (Base58) is
// not. A private key stays in memory until the garbage collector reuses it: Go gives
// no means to erase the copies that the runtime makes.
package hd

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/rootstem/rootstem/paymentcode/internal/base58check"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// Errors of this package.
var (
	ErrMnemonic = errors.New("hd: not an English BIP-39 mnemonic")
	ErrSeed     = errors.New("hd: seed must have 16 to 64 bytes")
	ErrKey      = errors.New("hd: malformed extended key")
	ErrPath     = errors.New("hd: malformed derivation path")
	ErrHardened = errors.New("hd: a public key has no hardened children")
	ErrPrivate  = errors.New("hd: the key is public")
	ErrChild    = errors.New("hd: no key at this index; take the next")
	ErrDepth    = errors.New("hd: derivation is deeper than 255")
)

// Hardened is added to an index for a hardened child.
const Hardened uint32 = 1 << 31

const (
	versionPrivate = 0x0488ade4
	versionPublic  = 0x0488b21e
)

// Key is an extended key of BIP-32, private or public. It is immutable.
type Key struct {
	depth  byte
	parent [4]byte // first bytes of the parent's identifier
	index  uint32
	chain  [32]byte
	pub    [33]byte
	secret *ec.Scalar // nil for a public key
}

// Master returns the root of a seed of 16 to 64 bytes.
func Master(seed []byte) (*Key, error) {
	if len(seed) < 16 || len(seed) > 64 {
		return nil, ErrSeed
	}
	mac := hmac.New(sha512.New, []byte("Bitcoin seed"))
	mac.Write(seed)
	sum := mac.Sum(nil)
	return New([32]byte(sum[:32]), [32]byte(sum[32:]))
}

// New returns a private key of depth 0 from a big-endian scalar in [1, n) and a
// chain code.
func New(secret, chain [32]byte) (*Key, error) {
	s, err := ec.ParseScalar(secret[:])
	if err != nil {
		return nil, ErrKey
	}
	pub, err := ec.Public(s)
	if err != nil {
		return nil, ErrKey
	}
	return &Key{chain: chain, pub: pub, secret: s}, nil
}

// NewPublic returns a public key of depth 0 from a compressed point and a chain code.
func NewPublic(pub [33]byte, chain [32]byte) (*Key, error) {
	if _, err := ec.ParsePoint(pub[:]); err != nil {
		return nil, ErrKey
	}
	return &Key{chain: chain, pub: pub}, nil
}

// Child derives one child (CKDpriv of a private key, CKDpub of a public one).
// ErrChild, of probability below 2^-127, means: take the next index.
func (k *Key) Child(i uint32) (*Key, error) {
	if k.depth == 255 {
		return nil, ErrDepth
	}
	data := make([]byte, 0, 37)
	switch {
	case i < Hardened:
		data = append(data, k.pub[:]...)
	case k.secret == nil:
		return nil, ErrHardened
	default:
		data = append(append(data, 0), k.secret.Bytes()...)
	}
	mac := hmac.New(sha512.New, k.chain[:])
	mac.Write(binary.BigEndian.AppendUint32(data, i))
	sum := mac.Sum(nil)
	tweak, err := ec.ParseScalar(sum[:32])
	if err != nil {
		return nil, ErrChild
	}
	id := ec.Hash160(k.pub[:])
	child := &Key{depth: k.depth + 1, parent: [4]byte(id[:4]), index: i, chain: [32]byte(sum[32:])}
	if k.secret != nil {
		if child.secret, err = ec.Sum(tweak, k.secret); err != nil {
			return nil, ErrChild
		}
		child.pub, err = ec.Public(child.secret)
	} else {
		var p *ec.Point
		if p, err = ec.ParsePoint(k.pub[:]); err != nil {
			return nil, ErrKey
		}
		child.pub, err = ec.Shift(p, tweak)
	}
	if err != nil {
		return nil, ErrChild
	}
	return child, nil
}

// Derive follows a path such as m/44'/60'/0'; h and H harden as ' does.
func (k *Key) Derive(path string) (*Key, error) {
	parts := strings.Split(path, "/")
	if parts[0] != "m" || len(parts) > 256 {
		return nil, ErrPath
	}
	for _, p := range parts[1:] {
		digits := strings.TrimRight(p, "'hH")
		i, err := strconv.ParseUint(digits, 10, 31)
		if err != nil || len(p)-len(digits) > 1 || digits[0] == '+' || len(digits) > 1 && digits[0] == '0' {
			return nil, ErrPath
		}
		index := uint32(i)
		if len(p) > len(digits) {
			index += Hardened
		}
		if k, err = k.Child(index); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Neuter returns the public key alone.
func (k *Key) Neuter() *Key {
	out := *k
	out.secret = nil
	return &out
}

// Public returns the compressed point.
func (k *Key) Public() [33]byte { return k.pub }

// Chain returns the chain code. With the public key it links all children that are
// not hardened; with one of their private keys as well, it gives this private key.
func (k *Key) Chain() [32]byte { return k.chain }

// Secret returns the big-endian scalar, or ErrPrivate.
func (k *Key) Secret() ([32]byte, error) {
	if k.secret == nil {
		return [32]byte{}, ErrPrivate
	}
	return [32]byte(k.secret.Bytes()), nil
}

// String returns the xpub text, of a private key too, so that logs never show one.
func (k *Key) String() string { return k.text(versionPublic, k.pub) }

// GoString is String.
func (k *Key) GoString() string { return k.String() }

// Private returns the xprv text, or ErrPrivate.
func (k *Key) Private() (string, error) {
	if k.secret == nil {
		return "", ErrPrivate
	}
	var data [33]byte
	copy(data[1:], k.secret.Bytes())
	return k.text(versionPrivate, data), nil
}

func (k *Key) text(version uint32, data [33]byte) string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 78), version)
	b = append(append(b, k.depth), k.parent[:]...)
	b = binary.BigEndian.AppendUint32(b, k.index)
	return base58check.Encode(append(append(b, k.chain[:]...), data[:]...))
}

// Parse reads an xprv or xpub text of Bitcoin's main network. It refuses everything
// that BIP-32's invalid test vectors show, with ErrKey.
func Parse(text string) (*Key, error) {
	b, err := base58check.Decode(text)
	if err != nil || len(b) != 78 {
		return nil, ErrKey
	}
	depth, parent, index := b[4], [4]byte(b[5:9]), binary.BigEndian.Uint32(b[9:13])
	if depth == 0 && (parent != [4]byte{} || index != 0) {
		return nil, ErrKey
	}
	var k *Key
	switch binary.BigEndian.Uint32(b) {
	case versionPublic:
		k, err = NewPublic([33]byte(b[45:]), [32]byte(b[13:45]))
	case versionPrivate:
		if b[45] != 0 {
			return nil, ErrKey
		}
		k, err = New([32]byte(b[46:]), [32]byte(b[13:45]))
	default:
		return nil, ErrKey
	}
	if err != nil {
		return nil, err
	}
	k.depth, k.parent, k.index = depth, parent, index
	return k, nil
}
