package rolldpos

// tryPropose lets the current view's leader ask for a block, or propose an epoch's
// last block again.
func (c *Core) tryPropose() {
	v := c.view
	if !c.mayPropose(v) {
		return
	}
	at, parent, ok := c.parent(v)
	if !ok {
		return
	}
	st := c.require(at, parent)
	if st.state != valid {
		return
	}
	open := at > c.final.view && c.waited()
	if st.last {
		if open {
			c.propose(at, parent, standing{block: parent, state: valid, last: true})
		}
		return
	}
	if s := c.slot(v); !s.building && (c.demand || open) {
		s.building = true
		c.out.Build = append(c.out.Build, BuildRequest{View: v, Parent: parent})
	}
}

// mayPropose is rule 1 for the leader, whose proposal is its prepare.
func (c *Core) mayPropose(v View) bool {
	s := c.slots[v]
	return c.maySign(v) && c.committee.Leader(v) == c.seat &&
		(s == nil || s.proposal == nil && s.vote(Prepare, c.seat) == nil && s.vote(Nullify, c.seat) == nil)
}

// waited says whether the parent's finality has had its Δ. The smallest Δ counts, so
// that seats whose Δ has grown less than ours do not give up before our proposal.
func (c *Core) waited() bool { return c.now >= c.entered+c.delta0 }

// parent returns the newest certified block below view v from which nullifications
// lead to v. It fails while one of them is missing.
func (c *Core) parent(v View) (at View, block Hash, ok bool) {
	for at = v - 1; at > c.final.view; at-- {
		s := c.slots[at]
		if x := s.cert(Prepare); x != nil {
			return at, x.Block, true
		}
		if s.cert(Nullify) == nil {
			return 0, Hash{}, false
		}
	}
	return c.final.view, c.final.block, true
}

// built takes the driver's block.
func (c *Core) built(in Built) {
	if in.View != c.view || !c.mayPropose(in.View) || in.Block == (Hash{}) {
		return
	}
	at, parent, ok := c.parent(in.View)
	if !ok || parent != in.Parent || in.Block == parent {
		return
	}
	if st := c.standing(at, parent); st.state == valid && !st.last {
		c.propose(at, parent, standing{block: in.Block, state: valid, last: in.Last})
	}
}

// propose signs a proposal and the prepare that goes with it.
func (c *Core) propose(at View, parent Hash, block standing) {
	p := &Proposal{Epoch: c.committee.Epoch, View: c.view, Block: block.block, ParentView: at, Parent: parent}
	switch {
	case at == c.final.view:
		p.ParentCert = c.final.cert
	default:
		p.ParentCert = c.slots[at].certificateOf(parent)
	}
	for v := c.view - 1; v > at && len(p.Nullified) < MaxNullifications; v-- {
		p.Nullified = append(p.Nullified, c.slots[v].cert(Nullify))
	}
	p.Sig = c.signer.Sign(p.digest(c.genesis))
	s := c.slot(c.view)
	s.proposal = p
	*s.standing(block.block) = block
	c.broadcast(p)
	c.prepare(p)
}
