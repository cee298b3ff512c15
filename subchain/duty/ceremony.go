package duty

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// run is the node's part in the ceremony of one epoch.
type run struct {
	epoch    uint64 // that the shares are for
	ceremony *dkg.Ceremony
	self     *dkg.Participant // nil: the node has no part, or its part is over
	log      *dkg.Transcript
	read     uint64         // next height whose events are to be replayed
	deals    map[int][]byte // as they were said
	spoken   dkg.Phase      // newest phase in which the node has said what it had to
	old      *dkg.Member    // of the epoch before
}

// attend goes on with the epoch's ceremony. What goes wrong costs the node its part, and
// if too many fail, the epoch its chain key; blocks become final without.
func (d *Duty) attend(ctx context.Context) {
	if d.cfg.Ceremony.IsZero() || d.cfg.Seat == nil || d.cfg.Key == nil {
		return
	}
	height := d.cfg.Chain.Head().Block.Header.Height
	epoch, _ := d.cfg.Chain.Epoch(height + 1)
	err := d.pass(epoch)
	if err == nil && d.run == nil {
		d.run, err = d.join(ctx, height, epoch)
	}
	if err == nil && d.run != nil && d.run.self != nil {
		if err = d.replay(d.run, height); err == nil {
			err = d.speak(d.run, height+1)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.log.Error("key ceremony", "epoch", epoch, "error", err)
		if d.run != nil {
			d.run.end()
		}
	}
}

// pass ends what belongs to the epochs before: their ceremony and their shares.
func (d *Duty) pass(epoch uint64) error {
	if d.epoch == epoch {
		return nil
	}
	if d.run != nil {
		d.run.end()
	}
	d.run, d.epoch = nil, epoch
	names, err := d.cfg.Vault.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, sharePrefix) && name < shareName(epoch) {
			if err := d.cfg.Vault.Erase(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) end() {
	if r.self != nil {
		r.self.Erase()
	}
	if r.old != nil {
		r.old.Erase()
	}
	r.self, r.old = nil, nil
}

// join takes the node's part in the epoch's ceremony; nil while none is open.
func (d *Duty) join(ctx context.Context, height, epoch uint64) (*run, error) {
	data, err := ceremony.CeremonyCall()
	if err != nil {
		return nil, err
	}
	res, err := d.cfg.Chain.Call(ctx, height, &ledger.Message{To: &d.cfg.Ceremony, Data: data, Gas: d.cfg.Chain.GasLimit()})
	if err != nil || res.Status != vm.Success {
		return nil, err
	}
	o, err := ceremony.DecodeOpening(res.Return)
	if err != nil {
		return nil, err
	}
	c, err := o.Ceremony(d.cfg.Chain.Genesis())
	if err != nil {
		return nil, err
	}
	r := &run{epoch: epoch + 1, ceremony: c, read: o.Start, deals: map[int][]byte{}}
	if r.log, err = dkg.NewTranscript(c); err != nil {
		return r, err
	}
	if err := d.eraseSeeds(c.ID()); err != nil {
		return r, err
	}
	if done, err := d.acknowledgeAgain(r); done || err != nil {
		return r, err
	}
	return r, d.takePart(r)
}

// takePart joins with a seed that a restart finds again.
func (d *Duty) takePart(r *run) error {
	c := r.ceremony
	key := d.cfg.Seat.Public().(ed25519.PublicKey)
	var share *bls.Share
	if c.Old != nil && c.Dealers.Seat(key) >= 0 {
		var err error
		if r.old, err = d.cfg.Vault.member(r.epoch - 1); err != nil {
			return err
		}
		if r.old != nil && r.old.Group.Digest() == c.Old.Digest() {
			share = &r.old.Share
		}
	}
	if c.Seats.Seat(key) < 0 && share == nil && c.Old != nil {
		return nil
	}
	seed, err := d.seed(c.ID())
	if err != nil {
		return err
	}
	defer clear(seed[:])
	r.self, err = dkg.Join(c, key, seatSigner{d.cfg.Seat}, seed, share)
	if errors.Is(err, dkg.ErrRole) {
		return nil
	}
	return err
}

// seed returns the secret of a ceremony, which is durable before anything follows from
// it.
func (d *Duty) seed(id [32]byte) (seed [dkg.SeedSize]byte, err error) {
	b, err := d.cfg.Vault.Get(seedName(id))
	if err != nil {
		return seed, err
	}
	defer clear(b)
	if b != nil {
		if len(b) != len(seed) {
			return seed, fmt.Errorf("%w: seed of %d bytes", ErrVault, len(b))
		}
		return [dkg.SeedSize]byte(b), nil
	}
	if _, err := rand.Read(seed[:]); err != nil {
		return seed, fmt.Errorf("duty: seed: %w", err)
	}
	return seed, d.cfg.Vault.Put(seedName(id), seed[:])
}

// eraseSeeds erases those of ceremonies other than one.
func (d *Duty) eraseSeeds(but [32]byte) error {
	names, err := d.cfg.Vault.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, seedPrefix) && name != seedName(but) {
			if err := d.cfg.Vault.Erase(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// replay reads what was said up to a final height.
func (d *Duty) replay(r *run, height uint64) error {
	for ; r.read <= height; r.read++ {
		b, err := d.cfg.Chain.Block(r.read)
		if err != nil {
			return err
		}
		for _, receipt := range b.Receipts {
			for i := range receipt.Logs {
				if err := d.hear(r, &receipt.Logs[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *Duty) hear(r *run, log *ledger.Log) error {
	if log.Address != d.cfg.Ceremony {
		return nil
	}
	epoch, m, ok, err := ceremony.DecodeSaid(log)
	if err != nil || !ok || epoch != r.epoch {
		return err
	}
	if err := r.log.Add(r.read, m); err != nil {
		return fmt.Errorf("duty: the chain took what the log refuses: %w", err)
	}
	if deal, ok := m.(*dkg.Deal); ok {
		r.deals[deal.Dealer] = deal.AppendBinary(nil)
	}
	return nil
}

// speak owes the chain what the node has to say in the phase of the next block.
func (d *Duty) speak(r *run, next uint64) error {
	phase := r.ceremony.Plan.At(next)
	if phase <= r.spoken {
		return nil
	}
	r.spoken = phase
	var m dkg.Message
	var err error
	switch phase {
	case dkg.Enrolling:
		m, err = said(r.self.Enrol())
	case dkg.Dealing:
		m, err = said(r.self.Deal(r.log))
	case dkg.Complaining:
		m, err = said(r.self.Complain(r.log))
	case dkg.Justifying:
		m, err = said(r.self.Justify(r.log))
	case dkg.Acknowledging:
		return d.finish(r, next)
	case dkg.Over:
		r.end()
	}
	if errors.Is(err, dkg.ErrRole) || errors.Is(err, dkg.ErrShare) {
		d.log.Debug("nothing to say in the key ceremony", "epoch", r.epoch, "phase", phase, "reason", err)
		return nil
	}
	if err != nil || m == nil {
		return err
	}
	return d.say(r, m)
}

// said turns a missing message into a nil interface.
func said[M any, P interface {
	*M
	dkg.Message
}](m P, err error) (dkg.Message, error) {
	if m == nil || err != nil {
		return nil, err
	}
	return m, nil
}

func (d *Duty) say(r *run, m dkg.Message) error {
	var deal []byte
	if j, ok := m.(*dkg.Justification); ok {
		deal = r.deals[j.Dealer]
	}
	data, err := ceremony.MessageCall(m, deal)
	if err != nil {
		return err
	}
	d.owe(&task{
		name: fmt.Sprintf("%T for epoch %d", m, r.epoch), to: d.cfg.Ceremony, data: data, until: r.ceremony.Plan.End(),
	})
	return nil
}

// finish makes the node's share durable, and only then says so.
func (d *Duty) finish(r *run, next uint64) error {
	pending, err := r.self.Finish(r.log, next)
	if errors.Is(err, dkg.ErrFailed) || errors.Is(err, dkg.ErrRole) || errors.Is(err, dkg.ErrShare) {
		d.log.Warn("no share of the chain key", "epoch", r.epoch, "reason", err)
		r.end()
		return nil
	}
	if err != nil {
		return err
	}
	member, ack, err := pending.Keep(func(b []byte) error { return d.cfg.Vault.Put(shareName(r.epoch), b) })
	if err != nil {
		return err
	}
	defer member.Erase()
	if err := d.eraseSeeds([32]byte{}); err != nil {
		return err
	}
	r.end()
	d.log.Info("share of the chain key kept", "epoch", r.epoch, "era", r.ceremony.Era)
	return d.conclude(r, member, ack)
}

// acknowledgeAgain says after a restart what follows from a share that is kept already.
func (d *Duty) acknowledgeAgain(r *run) (done bool, err error) {
	m, err := d.cfg.Vault.member(r.epoch)
	if err != nil || m == nil {
		return false, err
	}
	defer m.Erase()
	if m.Ceremony != r.ceremony.ID() {
		return false, nil
	}
	return true, d.conclude(r, m, m.Acknowledge(r.ceremony, seatSigner{d.cfg.Seat}))
}

// conclude owes the acknowledgement and, in turn with the others, the result.
func (d *Duty) conclude(r *run, m *dkg.Member, ack *dkg.Acknowledgement) error {
	if err := d.say(r, ack); err != nil {
		return err
	}
	data, err := ceremony.PublishCall(m.Group)
	if err != nil {
		return err
	}
	d.owe(&task{
		name: fmt.Sprintf("group of epoch %d", r.epoch), to: d.cfg.Ceremony, data: data,
		wait: (uint64(m.Share.Index) + r.epoch) % uint64(len(m.Group.Shares)),
	})
	return nil
}

// seatSigner signs with the seat's key.
type seatSigner struct{ key ed25519.PrivateKey }

func (s seatSigner) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}
