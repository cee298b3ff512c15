// Package bip352 is Bitcoin's silent payments: addresses, the keys to pay to, and
// scanning, with labels.
//
// The payee publishes Receiver.Address, or a labelled one. The payer gives the inputs
// of the transaction with their private keys to Send and pays to the taproot keys that
// it returns, in order. The payee computes Tweak for each transaction (or takes it
// from an index), gives it with the transaction's taproot outputs to Receiver.Scan,
// and spends with SpendKey. Building and finding transactions is the wallet's part.
//
// # Specification
//
// BIP-352, in its notation; hash_T(x) = SHA-256(SHA-256(T) ‖ SHA-256(T) ‖ x).
//
//	A           sum of the eligible inputs' public keys; a of the private ones,
//	            negated where a taproot key has an odd y
//	input_hash  hash_{BIP0352/Inputs}(smallest outpoint ‖ A)
//	tweak       input_hash·A
//	ecdh        b_scan·tweak = input_hash·a·B_scan
//	t_k         hash_{BIP0352/SharedSecret}(ecdh ‖ k, 4 bytes big-endian)
//	P_k         B_m + t_k·G, of which x is paid to; k counts per B_scan up to KMax
//	label       hash_{BIP0352/Label}(b_scan ‖ m);  B_m = B_spend + label·G
//
// Eligible are P2TR (not with the point H as internal key), P2WPKH, P2SH-P2WPKH and
// P2PKH inputs with compressed keys. Transactions that spend an output of a segwit
// version above 1 are refused.
//
// # Deviations
//
// Send refuses a private key that does not belong to its input, where the BIP would
// send coins to a key that nobody has.
//
// # Not claimed
//
// The scan key finds everything and, with one exported output key, gives the spend
// key: output keys sign and are not exported. Computation on secrets is in constant
// time; which outputs are ours shows in the time of Scan.
package bip352

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/paymentcode/internal/bech32m"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// KMax bounds the outputs of one transaction to one scan key.
const KMax = 2323

// Errors of this package.
var (
	ErrAddress = errors.New("bip352: malformed address")
	ErrInputs  = errors.New("bip352: the transaction's inputs admit no silent payment")
	ErrKey     = errors.New("bip352: private key out of range or not that of its input")
	ErrSameKey = errors.New("bip352: the scan key would spend: it must differ from the spend key")
	ErrTooMany = errors.New("bip352: more than 2,323 outputs to one recipient")
	ErrTweak   = errors.New("bip352: malformed tweak")
	ErrLabel   = errors.New("bip352: unusable label; take another")
)

func tagged(tag string, parts ...[]byte) [32]byte {
	t := sha256.Sum256([]byte(tag))
	h := sha256.New()
	h.Write(t[:])
	h.Write(t[:])
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

// Address is where to pay: two compressed points. Of a labelled address, Spend is B_m.
type Address struct{ Scan, Spend [33]byte }

// ParseAddress reads an address and its network: sp is the main one, tsp the others.
// Of versions 1 to 30 it reads the part that version 0 has, as the BIP asks.
func ParseAddress(text string) (a Address, network string, err error) {
	hrp, version, data, err := bech32m.Decode(text)
	if err != nil || hrp != "sp" && hrp != "tsp" || version == 31 || len(data) < 66 || version == 0 && len(data) != 66 {
		return a, "", ErrAddress
	}
	out := Address{Scan: [33]byte(data), Spend: [33]byte(data[33:])}
	if _, _, err := out.points(); err != nil {
		return a, "", err
	}
	return out, hrp, nil
}

func (a Address) points() (scan, spend *ec.Point, err error) {
	if scan, err = ec.ParsePoint(a.Scan[:]); err != nil {
		return nil, nil, ErrAddress
	}
	if spend, err = ec.ParsePoint(a.Spend[:]); err != nil {
		return nil, nil, ErrAddress
	}
	return scan, spend, nil
}

// Text returns the address for a network, sp or tsp.
func (a Address) Text(network string) string {
	return bech32m.Encode(network, 0, append(append([]byte{}, a.Scan[:]...), a.Spend[:]...))
}

// Outpoint names a spent output as transactions do: the hash in the order in which it
// was computed, and the index, 4 bytes little-endian.
type Outpoint [36]byte

// Input is what of a transaction's input bears on silent payments.
type Input struct {
	Outpoint  Outpoint
	Script    []byte // scriptPubKey of the spent output
	ScriptSig []byte
	Witness   [][]byte
}

// SecretInput is an input with its private key, big-endian; the key of one that is not
// eligible is not looked at.
type SecretInput struct {
	Input
	Key [32]byte
}

// String shows nothing secret.
func (in SecretInput) String() string { return fmt.Sprintf("secret input %x", in.Outpoint[:]) }

// GoString is String.
func (in SecretInput) GoString() string { return in.String() }

// numsH is the internal key of taproot outputs that no key can spend (BIP-341).
const numsH = "\x50\x92\x9b\x74\xc1\xa0\x49\x54\xb7\x8b\x4b\x60\x35\xe9\x7a\x5e\x07\x8a\x5a\x0f\x28\xec\x96\xd5\x47\xbf\xee\x9a\xce\x80\x3a\xc0"

func (in Input) taproot() bool {
	return len(in.Script) == 34 && in.Script[0] == 0x51 && in.Script[1] == 32
}

// future reports an output of a segwit version above 1.
func (in Input) future() bool {
	s := in.Script
	return len(s) >= 4 && len(s) <= 42 && s[0] >= 0x52 && s[0] <= 0x60 && int(s[1]) == len(s)-2
}

func witnessKeyHash(script []byte) bool {
	return len(script) == 22 && script[0] == 0 && script[1] == 20
}

// Key returns the compressed public key of an eligible input, with an even y if it is
// taproot, and whether there is one.
func (in Input) Key() (pub [33]byte, ok bool) {
	var key []byte
	s, sig := in.Script, in.ScriptSig
	switch {
	case in.taproot():
		key = in.taprootKey()
	case witnessKeyHash(s), len(s) == 23 && s[0] == 0xa9 && s[1] == 20 && s[22] == 0x87 && len(sig) > 0 && witnessKeyHash(sig[1:]):
		if n := len(in.Witness); n > 0 {
			key = in.Witness[n-1]
		}
	case len(s) == 25 && bytes.Equal(s[:3], []byte{0x76, 0xa9, 20}) && bytes.Equal(s[23:], []byte{0x88, 0xac}):
		// The script may be malleated: take the last 33 bytes that hash to the address.
		for end := len(sig); end >= 33 && key == nil; end-- {
			if h := ec.Hash160(sig[end-33 : end]); bytes.Equal(h[:], s[3:23]) {
				key = sig[end-33 : end]
			}
		}
	}
	if _, err := ec.ParsePoint(key); err != nil {
		return pub, false
	}
	return [33]byte(key), true
}

func (in Input) taprootKey() []byte {
	w := in.Witness
	if n := len(w); n >= 2 && len(w[n-1]) > 0 && w[n-1][0] == 0x50 {
		w = w[:n-1] // the annex
	}
	if n := len(w); n == 0 || n > 1 && (len(w[n-1]) < 33 || string(w[n-1][1:33]) == numsH) {
		return nil
	}
	return append([]byte{2}, in.Script[2:]...)
}

// inputHash returns the hash of A and the smallest outpoint, as a scalar.
func inputHash(sum [33]byte, inputs func(func(Outpoint) bool)) (*ec.Scalar, error) {
	var least *Outpoint
	for o := range inputs {
		if least == nil || bytes.Compare(o[:], least[:]) < 0 {
			least = &o
		}
	}
	if least == nil {
		return nil, ErrInputs
	}
	h := tagged("BIP0352/Inputs", least[:], sum[:])
	s, err := ec.ParseScalar(h[:])
	if err != nil {
		return nil, ErrInputs
	}
	return s, nil
}

// Tweak returns input_hash·A of a transaction with all its inputs: public, 33 bytes,
// the same for all payees, so that an index can keep it. ErrInputs means that the
// transaction has no silent payment.
func Tweak(inputs []Input) ([33]byte, error) {
	var sum *ec.Point
	for _, in := range inputs {
		if in.future() {
			return [33]byte{}, ErrInputs
		}
		pub, ok := in.Key()
		if !ok {
			continue
		}
		p, err := ec.ParsePoint(pub[:])
		if err != nil {
			return [33]byte{}, ErrInputs
		}
		if sum == nil {
			sum = p
		} else {
			sum.Add(sum, p)
		}
	}
	if sum == nil {
		return [33]byte{}, ErrInputs
	}
	a, err := ec.Compress(sum)
	if err != nil {
		return a, ErrInputs
	}
	h, err := inputHash(a, func(yield func(Outpoint) bool) {
		for _, in := range inputs {
			if !yield(in.Outpoint) {
				return
			}
		}
	})
	if err != nil {
		return a, err
	}
	return ec.Compress(ec.Mul(h, sum))
}

// secretOf returns an eligible input's private key, with taproot's sign; nil if the
// input is not eligible.
func (in SecretInput) secretOf() (*ec.Scalar, error) {
	want, ok := in.Input.Key()
	if !ok {
		return nil, nil
	}
	s, err := ec.ParseScalar(in.Key[:])
	if err != nil {
		return nil, ErrKey
	}
	pub, err := ec.Public(s)
	if err != nil {
		return nil, ErrKey
	}
	if in.taproot() && pub[0] == 3 {
		s.Negate(s)
		pub[0] = 2
	}
	if pub != want {
		return nil, ErrKey
	}
	return s, nil
}

// Send returns the x coordinates of the taproot keys to pay to, in the order of the
// recipients. All inputs of the transaction must be given. It returns ErrInputs if
// they admit no silent payment, ErrKey, ErrAddress or ErrTooMany. Constant time.
func Send(inputs []SecretInput, to []Address) ([][32]byte, error) {
	secret, eligible := new(ec.Scalar), false
	for _, in := range inputs {
		if in.future() {
			return nil, ErrInputs
		}
		s, err := in.secretOf()
		if err != nil {
			return nil, err
		}
		if s != nil {
			secret.Add(secret, s)
			eligible = true
		}
	}
	if !eligible {
		return nil, ErrInputs
	}
	a, err := ec.Public(secret)
	if err != nil {
		return nil, ErrInputs
	}
	h, err := inputHash(a, func(yield func(Outpoint) bool) {
		for _, in := range inputs {
			if !yield(in.Outpoint) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return outputs(secret.Multiply(secret, h), to)
}

// outputs derives the keys for input_hash·a.
func outputs(secret *ec.Scalar, to []Address) ([][32]byte, error) {
	count := map[[33]byte]uint32{}
	for _, addr := range to {
		if count[addr.Scan]++; count[addr.Scan] > KMax {
			return nil, ErrTooMany
		}
	}
	next, shared := map[[33]byte]uint32{}, map[[33]byte][33]byte{}
	out := make([][32]byte, 0, len(to))
	for _, addr := range to {
		scan, spend, err := addr.points()
		if err != nil {
			return nil, err
		}
		ecdh, ok := shared[addr.Scan]
		if !ok {
			if ecdh, err = ec.Compress(ec.Mul(secret, scan)); err != nil {
				return nil, ErrInputs
			}
			shared[addr.Scan] = ecdh
		}
		t, err := tweakOf(ecdh, next[addr.Scan])
		if err != nil {
			return nil, err
		}
		next[addr.Scan]++
		p, err := ec.Shift(spend, t)
		if err != nil {
			return nil, ErrInputs
		}
		out = append(out, [32]byte(p[1:]))
	}
	return out, nil
}

func tweakOf(ecdh [33]byte, k uint32) (*ec.Scalar, error) {
	h := tagged("BIP0352/SharedSecret", ecdh[:], binary.BigEndian.AppendUint32(nil, k))
	t, err := ec.ParseScalar(h[:])
	if err != nil {
		return nil, ErrInputs
	}
	return t, nil
}
