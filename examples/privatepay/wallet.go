package main

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/rootstem/rootstem/paymentcode"
	"github.com/rootstem/rootstem/ringsig"
)

const chain = 4690

// wallet is one party. It remembers to whom it pays already.
type wallet struct {
	keys   *paymentcode.Keys
	payers map[paymentcode.Code]*paymentcode.Payer
}

// payment is an amount for somebody.
type payment struct {
	to     *wallet
	amount uint64
}

// coin is an output that the wallet can spend.
type coin struct {
	at       int // in the pool
	in       *paymentcode.Incoming
	amount   uint64
	blinding *ringsig.Blinding
}

// newWallet derives keys from a name; a real one takes the words of package hd.
func newWallet(name string) (*wallet, error) {
	seed := sha256.Sum256([]byte(name))
	keys, err := paymentcode.Derive(seed[:], paymentcode.Options{})
	return &wallet{keys, map[paymentcode.Code]*paymentcode.Payer{}}, err
}

// open derives an amount's mask and blinding from what both ends of a payment know.
func open(shared [32]byte) (mask uint64, blinding *ringsig.Blinding, err error) {
	m, err := hkdf.Key(sha256.New, shared[:], nil, "amount", 8)
	if err != nil {
		return 0, nil, err
	}
	b, err := hkdf.Key(sha256.New, shared[:], nil, "blinding", 32)
	if err != nil {
		return 0, nil, err
	}
	blinding, err = ringsig.ParseBlinding(b)
	return binary.BigEndian.Uint64(m), blinding, err
}

// output makes a coin for somebody, whom it notifies at the first.
func (w *wallet) output(p *pool, to payment) (o output, blinding *ringsig.Blinding, err error) {
	code := to.to.keys.Code()
	if w.payers[code] == nil {
		payer, err := w.keys.View().Pay(code, 0, chain)
		if err != nil {
			return o, nil, err
		}
		w.payers[code] = payer
		p.notes = append(p.notes, payer.Notification())
	}
	next, err := w.payers[code].Next()
	if err != nil {
		return o, nil, err
	}
	mask, blinding, err := open(next.Shared())
	if err != nil {
		return o, nil, err
	}
	o = output{key: next.Key, amount: p.params.Commit(to.amount, blinding), tag: next.Tag}
	binary.BigEndian.PutUint64(o.sealed[:], to.amount^mask)
	return o, blinding, nil
}

// coins opens the pool's notifications and looks its outputs' tags up.
func (w *wallet) coins(p *pool) (found []coin, err error) {
	inbox, err := paymentcode.NewInbox(paymentcode.Config{})
	if err != nil {
		return nil, err
	}
	for _, note := range p.notes {
		channel, err := w.keys.View().Open(note, chain)
		if errors.Is(err, paymentcode.ErrNotOurs) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := inbox.Add(channel); err != nil {
			return nil, err
		}
	}
	for at, o := range p.outputs {
		for _, hit := range inbox.Find(nil, o.tag) {
			in, err := inbox.Incoming(hit)
			if err != nil {
				return nil, err
			}
			key, err := in.Key()
			if err != nil {
				return nil, err
			}
			mask, blinding, err := open(in.Shared())
			if err != nil {
				return nil, err
			}
			// A copied tag or a false amount is no payment.
			amount := binary.BigEndian.Uint64(o.sealed[:]) ^ mask
			if key == o.key && p.params.Commit(amount, blinding) == o.amount {
				found = append(found, coin{at, in, amount, blinding})
			}
		}
	}
	return found, nil
}

// transfer spends a coin: a ring signature hides which, commitments hide how much.
func (w *wallet) transfer(p *pool, c coin, fee uint64, to ...payment) (*transfer, error) {
	fresh, err := ringsig.NewBlinding(rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &transfer{members: len(p.outputs), offset: p.params.Commit(c.amount, fresh), fee: fee}
	var amounts []uint64
	var blinds []*ringsig.Blinding
	excess := fresh
	for _, pay := range to {
		o, blinding, err := w.output(p, pay)
		if err != nil {
			return nil, err
		}
		t.outputs, amounts, blinds = append(t.outputs, o), append(amounts, pay.amount), append(blinds, blinding)
		excess = excess.Minus(blinding)
	}
	statement, ranges, balance, err := p.claims(t)
	if err != nil {
		return nil, err
	}
	if t.signature, err = w.sign(statement, c, c.blinding.Minus(fresh)); err != nil {
		return nil, err
	}
	if t.inRange, err = p.gens.Prove(rand.Reader, ranges, amounts, blinds); err != nil {
		return nil, err
	}
	t.balanced, err = ringsig.ProveBalance(rand.Reader, balance, excess)
	return t, err
}

// sign lends the one-time key to the ring signature; it never leaves the wallet.
func (w *wallet) sign(st *ringsig.Statement, c coin, blinding *ringsig.Blinding) (sig *ringsig.Signature, err error) {
	key, err := w.keys.OneTime(c.in)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	err = key.Lend(func(scalar *[32]byte) error {
		secret, err := ringsig.ParseSecretKey(scalar[:])
		if err != nil {
			return err
		}
		defer secret.Zeroise()
		sig, err = ringsig.Sign(rand.Reader, st, &ringsig.Witness{Index: c.at, Key: secret, Blinding: blinding})
		return err
	})
	return sig, err
}
