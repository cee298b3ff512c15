package staking_test

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
)

// A chain of four validators that elects its committees, and what a wallet sends to vote
// with 90 days' notice: the value is what it locks.
func Example() {
	rules := election.Default()
	rules.Ranked = true // elect before there is a threshold key, too
	first := make([]staking.Seat, 4)
	for i := range first {
		first[i] = staking.Seat{Key: newPerson(nil, i).public(), Payee: ledger.Address{byte(i + 1)}}
	}
	m, err := staking.New(staking.Config{Params: rules, Committee: first})
	if err != nil {
		fmt.Println(err)
		return
	}
	entry := module.Entry{Name: staking.Name, Module: m, Election: true}
	vote, err := module.Pack("vote(address,uint64)", ledger.Address{19: 7}, uint64(90*24*3600*1000))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("to  ", module.AddressOf(entry.Name))
	fmt.Printf("data %x…\n", vote[:4])
	// Output:
	// to   0xA06DF0522af6E5e41b27106F449F748DBe0CcE27
	// data 317f838d…
}
