package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// compare measures every case round by round, the sides in turn, and prints a table
// in Markdown.
func compare(s *settings, all []scenario, sides []string) error {
	fmt.Println("CPU time is the whole process's: per block, and saturated per 1,000 transactions.")
	fmt.Printf("Transactions of %d bytes, blocks of up to %d KiB; medians of %d rounds of %v\n\n",
		txSize, s.block>>10, s.rounds, s.measured)
	fmt.Println("| validators | load | side | blocks/s | tx/s | p50, ms | p99, ms | CPU, ms |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, sc := range all {
		results := map[string][]result{}
		for round := range s.rounds {
			for _, side := range sides {
				r, err := measure(s, sc, side)
				if err != nil {
					return fmt.Errorf("%d validators, %s, %s: %w", sc.validators, sc.name, side, err)
				}
				fmt.Fprintf(os.Stderr, "round %d: %d validators, %s, %s: %.1f blocks/s, %.0f tx/s, p50 %.1f ms, p99 %.1f ms, CPU %.1f ms\n",
					round+1, sc.validators, sc.name, side, r.blocks, r.rate, millis(r.p50), millis(r.p99), r.cpu)
				results[side] = append(results[side], r)
			}
		}
		for _, side := range sides {
			r := results[side]
			fmt.Printf("| %d | %s | %s | %.1f | %.0f | %.1f | %.1f | %.1f |\n", sc.validators, title(sc.name), side,
				median(r, func(r result) float64 { return r.blocks }), median(r, func(r result) float64 { return r.rate }),
				median(r, func(r result) float64 { return millis(r.p50) }), median(r, func(r result) float64 { return millis(r.p99) }),
				median(r, func(r result) float64 { return r.cpu }))
		}
	}
	return nil
}

func title(name string) string {
	switch name {
	case empty:
		return "none"
	case steady:
		return fmt.Sprintf("%d tx/s", steadyRate)
	case gossiped:
		return "saturated, gossip"
	}
	return "saturated, no gossip"
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median of a figure; the lower one of two in the middle.
func median(list []result, figure func(result) float64) float64 {
	values := make([]float64, len(list))
	for i, r := range list {
		values[i] = figure(r)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
