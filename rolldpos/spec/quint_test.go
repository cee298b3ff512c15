package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The committed traces as runs of seats.qnt, so that `quint test` says whether the
// specification and the model here agree on every action and on the states at the end.

func quintBlock(m *model, b block) string {
	var path []string
	for ; b > anchor; b = m.blocks[b].parent {
		path = append([]string{fmt.Sprint(m.blocks[b].view*10 + m.blocks[b].value)}, path...)
	}
	return "[" + strings.Join(path, ", ") + "]"
}

// quintAction writes an action, or the one that seats.qnt must not allow.
func quintAction(m *model, a action) string {
	placed := fmt.Sprintf("(%d, %d, %s, %d)", a.seat, a.view, quintBlock(m, a.block), a.parent)
	switch a.do {
	case propose, repropose, follow:
		return string(a.do) + placed
	case reject, timeout, nullification:
		return fmt.Sprintf("%s(%d, %d)", a.do, a.seat, a.view)
	case notarisation, finality:
		return fmt.Sprintf("%s(%d, %d, %s)", a.do, a.seat, a.view, quintBlock(m, a.block))
	case refuse:
		switch {
		case a.by == shortNotarised || a.by == forgedNotarised:
			return fmt.Sprintf("notarisation(%d, %d, %s).fail()", a.seat, a.view, quintBlock(m, a.block))
		case a.by == shortQuorum || a.by == forgedVote:
			return fmt.Sprintf("nullification(%d, %d).fail()", a.seat, a.view)
		}
		return "follow" + placed + ".fail()"
	}
	return fmt.Sprintf("restart(%d)", a.seat)
}

func quintSet(has func(v int) bool) string {
	var views []string
	for v := 1; v <= maxViews; v++ {
		if has(v) {
			views = append(views, fmt.Sprint(v))
		}
	}
	return "Set(" + strings.Join(views, ", ") + ")"
}

func quintSeat(m *model, x *seat) string {
	var notarised, base []string
	for v := 1; v <= maxViews; v++ {
		if b := x.notarised[v-1]; b != 0 {
			notarised = append(notarised, fmt.Sprintf("%d -> %s", v, quintBlock(m, b)))
		}
		if at := x.base[v-1]; at != 0 {
			base = append(base, fmt.Sprintf("%d -> %d", v, at))
		}
	}
	in := func(mask uint8) string { return quintSet(func(v int) bool { return mask&bit(v) != 0 }) }
	return fmt.Sprintf("{ view: %d, entry: %s, notarisedBy: Map(%s), nullifiedBy: %s, "+
		"logged: { notarised: %s, nullified: %s }, final: %s, finalView: %d, base: Map(%s) }",
		x.view, [...]string{"Nothing", "Notarisation", "Finality", "Nullification"}[x.entry],
		strings.Join(notarised, ", "), in(x.nullified), in(x.logged[0]), in(x.logged[1]),
		quintBlock(m, x.final), x.finalView, strings.Join(base, ", "))
}

// quintVotes writes the views in which seats voted.
func quintVotes(s *state) string {
	var parts []string
	for i := range s {
		x := &s[i]
		parts = append(parts,
			fmt.Sprintf("signedBy(prepares, %d) == %s", i, quintSet(func(v int) bool { return x.prepare[v-1] != 0 })),
			fmt.Sprintf("signedBy(commits, %d) == %s", i, quintSet(func(v int) bool { return x.commit[v-1] != 0 })),
			fmt.Sprintf("signedBy(nullifies, %d) == %s", i, quintSet(func(v int) bool { return x.nullify&bit(v) != 0 })))
	}
	return strings.Join(parts, ",\n    ")
}

// quintRun writes a trace as a run.
func (x *trace) quintRun(t *testing.T, name string) string {
	m := x.model()
	s := m.start()
	var b strings.Builder
	fmt.Fprintf(&b, "  run %sTest = start(%d, %d)\n", name, x.last, x.epoch)
	for _, a := range x.actions {
		s, _ = m.perform(t, &s, a)
		fmt.Fprintf(&b, "    .then(%s)\n", quintAction(m, a))
		if a.do == refuse {
			break // an action that fails ends a run
		}
		fmt.Fprintf(&b, "    .expect(mind.get(%d).view == %d)\n", a.seat, s[a.seat].view)
	}
	if k := len(x.actions); k > 0 && x.actions[k-1].do == refuse {
		return b.String() + "\n"
	}
	b.WriteString("    .expect(and {\n    safety, honesty, durable,\n")
	for i := range s {
		fmt.Fprintf(&b, "    mind.get(%d) == %s,\n", i, quintSeat(m, &s[i]))
	}
	fmt.Fprintf(&b, "    %s,\n    })\n\n", quintVotes(&s))
	return b.String()
}

func TestQuintRunsAreTheCommittedTraces(t *testing.T) {
	var b strings.Builder
	b.WriteString("// Written by the tests of this folder's package from the traces beside it.\n" +
		"module traces {\n  import seats.* from \"../seats\"\n  import rules.* from \"../rules\"\n\n" +
		"  def signedBy(votes: Set[Vote], i: int): Set[int] = votes.filter(x => x.seat == i).map(x => x.view)\n\n")
	files, err := filepath.Glob(filepath.Join("testdata", "*.trace"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		name := "trace" + strings.TrimSuffix(filepath.Base(file), ".trace")
		b.WriteString(decodeTrace(t, string(text)).quintRun(t, name))
	}
	b.WriteString("}\n")
	file := filepath.Join("testdata", "traces.qnt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, string(want) == b.String(), "%s is not what the traces say: run with -update", file)
}
