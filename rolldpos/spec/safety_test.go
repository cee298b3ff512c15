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
	for _, last := range []int{0} {
		for _, c := range [][2]int{{3, 2}} {
			r := votesModel(newModel(c[0], c[1], last, 0, sound)).explore(*statesFlag)
			t.Logf("views %d, values %d, last %d: %s", c[0], c[1], last, r)
			require.Empty(t, r.broken)
		}
	}
}
func TestSeats(t *testing.T) {
	for e := range 4 {
		for _, rs := range []bool{false, true} {
			r := seatsModel(newModel(2, 2, 0, e, sound), func(a action) bool {
				return a.do == lose || a.do == loseCommit || a.do == losePrepare || a.do == reject || a.by == piecemeal || !rs && a.do == restart
			}).explore(*statesFlag)
			t.Logf("epoch %d restart %v, %s", e, rs, r)
			require.Empty(t, r.broken)
		}
	}
}
