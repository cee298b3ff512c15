package sim

import "github.com/rootstem/rootstem/rolldpos"

// process is one node: a driver, its disk and its cores. Twins share a seat.
type process struct {
	id, seat  int
	bit       uint64
	behaviour Behaviour
	app       App
	disk      disk
	mark      mark   // of a second disk, which no old copy replaces
	lost      loss   // the disk may lack votes
	replaced  uint64 // ms, when an old disk was put in last
	up        bool
	life      uint32
	cores     []*core // of the current epoch, and before it of the one before
	volatile  []*block
	demand    bool
	newest    *rolldpos.Certificate // of a block, in the current epoch

	booted uint64 // ms, in network time
	drift  int64  // of the core's clock, in thousandths
	skew   int64  // ms, of the clock that headers carry
}

// disk is what survives a crash.
type disk struct {
	log    [][]byte
	epoch  rolldpos.Epoch
	anchor *block // of epoch
	final  *block
	cert   *rolldpos.Certificate // of final, unless that is the anchor
}

// mark is the watermark: the last vote's place.
type mark struct {
	epoch rolldpos.Epoch
	view  rolldpos.View
}

// loss is what a process must do about votes that its disk may lack.
type loss uint8

const (
	none   loss = iota
	marked      // abstain up to the watermark
	unsure      // ask the others
)

// core is a rolldpos.Core and what its driver keeps of it.
type core struct {
	*rolldpos.Core
	epoch rolldpos.Epoch
	wake  uint64 // ms, in network time, of the open tick
	ready rolldpos.Ready
}

func (p *process) core(e rolldpos.Epoch) *core {
	for _, c := range p.cores {
		if c.epoch == e {
			return c
		}
	}
	return nil
}

func (p *process) honest() bool { return p.behaviour == 0 }

// clock is the core's: it starts with the process and runs too fast or too slowly.
func (p *process) clock(now uint64) uint64 {
	d := int64(now - p.booted)
	return uint64(d + d*p.drift/1000)
}

// until returns the network time at which the core's clock shows at.
func (p *process) until(at uint64) uint64 {
	return p.booted + uint64((int64(at)*1000+999+p.drift)/(1000+p.drift))
}

// wall is the clock that headers carry.
func (p *process) wall(now uint64) int64 { return int64(now) + p.skew }

// raise moves the watermark up to the votes that a step sends: also to those that a
// restart repeats, since the crash may have come between the log and the watermark.
func (p *process) raise(r *rolldpos.Ready) {
	for _, o := range r.Send {
		if v, ok := o.Message.(*rolldpos.Vote); ok && v.Seat == p.seat &&
			(v.Epoch > p.mark.epoch || v.Epoch == p.mark.epoch && v.View > p.mark.view) {
			p.mark = mark{v.Epoch, v.View}
		}
	}
}

// boot starts a process from its disk.
func (s *Sim) boot(p *process) {
	p.up = true
	p.life++
	p.booted = s.now
	p.cores = nil
	p.demand, p.newest = false, nil
	s.begin(p)
}

// begin makes the core of the epoch that the disk has reached.
func (s *Sim) begin(p *process) {
	d := &p.disk
	var abstain rolldpos.View
	var query uint64
	switch {
	case p.lost == unsure:
		query = 1 + s.rng.Uint64N(1<<63)
	case p.lost == marked && p.mark.epoch > d.epoch:
		abstain = 1<<62 - 1 // the whole epoch is past
	case p.lost == marked && p.mark.epoch == d.epoch:
		abstain = p.mark.view
	}
	made, err := rolldpos.New(rolldpos.Config{
		Genesis: s.genesis, Committee: s.committee.At(d.epoch), Seat: p.seat, Signer: s.signers[p.seat],
		Anchor: d.anchor.Hash, Delta: s.cfg.Delta, MaxDelta: s.cfg.MaxDelta, Abstain: abstain, Query: query,
	})
	if err == nil {
		err = made.Restore(d.log)
	}
	if err != nil {
		s.fail(ErrCore, p, "%v", err)
		return
	}
	c := &core{Core: made, epoch: d.epoch}
	p.cores = append(p.cores, c)
	if d.cert != nil {
		s.step(p, c, rolldpos.FinalizedElsewhere{Certificate: d.cert, Last: d.final.last})
	}
	s.step(p, c, rolldpos.Demand{Pending: p.demand})
	s.step(p, c, rolldpos.Start{})
	s.consider(p)
}

// enterEpoch begins the epoch after e, whose last block is final.
func (s *Sim) enterEpoch(p *process, e rolldpos.Epoch) {
	d := &p.disk
	if d.epoch != e || !d.final.last || d.final.Epoch != e {
		return
	}
	d.epoch, d.anchor, d.cert, d.log = e+1, d.final, nil, nil
	p.newest, p.demand = nil, false
	if n := len(p.cores); n > 1 {
		p.cores = p.cores[n-1:]
	}
	s.begin(p)
	s.sync(p) // block sync goes on at once while there is more
}

// Crash ends a process: what is not on its disk is lost.
func (s *Sim) Crash(process int) { s.crash(s.processes[process]) }

func (s *Sim) crash(p *process) {
	if !p.up {
		return
	}
	p.up = false
	p.life++
	for _, b := range p.volatile {
		b.memory &^= p.bit
		if b.Height > p.disk.final.Height || s.chain[b.Height] != b {
			b.executed &^= p.bit
		}
	}
	p.volatile = nil
	p.cores = nil
	p.app.Restart(false)
}

// Up says whether a process runs.
func (s *Sim) Up(process int) bool { return s.processes[process].up }

// Start begins a crashed process anew from its disk.
func (s *Sim) Start(process int) {
	if p := s.processes[process]; !p.up {
		s.boot(p)
	}
}

// SetClock makes a process's header clock differ from the network's by skew, in ms,
// and its core's clock run fast by drift thousandths from its next start on.
func (s *Sim) SetClock(process int, skew int64, drift int) {
	p := s.processes[process]
	p.skew = skew
	if !p.up {
		p.drift = int64(max(min(drift, 500), -500))
	}
}

// consider tells the core whether there is work on top of the newest notarised block
// that the process has executed.
func (s *Sim) consider(p *process) {
	if !p.up {
		return
	}
	c := p.core(p.disk.epoch)
	if c == nil {
		return
	}
	on := p.disk.final
	if x := p.newest; x != nil && x.Epoch == p.disk.epoch {
		if b := s.blocks[x.Block]; b != nil && b.Height > on.Height && b.executed&p.bit != 0 {
			on = b
		}
	}
	pending := p.app.Pending(&on.Block, s.now) || on.last
	if pending != p.demand {
		p.demand = pending
		s.step(p, c, rolldpos.Demand{Pending: pending})
	}
}
