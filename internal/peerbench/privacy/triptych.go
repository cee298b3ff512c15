package main

import (
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/rootstem/rootstem/ringsig"
)

// triptych measures proofs of membership, one by one and in batches over one ring.
// A batch repeats one proof: nothing in VerifyProofs remembers a proof.
func (b *bench) triptych() error {
	b.table("Triptych, CPU ms of one proof.", "ring", "prove", "bytes", "wanted", "verify", "in a batch of 10", "of 100", "of 100 to one")
	for _, c := range []struct{ n, most int }{{1024, 1100}, {16384, 1400}} {
		st, w, err := statement(c.n)
		if err != nil {
			return err
		}
		proof, err := ringsig.Prove(rand.Reader, st, w)
		if err != nil {
			return err
		}
		encoded, err := proof.AppendBinary(nil)
		if err != nil {
			return err
		}
		turns := []contestant{local(func() error {
			_, err := ringsig.Prove(rand.Reader, st, w)
			return err
		})}
		sizes := []int{1, 10, 100}
		for _, size := range sizes {
			statements, proofs := make([]*ringsig.Statement, size), make([]*ringsig.Proof, size)
			for i := range size {
				statements[i], proofs[i] = st, proof
			}
			turns = append(turns, local(func() error { return ringsig.VerifyProofs(rand.Reader, statements, proofs) }))
		}
		times, err := b.medians(turns...)
		if err != nil {
			return err
		}
		amortised := ratio(times[3], times[1]) / 100
		within := "met"
		if len(encoded) > c.most {
			within = "missed"
		}
		b.row(strconv.Itoa(c.n), ms(times[0]), strconv.Itoa(len(encoded)), fmt.Sprintf("at most %d: %s", c.most, within),
			ms(times[1]), ms(times[2]/10), ms(times[3]/100), wanted(amortised, 0.1))
	}
	return nil
}
