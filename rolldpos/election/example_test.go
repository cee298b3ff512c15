package election_test

import (
	"fmt"
	"math/big"

	"github.com/rootstem/rootstem/rolldpos/election"
)

// What it costs to roll fewer seats than there are delegates: the chance that a third or
// more of an epoch's seats are bad, and that it happens within a year of hours.
func Example() {
	const year = 8766
	row := func(what string, p *big.Rat, err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		epoch, _ := p.Float64()
		ever, _ := election.Ever(p, year).Float64()
		fmt.Printf("%-34s %8.2g an epoch %8.2g a year\n", what, epoch, ever)
	}
	p, err := election.Rolled(36, 8, 36)
	row("all of 36, 8 bad", p, err)
	p, err = election.Rolled(36, 8, 24)
	row("24 of 36, 8 bad", p, err)
	for _, n := range []int{24, 100, 250} {
		p, err = election.Drawn(n, big.NewRat(1, 5))
		row(fmt.Sprintf("%d drawn by stake, 20%% bad", n), p, err)
	}
	// Output:
	// all of 36, 8 bad                          0 an epoch        0 a year
	// 24 of 36, 8 bad                       0.024 an epoch        1 a year
	// 24 drawn by stake, 20% bad            0.089 an epoch        1 a year
	// 100 drawn by stake, 20% bad         0.00074 an epoch        1 a year
	// 250 drawn by stake, 20% bad         3.3e-07 an epoch   0.0029 a year
}
