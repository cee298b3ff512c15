// Command evm compares Rootstem's vm with go-ethereum's in one process.
//
//	go run ./evm               the table of Mgas/s
//	go run ./evm -fuzz 200000  random programs and transactions in both
//	go run ./evm -block 10000  a block of transfers from bytes to root
//
// It builds itself once more with the profile that go-ethereum builds its own binary
// with (cmd/geth/default.pgo in its module), unless -pgo=off or -pgo names another.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

type options struct {
	pgo, rows, profile, dir string
	rounds                  int
	span                    time.Duration
	fuzz, block             int
	seed                    uint64
}

func main() {
	var o options
	flag.StringVar(&o.pgo, "pgo", "geth", "profile to build with: geth, off, built (as it is) or a file")
	flag.StringVar(&o.rows, "rows", ".", "regular expression of the rows to measure")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile")
	flag.StringVar(&o.dir, "benchmarks", "", "folder of state tests whose first case becomes a row, as evm-benchmarks has in benchmarks/main")
	flag.IntVar(&o.rounds, "rounds", 15, "rounds whose median is printed")
	flag.DurationVar(&o.span, "span", 50*time.Millisecond, "least time of each machine in a round")
	flag.IntVar(&o.fuzz, "fuzz", 0, "number of random programs to compare")
	flag.IntVar(&o.block, "block", 0, "number of transfers in a block to measure")
	flag.Uint64Var(&o.seed, "seed", 1, "first seed of -fuzz")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "evm:", err)
		os.Exit(1)
	}
}

func (o *options) run() error {
	if o.pgo != "built" {
		return o.rebuild()
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	switch {
	case o.fuzz > 0:
		return fuzz(os.Stdout, o.seed, o.fuzz)
	case o.block > 0:
		return transferBlock(os.Stdout, o.block, o.rounds)
	}
	only, err := regexp.Compile(o.rows)
	if err != nil {
		return err
	}
	return table(os.Stdout, o.dir, only, o.rounds, o.span)
}

// rebuild builds the command with the profile and runs that.
func (o *options) rebuild() error {
	profile := o.pgo
	if profile == "geth" {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/ethereum/go-ethereum").Output()
		if err != nil {
			return fmt.Errorf("find go-ethereum: %w", err)
		}
		profile = filepath.Join(strings.TrimSpace(string(dir)), "cmd", "geth", "default.pgo")
	}
	tmp, err := os.MkdirTemp("", "evm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	binary := filepath.Join(tmp, "evm")
	build := exec.Command("go", "build", "-pgo="+profile, "-o", binary, "./evm")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	again := exec.Command(binary, append(slices.Clone(os.Args[1:]), "-pgo=built")...)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	return again.Run()
}
