package spec

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	viewsFlag  = flag.Int("views", 0, "views of the long exploration, of the seats' model one less; 0: the short form")
	statesFlag = flag.Int("states", 50_000_000, "states after which an exploration stops")
)

// explored runs an exploration that must find nothing.
func explored(t *testing.T, what string, y *system, limit int) result {
	start := time.Now()
	r := y.explore(limit)
	t.Logf("%s: views %d, values %d, last %d, epoch %d: %s, %s", what,
		y.model.views, y.model.values, y.model.last, y.model.epoch, r, time.Since(start).Round(time.Millisecond))
	require.Empty(t, r.broken)
	return r
}

func TestTheRulesAreSafeInEveryReachableState(t *testing.T) {
	models := []*model{
		newModel(2, 2, 0, 0, sound), newModel(2, 2, 1, 0, sound), newModel(3, 1, 0, 0, sound),
	}
	if v := *viewsFlag; v > 0 {
		models = nil
		for last := range v {
			models = append(models, newModel(v, 2, last, 0, sound))
		}
	}
	for _, m := range models {
		r := explored(t, "votes", votesModel(m), *statesFlag)
		require.True(t, r.complete || *viewsFlag > 0)
	}
}

func TestSeatsAreSafeInEveryReachableState(t *testing.T) {
	for epoch := range seats {
		for last := range 2 {
			if v := *viewsFlag; v > 0 {
				explored(t, "seats", seatsModel(newModel(v-1, 2, last, epoch, sound)), *statesFlag)
				continue
			}
			require.True(t, explored(t, "seats", seatsModel(newModel(1, 2, last, epoch, sound)), *statesFlag).complete)
		}
		if *viewsFlag == 0 {
			explored(t, "seats", seatsModel(newModel(3, 2, 2, epoch, sound)), 60_000)
		}
	}
}

func TestEveryKindOfCertificateIsReachable(t *testing.T) {
	m := newModel(2, 1, 0, 0, sound)
	for _, k := range []kind{prepare, commit, nullify} {
		for v := 1; v <= m.views; v++ {
			y := votesModel(m)
			y.violates = func(s *state) string {
				if k == nullify && m.certified(s, nullify, v, 0) || k != nullify && len(m.certificates(s, k, v)) > 0 {
					return "reached"
				}
				return ""
			}
			require.Equal(t, "reached", y.explore(*statesFlag).broken, "%s in view %d", k, v)
		}
	}
}

// counterexample returns the shortest run that breaks the model without one rule: a
// fork, or for the end of an epoch a block behind it.
func counterexample(f fault) result {
	last := 0
	if f == extendsTheLastBlock {
		last = 1
	}
	y := votesModel(newModel(2, 2, last, 0, f))
	if f != extendsTheLastBlock {
		y.violates = y.model.fork
	}
	return y.explore(*statesFlag)
}

func TestEachDroppedRuleHasACounterexample(t *testing.T) {
	var b strings.Builder
	for _, f := range []fault{
		quorumTooSmall, prepareTwice, parentUncertified, gapNotNullified, nullifyAfterCommit,
		commitAfterNullify, commitUncertified, sendBeforePersist, extendsTheLastBlock,
	} {
		r := counterexample(f)
		require.NotEmpty(t, r.broken, f)
		t.Logf("%s: %d states, depth %d: %s", f, r.states, r.depth, r.broken)
		fmt.Fprintf(&b, "%s\n%s\n  %s\n\n", f, r.broken, strings.Join(r.trace, "\n  "))
	}
	file := filepath.Join("testdata", "counterexamples.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
