package sim

import (
	"slices"

	"github.com/rootstem/rootstem/rolldpos"
)

// spell is how long, in ms, a silent seat stays so before it may change its mind.
const spell = 8000

// misbehave sends what a Byzantine seat makes of an honest core's message.
func (s *Sim) misbehave(p *process, o *rolldpos.Outgoing) {
	if p.behaviour&Silent != 0 && mute(s.cfg.Seed, p.id, s.now/spell) {
		return
	}
	if p.behaviour&Forge != 0 && s.rng.IntN(3) == 0 && s.passOver(p, o.Message) {
		return
	}
	other := o.Message
	if p.behaviour&Equivocate != 0 {
		other = s.contradict(p, o.Message)
	}
	few := s.rng.IntN(len(s.processes))
	for _, q := range s.processes {
		if q.seat == p.seat || o.To != rolldpos.Broadcast && o.To != q.seat {
			continue
		}
		if p.behaviour&Withhold != 0 && o.To == rolldpos.Broadcast && withheld(o.Message, q.id == few, s.rng.IntN(2) == 0) {
			continue
		}
		m := o.Message
		if s.rng.IntN(2) == 0 {
			m = other
		}
		s.post(p, q, m)
		if p.behaviour&Forge != 0 {
			if x := s.forge(p, m); x != nil {
				s.post(p, q, x)
			}
		}
	}
}

// mute decides by lot whether a silent seat says nothing in a spell.
func mute(seed uint64, id int, spell uint64) bool {
	x := (seed ^ uint64(id)<<32 ^ spell) * 0x9e3779b97f4a7c15
	return (x^x>>29)*0xbf58476d1ce4e5b9>>63 == 0
}

// withheld says whether a receiver does not get a message: certificates reach one
// receiver, all else about a half.
func withheld(m rolldpos.Message, chosen, half bool) bool {
	if _, ok := m.(*rolldpos.Certificate); ok {
		return !chosen
	}
	return half
}

// contradict returns a statement that an honest seat would not sign beside m, or m.
func (s *Sim) contradict(p *process, m rolldpos.Message) rolldpos.Message {
	switch m := m.(type) {
	case *rolldpos.Vote:
		if m.Seat != p.seat {
			return m
		}
		x := *m
		switch {
		case m.Kind == rolldpos.Prepare:
			x.Block = s.rival(p, m.View, m.Block)
		case m.Kind == rolldpos.Commit:
			x.Kind, x.Block = rolldpos.Nullify, rolldpos.Hash{}
		default:
			if x.Block = s.rival(p, m.View, rolldpos.Hash{}); x.Block == (rolldpos.Hash{}) {
				return m
			}
			x.Kind = rolldpos.Commit
		}
		return s.sign(p, &x)
	case *rolldpos.Proposal:
		parent := s.blocks[m.Parent]
		if s.committee.At(m.Epoch).Leader(m.View) != p.seat || parent == nil || m.Parent == m.Block {
			return m
		}
		x := *m
		x.Block = s.rival(p, m.View, m.Block)
		if x.Block == m.Block {
			x.Block = s.assemble(p, m.Epoch, m.View, parent).Hash
		}
		x.Sig = s.signers[p.seat].Sign(rolldpos.ProposalDigest(s.genesis, x.Epoch, x.View, x.ParentView, x.Parent, x.Block))
		return &x
	}
	return m
}

// rival returns another block that the seat has built in the view, or block.
func (s *Sim) rival(p *process, v rolldpos.View, block rolldpos.Hash) rolldpos.Hash {
	for _, b := range slices.Backward(p.volatile) {
		if b.View == v && b.Hash != block && b.Epoch == p.disk.epoch {
			return b.Hash
		}
	}
	return block
}

func (s *Sim) sign(p *process, x *rolldpos.Vote) *rolldpos.Vote {
	x.Seat = p.seat
	x.Sig = s.signers[p.seat].Sign(rolldpos.VoteDigest(s.genesis, x.Epoch, x.View, x.Kind, x.Block))
	return x
}

// forge returns a message that was never meant: a field altered under an old
// signature, a quorum that is none, or a well signed vote or status of a view to come.
func (s *Sim) forge(p *process, m rolldpos.Message) rolldpos.Message {
	switch m := m.(type) {
	case *rolldpos.Vote:
		return s.forgeVote(p, m)
	case *rolldpos.Proposal:
		x := *m
		switch s.rng.IntN(4) {
		case 0:
			x.View++
		case 1:
			x.Block[7] ^= 1
		case 2:
			x.ParentCert, x.Nullified = nil, nil
		default:
			x.ParentView, x.ParentCert = 0, nil
			x.Sig = s.signers[p.seat].Sign(rolldpos.ProposalDigest(s.genesis, x.Epoch, x.View, 0, x.Parent, x.Block))
		}
		return &x
	case *rolldpos.Certificate:
		return s.forgeCertificate(m)
	case *rolldpos.Status:
		x := *m
		x.View += rolldpos.View(s.rng.Uint64N(1 << 40))
		x.Sig[9] ^= byte(s.rng.IntN(2))
		return &x
	}
	return nil
}

// passOver sends to all, in place of a proposal, one that leaves out its parent and rests
// on the block before, with a vote for it. It says whether it could.
func (s *Sim) passOver(p *process, message rolldpos.Message) bool {
	m, ok := message.(*rolldpos.Proposal)
	if !ok || s.committee.At(m.Epoch).Leader(m.View) != p.seat {
		return false
	}
	parent := s.blocks[m.Parent]
	if parent == nil || parent.Height == 0 || parent.Epoch != m.Epoch {
		return false
	}
	x := &rolldpos.Proposal{Epoch: m.Epoch, View: m.View, Parent: parent.Parent}
	before := s.blocks[parent.Parent]
	if before.Epoch == m.Epoch {
		x.ParentView = before.View
	}
	x.Block = s.assemble(p, m.Epoch, m.View, before).Hash
	x.Sig = s.signers[p.seat].Sign(rolldpos.ProposalDigest(s.genesis, x.Epoch, x.View, x.ParentView, x.Parent, x.Block))
	vote := s.sign(p, &rolldpos.Vote{Epoch: x.Epoch, View: x.View, Kind: rolldpos.Prepare, Block: x.Block})
	for _, q := range s.processes {
		if q.seat != p.seat {
			s.post(p, q, x)
			s.post(p, q, vote)
		}
	}
	return true
}

func (s *Sim) forgeVote(p *process, m *rolldpos.Vote) *rolldpos.Vote {
	x := *m
	switch s.rng.IntN(5) {
	case 0:
		x.Seat = s.rng.IntN(s.cfg.Seats)
	case 1:
		x.View += rolldpos.View(1 + s.rng.Uint64N(40))
		return s.sign(p, &x)
	case 2:
		x.View += rolldpos.View(s.rng.Uint64N(1 << 60))
		return s.sign(p, &x)
	case 3:
		x.Kind, x.Block = rolldpos.Kind(1+s.rng.IntN(3)), rolldpos.Hash{byte(s.rng.IntN(2))}
		return s.sign(p, &x)
	default:
		x.Epoch++
		return s.sign(p, &x)
	}
	return &x
}

func (s *Sim) forgeCertificate(m *rolldpos.Certificate) *rolldpos.Certificate {
	x := *m
	x.Bitmap, x.Sigs = slices.Clone(m.Bitmap), slices.Clone(m.Sigs)
	switch s.rng.IntN(5) {
	case 0:
		x.Kind = 1 + x.Kind%3
	case 1:
		x.View++
	case 2:
		x.Sigs = x.Sigs[:len(x.Sigs)-1]
	case 3:
		x.Bitmap[0] ^= 3
	default:
		x.Block[0] ^= 0x80
	}
	return &x
}
