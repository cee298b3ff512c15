package light_test

import (
	"fmt"
	"testing"

	"github.com/rootstem/rootstem/rolldpos/light"
)

// A device starts from the genesis header, learns the chain key from a header that the
// committee has signed, and needs no committee from then on.
func ExampleClient() {
	chain := newWorld(new(testing.T), spread(1, "c1", "c2", "c3", "c4"), spread(2, "k1", "k2"))
	device, err := light.FromHeader(chain.genesis, chain.genesis, chain.raw(0), period)
	if err != nil {
		panic(err)
	}
	if _, err = device.UpdateVotes(chain.now(2), chain.raw(2), chain.committee(2), chain.votes(2)); err != nil {
		panic(err)
	}
	key := chain.key(1).Public().Bytes()
	if err = device.LearnKey(chain.anchors[2].Encode(), key[:]); err != nil {
		panic(err)
	}
	// It sleeps into the next era, whose first epoch is the third.
	if device, err = light.Decode(device.AppendBinary(nil)); err != nil {
		panic(err)
	}
	if err = device.Handover(chain.now(10), chain.handover(2, 3)); err != nil {
		panic(err)
	}
	header, err := device.UpdateKeyed(chain.now(10), chain.raw(10), chain.keyed(10))
	if err != nil {
		panic(err)
	}
	fmt.Println("final:", header.Height)
	// Output: final: 10
}
