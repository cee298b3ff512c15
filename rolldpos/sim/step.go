package sim

import (
	"github.com/rootstem/rootstem/rolldpos"
)

// Tear is where a crash hits a step that logs something.
type Tear uint8

const (
	whole      Tear = iota
	Unsynced        // nothing is durable, nothing was sent
	HalfSynced      // a part of the records is durable, nothing was sent
	Unsent          // all is durable, nothing was sent
	HalfSent        // all is durable, a part was sent
	Sent            // all was sent, nothing else done
	tears
)

// Persists returns how many steps of all processes have logged something so far.
func (s *Sim) Persists() int { return s.persists }

// CrashAt crashes the process whose step is the n-th to log something since the run
// began, within that step.
func (s *Sim) CrashAt(n int, how Tear) { s.crashAt, s.crashHow = n, how }

// step feeds a core and does what its Ready says, in the order that it promises.
func (s *Sim) step(p *process, c *core, in rolldpos.Input) {
	if !p.up || s.err != nil {
		return
	}
	life := p.life
	c.ready = c.Step(p.clock(s.now), in)
	r := &c.ready
	if !s.keep(p, c, r) {
		return
	}
	if s.cfg.Trace != nil {
		if text := describe(p.id, s.now, r); text != "" {
			s.cfg.Trace(text)
		}
	}
	s.watch(p, c, r)
	s.ask(p, c, r)
	for _, f := range r.Final {
		if s.checkFinal(p, c, f) {
			s.finalize(p, c, f.Certificate)
		}
	}
	if p.life == life && (len(r.Send) > 0 || len(r.Final) > 0) {
		s.consider(p)
	}
}

// keep makes durable and sends. It returns false if the process crashed meanwhile.
func (s *Sim) keep(p *process, c *core, r *rolldpos.Ready) bool {
	t := whole
	if len(r.Persist) > 0 {
		s.persists++
		if s.persists == s.crashAt {
			t = s.crashHow
		} else if s.torn > 0 && s.rng.IntN(1000) < s.torn {
			t = 1 + Tear(s.rng.IntN(int(tears)-1))
		}
	}
	if t == Unsynced {
		s.crash(p)
		return false
	}
	if t == HalfSynced {
		r.Persist = r.Persist[:s.rng.IntN(len(r.Persist))]
	}
	if c.epoch == p.disk.epoch && len(r.Persist) > 0 {
		p.disk.log = append(p.disk.log, r.Persist...)
		p.lost = none // nothing is logged while the seat abstains
	}
	for _, h := range r.Bodies {
		if b := s.blocks[h]; b != nil {
			if (b.memory|b.disk)&p.bit == 0 && p.honest() {
				s.fail(ErrUnlogged, p, "prepares a block whose body it does not hold")
			}
			b.disk |= p.bit
		}
	}
	if t != HalfSynced && t != Unsent {
		p.raise(r) // after the log, before anything is sent
	}
	send := r.Send
	switch t {
	case HalfSynced, Unsent:
		send = nil
	case HalfSent:
		send = send[:s.rng.IntN(len(send)+1)]
	}
	for i := range send {
		s.checkSent(p, c, send[i].Message)
		s.transmit(p, &send[i])
	}
	if t != whole {
		s.crash(p)
		return false
	}
	return true
}

// watch notes what the step shows and checks what it claims.
func (s *Sim) watch(p *process, c *core, r *rolldpos.Ready) {
	for i := range r.Send {
		if x, ok := r.Send[i].Message.(*rolldpos.Certificate); ok && x.Kind != rolldpos.Nullify &&
			c.epoch == p.disk.epoch && (p.newest == nil || p.newest.View < x.View) {
			p.newest = x
		}
	}
	for _, x := range r.Evidence {
		s.checkEvidence(p, x)
	}
	for _, err := range r.Faults {
		if p.honest() {
			s.fail(ErrCore, p, "%v", err)
		}
	}
	v := c.View()
	if v > s.views[c.epoch] {
		s.views[c.epoch] = v
	}
	if len(r.Send) > 0 {
		s.checkMemory(p, c)
	}
}

// ask turns requests and the wish to be woken into events.
func (s *Sim) ask(p *process, c *core, r *rolldpos.Ready) {
	for _, x := range r.Build {
		s.push(s.work(), event{to: p, life: p.life, what: build, epoch: c.epoch, request: &request{build: x}})
	}
	for _, x := range r.Verify {
		s.push(s.work(), event{to: p, life: p.life, what: verify, epoch: c.epoch, request: &request{verify: x}})
	}
	if r.Wake == 0 {
		return
	}
	if at := max(p.until(r.Wake), s.now+1); c.wake == 0 || c.wake != at {
		c.wake = at
		s.push(at-s.now, event{to: p, life: p.life, what: tick, epoch: c.epoch})
	}
}

// work is how long, in ms, a driver takes to build or to verify.
func (s *Sim) work() uint64 { return 1 + s.rng.Uint64N(5) }
