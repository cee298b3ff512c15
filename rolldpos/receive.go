package rolldpos

// receive takes a message from anybody. What does not verify changes nothing.
func (c *Core) receive(m Message) {
	switch m := m.(type) {
	case *Proposal:
		c.receiveProposal(m)
	case *Vote:
		c.receiveVote(m)
	case *Certificate:
		c.receiveCertificate(m)
	case *Status:
		c.receiveStatus(m)
	}
}

func (c *Core) receiveProposal(p *Proposal) {
	if p == nil || p.View < c.view || p.View <= c.final.view {
		return
	}
	var old *Proposal
	if s := c.slots[p.View]; s != nil {
		old = s.proposal
	}
	if old != nil && old.Block == p.Block {
		return
	}
	if p.Verify(c.genesis, c.committee) != nil {
		return
	}
	leader := c.committee.Leader(p.View)
	if old != nil {
		c.report(c.slot(p.View), 1<<proposalSort, Evidence{Seat: leader, Proposals: [2]*Proposal{old, p}})
		return
	}
	if leader == c.seat {
		c.abstainFrom(p.View)
	}
	if p.ParentCert != nil {
		c.receiveCertificate(p.ParentCert)
	}
	for _, x := range p.Nullified {
		c.receiveCertificate(x)
	}
	switch {
	case p.View < c.view || p.View <= c.final.view:
	case p.View > c.view+window:
		c.ask(leader)
	default:
		c.slot(p.View).proposal = p
	}
}

const proposalSort = 4 // beside the three kinds of votes

func (c *Core) receiveVote(x *Vote) {
	if x == nil || x.View <= c.final.view || checkOrigin(c.committee, x.Epoch, x.Seat) != nil ||
		checkStatement(x.View, x.Kind, x.Block) != nil {
		return
	}
	s := c.slots[x.View]
	old := s.vote(x.Kind, x.Seat)
	own := x.Seat == c.seat
	switch {
	case old != nil && old.Block == x.Block:
		return
	case own:
	case x.View > c.view+window:
		c.ask(x.Seat)
		return
	case old == nil && s.cert(x.Kind) != nil:
		return // its certificate is known
	}
	if !c.verify(s, x) {
		return
	}
	if own {
		// Rule 5: a vote of ours that the log lacks. It is not taken over: what
		// else that log held is unknown.
		c.abstainFrom(x.View)
		return
	}
	c.addVote(x)
	if x.View > c.view+1 {
		c.ask(x.Seat)
	}
}

// abstainFrom makes the seat sign nothing up to the view after v, in which it has signed
// what the log lacks, unless the driver knew of that.
func (c *Core) abstainFrom(v View) {
	if v > c.known {
		c.abstain = max(c.abstain, v+1)
	}
}

func (c *Core) receiveCertificate(x *Certificate) {
	if x == nil || x.View <= c.final.view || x.Epoch != c.committee.Epoch ||
		checkStatement(x.View, x.Kind, x.Block) != nil {
		return
	}
	if old := c.slots[x.View].cert(x.Kind); old != nil && old.Block == x.Block {
		return
	}
	if x.Verify(c.genesis, c.committee) == nil {
		c.certify(x, true)
	}
}

// receiveStatus helps a seat that is behind, and asks one that is ahead.
func (c *Core) receiveStatus(x *Status) {
	if x == nil || checkOrigin(c.committee, x.Epoch, x.Seat) != nil || x.Seat == c.seat || c.seat == Observer {
		return
	}
	answers := c.query != 0 && x.Answer == c.query
	behind := x.View < c.view || x.Final < c.final.view || x.Query != 0
	ahead := x.View > c.view || x.Final > c.final.view
	if behind && c.now < c.mayAnswer[x.Seat] {
		behind = false
	}
	if !behind && !answers && !(ahead && c.now >= c.mayAsk) || x.Verify(c.genesis, c.committee) != nil {
		return
	}
	if behind {
		c.mayAnswer[x.Seat] = c.now + c.delta0
		c.answer(x)
	}
	if answers && x.View <= c.view {
		c.answered(x.Seat)
	}
	if ahead {
		c.ask(x.Seat)
	}
}

// answered counts a seat that says where it is, once this one has followed it there, so
// that nobody can exaggerate. Rule 5: who has lost its log's end entered the view of its
// last vote by a quorum of the view before. Of those, one at least is among q − 1 seats
// that tell the truth, and is not behind that quorum now.
func (c *Core) answered(seat int) {
	c.answers[seat] = true
	n := 0
	for _, ok := range c.answers {
		if ok {
			n++
		}
	}
	if n >= c.committee.Quorum()-1 {
		c.query = 0
		c.abstain = max(c.abstain, c.view+1)
	}
}

// answer sends the certificates that a seat lacks, oldest first, and the votes of its
// own that we saw.
func (c *Core) answer(x *Status) {
	if c.final.cert != nil && c.final.view > x.Final {
		c.send(x.Seat, c.final.cert)
	}
	sent := 0
	for _, v := range c.views() {
		s := c.slots[v]
		if v < x.View || sent >= maxAnswer {
			continue
		}
		for _, k := range []Kind{Prepare, Commit, Nullify} {
			if own := s.vote(k, x.Seat); own != nil {
				c.send(x.Seat, own)
			}
			if cert := s.cert(k); cert != nil {
				c.send(x.Seat, cert)
				sent++
			}
		}
	}
	if (sent >= maxAnswer || x.Query != 0) && c.entry != nil {
		c.send(x.Seat, c.entry)
	}
	if x.Query != 0 && c.query == 0 {
		reply := &Status{Epoch: c.committee.Epoch, Seat: c.seat, View: c.view, Final: c.final.view, Answer: x.Query}
		reply.Sig = c.signer.Sign(statusDigest(c.genesis, reply))
		c.send(x.Seat, reply)
	}
}

// ask sends our status to one seat that seems to be ahead, at most once in Δ.
func (c *Core) ask(seat int) {
	if c.seat != Observer && c.now >= c.mayAsk {
		c.mayAsk = c.now + c.delta0
		c.send(seat, c.status())
	}
}

func (c *Core) status() *Status {
	x := &Status{Epoch: c.committee.Epoch, Seat: c.seat, View: c.lacking(), Final: c.final.view, Query: c.query}
	x.Sig = c.signer.Sign(statusDigest(c.genesis, x))
	return x
}

// lacking returns the lowest view of which a certificate is needed to go on: to
// justify the current proposal, or else the first view above the final one without
// any; the current view if nothing is missing.
func (c *Core) lacking() View {
	if s := c.slots[c.view]; s != nil && s.proposal != nil && !c.justified(s.proposal) {
		p := s.proposal
		if p.ParentView > c.final.view && !c.slots[p.ParentView].certified(p.Parent) {
			return p.ParentView
		}
		for v := max(p.ParentView, c.final.view) + 1; v < p.View; v++ {
			if c.slots[v].cert(Nullify) == nil {
				return v
			}
		}
	}
	for v := c.final.view + 1; v < c.view; v++ {
		if s := c.slots[v]; s.cert(Prepare) == nil && s.cert(Nullify) == nil {
			return v
		}
	}
	return c.view
}
