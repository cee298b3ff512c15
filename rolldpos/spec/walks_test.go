package spec

import (
	"flag"
	"math/rand/v2"
	"sort"
	"testing"
)

var walksFlag = flag.Int("walks", 60, "random traces that are replayed on real cores")

func TestCoresFollowTheModelOnRandomWalks(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(*walksFlag) {
		x := walk(rand.New(rand.NewPCG(seed, 1)), 40)
		func() {
			defer func() {
				if t.Failed() {
					t.Logf("seed %d\n%s", seed, x.encode(t))
				}
			}()
			for _, b := range x.replay(t, newNetwork(t, x.model())) {
				seen[b]++
			}
		}()
	}
	var names []string
	for b := range seen {
		names = append(names, b)
	}
	sort.Strings(names)
	for _, b := range names {
		t.Log(b, seen[b])
	}
}
