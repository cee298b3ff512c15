// Command privacy compares ringsig and paymentcode with the ring signatures of
// pokt-network/ring-go, dedis kyber and zbohm/lirisi, with the range proofs of
// coinbase/kryptology, and with a scan by ERC-5564, in one run.
//
//	go run ./privacy              tables in Markdown
//	go run ./privacy -rows range  those whose name matches
//
// Run it in internal/peerbench: the other libraries have a module of their own,
// privacy/peers, whose command it builds and runs. Times are CPU time, medians of
// rounds in which all contestants take turns. Rings are decoded before, as all of
// them expect.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

func main() {
	b := &bench{out: os.Stdout}
	rows := flag.String("rows", ".", "regular expression of the tables to measure: rings, triptych, range, scan")
	flag.IntVar(&b.rounds, "rounds", 7, "rounds whose median is printed")
	flag.DurationVar(&b.span, "span", 60*time.Millisecond, "least time of each contestant in a round")
	flag.Parse()
	if err := b.run(*rows); err != nil {
		fmt.Fprintln(os.Stderr, "privacy:", err)
		os.Exit(1)
	}
}

func (b *bench) run(rows string) error {
	only, err := regexp.Compile(rows)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		name string
		run  func() error
	}{{"rings", b.rings}, {"triptych", b.triptych}, {"range", b.ranges}, {"scan", b.scan}} {
		if !only.MatchString(t.name) {
			continue
		}
		if err := t.run(); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
