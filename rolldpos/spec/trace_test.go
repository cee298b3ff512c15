package spec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// trace is a run of the seats' model.
type trace struct {
	views, values, last, epoch int
	actions                    []action
}

func (x *trace) model() *model { return newModel(x.views, x.values, x.last, x.epoch, sound) }

func (m *model) format(a action) string {
	by := a.by
	if by == "" {
		by = "-"
	}
	return fmt.Sprintf("%s\tseat %d\tview %d\t%s\tat %d\t%s", a.do, a.seat, a.view, m.name(a.block), a.parent, by)
}

func (m *model) parse(line string) (a action, err error) {
	f := strings.Split(line, "\t")
	if len(f) < 6 {
		return a, fmt.Errorf("spec: %d fields in %q", len(f), line)
	}
	a.do, a.by = verb(f[0]), source(strings.TrimPrefix(f[5], "-"))
	for i, part := range []struct {
		format string
		to     *int
	}{{"seat %d", &a.seat}, {"view %d", &a.view}, {"at %d", &a.parent}} {
		if _, err := fmt.Sscanf(f[[3]int{1, 2, 4}[i]], part.format, part.to); err != nil {
			return a, fmt.Errorf("spec: %q: %w", line, err)
		}
	}
	for b := range m.blocks {
		if m.name(block(b)) == f[3] {
			a.block = block(b)
			return a, nil
		}
	}
	return a, fmt.Errorf("spec: no block %q", f[3])
}

// encode writes a trace with the state of the acting seat after each action.
func (x *trace) encode(t testing.TB) string {
	var b strings.Builder
	fmt.Fprintf(&b, "views %d values %d last %d epoch %d\n", x.views, x.values, x.last, x.epoch)
	m := x.model()
	s := m.start()
	for _, a := range x.actions {
		to, _ := m.perform(t, &s, a)
		fmt.Fprintf(&b, "%s\t%s\n", m.format(a), m.describe(&to[a.seat]))
		s = to
	}
	return b.String()
}

func decodeTrace(t testing.TB, text string) *trace {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	x := new(trace)
	_, err := fmt.Sscanf(lines[0], "views %d values %d last %d epoch %d", &x.views, &x.values, &x.last, &x.epoch)
	require.NoError(t, err)
	m := x.model()
	for _, line := range lines[1:] {
		a, err := m.parse(line)
		require.NoError(t, err)
		x.actions = append(x.actions, a)
	}
	return x
}

// perform checks that the model allows the action, and performs it.
func (m *model) perform(t testing.TB, s *state, a action) (state, string) {
	if a.do == refuse {
		require.True(t, m.allows(s, a, m.refusals), "not to be refused: %s", m.format(a))
		return *s, "refuse: " + string(a.by)
	}
	require.True(t, m.allows(s, a, m.actions), "not enabled: %s", m.format(a))
	return m.apply(s, a)
}

func (m *model) allows(s *state, a action, list func(*state, int, func(action))) (ok bool) {
	list(s, a.seat, func(b action) { ok = ok || a == b })
	return ok
}

// describe renders what can be seen of a seat: P prepared, C committed, N nullified,
// n and z for notarisation and nullification that it holds, capital where logged.
func (m *model) describe(x *seat) string {
	var b strings.Builder
	fmt.Fprintf(&b, "view %d", x.view)
	if x.finalView > 0 {
		fmt.Fprintf(&b, " final %s@%d", m.name(x.final), x.finalView)
	}
	for v := int(x.finalView) + 1; v <= m.views; v++ {
		var w []string
		add := func(has bool, format string, args ...any) {
			if has {
				w = append(w, fmt.Sprintf(format, args...))
			}
		}
		add(x.prepare[v-1] != 0, "prepare %s", m.name(x.prepare[v-1]))
		add(x.commit[v-1] != 0, "commit")
		add(x.nullify&bit(v) != 0, "nullify")
		add(x.notarised[v-1] != 0, "notarised %s", m.name(x.notarised[v-1]))
		add(x.logged[0]&bit(v) != 0, "in log")
		add(x.nullified&bit(v) != 0, "nullified")
		add(x.logged[1]&bit(v) != 0, "in log")
		if len(w) > 0 {
			fmt.Fprintf(&b, "; %d: %s", v, strings.Join(w, ", "))
		}
	}
	return b.String()
}

// walk makes a random trace, in which votes are frequent enough to get somewhere.
func walk(rng *rand.Rand, length int) *trace {
	x := &trace{views: 3 + rng.IntN(3), values: 2, last: max(0, rng.IntN(6)-2), epoch: rng.IntN(seats)}
	m := x.model()
	s := m.start()
	for range 1 + rng.IntN(length) {
		var likely, all []action
		for i := range s {
			m.actions(&s, i, func(a action) {
				all = append(all, a)
				switch a.do {
				case propose, repropose, follow, notarisation, nullification:
					likely = append(likely, a)
				}
			})
		}
		from := all
		if len(likely) > 0 && rng.IntN(3) > 0 {
			from = likely
		}
		if len(from) == 0 {
			break
		}
		a := from[rng.IntN(len(from))]
		if a.do == finality && rng.IntN(3) > 0 {
			continue // rarer, so that views above the final one are seen
		}
		x.actions = append(x.actions, a)
		s, _ = m.apply(&s, a)
	}
	return x.ending(rng, m, &s)
}

// ending appends something to refuse, with every reason as likely as another.
func (x *trace) ending(rng *rand.Rand, m *model, s *state) *trace {
	var no []action
	reasons := map[source]bool{}
	for i := range s {
		m.refusals(s, i, func(a action) {
			if !reasons[a.by] {
				no = append(no, a)
			}
			reasons[a.by] = true
		})
	}
	if len(no) > 0 {
		x.actions = append(x.actions, no[rng.IntN(len(no))])
	}
	return x
}
