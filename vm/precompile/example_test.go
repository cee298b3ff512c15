package precompile_test

import (
	"fmt"

	"github.com/rootstem/rootstem/vm/precompile"
)

// A call charges Gas first and runs the contract only if the caller can pay.
func ExampleSet() {
	set := precompile.Set(precompile.Osaka)
	sha256 := set[[20]byte{19: 2}]

	input := []byte("abc")
	available := uint64(1000)
	if gas := sha256.Gas(input); gas <= available {
		available -= gas
		output, err := sha256.Run(input)
		fmt.Printf("%x %v, %d gas left\n", output, err, available)
	}
	// Output:
	// ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad <nil>, 928 gas left
}
