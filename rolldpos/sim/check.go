package sim

import (
	"bytes"
	"encoding/binary"

	"github.com/rootstem/rootstem/rolldpos"
)

// statements are what a seat has signed in an epoch, by view: the first 8 bytes of the
// block's hash with the lowest bit set, or 0.
type statements struct {
	views []signedView
	first rolldpos.View // of views[0]
}

type signedView struct{ proposal, prepare, commit, nullify uint64 }

// A seat's statements are remembered for so many views behind the newest of an epoch,
// and for so many epochs.
const (
	keptViews  = 4096
	keptEpochs = 2000
)

func (x *statements) at(v rolldpos.View) *signedView {
	if v < x.first {
		return nil
	}
	for uint64(v-x.first) >= uint64(len(x.views)) {
		x.views = append(x.views, signedView{})
	}
	if len(x.views) > 2*keptViews {
		x.views = append([]signedView(nil), x.views[keptViews:]...)
		x.first += keptViews
	}
	return &x.views[v-x.first]
}

// checkSent is rule 5 for a message that leaves, and that no seat contradicts itself.
func (s *Sim) checkSent(p *process, c *core, m rolldpos.Message) {
	if !p.honest() {
		return
	}
	var v rolldpos.View
	var said *uint64
	word := uint64(1)
	var sig *[64]byte
	switch m := m.(type) {
	case *rolldpos.Vote:
		if m.Seat != p.seat {
			return
		}
		v, sig = m.View, &m.Sig
		at := s.at(p, m.Epoch, v)
		if at == nil {
			return
		}
		switch word = short(m.Block); m.Kind {
		case rolldpos.Prepare:
			said = &at.prepare
		case rolldpos.Commit:
			said = &at.commit
		default:
			said = &at.nullify
		}
		if m.Kind == rolldpos.Commit && at.nullify != 0 || m.Kind == rolldpos.Nullify && at.commit != 0 ||
			m.Kind == rolldpos.Prepare && at.nullify != 0 && at.prepare == 0 {
			s.fail(ErrEquivocation, p, "%s in view %d contradicts an earlier vote", m.Kind, v)
		}
	case *rolldpos.Proposal:
		if s.committee.At(m.Epoch).Leader(m.View) != p.seat {
			return
		}
		at := s.at(p, m.Epoch, m.View)
		if at == nil {
			return
		}
		v, sig, said, word = m.View, &m.Sig, &at.proposal, short(m.Block)
	default:
		return
	}
	if *said != 0 && *said != word {
		s.fail(ErrEquivocation, p, "two statements of one kind in view %d", v)
	}
	if *said == 0 {
		s.checkLogged(p, c, sig)
	}
	*said = word
}

// checkLogged looks for a signature in the log.
func (s *Sim) checkLogged(p *process, c *core, sig *[64]byte) {
	if c.epoch != p.disk.epoch {
		return // that log is gone; what its core says was in it
	}
	for i := len(p.disk.log) - 1; i >= 0; i-- {
		if bytes.Contains(p.disk.log[i], sig[:]) {
			return
		}
	}
	s.fail(ErrUnlogged, p, "its log lacks a statement that it sends")
}

func (s *Sim) at(p *process, e rolldpos.Epoch, v rolldpos.View) *signedView {
	x := s.signed[p.seat][e]
	if x == nil {
		x = new(statements)
		s.signed[p.seat][e] = x
		delete(s.signed[p.seat], e-min(e, keptEpochs))
	}
	return x.at(v)
}

func short(h rolldpos.Hash) uint64 { return binary.BigEndian.Uint64(h[:]) | 1 }

// checkMemory bounds what a core keeps: the views since its final one, and 32 to come.
func (s *Sim) checkMemory(p *process, c *core) {
	var final rolldpos.View
	if x := c.Final(); x != nil {
		final = x.View
	}
	if most := uint64(c.View()-min(final, c.View())) + 40; uint64(c.Held()) > most {
		s.fail(ErrMemory, p, "%d views, %d would do", c.Held(), most)
	}
}

// checkEvidence verifies a proof of guilt as anybody would.
func (s *Sim) checkEvidence(p *process, x rolldpos.Evidence) {
	if !p.honest() {
		return
	}
	s.evidence[x.Seat]++
	if s.cfg.Byzantine[x.Seat] == 0 {
		s.fail(ErrEvidence, p, "against honest seat %d", x.Seat)
	}
	ok := false
	if a, b := x.Proposals[0], x.Proposals[1]; a != nil && b != nil {
		c := s.committee.At(a.Epoch)
		ok = a.Verify(s.genesis, c) == nil && b.Verify(s.genesis, c) == nil &&
			a.View == b.View && a.Block != b.Block && c.Leader(a.View) == x.Seat
	}
	if a, b := x.Votes[0], x.Votes[1]; a != nil && b != nil {
		c := s.committee.At(a.Epoch)
		ok = a.Verify(s.genesis, c) == nil && b.Verify(s.genesis, c) == nil &&
			a.View == b.View && a.Seat == b.Seat && a.Seat == x.Seat &&
			(a.Kind == b.Kind && a.Block != b.Block || a.Kind+b.Kind == rolldpos.Commit+rolldpos.Nullify)
	}
	if !ok {
		s.fail(ErrEvidence, p, "against seat %d proves nothing", x.Seat)
	}
}

// checkFinal checks agreement: one final block for a height, all of them one chain.
func (s *Sim) checkFinal(p *process, c *core, f rolldpos.Finalized) bool {
	b := s.blocks[f.Block]
	if b == nil || f.Certificate == nil || f.Certificate.Block != f.Block || f.Certificate.Kind != rolldpos.Commit {
		s.fail(ErrCore, p, "finality of an unknown block")
		return false
	}
	if b.Height < uint64(len(s.chain)) {
		if s.chain[b.Height] != b {
			s.fail(ErrFork, p, "height %d, view %d", b.Height, f.Certificate.View)
			return false
		}
		return true
	}
	if err := f.Certificate.Verify(s.genesis, s.committee.At(c.epoch)); err != nil {
		s.fail(ErrCore, p, "finality without a certificate: %v", err)
		return false
	}
	var path []*block
	a := b
	for ; a.Height >= uint64(len(s.chain)); a = s.blocks[a.Parent] {
		path = append(path, a)
		if a.corrupt {
			s.fail(ErrInvalidBlock, p, "height %d", a.Height)
			return false
		}
	}
	if s.chain[a.Height] != a {
		s.fail(ErrFork, p, "height %d, view %d", a.Height, f.Certificate.View)
		return false
	}
	for i := len(path) - 1; i >= 0; i-- {
		s.chain = append(s.chain, path[i])
	}
	return true
}

// auditLog checks that a log does not contradict itself.
func (s *Sim) auditLog(p *process) {
	if !p.honest() {
		return
	}
	if err := rolldpos.Audit(p.disk.log); err != nil {
		s.fail(ErrEquivocation, p, "%v", err)
	}
}

// note adds what leaves to the trace.
func (s *Sim) note(p *process, o *rolldpos.Outgoing) {
	x := s.now<<16 ^ uint64(p.id)<<8
	switch m := o.Message.(type) {
	case *rolldpos.Proposal:
		s.mix(x ^ 1<<60 ^ short(m.Block))
	case *rolldpos.Vote:
		s.mix(x ^ uint64(m.Kind)<<61 ^ uint64(m.View)<<40 ^ short(m.Block))
	case *rolldpos.Certificate:
		s.mix(x ^ 1<<59 ^ uint64(m.Kind)<<56 ^ uint64(m.View)<<32 ^ short(m.Block))
	case *rolldpos.Status:
		s.mix(x ^ 1<<58 ^ uint64(m.View)<<32 ^ uint64(m.Final))
	}
}

// Await runs for up to 10 block times, until every honest process that is up has a final
// block that was built since a time or no work for one. If that does not come, the error
// wraps ErrStall.
func (s *Sim) Await(since uint64) error {
	for end := s.now + recovery*s.cfg.Block; s.err == nil && s.behind(since) != nil && s.now < end; {
		if err := s.Run(s.now + s.cfg.Block); err != nil {
			return err
		}
	}
	s.checkProgress(since)
	return s.err
}

// behind returns an honest process that is up and whose newest final block was built
// before a time although its App has work on it, or nil.
func (s *Sim) behind(since uint64) *process {
	for _, p := range s.processes {
		if f := p.disk.final; p.up && p.honest() && f.built < since && p.app.Pending(&f.Block, s.now) {
			return p
		}
	}
	return nil
}

func (s *Sim) checkProgress(since uint64) {
	if p := s.behind(since); p != nil {
		s.fail(ErrStall, p, "final height %d of %d, view %d: nothing new since %d ms",
			p.disk.final.Height, len(s.chain)-1, p.cores[len(p.cores)-1].View(), since)
	}
}
