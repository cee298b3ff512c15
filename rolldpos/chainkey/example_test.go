package chainkey_test

import (
	"fmt"
	"testing"

	"github.com/rootstem/rootstem/rolldpos/chainkey"
)

// Three of four seats make a certificate that is checked with one key.
func Example() {
	g := deal(new(testing.T), "example", 4)
	collector, err := chainkey.NewCollector(genesis, g.Sharing)
	if err != nil {
		panic(err)
	}
	statement := chainkey.Statement{Kind: chainkey.CommitKind, Epoch: epoch, View: 9, Block: block}
	for _, share := range g.seats[:3] {
		partial, err := chainkey.Sign(genesis, statement, share)
		if err != nil {
			panic(err)
		}
		signed, err := collector.Add(partial)
		if err != nil {
			panic(err)
		}
		if signed == nil {
			continue
		}
		if x, ok := signed.Certificate(); ok {
			fmt.Println("final:", x.Verify(genesis, g.Key) == nil, len(x.Signature), "bytes")
		}
	}
	// Output: final: true 48 bytes
}
