package spec

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	viewsFlag  = flag.Int("views", 0, "views of the long exploration; 0: none")
	statesFlag = flag.Int("states", 50_000_000, "states after which a long exploration stops")
)

func TestRulesKeepAgreement(t *testing.T) {
	for _, last := range []int{0, 1} {
		for _, c := range [][2]int{{2, 2}, {3, 1}, {3, 2}} {
			r := votesModel(newModel(c[0], c[1], last, 0, sound)).explore(*statesFlag)
			t.Logf("views %d, values %d, last %d: %s", c[0], c[1], last, r)
			require.Empty(t, r.broken)
		}
	}
}

func TestEachDroppedRuleHasACounterexample(t *testing.T) {
	for _, f := range []fault{quorumTooSmall, prepareTwice, parentUncertified, gapNotNullified, nullifyAfterCommit, commitAfterNullify, commitUncertified, sendBeforePersist, extendsTheLastBlock} {
		last := 0
		if f == extendsTheLastBlock {
			last = 1
		}
		r := votesModel(newModel(2, 2, last, 0, f)).explore(*statesFlag)
		t.Logf("%s: %s", f, r)
		require.NotEmpty(t, r.broken, f)
	}
}
