package rolldpos

import "fmt"

// Restore replays the records that Ready.Persist produced, in order, before the first
// Step. Afterwards the core signs nothing that conflicts with them and goes on where
// they end: it repeats its votes and asks the driver again for notarised blocks.
// Records of other epochs are skipped. Errors wrap ErrConflict, ErrInvalid or
// ErrStarted; the core is then not to be used.
func (c *Core) Restore(records [][]byte) error {
	if c.started {
		return ErrStarted
	}
	if err := Audit(records); err != nil {
		return err
	}
	for i, b := range records {
		r, err := DecodeRecord(b)
		if err == nil {
			err = c.restore(r)
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
	}
	c.growth = 0
	return nil
}

func (c *Core) restore(r *Record) error {
	if x := r.Certificate; x != nil && x.Epoch == c.committee.Epoch {
		if err := c.recall(x); err != nil {
			return err
		}
	}
	v := r.Vote
	if v == nil || v.Epoch != c.committee.Epoch {
		return nil
	}
	if v.Seat != c.seat {
		return fmt.Errorf("%w: vote of seat %d", ErrSeat, v.Seat)
	}
	if err := v.Verify(c.genesis, c.committee); err != nil {
		return err
	}
	if err := c.recallProposal(r.Proposal); err != nil {
		return err
	}
	if v.View <= c.final.view {
		return nil
	}
	c.setVote(v)
	if v.View > c.view {
		c.view, c.entry = v.View, nil
	}
	return nil
}

func (c *Core) recall(x *Certificate) error {
	if x.View <= c.final.view || c.slots[x.View].cert(x.Kind) != nil {
		return nil
	}
	if err := x.Verify(c.genesis, c.committee); err != nil {
		return err
	}
	c.certify(x, false)
	return nil
}

func (c *Core) recallProposal(p *Proposal) error {
	if p == nil || p.View <= c.final.view {
		return nil
	}
	if err := p.Verify(c.genesis, c.committee); err != nil {
		return err
	}
	for _, x := range append([]*Certificate{p.ParentCert}, p.Nullified...) {
		if x == nil {
			continue
		}
		if err := c.recall(x); err != nil {
			return err
		}
	}
	if p.View > c.final.view {
		c.slot(p.View).proposal = p
	}
	return nil
}

// Records returns the fewest records from which Restore makes what all records so far
// make: a driver may replace its log by them, durably and at once.
func (c *Core) Records() (out [][]byte) {
	add := func(r Record) { out = append(out, r.AppendBinary(nil)) }
	if c.final.cert != nil {
		add(Record{Certificate: c.final.cert})
	}
	for _, v := range c.views() {
		s := c.slots[v]
		if x := s.vote(Prepare, c.seat); x != nil {
			add(Record{Proposal: s.proposal, Vote: x})
		}
		if x := s.vote(Commit, c.seat); x != nil {
			add(Record{Vote: x, Certificate: s.cert(Prepare)})
		}
		if x := s.vote(Nullify, c.seat); x != nil {
			add(Record{Vote: x})
		}
		for _, k := range []Kind{Prepare, Nullify} {
			if x := s.cert(k); x != nil && (k == Nullify || s.vote(Commit, c.seat) == nil) {
				add(Record{Certificate: x})
			}
		}
	}
	return out
}
