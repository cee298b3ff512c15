// Command consensus measures the consensus engine of package rolldpos under its real
// driver, subchain/node, beside CometBFT v0.40.0.
//
//	go run ./consensus [-rounds 3] [-seconds 5] [-validators 4,24] [-cases …] [-sides …]
//
// # What is compared
//
// All validators of a network run in this process and talk over TCP on loopback, each
// with connections of its own, encrypted and authenticated. Transactions are 256 opaque
// bytes, and the application does nothing: it neither checks nor executes them.
//
//   - Ours: rolldpos.Core, subchain/node, subchain/p2p (libp2p) and the store on disk,
//     which syncs votes and bodies before they are sent. The application, which keeps
//     final blocks in memory, and its first-in-first-out pool stand in the place of
//     subchain/chain and subchain/mempool: see application.go and pool.go.
//   - CometBFT: whole nodes by node.NewNode, its list mempool without recheck, a local
//     ABCI application with a lock per connection, all databases in memory, its
//     write-ahead log on disk, and a validator key that keeps no state file (its
//     FilePV would sync once more per vote). See cometbft.go for the settings.
//
// With gossip, CometBFT's mempool sends each transaction to all validators. Ours sends
// it to the leaders of this view and the next three, until it is final: to all of four
// validators, but to few of 24. Without, a transaction stays where it was submitted.
//
// Both make blocks without a pause, of up to -block bytes, and hold up to -pool
// transactions. The defaults of these two are what CometBFT did best with in a single
// run of each: a pool of 20,000 slowed it down several times over, so that figures taken
// with other values say little about it.
//
// A transaction counts as final when the application of the node to which it was
// submitted is told so. Each round starts new networks, the two sides in turn. The table
// holds medians of the rounds.
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
	rounds   int
	warm     time.Duration
	measured time.Duration
	block    int // bytes of the transactions in a block
	pool     int // transactions
	gossip   time.Duration
	dir      string
}

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 3, "networks to measure for each side and case")
	seconds := flag.Float64("seconds", 5, "time to measure each network")
	warm := flag.Float64("warm", 2, "seconds of the same load before")
	validators := flag.String("validators", "4,24", "sizes of networks, separated by commas")
	cases := flag.String("cases", "empty,steady,gossip,direct", "empty blocks; 1,000 tx/s; saturated with transactions passed on; saturated without")
	sides := flag.String("sides", "cometbft,rootstem", "whom to measure")
	flag.IntVar(&s.block, "block", 1<<20, "bytes of transactions in a block, at most")
	flag.IntVar(&s.pool, "pool", 5_000, "transactions that a node holds, at most; CometBFT slows down with more")
	flag.DurationVar(&s.gossip, "gossip", 2*time.Millisecond, "CometBFT's pause between two rounds of gossip")
	flag.StringVar(&s.dir, "dir", "", "directory for the databases; empty: a temporary one")
	profile := flag.String("cpuprofile", "", "file for a CPU profile")
	flag.Parse()
	s.measured = time.Duration(*seconds * float64(time.Second))
	s.warm = time.Duration(*warm * float64(time.Second))
	if err := run(&s, *validators, *cases, *sides, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "consensus:", err)
		os.Exit(1)
	}
}

func run(s *settings, validators, cases, sides, profile string) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "consensus")
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
	var all []scenario
	for _, text := range strings.Split(validators, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of validators", text)
		}
		for _, name := range strings.Split(cases, ",") {
			if n > maxSaturated && (name == gossiped || name == direct) {
				continue
			}
			all = append(all, scenario{validators: n, name: name})
		}
	}
	return compare(s, all, strings.Split(sides, ","))
}

// maxSaturated is the size of the largest network that is flooded.
const maxSaturated = 7
