// Command peerbench measures the world state of package store/state beside
// go-ethereum's: state.StateDB over the path scheme on pebble. Both run in one
// process, one after the other, on the same keys.
//
//	go run . [-n 100000,1000000] [-rounds 10] [-batch 5000] [-cpuprofile FILE]
//
// It prints a table in Markdown. After the fill each side is closed and opened again,
// so that it works on its database. Rootstem's commits are synced; go-ethereum's stay
// in memory until it flushes them, which the last columns but two show.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// settings of a run.
type settings struct {
	rounds, batch int
	dir           string
	sides         string
}

// peer is one of the implementations under measurement. Values count from 1.
type peer interface {
	// fill writes keys [from, to) with value 1 in one block.
	fill(from, to int) error
	// read looks every key up.
	read(keys []int) error
	// update gives the keys, which were read, a new value and returns the time for
	// the root and for the commit.
	update(keys []int, value uint64) (root, commit time.Duration, err error)
	// close writes what is only in memory, and returns the time for it.
	close() (flush time.Duration, err error)
}

func main() {
	var s settings
	sizes := flag.String("n", "100000,1000000", "numbers of keys, separated by commas")
	kinds := flag.String("kinds", "accounts,slots", "what to update, separated by commas")
	flag.StringVar(&s.sides, "sides", "rootstem,go-ethereum", "whom to measure, separated by commas")
	flag.IntVar(&s.rounds, "rounds", 10, "blocks to measure")
	flag.IntVar(&s.batch, "batch", 5_000, "keys per block")
	flag.StringVar(&s.dir, "dir", "", "directory for the databases; empty: a temporary one")
	profile := flag.String("cpuprofile", "", "file for a CPU profile of the updates")
	flag.Parse()
	if err := run(&s, *sizes, *kinds, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

func run(s *settings, sizes, kinds, profile string) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "peerbench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s.dir = dir
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%d of n keys per block; medians of %d blocks\n\n", s.batch, s.rounds)
	fmt.Println("| keys | state | fill, k/s | cold read, µs | read again, µs | root, ms | commit, ms | root + commit, ms | its CPU time, ms | flush at the end, ms | open again, ms | disk, B/key | peak RSS, MiB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		for _, kind := range strings.Split(kinds, ",") {
			for _, side := range strings.Split(s.sides, ",") {
				if err := measure(s, n, kind, side); err != nil {
					return fmt.Errorf("%d %s, %s: %w", n, kind, side, err)
				}
			}
		}
	}
	return nil
}
