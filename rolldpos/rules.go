package rolldpos

import "fmt"

// maySign says whether this seat may vote or propose in view v at all.
func (c *Core) maySign(v View) bool {
	return c.started && !c.done && c.seat != Observer && v > c.abstain && c.query == 0
}

// tryPrepare applies rules 1 and 2 to the current view's proposal.
func (c *Core) tryPrepare() {
	s := c.slots[c.view]
	if !c.maySign(c.view) || s == nil || s.proposal == nil {
		return
	}
	// Rule 1: at most once, never after nullify.
	if s.vote(Prepare, c.seat) != nil || s.vote(Nullify, c.seat) != nil {
		return
	}
	p := s.proposal
	if !c.justified(p) {
		return
	}
	switch c.judge(p) {
	case valid:
		c.prepare(p)
	case invalid:
		c.nullify() // Rule 2: an invalid proposal.
	}
}

// justified is rule 1's second part: p's parent is certified in p.ParentView and every
// view between is nullified.
func (c *Core) justified(p *Proposal) bool {
	if p.ParentView <= c.final.view {
		if p.ParentView != c.final.view || p.Parent != c.final.block {
			return false
		}
	} else if !c.slots[p.ParentView].certified(p.Parent) {
		return false
	}
	for v := p.ParentView + 1; v < p.View; v++ {
		if c.slots[v].cert(Nullify) == nil {
			return false
		}
	}
	return true
}

// judge is rule 1's last part, for a justified proposal: valid, invalid, or unknown
// while an answer of the driver is missing.
func (c *Core) judge(p *Proposal) state {
	parent := c.require(p.ParentView, p.Parent)
	switch {
	case parent.state == refuted:
		return invalid
	case parent.state != valid:
		return unknown
	case parent.last != (p.Block == p.Parent):
		return invalid
	case parent.last:
		*c.standing(p.View, p.Block) = standing{block: p.Block, state: valid, last: true}
		return valid
	}
	st := c.standing(p.View, p.Block)
	switch st.state {
	case unknown:
		st.state = asked
		c.out.Verify = append(c.out.Verify, VerifyRequest{View: p.View, Block: p.Block, Parent: p.Parent})
		return unknown
	case refuted:
		return invalid
	}
	return st.state
}

// require returns the standing of a certified block and asks the driver for it once.
func (c *Core) require(v View, block Hash) *standing {
	st := c.standing(v, block)
	if c.seat != Observer && (st.state == unknown || st.state == invalid) {
		st.state = askedNotarised
		c.out.Verify = append(c.out.Verify, VerifyRequest{View: v, Block: block, Notarised: true})
	}
	return st
}

// verified takes the driver's answer about a block.
func (c *Core) verified(in Verified) {
	if in.View < c.final.view || (in.View > c.final.view && c.slots[in.View] == nil) {
		return
	}
	st := c.standing(in.View, in.Block)
	if st == nil || (st.state != asked && st.state != askedNotarised) {
		return
	}
	isFinal := in.View == c.final.view
	switch {
	case in.Valid:
		st.state, st.last = valid, in.Last
		c.done = c.done || (isFinal && in.Last)
	case st.state == askedNotarised:
		st.state = refuted
		c.checkExecution(st)
	default:
		st.state = invalid
		if isFinal || c.slots[in.View].certified(in.Block) {
			c.require(in.View, in.Block)
		}
	}
}

// checkExecution reports a final block that this seat's execution contradicts.
func (c *Core) checkExecution(st *standing) {
	if st == &c.final.standing && st.state == refuted {
		c.fault(fmt.Errorf("%w: %x in view %d", ErrExecution, st.block, c.final.view))
	}
}

// prepare casts the vote of rule 1.
func (c *Core) prepare(p *Proposal) {
	x := c.sign(p.View, Prepare, p.Block)
	c.persist(&Record{Proposal: p, Vote: x}) // Rule 5: with the block's body.
	c.out.Bodies = append(c.out.Bodies, p.Block)
	c.cast(x)
}

// nullify casts the vote of rule 2 in the current view.
func (c *Core) nullify() {
	s := c.slot(c.view)
	// Rule 2: never after commit.
	if !c.maySign(c.view) || s.vote(Nullify, c.seat) != nil || s.vote(Commit, c.seat) != nil {
		return
	}
	x := c.sign(c.view, Nullify, Hash{})
	c.persist(&Record{Vote: x, Certificate: c.entry}) // Rule 5.
	c.cast(x)
}

// commit casts the vote of rule 3 on a notarisation.
func (c *Core) commit(notarisation *Certificate) {
	v := notarisation.View
	s := c.slot(v)
	// Rule 3: never after nullify. A commit in a nullified view cannot count.
	if !c.maySign(v) || s.vote(Commit, c.seat) != nil || s.vote(Nullify, c.seat) != nil || s.cert(Nullify) != nil {
		return
	}
	x := c.sign(v, Commit, notarisation.Block)
	c.persist(&Record{Vote: x, Certificate: notarisation}) // Rule 5.
	c.cast(x)
}

func (c *Core) sign(v View, k Kind, block Hash) *Vote {
	e := c.committee.Epoch
	sig := c.signer.Sign(VoteDigest(c.genesis, e, v, k, block))
	return &Vote{Epoch: e, View: v, Kind: k, Block: block, Seat: c.seat, Sig: sig}
}

func (c *Core) persist(r *Record) { c.out.Persist = append(c.out.Persist, r.AppendBinary(nil)) }

func (c *Core) cast(x *Vote) {
	c.broadcast(x)
	c.addVote(x)
}

// addVote counts a vote whose signature holds, or reports what it proves.
func (c *Core) addVote(x *Vote) {
	s := c.slot(x.View)
	if old := s.vote(x.Kind, x.Seat); old != nil {
		if old.Block != x.Block {
			c.report(s, 1<<x.Kind, Evidence{Seat: x.Seat, Votes: [2]*Vote{old, x}})
		}
		return
	}
	c.setVote(x)
	if a, b := s.vote(Commit, x.Seat), s.vote(Nullify, x.Seat); a != nil && b != nil {
		c.report(s, 1, Evidence{Seat: x.Seat, Votes: [2]*Vote{a, b}})
	}
	c.tally(x.View, x.Kind, x.Block)
}

func (c *Core) report(s *slot, sort byte, e Evidence) {
	if s.reported == nil {
		s.reported = make([]byte, c.committee.Size())
	}
	if s.reported[e.Seat]&sort == 0 {
		s.reported[e.Seat] |= sort
		c.out.Evidence = append(c.out.Evidence, e)
	}
}

// tally forms a certificate once a quorum agrees.
func (c *Core) tally(v View, k Kind, block Hash) {
	s := c.slots[v]
	if v <= c.final.view || s.cert(k) != nil || s.count(k, block) < c.committee.Quorum() {
		return
	}
	sigs := make([]*[64]byte, c.committee.Size())
	for i, x := range s.votes[k-1] {
		if x != nil && x.Block == block {
			sigs[i] = &x.Sig
		}
	}
	c.certify(&Certificate{
		Epoch: c.committee.Epoch, View: v, Kind: k, Block: block, Signatures: Collect(sigs),
	}, true)
}

// certify takes a certificate that holds and is above the final view.
func (c *Core) certify(x *Certificate, spread bool) {
	s := c.slot(x.View)
	if c.forks(s, x) {
		c.fault(fmt.Errorf("%w: %s in view %d of epoch %d", ErrFork, x.Kind, x.View, x.Epoch))
		return
	}
	c.compare(s, x)
	s.certs[x.Kind-1] = x
	if spread {
		c.broadcast(x) // at once, whether or not its block is known
	}
	switch x.Kind {
	case Prepare:
		if x.View >= c.view {
			c.commit(x)
		}
		if x.View > c.final.view && c.started {
			c.require(x.View, x.Block)
		}
	case Commit:
		c.finalize(x)
	}
	// Rule 4: any certificate of the current view or a later one ends them.
	if x.View >= c.view {
		c.enter(x.View+1, x)
	}
}

// compare looks for seats whose vote in a certificate belies another of theirs.
func (c *Core) compare(s *slot, x *Certificate) {
	seats, err := x.Seats(c.committee)
	if err != nil {
		panic("rolldpos: certificate taken without verification")
	}
	other := Kind(0)
	switch x.Kind {
	case Commit:
		other = Nullify
	case Nullify:
		other = Commit
	}
	for i, seat := range seats {
		y := &Vote{Epoch: x.Epoch, View: x.View, Kind: x.Kind, Block: x.Block, Seat: seat, Sig: x.Sigs[i]}
		if old := s.vote(x.Kind, seat); old != nil && old.Block != x.Block {
			c.report(s, 1<<x.Kind, Evidence{Seat: seat, Votes: [2]*Vote{old, y}})
		}
		if other == 0 {
			continue
		}
		if old := s.vote(other, seat); old != nil {
			c.report(s, 1, Evidence{Seat: seat, Votes: [2]*Vote{old, y}})
		}
	}
}

// forks says whether x and another certificate of its view prove that more than f
// seats lie.
func (c *Core) forks(s *slot, x *Certificate) bool {
	if x.Kind == Nullify {
		return s.cert(Commit) != nil
	}
	for _, k := range []Kind{Prepare, Commit} {
		if y := s.cert(k); y != nil && y.Block != x.Block {
			return true
		}
	}
	return x.Kind == Commit && s.cert(Nullify) != nil
}

// finalize takes a commit certificate above the final view.
func (c *Core) finalize(x *Certificate) {
	st := *c.standing(x.View, x.Block)
	c.final = final{view: x.View, cert: x, standing: st}
	for v := range c.slots {
		if v <= x.View {
			delete(c.slots, v)
		}
	}
	if c.started {
		c.out.Final = append(c.out.Final, Finalized{Block: x.Block, Certificate: x})
		c.require(x.View, x.Block)
		c.checkExecution(&c.final.standing)
	}
	c.done = c.done || (st.state == valid && st.last)
}

func (c *Core) finalizedElsewhere(in FinalizedElsewhere) {
	x := in.Certificate
	if x == nil || x.Kind != Commit || x.View <= c.final.view || x.Verify(c.genesis, c.committee) != nil {
		return
	}
	st := c.standing(x.View, x.Block)
	st.state, st.last = valid, in.Last
	c.certify(x, false)
}
