package paymentcode

import (
	"fmt"

	"github.com/rootstem/rootstem/paymentcode/hd"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
	"github.com/rootstem/rootstem/paymentcode/internal/onetime"
)

// Purpose is the first level of the derivation path
// m/28771'/account'/delegated'/key', where key 0 spends and key 1 views.
const Purpose = 28771

// Options choose a code of a seed. A restore from the seed needs the same.
type Options struct {
	// Account counts codes, below 2^31.
	Account uint32
	// Delegated derives a code whose view key may be exported, to a gateway, and
	// whose one-time keys may not. Otherwise it is the other way round.
	Delegated bool
	// BucketBits, 0 to 12, opts in to buckets: a relay told of this code's bucket
	// passes on its notifications and one in 2^BucketBits of all others. 0 asks the
	// payee to try all notifications.
	BucketBits uint8
}

// Keys are the spend tier. They hold the view key too.
type Keys struct {
	spend *ec.Scalar
	view  *ViewKey
}

// Derive makes the keys of a BIP-39 seed (see package hd), all levels hardened.
func Derive(seed []byte, o Options) (*Keys, error) {
	if o.Account >= hd.Hardened || o.BucketBits > maxBucketBits {
		return nil, ErrOptions
	}
	delegated := 0
	if o.Delegated {
		delegated = 1
	}
	k, err := hd.Master(seed)
	if err != nil {
		return nil, err
	}
	if k, err = k.Derive(fmt.Sprintf("m/%d'/%d'/%d'", Purpose, o.Account, delegated)); err != nil {
		return nil, err
	}
	var s [2]*ec.Scalar
	for i := range s {
		child, err := k.Child(hd.Hardened + uint32(i))
		if err != nil {
			return nil, err
		}
		b, err := child.Secret()
		if err != nil {
			return nil, err
		}
		s[i], err = ec.ParseScalar(b[:])
		clear(b[:])
		if err != nil {
			return nil, err
		}
	}
	return newKeys(s[0], s[1], o)
}

func newKeys(spend, view *ec.Scalar, o Options) (*Keys, error) {
	pub, err := ec.Public(spend)
	if err != nil {
		return nil, err
	}
	v, err := newViewKey(view, pub, o.BucketBits, o.Delegated)
	if err != nil {
		return nil, err
	}
	return &Keys{spend: spend, view: v}, nil
}

// Code returns what to publish.
func (k *Keys) Code() Code { return k.view.code }

// View returns the view tier.
func (k *Keys) View() *ViewKey { return k.view }

// String shows nothing secret.
func (k *Keys) String() string { return "keys of " + k.view.code.String() }

// GoString shows nothing secret.
func (k *Keys) GoString() string { return k.String() }

// Wipe erases both scalars. Copies that the runtime or the compiler made may remain.
func (k *Keys) Wipe() {
	k.spend.Zero()
	k.view.Wipe()
}

// OneTimeKey signs for one payment.
type OneTimeKey = onetime.Key

// ErrExport is the error of OneTimeKey.Export when the code is a delegated one.
var ErrExport = onetime.ErrExport

// OneTime returns the private key of a payment, p_i = p_spend + t_i, or ErrNotOurs if
// the payment is for another code. Constant time.
//
// The payer knows t_i, and so does whoever holds the view key: a one-time key that
// becomes known to one of them is the spend key.
func (k *Keys) OneTime(in *Incoming) (*OneTimeKey, error) {
	if in.payee != k.view.code {
		return nil, ErrNotOurs
	}
	key, err := onetime.New(k.spend, in.tweak, !k.view.delegated)
	if err != nil {
		return nil, ErrIndex
	}
	want, err := in.Key()
	if err != nil {
		return nil, err
	}
	if key.Public() != want {
		return nil, ErrNotOurs // wiped keys
	}
	return key, nil
}

// ViewKey is the view tier: it sends and opens notifications and finds payments, and
// cannot spend them. It is immutable but for Wipe.
type ViewKey struct {
	view      *ec.Scalar
	code      Code
	delegated bool
}

func newViewKey(view *ec.Scalar, spend [33]byte, flags byte, delegated bool) (*ViewKey, error) {
	pub, err := ec.Public(view)
	if err != nil {
		return nil, ErrViewKey
	}
	code, err := newCode(flags, spend, pub)
	if err != nil {
		return nil, err
	}
	return &ViewKey{view: view, code: code, delegated: delegated}, nil
}

// Code returns the code whose payments the key finds.
func (v *ViewKey) Code() Code { return v.code }

// String shows nothing secret.
func (v *ViewKey) String() string { return "view key of " + v.code.String() }

// GoString shows nothing secret.
func (v *ViewKey) GoString() string { return v.String() }

// Wipe erases the scalar; afterwards nothing opens.
func (v *ViewKey) Wipe() { v.view.Zero() }

// Export writes a delegated view key for a gateway: version ‖ flags ‖ P_spend ‖
// p_view, 67 secret bytes. The key of a code that is not delegated is refused with
// ErrNotDelegated, because its one-time keys may be exported.
func (v *ViewKey) Export() ([]byte, error) {
	if !v.delegated {
		return nil, ErrNotDelegated
	}
	out := append([]byte{Version, v.code.flags}, v.code.spend[:]...)
	return append(out, v.view.Bytes()...), nil
}

// ParseViewKey reads what Export wrote.
func ParseViewKey(b []byte) (*ViewKey, error) {
	if len(b) != 67 {
		return nil, ErrViewKey
	}
	if b[0] != Version {
		return nil, ErrVersion
	}
	view, err := ec.ParseScalar(b[35:])
	if err != nil {
		return nil, ErrViewKey
	}
	return newViewKey(view, [33]byte(b[2:]), b[1], true)
}
