package paymentcode

import "github.com/rootstem/rootstem/paymentcode/internal/ec"

// Payer is the paying end of a channel. It is not safe for concurrent use.
type Payer struct {
	note []byte
	to   Code
	root [32]byte
	k    [32]byte // k_next
	next uint32
}

// Payment is what a payer needs to pay once.
type Payment struct {
	Index uint32
	Tag   Tag      // emit it beside the payment
	Key   [33]byte // the compressed one-time key to pay to

	shared *[32]byte // s_i; a pointer, so that it is not printed
}

// Shared returns 32 bytes that only the payer, the payee and its view tier know,
// another 32 for each payment: the seed of whatever else the two must agree on, such
// as the mask of an amount and the blinding of its commitment. Derive from it, by
// HKDF, one secret for each purpose. It must not be asked of the zero Payment.
func (p Payment) Shared() [32]byte { return *p.shared }

// Address returns Ethereum's account of the one-time key.
func (p Payment) Address() ([20]byte, error) { return ec.Address(p.Key) }

// Pay opens a channel of payments to a code on one chain. The epoch counts a payer's
// channels to the same payee: begin with 0, and take the next when a channel is used
// up or its index cannot be found again. The notification is the same on all chains.
// A code may pay itself. Constant time.
func (v *ViewKey) Pay(to Code, epoch uint32, chain uint64) (*Payer, error) {
	note, s, err := v.notify(to, epoch)
	if err != nil {
		return nil, err
	}
	defer s.wipe()
	root, err := s.root(v.code, epoch, chain)
	if err != nil {
		return nil, err
	}
	return &Payer{note: note, to: to, root: root, k: root}, nil
}

// Notification returns the 127 bytes that the payee must receive once, through any
// carrier and in any order with the payments.
func (p *Payer) Notification() []byte { return append([]byte(nil), p.note...) }

// String shows nothing secret.
func (p *Payer) String() string { return "payer to " + p.to.String() }

// GoString shows nothing secret.
func (p *Payer) GoString() string { return p.String() }

// Index returns the index of the next payment: store it before the payment leaves.
func (p *Payer) Index() uint32 { return p.next }

// Next returns the next payment and moves on, also past an index that has no key
// (ErrIndex, of probability 2^-127). Constant time.
func (p *Payer) Next() (Payment, error) {
	if p.next == maxIndex {
		return Payment{}, ErrExhausted
	}
	k, out := p.k, Payment{Index: p.next, Tag: tagOf(&p.k)}
	shared := ratchet(domainShare, &k)
	out.shared = &shared
	p.k = ratchet(domainChain, &p.k)
	p.next++
	t, err := tweakOf(&k)
	if err != nil {
		return Payment{}, err
	}
	if out.Key, err = oneTime(p.to, t); err != nil {
		return Payment{}, err
	}
	return out, nil
}

// Seek makes index the next payment's, as after a restart. One hash for each index
// on the way.
func (p *Payer) Seek(index uint32) {
	if index < p.next {
		p.k, p.next = p.root, 0
	}
	p.k = walk(p.k, index-p.next)
	p.next = index
}

// Resume finds the next index after a restore from the seed: it asks which tags were
// used, until gap in a row were not, and goes on after the last one that was. It
// returns the error of used, and is then where it was. gap below 1 is taken as 1.
func (p *Payer) Resume(gap int, used func(Tag) (bool, error)) error {
	k, next := p.root, uint32(0)
	for i, unused := uint32(0), 0; unused < max(gap, 1) && i < maxIndex; i++ {
		tag := tagOf(&k)
		k = ratchet(domainChain, &k)
		found, err := used(tag)
		if err != nil {
			return err
		}
		unused++
		if found {
			next, unused = i+1, 0
		}
	}
	p.Seek(next)
	return nil
}
