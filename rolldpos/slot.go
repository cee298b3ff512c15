package rolldpos

import (
	"maps"
	"slices"
)

// slot is what is known of one view above the final one.
type slot struct {
	proposal *Proposal // the first one that its leader signed
	votes    [3][]*Vote
	certs    [3]*Certificate
	blocks   []standing                      // of the proposal, and of a notarised block that differs
	reported []byte                          // by seat: the sorts of guilt already shown
	building bool                            // a BuildRequest is open
	digests  [3]struct{ block, digest Hash } // by kind: the newest one computed, or zero
}

// standing is what the driver has said of a block in a view.
type standing struct {
	block Hash
	state state
	last  bool
}

type state uint8

const (
	unknown        state = iota
	asked                // a VerifyRequest for a proposal is open
	invalid              // as proposed; a notarisation asks again
	askedNotarised       // a VerifyRequest with Notarised is open
	refuted              // certified by q seats, yet invalid here
	valid
)

// final is the newest final block. Its view is 0 and its certificate nil for the
// epoch's anchor.
type final struct {
	view View
	cert *Certificate
	standing
}

func (s *slot) vote(k Kind, seat int) *Vote {
	if s == nil || seat < 0 || s.votes[k-1] == nil {
		return nil
	}
	return s.votes[k-1][seat]
}

// verify says whether a vote that is well formed is signed. Many sign the same digest.
func (c *Core) verify(s *slot, x *Vote) bool {
	if s == nil {
		return x.Verify(c.genesis, c.committee) == nil
	}
	d := &s.digests[x.Kind-1]
	if d.digest == (Hash{}) || d.block != x.Block {
		d.block, d.digest = x.Block, VoteDigest(c.genesis, x.Epoch, x.View, x.Kind, x.Block)
	}
	return c.committee.verify(x.Seat, d.digest, &x.Sig)
}

func (s *slot) cert(k Kind) *Certificate {
	if s == nil {
		return nil
	}
	return s.certs[k-1]
}

// certified says whether q seats prepared or committed block in this view.
func (s *slot) certified(block Hash) bool { return s.certificateOf(block) != nil }

func (s *slot) certificateOf(block Hash) *Certificate {
	for _, k := range []Kind{Prepare, Commit} {
		if x := s.cert(k); x != nil && x.Block == block {
			return x
		}
	}
	return nil
}

func (s *slot) count(k Kind, block Hash) (n int) {
	if s == nil {
		return 0
	}
	for _, x := range s.votes[k-1] {
		if x != nil && x.Block == block {
			n++
		}
	}
	return n
}

// standing returns the entry of a block, made if it is not there.
func (s *slot) standing(block Hash) *standing {
	for i := range s.blocks {
		if s.blocks[i].block == block {
			return &s.blocks[i]
		}
	}
	s.blocks = append(s.blocks, standing{block: block})
	return &s.blocks[len(s.blocks)-1]
}

// slot returns the slot of a view above the final one, made if it is not there.
func (c *Core) slot(v View) *slot {
	s := c.slots[v]
	if s == nil {
		s = new(slot)
		c.slots[v] = s
	}
	return s
}

// views returns the views that have slots, ascending.
func (c *Core) views() []View { return slices.Sorted(maps.Keys(c.slots)) }

func (c *Core) setVote(x *Vote) {
	s := c.slot(x.View)
	if s.votes[x.Kind-1] == nil {
		s.votes[x.Kind-1] = make([]*Vote, c.committee.Size())
	}
	s.votes[x.Kind-1][x.Seat] = x
}

// standing returns the entry of a block in a view, or nil below the final view.
func (c *Core) standing(v View, block Hash) *standing {
	switch {
	case v == c.final.view && block == c.final.block:
		return &c.final.standing
	case v <= c.final.view:
		return nil
	}
	return c.slot(v).standing(block)
}

// newest returns the highest view with a notarised block that is not final, or 0.
func (c *Core) newest() (top View) {
	for v, s := range c.slots {
		if s.cert(Prepare) != nil && v > top {
			top = v
		}
	}
	return top
}
