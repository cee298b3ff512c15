package blocks_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// A chain of two blocks, of which the second has a transaction with a log.
func ExampleStore_Search() {
	db, err := store.Open(store.Config{}) // in memory
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	final, err := blocks.Open(db, blocks.Policy{Blocks: 10_000, Certificates: 10_000})
	if err != nil {
		log.Fatal(err)
	}

	meter := ledger.Address{0xaa}
	zero := block(0, ledger.Hash{})
	one := block(1, zero.Hash, ledger.Log{Address: meter, Topics: []ledger.Hash{ledger.Keccak([]byte("Reading(uint256)"))}})

	batch := db.Batch() // state and blocks go into one batch
	if err := final.Append(batch, zero, one); err != nil {
		log.Fatal(err)
	}
	if err := batch.WriteSync(); err != nil {
		log.Fatal(err)
	}

	filter := &ledger.LogFilter{Addresses: []ledger.Address{meter}}
	for height, err := range final.Search(context.Background(), filter, 0, 1_000_000) {
		if err != nil {
			log.Fatal(err)
		}
		r, err := final.Block(height)
		if err != nil {
			log.Fatal(err)
		}
		for _, receipt := range r.Receipts {
			for i := range receipt.Logs {
				if filter.Matches(&receipt.Logs[i]) {
					fmt.Println("block", height, "has a log of", receipt.Logs[i].Address)
				}
			}
		}
	}
	fmt.Println("damage:", final.Check())
	// Output:
	// block 1 has a log of 0xaa00000000000000000000000000000000000000
	// damage: <nil>
}

func block(height uint64, parent ledger.Hash, logs ...ledger.Log) *blocks.Record {
	r := &blocks.Record{Block: new(ledger.Block)}
	if len(logs) > 0 {
		tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Gas: 21_000, To: &logs[0].Address}
		r.Block.Transactions = []*ledger.Transaction{tx}
		r.Receipts = []*ledger.Receipt{{Type: tx.Type, Success: true, TxHash: tx.Hash(), Logs: logs}}
	}
	r.Block.Header = ledger.Header{
		Height: height, Parent: parent, AnchorHash: r.Anchor.Hash(),
		TxRoot: ledger.TxRoot(r.Block.Transactions), ReceiptsRoot: ledger.ReceiptsRoot(r.Receipts),
	}
	r.Hash = r.Block.Header.Hash()
	return r
}
