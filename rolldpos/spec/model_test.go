package spec

import (
	"fmt"
	"math/bits"
)

// The network of the model: n = 4 and f = 1. Seats 0 to 2 are honest; seat 3 lies: it
// signs whatever helps, so that every quorum may count on its vote.
const (
	seats    = 4
	honest   = 3
	liar     = 3
	quorum   = 3
	maxViews = 5
)

// block is an index into model.blocks; 0 stands for no block.
type block uint8

const anchor block = 1

// header is what a block's hash commits to.
type header struct {
	view   int // 0 for the anchor
	parent block
	value  int // tells blocks of one view and parent apart
	height int
}

// fault is a rule that a broken model drops.
type fault string

const (
	sound               fault = ""
	quorumTooSmall      fault = "certificates of 2f votes"
	prepareTwice        fault = "rule 1 without: at most once"
	parentUncertified   fault = "rule 1 without: the parent is notarised"
	gapNotNullified     fault = "rule 1 without: every view between is nullified"
	nullifyAfterCommit  fault = "rule 2 without: never after commit"
	commitAfterNullify  fault = "rule 3 without: never after nullify"
	commitUncertified   fault = "rule 3 without: only with the notarisation"
	sendBeforePersist   fault = "rule 5 without: persist before send"
	extendsTheLastBlock fault = "epochs without: nothing is built on the last block"
)

// model is the constants of the specification.
type model struct {
	views  int
	values int   // blocks of one view and parent
	last   int   // height of an epoch's last block; 0: the epoch does not end
	epoch  int   // turns the leaders; the seats' model only
	drop   fault // the rule that is missing
	blocks []header
}

func newModel(views, values, last, epoch int, drop fault) *model {
	m := &model{views: views, values: values, last: last, epoch: epoch, drop: drop, blocks: make([]header, 2)}
	for v := 1; v <= views; v++ {
		for p := anchor; int(p) < len(m.blocks) && m.blocks[p].view < v; p++ {
			if m.isLast(p) && drop != extendsTheLastBlock {
				continue
			}
			for x := range values {
				m.blocks = append(m.blocks, header{v, p, x, m.blocks[p].height + 1})
			}
		}
	}
	if len(m.blocks) > 256 {
		panic("spec: too many blocks")
	}
	return m
}

func (m *model) isLast(b block) bool { return m.last > 0 && m.blocks[b].height == m.last }

// find returns the block with this view, parent and value.
func (m *model) find(v int, parent block, value int) block {
	for b, h := range m.blocks {
		if b > int(anchor) && h.view == v && h.parent == parent && h.value == value {
			return block(b)
		}
	}
	return 0
}

// descends says whether b is a or has it as an ancestor.
func (m *model) descends(b, a block) bool {
	for ; m.blocks[b].view > m.blocks[a].view; b = m.blocks[b].parent {
	}
	return a == b
}

func (m *model) name(b block) string {
	switch h := m.blocks[b]; {
	case b == 0:
		return "none"
	case b == anchor:
		return "anchor"
	default:
		return fmt.Sprintf("%d%c<%s", h.view, 'a'+h.value, m.name(h.parent))
	}
}

func (m *model) leader(v int) int { return (v + m.epoch) % seats }

// votes is what a seat has signed, by view − 1; nullifies are bits.
type votes struct {
	prepare, commit [maxViews]block
	nullify         uint8
}

// seat is an honest seat's state. In the votes' model only votes are used.
type seat struct {
	votes
	lost votes // signed and sent, but no more in the log: broken models only

	view      uint8
	entry     kind            // the certificate by which view began; 0: none or not known
	notarised [maxViews]block // certificates that the seat holds, above finalView
	nullified uint8
	base      [maxViews]uint8 // where the leader's own repeated block is certified, by view − 1
	logged    [2]uint8        // views whose notarisation or nullification is in the log, above finalView
	final     block
	finalView uint8
}

type state [honest]seat

// kind is the kind of a vote and of the certificate that a quorum of it makes.
type kind uint8

const (
	prepare kind = 1
	commit  kind = 2
	nullify kind = 3
)

func (k kind) String() string { return [...]string{"none", "prepare", "commit", "nullify"}[k] }

func bit(v int) uint8 { return 1 << (v - 1) }

func (x *votes) has(k kind, v int, b block) bool {
	switch k {
	case prepare:
		return x.prepare[v-1] == b
	case commit:
		return x.commit[v-1] == b
	}
	return x.nullify&bit(v) != 0
}

// certified says whether votes that were sent, and the liar's, make a certificate.
func (m *model) certified(s *state, k kind, v int, b block) bool {
	need := quorum - 1
	if m.drop == quorumTooSmall {
		need = 2 - 1
	}
	for i := range s {
		if s[i].has(k, v, b) || s[i].lost.has(k, v, b) {
			need--
		}
	}
	return need <= 0
}

// placed is rule 1's second part, by certificates that anybody could hold: the parent
// of b is certified in some view below v and every view between is nullified. An
// epoch's last block is its own parent.
func (m *model) placed(b block, v int, certified func(u int, parent block) bool, nullified func(u int) bool) bool {
	parent, again := m.blocks[b].parent, false
	switch h := m.blocks[b]; {
	case h.view == v:
	case h.view < v && m.isLast(b):
		parent, again = b, true
	default:
		return false
	}
	for u := v - 1; u >= 0; u-- {
		if (u > 0 || !again) && certified(u, parent) {
			return true
		}
		if u > 0 && !nullified(u) {
			return false
		}
	}
	return false
}

// The guards of the three votes. They know nothing of views and messages, so that
// whatever a seat does in the seats' model is allowed in the votes' model too.

// mayPrepare is rule 1.
func (m *model) mayPrepare(s *state, i, v int, b block) bool {
	x := &s[i]
	if x.nullify&bit(v) != 0 || x.prepare[v-1] == b {
		return false
	}
	if x.prepare[v-1] != 0 && (m.drop != prepareTwice || x.lost.prepare[v-1] != 0) {
		return false
	}
	return m.placed(b, v, func(u int, parent block) bool {
		return u == 0 && parent == anchor || u > 0 && m.certified(s, prepare, u, parent) ||
			m.drop == parentUncertified && m.blocks[parent].view == u
	}, func(u int) bool {
		return m.drop == gapNotNullified || m.certified(s, nullify, u, 0)
	})
}

// mayNullify is rule 2.
func (m *model) mayNullify(s *state, i, v int) bool {
	x := &s[i]
	return x.nullify&bit(v) == 0 && (x.commit[v-1] == 0 || m.drop == nullifyAfterCommit)
}

// mayCommit is rule 3.
func (m *model) mayCommit(s *state, i, v int, b block) bool {
	x := &s[i]
	return x.commit[v-1] == 0 && (x.nullify&bit(v) == 0 || m.drop == commitAfterNullify) &&
		(m.certified(s, prepare, v, b) || m.drop == commitUncertified && m.blocks[b].view == v)
}

func (x *seat) cast(k kind, v int, b block) {
	switch k {
	case prepare:
		x.lost.prepare[v-1] = x.prepare[v-1] // only where prepareTwice lets it happen
		x.prepare[v-1] = b
	case commit:
		x.commit[v-1] = b
	case nullify:
		x.nullify |= bit(v)
	}
}

// signedBlocks lists the blocks that honest seats named in votes of kind k in view v.
func (s *state) signedBlocks(k kind, v int, out []block) []block {
	for i := range s {
		for _, x := range []*votes{&s[i].votes, &s[i].lost} {
			b := x.prepare[v-1]
			if k == commit {
				b = x.commit[v-1]
			}
			if b != 0 {
				out = append(out, b)
			}
		}
	}
	return out
}

// certificates lists the blocks that a quorum may show for view v.
func (m *model) certificates(s *state, k kind, v int) (out []block) {
	var buf [2 * honest]block
	for _, b := range s.signedBlocks(k, v, buf[:0]) {
		dup := false
		for _, c := range out {
			dup = dup || c == b
		}
		if !dup && m.certified(s, k, v, b) {
			out = append(out, b)
		}
	}
	return out
}

// broken names an invariant that a state violates, or returns "".
func (m *model) broken(s *state) string {
	for v := 1; v <= m.views; v++ {
		for i := range s {
			if s[i].commit[v-1] != 0 && s[i].nullify&bit(v) != 0 {
				return "innocence: an honest seat commits and nullifies"
			}
		}
		notarised := m.certificates(s, prepare, v)
		if len(notarised) > 1 {
			return "oneNotarisation: two blocks notarised in one view"
		}
		if m.certified(s, nullify, v, 0) && len(m.certificates(s, commit, v)) > 0 {
			return "commitOrNullify: commit certificate and nullification of one view"
		}
		for _, b := range notarised {
			if m.isLast(m.blocks[b].parent) {
				return "epochEnds: a block on an epoch's last"
			}
			for u := 1; u <= v; u++ {
				for _, a := range m.certificates(s, commit, u) {
					if !m.descends(b, a) {
						return "descent: a notarised block that does not descend from a final one"
					}
				}
			}
		}
	}
	return m.fork(s)
}

// fork says whether two commit certificates name blocks that are not on one chain.
func (m *model) fork(s *state) string {
	var final []block
	for v := 1; v <= m.views; v++ {
		for _, b := range m.certificates(s, commit, v) {
			for _, a := range final {
				if !m.descends(b, a) && !m.descends(a, b) {
					return "agreement: two final blocks that are not on one chain"
				}
			}
			final = append(final, b)
		}
	}
	return ""
}

// last returns the highest view in which the seat signed, or 0.
func (x *votes) last() int {
	v := bits.Len8(x.nullify)
	for u := maxViews; u > v; u-- {
		if x.prepare[u-1] != 0 || x.commit[u-1] != 0 {
			return u
		}
	}
	return v
}
