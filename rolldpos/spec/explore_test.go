package spec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// step is one transition: what happened and where it led.
type step struct {
	label string
	to    state
}

// system is something to explore.
type system struct {
	model *model
	init  state
	next  func(s *state, emit func(label func() string, to *state))
	alike bool // honest seats can be exchanged

	violates func(s *state) string // names an invariant that the state violates, or ""
}

// result of an exploration.
type result struct {
	states, transitions, depth int
	complete                   bool     // no reachable state was left out
	broken                     string   // the violated invariant
	trace                      []string // the shortest way to its violation
}

func (r result) String() string {
	s := fmt.Sprintf("%d states, %d transitions, depth %d, complete %t", r.states, r.transitions, r.depth, r.complete)
	if r.broken != "" {
		s += "\n" + r.broken + "\n" + strings.Join(r.trace, "\n")
	}
	return s
}

// marks remembers for each state, by its mark, the one from which it was reached.
type marks struct {
	keys, from []uint64 // open addressing; no mark is 0
	count      int
}

func (x *marks) slot(mark uint64) int {
	mask := len(x.keys) - 1
	at := int(mark) & mask
	for x.keys[at] != 0 && x.keys[at] != mark {
		at = (at + 1) & mask
	}
	return at
}

// add says whether the mark is new, and enters it.
func (x *marks) add(mark, from uint64) bool {
	if 2*x.count >= len(x.keys) {
		old := *x
		size := max(1024, 2*len(old.keys))
		x.keys, x.from = make([]uint64, size), make([]uint64, size)
		for i, k := range old.keys {
			if k != 0 {
				at := x.slot(k)
				x.keys[at], x.from[at] = k, old.from[i]
			}
		}
	}
	at := x.slot(mark)
	if x.keys[at] == mark {
		return false
	}
	x.keys[at], x.from[at] = mark, from
	x.count++
	return true
}

// explore visits every state that is reachable, nearest first, until one violates an
// invariant or limit states are known. A state is remembered by 64 bits of its hash.
func (y *system) explore(limit int) (r result) {
	type place struct {
		s    state
		mark uint64
	}
	first := place{y.init, y.mark(&y.init)}
	known := new(marks)
	known.add(first.mark, 0)
	for level := []place{first}; len(level) > 0; r.depth++ {
		var below []place
		for i := range level {
			at := &level[i]
			y.next(&at.s, func(_ func() string, to *state) {
				r.transitions++
				mark := y.mark(to)
				if r.broken != "" || known.count >= limit || !known.add(mark, at.mark) {
					return
				}
				below = append(below, place{*to, mark})
				if why := y.violates(to); why != "" {
					r.broken, r.trace = why, y.path(known, mark)
				}
			})
		}
		if r.states = known.count; r.broken != "" || known.count >= limit {
			return r
		}
		level = below
	}
	r.complete = true
	return r
}

// path returns the labels of a way to the state with this mark.
func (y *system) path(known *marks, mark uint64) (labels []string) {
	var way []uint64
	for first := y.mark(&y.init); mark != first; mark = known.from[known.slot(mark)] {
		way = append(way, mark)
	}
	at := y.init
	for i := len(way) - 1; i >= 0; i-- {
		var found *step
		y.next(&at, func(label func() string, to *state) {
			if found == nil && y.mark(to) == way[i] {
				found = &step{label(), *to}
			}
		})
		labels = append(labels, found.label)
		at = found.to
	}
	return labels
}

// mark returns a hash of the state that is equal for all orders of exchangeable seats.
func (y *system) mark(s *state) uint64 {
	var parts [honest][]byte
	var buf [honest][6*maxViews + 24]byte
	for i := range s {
		parts[i] = y.encode(&s[i], buf[i][:0])
	}
	if y.alike {
		for i := 1; i < honest; i++ {
			for j := i; j > 0 && string(parts[j]) < string(parts[j-1]); j-- {
				parts[j], parts[j-1] = parts[j-1], parts[j]
			}
		}
	}
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		for ; len(p) > 0; p = p[8:] {
			hi, lo := bits.Mul64(h^binary.LittleEndian.Uint64(p), 0xa0761d6478bd642f)
			h = hi ^ lo + 0xe7037ed1a0b428db
		}
	}
	return max(h, 1)
}

// encode writes what tells a seat's states apart, in whole words of 8 bytes.
func (y *system) encode(x *seat, out []byte) []byte {
	for v := range y.model.views {
		out = append(out, byte(x.prepare[v]), byte(x.commit[v]))
	}
	out = append(out, x.nullify)
	if y.model.drop != sound {
		for v := range y.model.views {
			out = append(out, byte(x.lost.prepare[v]), byte(x.lost.commit[v]))
		}
		out = append(out, x.lost.nullify)
	}
	if x.view > 0 {
		for v := range y.model.views {
			out = append(out, byte(x.notarised[v]), x.base[v])
		}
		out = append(out, x.view, byte(x.entry), x.nullified, x.logged[0], x.logged[1], byte(x.final), x.finalView)
	}
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	return out
}

// votesModel is the least that rules 1 to 3 demand: a seat may sign anything that they
// allow at any time and in any view, whatever it has received. Whatever a seat of
// the seats' model does, it may do here.
func votesModel(m *model) *system {
	y := &system{model: m, alike: true, violates: m.broken}
	y.next = func(s *state, emit func(func() string, *state)) {
		for i := range s {
			for v := 1; v <= m.views; v++ {
				m.castAny(s, i, v, emit)
			}
			if last := s[i].last(); m.drop == sendBeforePersist && last > 0 && s[i].lost.last() == 0 {
				to := *s
				to[i].forget(last)
				emit(func() string { return fmt.Sprintf("forget   seat %d  view %d", i, last) }, &to)
			}
		}
	}
	return y
}

func (m *model) castAny(s *state, i, v int, emit func(func() string, *state)) {
	try := func(k kind, b block) {
		to := *s
		to[i].cast(k, v, b)
		emit(func() string {
			if k == nullify {
				return fmt.Sprintf("nullify  seat %d  view %d", i, v)
			}
			return fmt.Sprintf("%-8s seat %d  view %d  %s", k, i, v, m.name(b))
		}, &to)
	}
	if m.mayNullify(s, i, v) {
		try(nullify, 0)
	}
	for b := anchor + 1; int(b) < len(m.blocks) && m.blocks[b].view <= v; b++ {
		if m.mayPrepare(s, i, v, b) && m.worthwhile(s, b) {
			try(prepare, b)
		}
		if m.mayCommit(s, i, v, b) {
			try(commit, b)
		}
	}
}

// worthwhile breaks the symmetry of values: the second block of a view and parent is
// prepared only after the first.
func (m *model) worthwhile(s *state, b block) bool {
	h := m.blocks[b]
	if h.value == 0 {
		return true
	}
	for i := range s {
		if x := &s[i]; x.prepare[h.view-1] == b-1 || x.lost.prepare[h.view-1] == b-1 || x.prepare[h.view-1] == b {
			return true
		}
	}
	return false
}

// forget is what a crash does to a seat that sends before it persists: the votes of
// its last view are gone from its memory, but not from the network.
func (x *seat) forget(v int) {
	if x.nullify&bit(v) != 0 {
		x.lost.nullify |= bit(v)
		x.nullify &^= bit(v)
	}
	x.lost.prepare[v-1], x.prepare[v-1] = x.prepare[v-1], 0
	x.lost.commit[v-1], x.commit[v-1] = x.commit[v-1], 0
}
