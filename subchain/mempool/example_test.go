package mempool_test

import (
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/mempool"
)

// state is a world in which everybody has the same account.
type state struct{ nonce uint64 }

func (s state) Account(ledger.Address) (ledger.Account, error) {
	return ledger.Account{Nonce: s.nonce, Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash}, nil
}

// A transaction waits behind a gap until the one before it comes; a block takes both.
func Example() {
	pool, err := mempool.New(mempool.Config{ChainID: 7}, state{nonce: 0})
	if err != nil {
		panic(err)
	}
	key, err := ledger.ParseKey([32]byte{31: 1})
	if err != nil {
		panic(err)
	}
	for _, nonce := range []uint64{1, 0} {
		tx := &ledger.Transaction{
			Type: ledger.DynamicFeeTx, ChainID: *uint256.NewInt(7), Nonce: nonce, Gas: 21000, To: &ledger.Address{},
		}
		tx.Sign(key)
		if err := pool.Add(tx); err != nil {
			panic(err)
		}
		s := pool.Stats()
		fmt.Println("executable:", s.Executable, "waiting:", s.Gapped)
	}
	block, err := pool.Next(nil, uint256.NewInt(0), 30_000_000)
	if err != nil {
		panic(err)
	}
	for _, tx := range block {
		fmt.Println("nonce", tx.Nonce)
	}
	if err := pool.Reset(state{nonce: 2}); err != nil { // the block is final
		panic(err)
	}
	fmt.Println("left:", pool.Stats().Executable)
	// Output:
	// executable: 0 waiting: 1
	// executable: 2 waiting: 0
	// nonce 0
	// nonce 1
	// left: 0
}
