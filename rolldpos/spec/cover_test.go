package spec

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	walksFlag = flag.Int("walks", 100, "random traces that are replayed on real cores")
	update    = flag.Bool("update", false, "make the traces in testdata anew")
)

// branches are the cases of the rules that a seat can get into: the committed traces
// take each.
var branches = []string{
	"propose: on the anchor",
	"propose: on a notarised block",
	"propose: on a final block",
	"propose: across nullified views, on the anchor",
	"propose: across nullified views, on a notarised block",
	"propose: across nullified views, on a final block",
	"repropose: an epoch's last block again",
	"follow: on the anchor",
	"follow: on a notarised block",
	"follow: on a final block",
	"follow: across nullified views, on the anchor",
	"follow: across nullified views, on a notarised block",
	"follow: across nullified views, on a final block",
	"follow: an epoch's last block again",
	"reject: invalid",
	"reject: on-last",
	"reject: repeated",
	"timeout: before prepare",
	"timeout: after prepare",
	"notarisation: next view, commit",
	"notarisation: next view, nullified before",
	"notarisation: views skipped, commit",
	"notarisation: late",
	"nullification: next view",
	"nullification: views skipped",
	"nullification: late",
	"finality: next view",
	"finality: views skipped",
	"finality: late",
	"finality: late, end of the epoch",
	"restart: same view",
	"restart: views forgotten",
	"lose-timeout: same view",
	"lose-follow: same view",
	"lose-notarisation: same view",
	"refuse: " + string(secondPrepare),
	"refuse: " + string(afterNullify),
	"refuse: " + string(noNotarisation),
	"refuse: " + string(notTheFinal),
	"refuse: " + string(gap),
	"refuse: " + string(endedView),
	"refuse: " + string(notTheLeader),
	"refuse: " + string(shortNotarised),
	"refuse: " + string(forgedNotarised),
	"refuse: " + string(shortQuorum),
	"refuse: " + string(forgedVote),
	"notarisation by certificate",
	"notarisation by votes",
	"nullification by certificate",
	"nullification by votes",
	"finality by certificate",
	"finality by votes",
}

// taken counts the branches of a trace.
func (x *trace) taken(m *model, count map[string]int) {
	s := m.start()
	for _, a := range x.actions {
		branch := "refuse: " + string(a.by)
		if a.do != refuse {
			s, branch = m.apply(&s, a)
		}
		a.note(branch, count)
	}
}

// note counts the branch that an action took, and how a certificate came.
func (a action) note(branch string, count map[string]int) {
	count[branch]++
	if (a.by == whole || a.by == piecemeal) && a.do != loseNotarisation {
		count[string(a.do)+" by "+string(a.by)]++
	}
}

// valid says whether the model allows every action of the trace.
func (x *trace) valid(m *model) bool {
	s := m.start()
	for _, a := range x.actions {
		if a.do == refuse {
			return m.allows(&s, a, m.refusals)
		}
		if !m.allows(&s, a, m.actions) {
			return false
		}
		s, _ = m.apply(&s, a)
	}
	return true
}

func TestCoresFollowTheModelOnRandomWalks(t *testing.T) {
	steps, evidence := 0, 0
	for seed := range uint64(*walksFlag) {
		x := walk(rand.New(rand.NewPCG(seed, 1)), 40)
		n := newNetwork(t, x.model())
		x.replay(n, fmt.Sprintf("walk of seed %d", seed), map[string]int{})
		steps += len(x.actions)
		evidence += n.shown
	}
	t.Logf("%d walks, %d steps, %d proofs of the liar's guilt", *walksFlag, steps, evidence)
}

func TestCoresFollowTheCommittedTracesThroughEveryBranch(t *testing.T) {
	if *update {
		writeTraces(t)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.trace"))
	require.NoError(t, err)
	count := map[string]int{}
	var all []*trace
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		x := decodeTrace(t, string(text))
		require.True(t, string(text) == x.encode(t), "%s is not what the model says", file)
		x.replay(newNetwork(t, x.model()), file, count)
		all = append(all, x)
	}
	for _, b := range branches {
		t.Logf("%3d  %s", count[b], b)
	}
	require.Empty(t, unvisited(count), "no trace takes these branches")
	t.Logf("%d traces take all of %d branches", len(files), len(branches))
	for i := range all {
		require.NotEmpty(t, unvisited(without(all, i)), "%s is superfluous, or the count is wrong", files[i])
	}
}

func TestRandomWalksKnowNoOtherBranch(t *testing.T) {
	known := map[string]bool{}
	for _, b := range branches {
		known[b] = true
	}
	for seed := range uint64(2000) {
		x := walk(rand.New(rand.NewPCG(seed, 2)), 60)
		count := map[string]int{}
		x.taken(x.model(), count)
		for b := range count {
			if !known[b] && !rare(b) {
				t.Fatalf("branch without a name in the list: %s", b)
			}
		}
	}
}

// rare are combinations of branches that are listed on their own.
func rare(b string) bool {
	switch b {
	case "lose-timeout: views forgotten", "lose-follow: views forgotten", "lose-notarisation: views forgotten",
		"finality: next view, end of the epoch", "finality: views skipped, end of the epoch":
		return true
	}
	return false
}

// writeTraces looks for short runs that take every branch, and keeps as few as it can.
func writeTraces(t *testing.T) {
	best := map[string]*trace{}
	for seed := range uint64(6000) {
		x := walk(rand.New(rand.NewPCG(seed, 3)), 36)
		m := x.model()
		count := map[string]int{}
		x.taken(m, count)
		for _, b := range branches {
			if count[b] > 0 && (best[b] == nil || seed%200 == 0) {
				if y := x.shortened(m, b); best[b] == nil || len(y.actions) < len(best[b].actions) {
					best[b] = y
				}
			}
		}
	}
	old, err := filepath.Glob(filepath.Join("testdata", "*.trace"))
	require.NoError(t, err)
	for _, file := range old {
		require.NoError(t, os.Remove(file))
	}
	for i, x := range fewest(t, best) {
		file := filepath.Join("testdata", fmt.Sprintf("%02d.trace", i+1))
		require.NoError(t, os.WriteFile(file, []byte(x.encode(t)), 0o644))
	}
}

// fewest chooses among the best traces of the branches, the longest first, and leaves
// out those that the others make superfluous.
func fewest(t *testing.T, best map[string]*trace) (out []*trace) {
	covered := map[string]int{}
	for left := unvisited(covered); len(left) > 0; left = unvisited(covered) {
		var longest *trace
		for _, b := range left {
			require.NotNil(t, best[b], "no walk takes the branch: %s", b)
			if x := best[b]; longest == nil || len(x.actions) > len(longest.actions) {
				longest = x
			}
		}
		longest.taken(longest.model(), covered)
		out = append(out, longest)
	}
	for i := 0; i < len(out); {
		if len(unvisited(without(out, i))) > 0 {
			i++
			continue
		}
		out = slices.Delete(out, i, i+1)
	}
	return out
}

// unvisited lists the branches that were not taken.
func unvisited(count map[string]int) (out []string) {
	for _, b := range branches {
		if count[b] == 0 {
			out = append(out, b)
		}
	}
	return out
}

// without counts the branches that all traces but one take.
func without(traces []*trace, i int) map[string]int {
	count := map[string]int{}
	for j, x := range traces {
		if j != i {
			x.taken(x.model(), count)
		}
	}
	return count
}

// shortened drops actions as long as the trace stays valid and takes the branch.
func (x *trace) shortened(m *model, branch string) *trace {
	takes := func(y *trace) bool {
		count := map[string]int{}
		if !y.valid(m) {
			return false
		}
		y.taken(m, count)
		return count[branch] > 0
	}
	y := *x
	for size := len(y.actions) / 2; size > 0; size /= 2 {
		for at := len(y.actions) - size; at >= 0; at-- {
			z := y
			z.actions = append(append([]action(nil), y.actions[:at]...), y.actions[min(at+size, len(y.actions)):]...)
			if at+size <= len(y.actions) && takes(&z) {
				y = z
			}
		}
	}
	return &y
}
