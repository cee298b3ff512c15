package spec

import (
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
)

// do gives the real core of a.seat what the action says.
func (n *network) do(s *state, a action) {
	i, v := a.seat, rolldpos.View(a.view)
	switch a.do {
	case propose:
		parent := n.m.blocks[a.block].parent
		n.step(i, rolldpos.Built{View: v, Parent: n.hashes[parent], Block: n.hashes[a.block], Last: n.m.isLast(a.block)})
	case repropose:
		n.now[i] += smallDelta
		n.step(i, rolldpos.Tick{})
	case follow, loseFollow:
		n.orLose(a.do == loseFollow, i, func() { n.propose(&s[i], a, true) })
	case reject:
		n.propose(&s[i], a, false)
	case timeout, loseTimeout:
		n.now[i] += patience
		n.orLose(a.do == loseTimeout, i, func() { n.step(i, rolldpos.Tick{}) })
	case notarisation, loseNotarisation:
		n.orLose(a.do == loseNotarisation, i, func() { n.deliver(a, prepare) })
	case nullification:
		n.deliver(a, nullify)
	case finality:
		n.deliver(a, commit)
	case restart:
		n.boot(i)
	case refuse:
		n.refused(&s[i], a)
	}
}

// orLose does it, but if the seat is to crash in that step, before the sync, nothing
// of it remains.
func (n *network) orLose(crash bool, i int, do func()) {
	n.unsynced = crash
	do()
	n.unsynced = false
	if crash {
		n.boot(i)
	}
}

// deliver hands over a certificate, whole or vote by vote.
func (n *network) deliver(a action, k kind) {
	before := n.seen(a.seat)
	if a.by == whole {
		n.step(a.seat, rolldpos.Received{Message: n.certificate(k, a.view, a.block)})
		return
	}
	for _, x := range n.quorum(k, a.view, a.block) {
		if x.Seat == a.seat {
			continue // it has its own
		}
		require.Equal(n.t, before, n.seen(a.seat), "fewer than q votes have an effect")
		n.step(a.seat, rolldpos.Received{Message: x})
	}
}

// message makes the proposal of an action, with the certificates that the receiver
// holds.
func (n *network) message(x *seat, a action) *rolldpos.Proposal {
	parent := n.m.blocks[a.block].parent
	p := &rolldpos.Proposal{
		Epoch: n.committee.Epoch, View: rolldpos.View(a.view), ParentView: rolldpos.View(a.parent), Block: n.hashes[a.block],
	}
	switch {
	case a.by == badBody || a.by == onLast:
		parent = a.block
		p.Block = rolldpos.Hash{0xbb, byte(a.block), byte(a.view)}
	case a.by == repeated || n.m.blocks[a.block].view < a.view:
		parent = a.block
	}
	p.Parent = n.hashes[parent]
	if at := a.parent; at > int(x.finalView) && x.notarised[at-1] == parent {
		p.ParentCert = n.certificate(prepare, at, parent)
	} else if at > 0 && at == int(x.finalView) && x.final == parent {
		p.ParentCert = n.final[a.seat]
	}
	for u := a.view - 1; u > a.parent; u-- {
		if x.nullified&bit(u) != 0 {
			p.Nullified = append(p.Nullified, n.certificate(nullify, u, 0))
		}
	}
	if own := n.proposals[p.View]; own != nil {
		require.Equal(n.t, [2]rolldpos.Hash{p.Block, p.Parent}, [2]rolldpos.Hash{own.Block, own.Parent})
		require.Equal(n.t, p.ParentView, own.ParentView)
		p.Sig = own.Sig
		return p
	}
	p.Sig = signer{n.keys[liar]}.Sign(rolldpos.ProposalDigest(genesis, p.Epoch, p.View, p.ParentView, p.Parent, p.Block))
	return p
}

// propose delivers a proposal and gives the driver's verdict if the core asks for it.
func (n *network) propose(x *seat, a action, valid bool) {
	p := n.message(x, a)
	if n.unsynced {
		n.losing(a.seat, p)
		return
	}
	n.step(a.seat, rolldpos.Received{Message: p})
	asked := n.judging[a.seat]
	n.judging[a.seat] = nil
	again := p.Block == p.Parent
	require.Equal(n.t, !again && a.by != onLast, asked != nil, "only a new block is executed")
	if asked == nil {
		return
	}
	require.Equal(n.t, rolldpos.VerifyRequest{View: p.View, Block: p.Block, Parent: p.Parent}, *asked)
	n.step(a.seat, rolldpos.Verified{View: p.View, Block: p.Block, Valid: valid, Last: n.m.isLast(a.block)})
}

// losing is propose for a seat that crashes before it syncs the prepare.
func (n *network) losing(i int, p *rolldpos.Proposal) {
	n.step(i, rolldpos.Received{Message: p})
	n.step(i, rolldpos.Verified{View: p.View, Block: p.Block, Valid: true})
}

// refused delivers what must have no effect, and every verdict that could give it one.
func (n *network) refused(x *seat, a action) {
	i, v := a.seat, rolldpos.View(a.view)
	k := prepare
	if a.block == 0 {
		k = nullify
	}
	switch a.by {
	case shortQuorum, shortNotarised:
		c := n.certificate(k, a.view, a.block)
		require.Len(n.t, c.Sigs, quorum-1)
		n.step(i, rolldpos.Received{Message: c})
	case forgedVote, forgedNotarised:
		for j := range seats {
			y := n.vote(j, k, a.view, a.block)
			if y == nil {
				y = n.sign(liar, statement{j, v, rolldpos.Kind(k), n.hashes[a.block]})
			}
			if j != i {
				n.step(i, rolldpos.Received{Message: y})
			}
		}
	default:
		shown := n.shown
		n.step(i, rolldpos.Received{Message: n.message(x, a)})
		require.True(n.t, a.by != secondPrepare || n.shown > shown, "two proposals of one leader are evidence")
		n.step(i, rolldpos.Verified{View: v, Block: n.hashes[a.block], Valid: true})
	}
}

// seen returns what can be seen of a core, as the model's seat.
func (n *network) seen(i int) (x seat) {
	c := n.cores[i]
	x.view, x.final = uint8(c.View()), anchor
	if f := c.Final(); f != nil {
		x.final, x.finalView = n.block(f.Block), uint8(f.View)
	}
	for _, raw := range c.Records() {
		r, err := rolldpos.DecodeRecord(raw)
		require.NoError(n.t, err)
		if y := r.Vote; y != nil {
			require.Equal(n.t, i, y.Seat)
			x.cast(kind(y.Kind), int(y.View), n.block(y.Block))
		}
		if y := r.Certificate; y != nil {
			x.hold(y, n.block(y.Block))
		}
	}
	x.logged = n.inLog(i, int(x.finalView))
	return x
}

func (x *seat) hold(c *rolldpos.Certificate, b block) {
	switch c.Kind {
	case rolldpos.Prepare:
		x.notarised[c.View-1] = b
	case rolldpos.Nullify:
		x.nullified |= bit(int(c.View))
	}
}

// inLog returns the views above final whose notarisation or nullification seat i's log
// holds.
func (n *network) inLog(i, final int) (x [2]uint8) {
	for _, raw := range n.logs[i] {
		r, err := rolldpos.DecodeRecord(raw)
		require.NoError(n.t, err)
		certs := []*rolldpos.Certificate{r.Certificate}
		if r.Proposal != nil {
			certs = append(append(certs, r.Proposal.ParentCert), r.Proposal.Nullified...)
		}
		for _, c := range certs {
			switch {
			case c == nil || int(c.View) <= final:
			case c.Kind == rolldpos.Prepare:
				x[0] |= bit(int(c.View))
			case c.Kind == rolldpos.Nullify:
				x[1] |= bit(int(c.View))
			}
		}
	}
	return x
}

// visible is the part of the model's seat that seen shows.
func (x seat) visible() seat {
	x.entry, x.base = 0, [maxViews]uint8{}
	for v := 1; v <= int(x.finalView); v++ {
		x.prepare[v-1], x.commit[v-1] = 0, 0
		x.nullify &^= bit(v)
	}
	return x
}

// replay performs a trace on the model and on real cores, compares every seat after
// every action, and counts the branches of the rules that were taken.
func (x *trace) replay(n *network, name string, count map[string]int) {
	defer func() {
		if n.t.Failed() {
			n.t.Logf("%s\n%s", name, x.encode(n.t))
		}
	}()
	s := n.m.start()
	for k, a := range x.actions {
		to, branch := n.m.perform(n.t, &s, a)
		n.do(&s, a)
		for i := range to {
			want, got := to[i].visible(), n.seen(i)
			require.Equal(n.t, n.m.describe(&want), n.m.describe(&got),
				"seat %d after action %d: %s (%s)", i, k+1, n.m.format(a), branch)
			require.Equal(n.t, want, got)
			require.Equal(n.t, n.m.isLast(to[i].final), n.cores[i].Done())
		}
		a.note(branch, count)
		s = to
	}
}
