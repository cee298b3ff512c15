package rolldpos_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
)

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) [64]byte { return [64]byte(ed25519.Sign(s.key, digest[:])) }

// A committee of one needs no network: its block is final in the step that takes it.
func ExampleCore() {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	committee := &rolldpos.Committee{Epoch: 1, Keys: []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}}
	genesis := rolldpos.Hash{1}
	core, err := rolldpos.New(rolldpos.Config{
		Genesis: genesis, Committee: committee, Signer: signer{key}, Anchor: rolldpos.Hash{2},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	core.Step(0, rolldpos.Start{})
	ready := core.Step(1, rolldpos.Demand{Pending: true})
	build := ready.Build[0]
	ready = core.Step(2, rolldpos.Built{View: build.View, Parent: build.Parent, Block: rolldpos.Hash{3}})
	fmt.Println(len(ready.Persist), "records to store before anything else")
	final := ready.Final[0]
	fmt.Println("final:", final.Block[0], final.Certificate.Verify(genesis, committee))
	// Output:
	// 2 records to store before anything else
	// final: 3 <nil>
}
