package ceremony

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// current returns the ceremony that was opened in this epoch.
func (k *Keys) current(v module.Reader) (opening, error) {
	e, _ := k.epoch(v)
	o := k.open.Get(v)
	if o.Epoch != e+1 {
		return opening{}, fmt.Errorf("%w: epoch %d", ErrNone, e)
	}
	return o, nil
}

func rulesOf(o *opening) dkg.Rules {
	n := int(o.Seats)
	return dkg.Rules{ID: o.ID, Seats: n, Dealers: int(o.Dealers), Threshold: n - (n-1)/3}
}

// hear decodes a message of some kind and checks what is common to all kinds.
func hear[M dkg.Message](k *Keys, ctx *module.Context, raw []byte, phase dkg.Phase) (m M, o opening, err error) {
	if o, err = k.current(ctx); err != nil {
		return m, o, err
	}
	p := plan(&k.cfg, o.Epoch-1)
	if p.At(ctx.Height()) != phase {
		return m, o, fmt.Errorf("%w: height %d", dkg.ErrPhase, ctx.Height())
	}
	decoded, err := dkg.DecodeMessage(raw)
	if err != nil {
		return m, o, err
	}
	m, ok := decoded.(M)
	if !ok {
		return m, o, ErrKind
	}
	epoch := o.Epoch
	if dkg.Dealt(m) && !o.Fresh {
		epoch--
	}
	key := k.seats.Get(ctx, at(epoch, uint64(m.Author())))
	ctx.UseGas(gasSignature)
	if phase == dkg.Enrolling {
		ctx.UseGas(gasAgreement)
	}
	rules := rulesOf(&o)
	return m, o, rules.Check(m, ed25519.PublicKey(key[:]))
}

func (k *Keys) note(ctx *module.Context, o *opening, raw []byte) {
	k.said.Emit(ctx, Said{Epoch: o.Epoch, Message: raw})
}

// Enrol takes a seat's dkg.Enrolment.
func (k *Keys) Enrol(ctx *module.Context, message []byte) error {
	m, o, err := hear[*dkg.Enrolment](k, ctx, message, dkg.Enrolling)
	if err != nil {
		return err
	}
	if has(o.Enrolled, m.Seat) {
		return fmt.Errorf("%w: enrolment of seat %d", dkg.ErrRepeated, m.Seat)
	}
	o.Enrolled = with(o.Enrolled, m.Seat)
	k.open.Set(ctx, o)
	k.note(ctx, &o, message)
	return nil
}

// Deal takes a dealer's dkg.Deal.
func (k *Keys) Deal(ctx *module.Context, message []byte) error {
	m, o, err := hear[*dkg.Deal](k, ctx, message, dkg.Dealing)
	if err != nil {
		return err
	}
	dealer := uint64(m.Dealer)
	if k.deals.Get(ctx, dealer).Epoch == o.Epoch {
		return fmt.Errorf("%w: deal of %d", dkg.ErrRepeated, m.Dealer)
	}
	rules := rulesOf(&o)
	ctx.UseGas(gasAgreement + gasPoint*uint64(rules.Threshold))
	var old *[96]byte
	if !o.Fresh {
		b := k.point(ctx, o.Epoch-1, dealer+1)
		old = &b
	}
	if err := rules.CheckDeal(m, expand(o.Enrolled, o.Seats), old); err != nil {
		return err
	}
	k.deals.Set(ctx, dealer, dealing{Epoch: o.Epoch, Deal: ctx.Keccak(message)})
	k.note(ctx, &o, message)
	return nil
}

// Complain takes a seat's dkg.Complaint.
func (k *Keys) Complain(ctx *module.Context, message []byte) error {
	m, o, err := hear[*dkg.Complaint](k, ctx, message, dkg.Complaining)
	if err != nil {
		return err
	}
	if has(o.Complained, m.Seat) {
		return fmt.Errorf("%w: complaint of seat %d", dkg.ErrRepeated, m.Seat)
	}
	if !has(o.Enrolled, m.Seat) {
		return fmt.Errorf("%w: seat %d has no key", dkg.ErrComplaint, m.Seat)
	}
	for _, dealer := range m.Dealers {
		d := k.deals.Get(ctx, uint64(dealer))
		if d.Epoch != o.Epoch {
			return fmt.Errorf("%w: no deal of %d", dkg.ErrComplaint, dealer)
		}
		d.Accusers = with(d.Accusers, m.Seat)
		k.deals.Set(ctx, uint64(dealer), d)
	}
	o.Complained = with(o.Complained, m.Seat)
	k.open.Set(ctx, o)
	k.note(ctx, &o, message)
	return nil
}

// Justify takes a dealer's dkg.Justification with the deal that it justifies, of which
// the module keeps the digest alone.
func (k *Keys) Justify(ctx *module.Context, message, deal []byte) error {
	m, o, err := hear[*dkg.Justification](k, ctx, message, dkg.Justifying)
	if err != nil {
		return err
	}
	rules := rulesOf(&o)
	d := k.deals.Get(ctx, uint64(m.Dealer))
	accusers := expand(d.Accusers, o.Seats)
	complaints := 0
	for _, accuses := range accusers {
		if accuses {
			complaints++
		}
	}
	switch {
	case d.Epoch != o.Epoch || complaints == 0:
		return fmt.Errorf("%w: nobody complained of %d", dkg.ErrReveal, m.Dealer)
	case complaints > rules.Faulty():
		return fmt.Errorf("%w: %d is disqualified by %d complaints", dkg.ErrReveal, m.Dealer, complaints)
	case d.Justified:
		return fmt.Errorf("%w: justification of %d", dkg.ErrRepeated, m.Dealer)
	case d.Deal != ctx.Keccak(deal):
		return ErrDeal
	}
	decoded, err := dkg.DecodeMessage(deal)
	if err != nil {
		return err
	}
	original, ok := decoded.(*dkg.Deal)
	if !ok {
		return ErrKind
	}
	t := uint64(rules.Threshold)
	ctx.UseGas(gasPoint*t + uint64(complaints)*(gasReveal+gasStep*t))
	if err := rules.CheckJustification(m, original, accusers); err != nil {
		return err
	}
	d.Justified = true
	k.deals.Set(ctx, uint64(m.Dealer), d)
	k.note(ctx, &o, message)
	return nil
}

// Acknowledge takes a seat's dkg.Acknowledgement.
func (k *Keys) Acknowledge(ctx *module.Context, message []byte) error {
	m, o, err := hear[*dkg.Acknowledgement](k, ctx, message, dkg.Acknowledging)
	if err != nil {
		return err
	}
	if k.acks.Get(ctx, uint64(m.Seat)).Epoch == o.Epoch {
		return fmt.Errorf("%w: acknowledgement of seat %d", dkg.ErrRepeated, m.Seat)
	}
	k.acks.Set(ctx, uint64(m.Seat), ack{Epoch: o.Epoch, Group: ledger.Hash(m.Group)})
	k.note(ctx, &o, message)
	return nil
}

// ChainKey returns the key of the current epoch: 96 bytes, or none.
func (k *Keys) ChainKey(v *module.View) ([]byte, error) {
	e, _ := k.epoch(v)
	if k.groups.Get(v, e%2).Epoch != e {
		return nil, nil
	}
	p := k.point(v, e, 0)
	return bytes.Clone(p[:]), nil
}

// Group returns the encoded dkg.Group of the current epoch, or none.
func (k *Keys) Group(v *module.View) ([]byte, error) {
	e, _ := k.epoch(v)
	return k.encoded(v, e), nil
}

// GroupOf returns the encoded dkg.Group of the current or the next epoch and the era of
// its key; none if it is not known.
func (k *Keys) GroupOf(v *module.View, epoch uint64) (era uint64, group []byte, err error) {
	if group = k.encoded(v, epoch); group == nil {
		return 0, nil, nil
	}
	return k.groups.Get(v, epoch%2).Era, group, nil
}

// Ceremony returns the ceremony of the current epoch, or reverts with ErrNone.
func (k *Keys) Ceremony(v *module.View) (Opening, error) {
	o, err := k.current(v)
	if err != nil {
		return Opening{}, err
	}
	out := Opening{
		Epoch: o.Epoch, Era: o.Era, Start: o.Start,
		Lengths: [5]uint64{k.cfg.Enrol, k.cfg.Deal, k.cfg.Complain, k.cfg.Justify, k.cfg.Acknowledge},
		Seats:   k.keys(v, o.Epoch, int(o.Seats)),
	}
	if !o.Fresh {
		out.Dealers, out.Old = k.keys(v, o.Epoch-1, int(o.Dealers)), k.encoded(v, o.Epoch-1)
	}
	return out, nil
}
