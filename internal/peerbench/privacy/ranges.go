package main

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/rootstem/rootstem/ringsig"
)

// ranges compares range proofs of 64 bits. kryptology has no aggregated form: for
// more values it makes one proof for each.
func (b *bench) ranges() error {
	peers, err := newPeers()
	if err != nil {
		return err
	}
	defer peers.close()
	const name, bits = "kryptology", ringsig.RangeBits
	size, err := peers.ask(name, bits, "bytes", 0)
	if err != nil {
		return err
	}
	b.table("Range proofs of 64 bits, CPU ms. Wanted for one value; kryptology has no aggregated form.", "values", "contestant", "prove", "verify", "bytes", "our prove to this", "our verify to this")
	for _, m := range []int{1, 2, 16} {
		prove, verify, bytes, err := ourRange(m)
		if err != nil {
			return err
		}
		t, err := b.medians(prove, peers.does(name, bits, "make"), verify, peers.does(name, bits, "verify"))
		if err != nil {
			return err
		}
		t[1], t[3] = t[1]*time.Duration(m), t[3]*time.Duration(m)
		values := strconv.Itoa(m)
		b.row(values, "ringsig Bulletproofs, secp256k1", ms(t[0]), ms(t[2]), strconv.Itoa(bytes), "-", "-")
		proving, verifying := fmt.Sprintf("%.3f", ratio(t[0], t[1])), fmt.Sprintf("%.3f", ratio(t[2], t[3]))
		if m == 1 {
			proving, verifying = wanted(ratio(t[0], t[1]), 1./3), wanted(ratio(t[2], t[3]), 1./5)
		}
		b.row(values, "kryptology v1.8.0 Bulletproofs, ed25519", ms(t[1]), ms(t[3]), strconv.FormatInt(size*int64(m), 10), proving, verifying)
	}
	return peers.close()
}

func ourRange(m int) (prove, verify local, size int, err error) {
	params := ringsig.NewParams()
	scope, err := params.NewScope("peerbench", 1)
	if err != nil {
		return nil, nil, 0, err
	}
	g, err := params.NewRangeGenerators(m)
	if err != nil {
		return nil, nil, 0, err
	}
	st := &ringsig.RangeStatement{Scope: scope}
	var values []uint64
	var blindings []*ringsig.Blinding
	for i := range m {
		b, err := ringsig.NewBlinding(rand.Reader)
		if err != nil {
			return nil, nil, 0, err
		}
		values, blindings = append(values, 1<<40+12345+uint64(i)), append(blindings, b)
		st.Commitments = append(st.Commitments, params.Commit(values[i], b))
	}
	proof, err := g.Prove(rand.Reader, st, values, blindings)
	prove = func() error {
		_, err := g.Prove(rand.Reader, st, values, blindings)
		return err
	}
	return prove, func() error { return g.Verify(st, proof) }, len(proof), err
}
