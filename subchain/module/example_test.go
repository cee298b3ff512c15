package module_test

import (
	"fmt"
	"log"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Guestbook remembers who came how often.
type Guestbook struct {
	visits module.Map[ledger.Address, uint64]
	came   module.Event[Came]
}

// Came is logged at every visit.
type Came struct {
	Guest ledger.Address `abi:"guest,indexed"`
	Times uint64         `abi:"times"`
}

// Sign counts a visit of the sender.
func (g *Guestbook) Sign(ctx *module.Context) (uint64, error) {
	n := g.visits.Get(ctx, ctx.Sender()) + 1
	g.visits.Set(ctx, ctx.Sender(), n)
	g.came.Emit(ctx, Came{ctx.Sender(), n})
	return n, nil
}

// Visits returns how often a guest came.
func (g *Guestbook) Visits(v *module.View, guest ledger.Address) (uint64, error) {
	return g.visits.Get(v, guest), nil
}

// Signatures names what Go's reflection cannot.
func (*Guestbook) Signatures() map[string]string {
	return map[string]string{"Visits": "visits(address guest) returns (uint64 times)"}
}

// A module is a struct with collections as fields and methods that take a context.
// Chains take it as an Entry; wallets and contracts call it at AddressOf its name.
func Example() {
	source, err := module.Solidity("IGuestbook", &Guestbook{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(source)
	fmt.Println(module.AddressOf("guestbook"))
	// Output:
	// // SPDX-License-Identifier: Apache-2.0
	// pragma solidity ^0.8.20;
	//
	// interface IGuestbook {
	//     event Came(address indexed guest, uint64 times);
	//     function sign() external returns (uint64);
	//     function visits(address guest) external view returns (uint64 times);
	// }
	// 0x6a18B1Df184dFBF2Ad5F65C01dA12Ac0b9f88154
}
