package ringsig_test

import (
	"crypto/rand"
	"fmt"

	"github.com/rootstem/rootstem/ringsig"
)

// must is for examples: their inputs are known to be valid.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// exampleKey returns a key for small numbers; real keys are random.
func exampleKey(i byte) *ringsig.SecretKey {
	b := make([]byte, 32)
	b[0], b[31] = 0x5a, i
	return must(ringsig.ParseSecretKey(b))
}

// A device proves that one of five registered devices sent a report, and not which.
// A second report under the same key is recognised by its tag.
func ExampleSign() {
	params := ringsig.NewParams()
	scope := must(params.NewScope("example.org/reports", 1))
	var members []ringsig.PublicKey
	for i := range byte(5) {
		members = append(members, exampleKey(i).Public())
	}
	ring := must(ringsig.NewRing(members, nil, 0))
	st := &ringsig.Statement{Scope: scope, Ring: ring, Message: []byte("21.5 °C")}
	sig := must(ringsig.Sign(rand.Reader, st, &ringsig.Witness{Index: 3, Key: exampleKey(3)}))
	wire := must(sig.AppendBinary(nil))

	received := must(ringsig.ParseSignature(wire))
	fmt.Println(len(wire), "bytes, error:", ringsig.Verify(st, received))
	seen := map[ringsig.Tag]bool{received.Tag(): true}

	st = &ringsig.Statement{Scope: scope, Ring: ring, Message: []byte("21.6 °C")}
	again := must(ringsig.Sign(rand.Reader, st, &ringsig.Witness{Index: 3, Key: exampleKey(3)}))
	fmt.Println("seen before:", seen[again.Tag()])
	// Output:
	// 225 bytes, error: <nil>
	// seen before: true
}

// The same claim in a ring of constant size: five members padded to 64.
func ExampleProve() {
	params := ringsig.NewParams()
	scope := must(params.NewScope("example.org/reports", 1))
	var members []ringsig.PublicKey
	for i := range byte(5) {
		members = append(members, exampleKey(i).Public())
	}
	ring := must(ringsig.NewRing(members, nil, 64))
	st := &ringsig.Statement{Scope: scope, Ring: ring, Message: []byte("21.5 °C")}
	proof := must(ringsig.Prove(rand.Reader, st, &ringsig.Witness{Index: 3, Key: exampleKey(3)}))
	wire := must(proof.AppendBinary(nil))
	fmt.Println(len(wire), "bytes, error:", ringsig.VerifyProof(st, must(ringsig.ParseProof(wire))))
	fmt.Println("hidden among", ring.Members())
	// Output:
	// 747 bytes, error: <nil>
	// hidden among 5
}

// A private transfer: 100 come in, 60 and 35 go out, 5 are the fee. Who spends is
// hidden by the ring, and how much by commitments.
func ExampleProveBalance() {
	params := ringsig.NewParams()
	scope := must(params.NewScope("example.org/pool", 1))
	message := []byte("transfer 1")

	// The candidates: outputs with hidden amounts, of which one is the payer's.
	blinding := must(ringsig.NewBlinding(rand.Reader))
	var keys []ringsig.PublicKey
	var commitments []ringsig.Commitment
	for i := range byte(5) {
		keys = append(keys, exampleKey(i).Public())
		commitments = append(commitments, params.Commit(uint64(i)*50, must(ringsig.NewBlinding(rand.Reader))))
	}
	commitments[2] = params.Commit(100, blinding)
	ring := must(ringsig.NewRing(keys, commitments, 0))

	// A fresh commitment stands for the spent output, so that nobody sees which it is.
	fresh := must(ringsig.NewBlinding(rand.Reader))
	offset := params.Commit(100, fresh)
	st := &ringsig.Statement{Scope: scope, Ring: ring, Message: message, Offset: &offset}
	sig := must(ringsig.Sign(rand.Reader, st, &ringsig.Witness{Index: 2, Key: exampleKey(2), Blinding: blinding.Minus(fresh)}))

	// Outputs, their range, and the balance.
	b0, b1 := must(ringsig.NewBlinding(rand.Reader)), must(ringsig.NewBlinding(rand.Reader))
	outputs := []ringsig.Commitment{params.Commit(60, b0), params.Commit(35, b1)}
	gens := must(params.NewRangeGenerators(2))
	claim := &ringsig.RangeStatement{Scope: scope, Commitments: outputs, Message: message}
	inRange := must(gens.Prove(rand.Reader, claim, []uint64{60, 35}, []*ringsig.Blinding{b0, b1}))
	balance := &ringsig.Balance{Scope: scope, Inputs: []ringsig.Commitment{offset}, Outputs: outputs, Fee: 5, Message: message}
	balanced := must(ringsig.ProveBalance(rand.Reader, balance, fresh.Minus(b0).Minus(b1)))

	fmt.Println(ringsig.Verify(st, sig), gens.Verify(claim, inRange), ringsig.VerifyBalance(balance, balanced))
	fmt.Println(len(must(sig.AppendBinary(nil))), len(inRange), len(balanced), "bytes")
	// Output:
	// <nil> <nil> <nil>
	// 258 739 65 bytes
}
