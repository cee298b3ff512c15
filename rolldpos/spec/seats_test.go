package spec

import (
	"fmt"
	"math/bits"
)

// action is one step of the seats' model: what reaches a seat, and all that it does
// then by the rules.
type action struct {
	do     verb
	seat   int
	view   int   // of the vote or certificate
	block  block // that is proposed, prepared or certified
	parent int   // the view in which the block's parent is certified
	by     source
}

// verb names an action as the specification does.
type verb string

const (
	propose       verb = "propose"       // a leader builds a block
	repropose     verb = "repropose"     // a leader proposes an epoch's last block again
	follow        verb = "follow"        // a valid proposal arrives, and the seat prepares it
	reject        verb = "reject"        // an invalid proposal of the liar arrives
	timeout       verb = "timeout"       // the view's time is over
	notarisation  verb = "notarisation"  // the certificate arrives
	nullification verb = "nullification" // the certificate arrives
	finality      verb = "finality"      // the commit certificate arrives
	restart       verb = "restart"       // a crash: what is not in the log is lost

	// Crashes in the step that signs, before its sync; to the model they are restarts.
	loseTimeout      verb = "lose-timeout"
	loseFollow       verb = "lose-follow"
	loseNotarisation verb = "lose-notarisation"
)

// source says how a certificate arrives, or why a proposal is rejected.
type source string

const (
	whole     source = "certificate" // as one message
	piecemeal source = "votes"       // vote by vote, the last one completing the quorum
	badBody   source = "invalid"     // the driver says so
	onLast    source = "on-last"     // it extends an epoch's last block
	repeated  source = "repeated"    // it is its own parent, and not an epoch's last
)

func (m *model) start() (s state) {
	for i := range s {
		s[i].view, s[i].final = 1, anchor
	}
	return s
}

// placedFor is rule 1's second part, by the certificates that seat i holds, for a
// proposal that names view at as the one in which the parent is certified.
func (m *model) placedFor(s *state, i, v int, b block, at int) bool {
	x := &s[i]
	return m.placed(b, v, func(u int, parent block) bool {
		return u == at && x.certified(u, parent)
	}, func(u int) bool { return u > int(x.finalView) && x.nullified&bit(u) != 0 })
}

func (x *seat) certified(v int, b block) bool {
	return v == int(x.finalView) && b == x.final || v > int(x.finalView) && x.notarised[v-1] == b
}

// parent returns what the leader of v builds on: the newest certified block below v
// from which nullifications lead to v.
func (x *seat) parent(v int) (at int, b block, ok bool) {
	for at = v - 1; at > int(x.finalView); at-- {
		switch {
		case x.notarised[at-1] != 0:
			return at, x.notarised[at-1], true
		case x.nullified&bit(at) == 0:
			return 0, 0, false
		}
	}
	return at, x.final, at == int(x.finalView)
}

// fresh says whether the seat has voted neither prepare nor nullify in its view.
func (m *model) fresh(x *seat) bool {
	v := int(x.view)
	return v <= m.views && !m.isLast(x.final) && x.prepare[v-1] == 0 && x.nullify&bit(v) == 0
}

// actions lists what can happen to seat i.
func (m *model) actions(s *state, i int, emit func(action)) {
	x := &s[i]
	if m.isLast(x.final) {
		return // the epoch is over for this seat
	}
	if v := int(x.view); m.fresh(x) {
		if m.leader(v) == i {
			m.leading(s, i, emit)
		} else {
			m.following(s, i, emit)
		}
	}
	if v := int(x.view); v <= m.views && m.mayNullify(s, i, v) && !m.mustRepropose(x, i) {
		emit(action{do: timeout, seat: i, view: v})
		emit(action{do: loseTimeout, seat: i, view: v})
	}
	for v := int(x.finalView) + 1; v <= m.views; v++ {
		m.arriving(s, i, v, emit)
	}
	emit(action{do: restart, seat: i})
}

func (m *model) mustRepropose(x *seat, i int) bool {
	at, b, ok := x.parent(int(x.view))
	return m.leader(int(x.view)) == i && m.fresh(x) && ok && at > int(x.finalView) && m.isLast(b)
}

func (m *model) leading(s *state, i int, emit func(action)) {
	x := &s[i]
	v := int(x.view)
	at, parent, ok := x.parent(v)
	switch {
	case !ok:
	case !m.isLast(parent):
		emit(action{do: propose, seat: i, view: v, block: m.find(v, parent, 0), parent: at})
	case at > int(x.finalView):
		emit(action{do: repropose, seat: i, view: v, block: parent, parent: at})
	}
}

// following lists the proposals of view v that reach seat i while it can judge them.
func (m *model) following(s *state, i int, emit func(action)) {
	x := &s[i]
	v := int(x.view)
	leader := m.leader(v)
	for b := anchor + 1; int(b) < len(m.blocks) && m.blocks[b].view <= v; b++ {
		if leader != liar && s[leader].prepare[v-1] != b || !m.mayPrepare(s, i, v, b) {
			continue
		}
		again := m.blocks[b].view < v
		for at := range v {
			if again && leader != liar && at != int(s[leader].base[v-1]) || !m.placedFor(s, i, v, b, at) {
				continue
			}
			emit(action{do: follow, seat: i, view: v, block: b, parent: at})
			emit(action{do: loseFollow, seat: i, view: v, block: b, parent: at})
		}
	}
	if leader != liar {
		return
	}
	at, parent, ok := x.parent(v)
	switch {
	case !ok:
	case m.isLast(parent):
		emit(action{do: reject, seat: i, view: v, block: parent, parent: at, by: onLast})
	default:
		emit(action{do: reject, seat: i, view: v, block: parent, parent: at, by: badBody})
		emit(action{do: reject, seat: i, view: v, block: parent, parent: at, by: repeated})
	}
}

// arriving lists the certificates of view v that reach seat i.
func (m *model) arriving(s *state, i, v int, emit func(action)) {
	x := &s[i]
	for _, by := range []source{whole, piecemeal} {
		for _, b := range m.certificates(s, prepare, v) {
			if x.notarised[v-1] == 0 {
				emit(action{do: notarisation, seat: i, view: v, block: b, by: by})
				if by == whole && v >= int(x.view) && m.mayCommit(s, i, v, b) {
					emit(action{do: loseNotarisation, seat: i, view: v, block: b, by: by})
				}
			}
		}
		for _, b := range m.certificates(s, commit, v) {
			emit(action{do: finality, seat: i, view: v, block: b, by: by})
		}
		if x.nullified&bit(v) == 0 && m.certified(s, nullify, v, 0) {
			emit(action{do: nullification, seat: i, view: v, by: by})
		}
	}
}

// apply performs an action that actions lists, and names the branch of the rules that
// it takes.
func (m *model) apply(s *state, a action) (to state, branch string) {
	m.checkVote(s, a)
	to = *s
	x := &to[a.seat]
	v := a.view
	switch a.do {
	case propose, repropose, follow:
		branch = m.applyPrepare(x, a)
		if a.do == repropose {
			x.base[v-1] = uint8(a.parent)
		}
	case reject, timeout:
		branch = string(a.by)
		if a.do == timeout {
			branch = map[bool]string{true: "before prepare", false: "after prepare"}[x.prepare[v-1] == 0]
		}
		x.cast(nullify, v, 0)
		x.logEntry()
	case notarisation:
		branch = m.applyNotarisation(&to, a)
	case nullification:
		x.nullified |= bit(v)
		branch = x.enter(v, nullify)
	case finality:
		branch = x.enter(v, commit)
		x.finalise(v, a.block)
		if m.isLast(a.block) {
			branch += ", end of the epoch"
		}
	case restart, loseTimeout, loseFollow, loseNotarisation:
		branch = x.restart()
	}
	return to, string(a.do) + ": " + branch
}

// checkVote panics if a vote that goes with an action is not allowed in the votes' model.
func (m *model) checkVote(s *state, a action) {
	ok := true
	switch a.do {
	case propose, repropose, follow:
		ok = m.mayPrepare(s, a.seat, a.view, a.block)
	case timeout, reject:
		ok = m.mayNullify(s, a.seat, a.view)
	}
	if !ok {
		panic("spec: the seats' model casts a vote that the rules forbid: " + m.format(a))
	}
}

func (m *model) applyPrepare(x *seat, a action) string {
	h := m.blocks[a.block]
	x.cast(prepare, a.view, a.block)
	x.log(prepare, a.parent)
	for u := a.parent + 1; u < a.view; u++ {
		x.log(nullify, u)
	}
	switch {
	case h.view < a.view:
		return "an epoch's last block again"
	case a.parent < a.view-1:
		return fmt.Sprintf("across nullified views, on %s", x.standing(a.parent))
	}
	return "on " + x.standing(a.parent)
}

// standing says what a certified parent's view is to the seat.
func (x *seat) standing(at int) string {
	switch {
	case at == 0:
		return "the anchor"
	case at == int(x.finalView):
		return "a final block"
	}
	return "a notarised block"
}

func (m *model) applyNotarisation(s *state, a action) string {
	x := &s[a.seat]
	x.notarised[a.view-1] = a.block
	ahead := a.view >= int(x.view)
	did := ""
	switch {
	case ahead && m.mayCommit(s, a.seat, a.view, a.block):
		x.cast(commit, a.view, a.block)
		x.log(prepare, a.view)
		did = ", commit"
	case ahead:
		did = ", nullified before"
	}
	return x.enter(a.view, prepare) + did
}

// enter is rule 4.
func (x *seat) enter(v int, by kind) (branch string) {
	switch {
	case v < int(x.view):
		return "late"
	case v == int(x.view):
		branch = "next view"
	default:
		branch = "views skipped"
	}
	x.view, x.entry = uint8(v+1), by
	return branch
}

// log puts a certificate into the log, beside a vote.
func (x *seat) log(k kind, v int) {
	if v <= int(x.finalView) {
		return
	}
	switch k {
	case prepare:
		x.logged[0] |= bit(v)
	case nullify:
		x.logged[1] |= bit(v)
	}
}

func (x *seat) logEntry() { x.log(x.entry, int(x.view)-1) }

// finalise takes a commit certificate: the driver stores it at once, and what is at or
// below its view is no more needed.
func (x *seat) finalise(v int, b block) {
	x.final, x.finalView = b, uint8(v)
	for u := 1; u <= v; u++ {
		x.notarised[u-1] = 0
		x.nullified &^= bit(u)
		x.logged[0] &^= bit(u)
		x.logged[1] &^= bit(u)
	}
}

// restart keeps the votes and the certificates that are in the log: rule 5.
func (x *seat) restart() string {
	before := x.view
	for v := 1; v <= maxViews; v++ {
		if x.logged[0]&bit(v) == 0 {
			x.notarised[v-1] = 0
		}
	}
	x.nullified &= x.logged[1]
	byCert := max(bits.Len8(x.logged[0]), bits.Len8(x.logged[1]), int(x.finalView))
	x.view = uint8(max(byCert+1, x.votes.last()))
	switch {
	case byCert+1 < int(x.view) || byCert == 0:
		x.entry = 0
	case x.logged[0]&bit(byCert) != 0:
		x.entry = prepare
	case x.logged[1]&bit(byCert) != 0:
		x.entry = nullify
	default:
		x.entry = commit
	}
	if x.view < before {
		return "views forgotten"
	}
	return "same view"
}

// seatsModel is the specification with views, knowledge and logs, which is replayed.
// Its exploration leaves out actions that have the same effect as others.
func seatsModel(m *model) *system {
	y := &system{model: m, init: m.start(), violates: m.broken}
	y.next = func(s *state, emit func(func() string, *state)) {
		for i := range s {
			m.actions(s, i, func(a action) {
				switch a.do {
				case loseTimeout, loseFollow, loseNotarisation, reject:
					return
				}
				if a.by == piecemeal {
					return
				}
				to, branch := m.apply(s, a)
				emit(func() string { return m.format(a) + "  " + branch }, &to)
			})
		}
	}
	return y
}
