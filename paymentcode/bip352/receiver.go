package bip352

import (
	"encoding/binary"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
	"github.com/rootstem/rootstem/paymentcode/internal/onetime"
)

// Change is the label of the payee's own change; no address of it must be given away.
const Change uint32 = 0

// Receiver finds payments and cannot spend them. It is immutable.
type Receiver struct {
	scan   *ec.Scalar
	spend  *ec.Point
	addr   Address
	labels []label
	lookup map[[33]byte]int // of label·G in labels
}

type label struct {
	m      uint32
	scalar *ec.Scalar
	point  *ec.Point
}

// NewReceiver joins the private scan key, big-endian, with the public spend key and
// the labels that addresses were given out for.
func NewReceiver(scan [32]byte, spend [33]byte, labels ...uint32) (*Receiver, error) {
	s, err := ec.ParseScalar(scan[:])
	if err != nil {
		return nil, ErrKey
	}
	r := &Receiver{scan: s, lookup: map[[33]byte]int{}}
	if r.addr.Scan, err = ec.Public(s); err != nil {
		return nil, ErrKey
	}
	r.addr.Spend = spend
	if _, r.spend, err = r.addr.points(); err != nil {
		return nil, err
	}
	if [32]byte(spend[1:]) == [32]byte(r.addr.Scan[1:]) {
		return nil, ErrSameKey
	}
	for _, m := range labels {
		l, err := r.label(m)
		if err != nil {
			return nil, err
		}
		key, err := ec.Compress(l.point)
		if err != nil {
			return nil, ErrLabel
		}
		if _, known := r.lookup[key]; !known {
			r.lookup[key] = len(r.labels)
			r.labels = append(r.labels, l)
		}
	}
	return r, nil
}

func (r *Receiver) label(m uint32) (label, error) {
	b := r.scan.Bytes()
	defer clear(b)
	h := tagged("BIP0352/Label", b, binary.BigEndian.AppendUint32(nil, m))
	s, err := ec.ParseScalar(h[:])
	if err != nil {
		return label{}, ErrLabel
	}
	return label{m, s, ec.Base(s)}, nil
}

// Address returns the address without a label.
func (r *Receiver) Address() Address { return r.addr }

// Labelled returns the address of a label, which tells the payee, and nobody else,
// for what it was given out. It must be among the labels of NewReceiver to be found.
func (r *Receiver) Labelled(m uint32) (Address, error) {
	l, err := r.label(m)
	if err != nil {
		return Address{}, err
	}
	a := r.addr
	if a.Spend, err = ec.Compress(new(ec.Point).Add(r.spend, l.point)); err != nil {
		return Address{}, ErrLabel
	}
	return a, nil
}

// Found is an output that was paid to the payee.
type Found struct {
	Output [32]byte // x of the taproot key
	Label  uint32   // if Labelled
	// Labelled says whether the payment went to a labelled address.
	Labelled bool
	tweak    *ec.Scalar // what the spend key lacks
}

// Scan returns which of a transaction's taproot outputs (x coordinates) are the
// payee's, given the transaction's Tweak. It stops at KMax. Its time grows with the
// number found times the smaller of labels and outputs.
func (r *Receiver) Scan(tweak [33]byte, outputs [][32]byte) ([]Found, error) {
	p, err := ec.ParsePoint(tweak[:])
	if err != nil {
		return nil, ErrTweak
	}
	ecdh, err := ec.Compress(ec.Mul(r.scan, p))
	if err != nil {
		return nil, ErrTweak
	}
	left := map[[32]byte]int{}
	for _, o := range outputs {
		left[o]++
	}
	var found []Found
	for k := uint32(0); k < KMax && len(left) > 0; k++ {
		t, err := tweakOf(ecdh, k)
		if err != nil {
			return nil, err
		}
		f, ok, err := r.match(t, left)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		found = append(found, f)
		if left[f.Output]--; left[f.Output] == 0 {
			delete(left, f.Output)
		}
	}
	return found, nil
}

func (r *Receiver) match(t *ec.Scalar, left map[[32]byte]int) (Found, bool, error) {
	p := ec.Base(t)
	p.Add(p, r.spend)
	key, err := ec.Compress(p)
	if err != nil {
		return Found{}, false, ErrTweak
	}
	if x := [32]byte(key[1:]); left[x] > 0 {
		return Found{Output: x, tweak: t}, true, nil
	}
	l, x := -1, [32]byte{}
	if len(r.labels) <= 2*len(left) {
		l, x = r.byLabels(p, left)
	} else {
		l, x = r.byOutputs(p, left)
	}
	if l < 0 {
		return Found{}, false, nil
	}
	sum, err := ec.Sum(t, r.labels[l].scalar)
	if err != nil {
		return Found{}, false, ErrTweak
	}
	return Found{Output: x, Label: r.labels[l].m, Labelled: true, tweak: sum}, true, nil
}

// byLabels looks for P_k + label·G among the outputs.
func (r *Receiver) byLabels(p *ec.Point, left map[[32]byte]int) (int, [32]byte) {
	for i, l := range r.labels {
		key, err := ec.Compress(new(ec.Point).Add(p, l.point))
		if err == nil && left[[32]byte(key[1:])] > 0 {
			return i, [32]byte(key[1:])
		}
	}
	return -1, [32]byte{}
}

// byOutputs looks for ±output − P_k among the labels. At most one output of an honest
// payer matches, so that the order does not matter; of several, the least is taken.
func (r *Receiver) byOutputs(p *ec.Point, left map[[32]byte]int) (int, [32]byte) {
	best, at := -1, [32]byte{}
	for x := range left {
		for sign := byte(2); sign <= 3; sign++ {
			o, err := ec.ParsePoint(append([]byte{sign}, x[:]...))
			if err != nil {
				continue
			}
			key, err := ec.Compress(o.Subtract(o, p))
			if err != nil {
				continue
			}
			if i, ok := r.lookup[key]; ok && (best < 0 || i < best) {
				best, at = i, x
			}
		}
	}
	return best, at
}

// OneTimeKey signs for one output and does not hand out its scalar.
type OneTimeKey = onetime.Key

// SpendKey returns the key of a found output from the private spend key, big-endian:
// sign with its SignSchnorr. It returns ErrKey if the spend key is another payee's.
// Constant time.
func SpendKey(spend [32]byte, f Found) (*OneTimeKey, error) {
	s, err := ec.ParseScalar(spend[:])
	if err != nil || f.tweak == nil {
		return nil, ErrKey
	}
	k, err := onetime.New(s, f.tweak, false)
	if err != nil {
		return nil, ErrKey
	}
	if pub := k.Public(); [32]byte(pub[1:]) != f.Output {
		return nil, ErrKey
	}
	return k, nil
}
