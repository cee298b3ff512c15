package spec

// refuse is what reaches a seat although a rule forbids to act on it. It changes
// nothing, and ends a trace.
const refuse verb = "refuse"

// Reasons to refuse: the rule that forbids the vote.
const (
	secondPrepare   source = "rule 1: at most once"
	afterNullify    source = "rule 1: never after nullify"
	noNotarisation  source = "rule 1: the parent is not notarised"
	notTheFinal     source = "rule 1: the parent is not the final block"
	gap             source = "rule 1: a view between is not nullified"
	endedView       source = "rule 1: the view has ended"
	notTheLeader    source = "rule 1: not signed by the leader"
	shortQuorum     source = "rule 4: a certificate of fewer than q votes"
	forgedVote      source = "rule 4: a quorum with a forged vote"
	shortNotarised  source = "rule 3: a notarisation of fewer than q votes"
	forgedNotarised source = "rule 3: a notarisation with a forged vote"
)

// refusals lists what seat i must refuse.
func (m *model) refusals(s *state, i int, emit func(action)) {
	x := &s[i]
	if m.isLast(x.final) || int(x.view) > m.views {
		return
	}
	v := int(x.view)
	for b := anchor + 1; int(b) < len(m.blocks); b++ {
		h := m.blocks[b]
		a := action{do: refuse, seat: i, view: h.view, block: b, parent: m.blocks[h.parent].view}
		if h.view == v {
			if a.by = m.whyNot(s, &a); a.by != "" {
				emit(a)
			}
		}
		if h.view < v && h.view > int(x.finalView) && m.leader(h.view) == liar && x.idle(h.view) {
			if a.by = endedView; m.placedFor(s, i, h.view, b, a.parent) {
				emit(a)
			}
		}
	}
	m.shortOnes(s, i, emit)
}

func (x *seat) idle(v int) bool {
	return x.prepare[v-1] == 0 && x.commit[v-1] == 0 && x.nullify&bit(v) == 0
}

// whyNot returns the one rule that forbids seat a.seat to prepare a block of its
// current view, or "" if none does or several do.
func (m *model) whyNot(s *state, a *action) source {
	x := &s[a.seat]
	leader, p := m.leader(a.view), m.blocks[a.block].parent
	placed := m.placedFor(s, a.seat, a.view, a.block, a.parent)
	if leader != liar {
		if leader != a.seat && s[leader].prepare[a.view-1] == 0 && placed && m.fresh(x) {
			return notTheLeader
		}
		return ""
	}
	if placed {
		switch old := x.prepare[a.view-1]; {
		case old != 0 && old != a.block && x.nullify&bit(a.view) == 0:
			return secondPrepare
		case old == 0 && x.nullify&bit(a.view) != 0:
			return afterNullify
		}
		return ""
	}
	if !m.fresh(x) || m.isLast(p) {
		return ""
	}
	u := a.parent
	certified := x.certified(u, p)
	between := true
	for w := u + 1; w < a.view; w++ {
		between = between && w > int(x.finalView) && x.nullified&bit(w) != 0
	}
	switch {
	case certified && !between:
		return gap
	case !certified && between && u == int(x.finalView):
		return notTheFinal
	case !certified && between:
		return noNotarisation
	}
	return ""
}

// shortOnes lists would-be certificates of the current view for which only one honest
// seat and the liar have voted.
func (m *model) shortOnes(s *state, i int, emit func(action)) {
	v := int(s[i].view)
	for j := range s {
		if b := s[j].prepare[v-1]; b != 0 && !m.certified(s, prepare, v, b) {
			emit(action{do: refuse, seat: i, view: v, block: b, by: shortNotarised})
			emit(action{do: refuse, seat: i, view: v, block: b, by: forgedNotarised})
		}
		if s[j].nullify&bit(v) != 0 && !m.certified(s, nullify, v, 0) {
			emit(action{do: refuse, seat: i, view: v, by: shortQuorum})
			emit(action{do: refuse, seat: i, view: v, by: forgedVote})
		}
	}
}
