package sim

import (
	"bytes"

	"github.com/rootstem/rootstem/rolldpos"
)

// transmit sends what a core wants to send, as far as its seat is honest.
func (s *Sim) transmit(p *process, o *rolldpos.Outgoing) {
	s.note(p, o)
	if p.behaviour != 0 {
		s.misbehave(p, o)
		return
	}
	for _, q := range s.processes {
		if q.seat != p.seat && (o.To == rolldpos.Broadcast || o.To == q.seat) {
			s.post(p, q, o.Message)
		}
	}
}

// post puts one message on the way, or several copies, or none.
func (s *Sim) post(p, q *process, m rolldpos.Message) {
	copies := 1
	if s.network.Duplicate > 0 && s.rng.IntN(1000) < s.network.Duplicate {
		copies = 2
	}
	for range copies {
		s.sent++
		if !s.reaches(p, q) || s.network.Loss > 0 && s.rng.IntN(1000) < s.network.Loss {
			continue
		}
		s.push(s.delay(), event{to: q, what: deliver, epoch: epochOf(m), message: m, body: s.holds(p, m)})
	}
}

// holds says whether m is a proposal whose block the process can send along.
func (s *Sim) holds(p *process, m rolldpos.Message) bool {
	x, ok := m.(*rolldpos.Proposal)
	if !ok {
		return false
	}
	b := s.blocks[x.Block]
	return b != nil && (b.memory|b.disk)&p.bit != 0
}

func (s *Sim) delay() uint64 {
	n := &s.network
	if n.MinDelay == n.MaxDelay {
		return n.MinDelay
	}
	return n.MinDelay + s.rng.Uint64N(n.MaxDelay-n.MinDelay+1)
}

func epochOf(m rolldpos.Message) rolldpos.Epoch {
	switch m := m.(type) {
	case *rolldpos.Proposal:
		return m.Epoch
	case *rolldpos.Vote:
		return m.Epoch
	case *rolldpos.Certificate:
		return m.Epoch
	case *rolldpos.Status:
		return m.Epoch
	}
	return 0
}

// codecSample is how many messages are delivered for each that is encoded and decoded
// on the way; they are never changed, so the others need no copy.
const codecSample = 64

func (s *Sim) deliver(q *process, e rolldpos.Epoch, m rolldpos.Message, body bool) {
	if q.behaviour&Twin != 0 && ownStatement(s.committee.At(e), q.seat, m) {
		return // the other twin's: a core that saw it would abstain
	}
	if s.samples++; s.samples%codecSample == 0 {
		m = s.recode(q, m)
	}
	if p, ok := m.(*rolldpos.Proposal); ok && body {
		if b := s.blocks[p.Block]; b.memory&q.bit == 0 {
			b.memory |= q.bit
			q.volatile = append(q.volatile, b)
		}
	}
	if e > q.disk.epoch {
		s.sync(q)
	}
	if c := q.core(e); c != nil {
		s.step(q, c, rolldpos.Received{Message: m})
	}
}

func (s *Sim) recode(q *process, m rolldpos.Message) rolldpos.Message {
	raw := m.AppendBinary(nil)
	again, err := rolldpos.DecodeMessage(raw)
	if err != nil || !bytes.Equal(raw, again.AppendBinary(nil)) {
		s.fail(ErrCore, q, "%T does not survive its encoding: %v", m, err)
		return m
	}
	return again
}

func ownStatement(c *rolldpos.Committee, seat int, m rolldpos.Message) bool {
	switch m := m.(type) {
	case *rolldpos.Vote:
		return m.Seat == seat
	case *rolldpos.Proposal:
		return c.Leader(m.View) == seat
	}
	return false
}

// sync is what block sync does for a process that is an epoch behind: nobody else's
// core of that epoch need be alive.
func (s *Sim) sync(q *process) {
	e := q.disk.epoch
	x := s.ends[e]
	if x == nil {
		return
	}
	for _, p := range s.processes {
		if p != q && p.up && p.disk.epoch > e && s.reaches(p, q) && s.reaches(q, p) {
			s.push(s.delay(), event{to: q, life: q.life, what: synced, epoch: e, message: x})
			return
		}
	}
}
