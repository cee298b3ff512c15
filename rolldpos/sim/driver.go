package sim

import (
	"github.com/rootstem/rootstem/rolldpos"
)

// maxAhead is how far, in ms, a header's time may be ahead of a verifier's clock.
const maxAhead = 15_000

// build makes a block, or says that there is nothing to build.
func (s *Sim) build(p *process, e rolldpos.Epoch, x rolldpos.BuildRequest) {
	c, parent := p.core(e), s.blocks[x.Parent]
	if c == nil {
		return
	}
	if parent == nil || parent.executed&p.bit == 0 {
		s.fail(ErrCore, p, "is to build on a block that it has not executed")
		return
	}
	if p.demand && !p.app.Pending(&parent.Block, s.now) {
		p.demand = false
		s.step(p, c, rolldpos.Demand{})
		return
	}
	b := s.assemble(p, e, x.View, parent)
	b.executed |= p.bit
	if !b.corrupt && !p.app.Execute(&b.Block) {
		s.fail(ErrCore, p, "its App refuses the block that it has built")
		return
	}
	s.step(p, c, rolldpos.Built{View: x.View, Parent: x.Parent, Block: b.Hash, Last: b.last})
}

// assemble makes a block that its builder holds in memory.
func (s *Sim) assemble(p *process, e rolldpos.Epoch, v rolldpos.View, parent *block) *block {
	b := &block{built: s.now, corrupt: p.behaviour&Corrupt != 0 && s.rng.IntN(2) == 0}
	b.Parent, b.Epoch, b.View, b.Height = parent.Hash, e, v, parent.Height+1
	b.Time = max(parent.Time+1, uint64(max(p.wall(s.now), 0)))
	b.Payload = p.app.Build(&parent.Block, s.now)
	b.last = s.cfg.Epoch > 0 && b.Height%s.cfg.Epoch == 0
	s.nonce++
	b.seal(s.nonce)
	s.blocks[b.Hash] = b
	b.memory = p.bit
	p.volatile = append(p.volatile, b)
	return b
}

// fetch says whether the body is at hand, or can be had from a process in reach.
func (s *Sim) fetch(p *process, b *block) bool {
	if (b.memory|b.disk)&p.bit != 0 {
		return true
	}
	for _, q := range s.processes {
		if q.up && (b.memory|b.disk)&q.bit != 0 && q.behaviour&Withhold == 0 && s.reaches(p, q) && s.reaches(q, p) &&
			(s.network.Loss == 0 || s.rng.IntN(1000) >= s.network.Loss) {
			b.memory |= p.bit
			p.volatile = append(p.volatile, b)
			return true
		}
	}
	return false
}

// verify answers a VerifyRequest, or tries again later.
func (s *Sim) verify(p *process, e rolldpos.Epoch, req *request) {
	c, x := p.core(e), req.verify
	if c == nil {
		return
	}
	if f := c.Final(); f != nil && f.View > x.View {
		return
	}
	again := func() {
		s.push(20+s.delay(), event{to: p, life: p.life, what: verify, epoch: e, request: req})
	}
	b := s.blocks[x.Block]
	if b == nil || !s.fetch(p, b) || !x.Notarised && p.honest() && int64(b.Time) > p.wall(s.now)+maxAhead {
		again()
		return
	}
	ok := b.View <= x.View
	if !x.Notarised {
		parent := s.blocks[x.Parent]
		if parent == nil || parent.executed&p.bit == 0 {
			s.fail(ErrCore, p, "is to verify on a block that it has not executed")
			return
		}
		ok = b.View == x.View && b.Parent == x.Parent
	}
	if ok {
		var waiting bool
		if ok, waiting = s.execute(p, b); waiting {
			again()
			return
		}
	}
	s.step(p, c, rolldpos.Verified{View: x.View, Block: x.Block, Valid: ok, Last: b.last})
	s.consider(p)
}

// execute runs a block and the ancestors that the process has not executed, oldest
// first. It is waiting if a body is missing.
func (s *Sim) execute(p *process, b *block) (valid, waiting bool) {
	var path []*block
	for a := b; a.executed&p.bit == 0; a = s.blocks[a.Parent] {
		if !s.fetch(p, a) {
			return false, true
		}
		path = append(path, a)
	}
	for i := len(path) - 1; i >= 0; i-- {
		a := path[i]
		if a.corrupt || !p.app.Execute(&a.Block) {
			return false, false
		}
		a.executed |= p.bit
	}
	return true, false
}

// finalize takes the certificate of a final block, and with the block those ancestors
// that were not final here. While a body is missing it tries again later.
func (s *Sim) finalize(p *process, c *core, x *rolldpos.Certificate) {
	b, d := s.blocks[x.Block], &p.disk
	if b.Height > d.final.Height {
		valid, waiting := s.execute(p, b)
		if waiting {
			s.push(20+s.delay(), event{to: p, life: p.life, what: adoption, epoch: c.epoch, message: x})
			return
		}
		if !valid && p.honest() {
			s.fail(ErrInvalidBlock, p, "its App refuses height %d or a block below", b.Height)
			return
		}
		s.mix(uint64(p.id)<<56 ^ uint64(c.epoch)<<40 ^ b.Height)
		s.adopt(p, b)
	}
	if c.epoch != d.epoch {
		return
	}
	if d.final == b && (d.cert == nil || d.cert.View < x.View) {
		d.cert = x
	}
	if b.last {
		s.ends[c.epoch] = x
		s.push(1, event{to: p, life: p.life, what: enterEpoch, epoch: c.epoch})
	} else if len(d.log) > maxLog {
		s.compact(p, c)
	}
}

// adopt hands b and its ancestors to the App and to the disk.
func (s *Sim) adopt(p *process, b *block) {
	from := p.disk.final.Height + 1
	for h := from; h <= b.Height; h++ {
		a := s.chain[h]
		a.disk |= p.bit
		p.app.Finalize(&a.Block)
	}
	p.disk.final = b
	kept := p.volatile[:0]
	for _, v := range p.volatile {
		if v.Height > b.Height {
			kept = append(kept, v)
		} else if s.chain[v.Height] != v {
			v.memory &^= p.bit
			v.executed &^= p.bit
		}
	}
	p.volatile = kept
}

// maxLog is how many records a log has before it is compacted.
const maxLog = 32

// compact replaces the log by what its core says is enough.
func (s *Sim) compact(p *process, c *core) {
	s.auditLog(p)
	p.disk.log = c.Records()
}
