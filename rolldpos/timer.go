package rolldpos

// busy says whether the current view's timers run: an idle chain has none.
func (c *Core) busy() bool {
	s := c.slots[c.view]
	return c.demand || c.newest() > 0 || s != nil && s.proposal != nil ||
		s.vote(Prepare, c.seat) != nil || s.vote(Nullify, c.seat) != nil ||
		s.count(Nullify, Hash{}) > c.committee.Faulty()
}

// runTimers starts, stops and obeys the timers of the current view.
func (c *Core) runTimers() {
	if c.seat == Observer {
		return
	}
	if c.done {
		c.timing = false
		return
	}
	busy := c.busy()
	if busy && !c.timing {
		c.since = c.now
		c.resendGap = 2 * c.delta()
		c.resend = min(c.resend, c.now+c.resendGap)
	}
	c.timing = busy
	if c.timing && c.now >= c.deadline() {
		c.nullify() // Rule 2: a timeout.
	}
	if c.now >= c.resend && c.committee.Size() > 1 {
		c.repeat()
	}
}

// deadline is when the current view is given up. Rule 4: 2Δ for the proposal, 3Δ for
// the view.
func (c *Core) deadline() uint64 {
	if s := c.slots[c.view]; s != nil && s.proposal != nil {
		return c.since + 3*c.delta()
	}
	return c.since + 2*c.delta()
}

// repeat sends again what may have been lost: our votes of the current view, the
// proposal if we lead, our newest commit that is not final yet, and our status.
func (c *Core) repeat() {
	c.resend = c.now + c.idleGap()
	if c.timing || c.query != 0 {
		c.resend = c.now + c.resendGap
		c.resendGap = min(2*c.resendGap, max(c.deltaMax, 2*c.delta0))
	}
	s := c.slots[c.view]
	if s != nil && s.proposal != nil && c.committee.Leader(c.view) == c.seat {
		c.broadcast(s.proposal)
	}
	for _, k := range []Kind{Prepare, Nullify} {
		if x := s.vote(k, c.seat); x != nil {
			c.broadcast(x)
		}
	}
	if x := c.slots[c.newest()].vote(Commit, c.seat); x != nil {
		c.broadcast(x)
	}
	c.broadcast(c.status())
}

// idleGap is how often, in ms, a seat without work tells where it is.
func (c *Core) idleGap() uint64 { return 4 * c.deltaMax }

// wake returns when the next Tick is wanted.
func (c *Core) wake() (at uint64) {
	if c.seat == Observer || c.done {
		return 0
	}
	candidate := func(t uint64) {
		if t > c.now && (at == 0 || t < at) {
			at = t
		}
	}
	if c.committee.Size() > 1 {
		candidate(c.resend)
	}
	if c.timing && c.slots[c.view].vote(Nullify, c.seat) == nil {
		candidate(c.deadline())
	}
	if c.timing && c.mayPropose(c.view) {
		candidate(c.entered + c.delta0)
	}
	return at
}
