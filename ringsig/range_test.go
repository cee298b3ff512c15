package ringsig

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

var sharedRange = sync.OnceValues(func() (*RangeGenerators, error) { return shared().NewRangeGenerators(4) })

func rangeGens(t testing.TB) *RangeGenerators {
	g, err := sharedRange()
	require.NoError(t, err)
	return g
}

type rangeCase struct {
	st        *RangeStatement
	values    []uint64
	blindings []*Blinding
}

func testRange(t testing.TB, values ...uint64) rangeCase {
	c := rangeCase{&RangeStatement{Scope: testScope(t, "pool", 1), Message: []byte("outputs")}, values, nil}
	for i, v := range values {
		c.blindings = append(c.blindings, testBlinding(t, "range", i))
		c.st.Commitments = append(c.st.Commitments, shared().Commit(v, c.blindings[i]))
	}
	return c
}

func TestARangeProofVerifiesForEveryCount(t *testing.T) {
	g := rangeGens(t)
	for _, values := range [][]uint64{{0}, {1}, {1<<64 - 1}, {1 << 63}, {0, 1<<64 - 1}, {1, 2, 3, 4}} {
		c := testRange(t, values...)
		proof, err := g.Prove(newSeeded(1), c.st, c.values, c.blindings)
		require.NoError(t, err)
		require.NoError(t, g.Verify(c.st, proof))
		require.NoError(t, g.Verify(c.st, proof), "Verify twice gives the same answer")
		require.Len(t, proof, RangeProofSize(len(values)))
	}
}

func TestSixteenValuesShareAProof(t *testing.T) {
	g, err := shared().NewRangeGenerators(16)
	require.NoError(t, err)
	for n, size := range map[int]int{8: 867, 16: 931} {
		c := testRange(t, make([]uint64, n)...)
		proof, err := g.Prove(nil, c.st, c.values, c.blindings)
		require.NoError(t, err)
		require.Len(t, proof, size)
		require.NoError(t, g.Verify(c.st, proof))
		require.ErrorIs(t, rangeGens(t).Verify(c.st, proof), ErrLimit)
	}
}

func TestRangeProofSizes(t *testing.T) {
	for m, want := range map[int]int{0: 0, 1: 674, 2: 739, 3: 0, 4: 803, 8: 867, 16: 931, 32: 0, -1: 0} {
		require.Equal(t, want, RangeProofSize(m))
	}
	for _, m := range []int{-1, 0, 3, 32} {
		_, err := shared().NewRangeGenerators(m)
		require.ErrorIs(t, err, ErrLimit)
	}
}

func TestARangeProofIsBoundToEveryPublicInput(t *testing.T) {
	g := rangeGens(t)
	c := testRange(t, 7, 8)
	proof, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(t, err)
	for name, change := range map[string]func(*RangeStatement){
		"message":    func(s *RangeStatement) { s.Message = nil },
		"scope":      func(s *RangeStatement) { s.Scope = testScope(t, "pooh", 1) },
		"chain":      func(s *RangeStatement) { s.Scope = testScope(t, "pool", 2) },
		"order":      func(s *RangeStatement) { s.Commitments = []Commitment{s.Commitments[1], s.Commitments[0]} },
		"commitment": func(s *RangeStatement) { s.Commitments = testRange(t, 7, 9).st.Commitments },
	} {
		st := *c.st
		change(&st)
		require.ErrorIs(t, g.Verify(&st, proof), ErrRange, name)
	}
	for i := range proof {
		if i > 40 && i%13 != 0 {
			continue
		}
		bad := bytes.Clone(proof)
		bad[i] ^= 1
		err := g.Verify(c.st, bad)
		require.True(t, errors.Is(err, ErrRange) || errors.Is(err, ErrEncoding), "byte %d: %v", i, err)
	}
}

func TestARangeProofRefusesAWrongCount(t *testing.T) {
	g := rangeGens(t)
	c := testRange(t, 7, 8)
	proof, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(t, err)
	for n, want := range map[int]error{0: ErrLimit, 1: ErrEncoding, 3: ErrLimit, 4: ErrEncoding, 8: ErrLimit, 32: ErrLimit} {
		st := *c.st
		st.Commitments = nil
		for i := range n {
			st.Commitments = append(st.Commitments, c.st.Commitments[i%2])
		}
		require.ErrorIs(t, g.Verify(&st, proof), want, "m = %d", n)
	}
}

func TestDecodeRangeRefusesWhatIsNotCanonical(t *testing.T) {
	g := rangeGens(t)
	c := testRange(t, 7, 8)
	proof, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(t, err)
	order := []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41")
	put := func(at int, with []byte) []byte {
		b := bytes.Clone(proof)
		copy(b[at:], with)
		return b
	}
	for name, b := range map[string][]byte{
		"empty":              nil,
		"short":              proof[:len(proof)-1],
		"long":               append(bytes.Clone(proof), 0),
		"unused parity bits": put(2, []byte{proof[2] | 0x80}),
		"x = 0":              put(3, make([]byte, 32)),
		"x ≥ p":              put(3, bytes.Repeat([]byte{0xff}, 32)),
		"x off the curve":    put(3, append(make([]byte, 31), 5)),
		"zero scalar":        put(len(proof)-32, make([]byte, 32)),
		"scalar = n":         put(len(proof)-32, order),
		"all zero":           make([]byte, len(proof)),
	} {
		require.ErrorIs(t, g.Verify(c.st, b), ErrEncoding, name)
	}
}

// A prover who forges the commitment, whatever he hides in it, has no valid proof.
func TestAmountsOutsideTheRangeHaveNoProof(t *testing.T) {
	g := rangeGens(t)
	p := shared()
	gamma := testBlinding(t, "range", 0)
	two64 := new(curve.SecretScalar).Mul(curve.SecretFromUint64(1<<32), curve.SecretFromUint64(1<<32))
	minus := new(curve.SecretScalar).Neg(curve.SecretFromUint64(1))
	for name, amount := range map[string]*curve.SecretScalar{"2^64": two64, "-1": minus} {
		out := p.commit(amount, gamma.s).Reveal()
		st := &RangeStatement{Scope: testScope(t, "pool", 1), Commitments: []Commitment{curve.Encode(&out)}}
		for _, claimed := range []uint64{0, 1, 1<<64 - 1} {
			_, err := g.Prove(nil, st, []uint64{claimed}, []*Blinding{gamma})
			require.ErrorIs(t, err, ErrWitness, name)
			// The prover that skips its own check makes a proof that does not verify.
			require.ErrorIs(t, g.Verify(st, dishonest(t, g, st, claimed, gamma)), ErrRange, name)
		}
	}
}

// dishonest runs the prover on a value that does not open the commitment.
func dishonest(t *testing.T, g *RangeGenerators, st *RangeStatement, v uint64, gamma *Blinding) []byte {
	_, tr, err := st.check(g.max)
	require.NoError(t, err)
	n, err := newNonces(nil, &tr, gamma.Bytes())
	require.NoError(t, err)
	proof := &rangeProof{}
	rp := newRangeProver(g, []uint64{v}, []*Blinding{gamma}, n)
	l, r, y, err := rp.polynomials(&tr, proof)
	require.NoError(t, err)
	w, err := tr.challenge("w")
	require.NoError(t, err)
	require.NoError(t, g.fold(&tr, proof, l, r, &y, &w))
	return proof.encode()
}

// A negative output balances, and only the range proof stops it.
func TestANegativeOutputBalancesButHasNoRangeProof(t *testing.T) {
	p := shared()
	in, o0, o1 := testBlinding(t, "in", 0), testBlinding(t, "out", 0), testBlinding(t, "out", 1)
	minus := new(curve.SecretScalar).Neg(curve.SecretFromUint64(90))
	negative := p.commit(minus, o1.s).Reveal()
	b := &Balance{Scope: testScope(t, "pool", 1), Inputs: []Commitment{p.Commit(10, in)}, Outputs: []Commitment{p.Commit(100, o0), curve.Encode(&negative)}}
	proof, err := ProveBalance(nil, b, in.Minus(o0).Minus(o1))
	require.NoError(t, err)
	require.NoError(t, VerifyBalance(b, proof))
	st := &RangeStatement{Scope: b.Scope, Commitments: b.Outputs}
	_, err = rangeGens(t).Prove(nil, st, []uint64{100, 1<<64 - 90}, []*Blinding{o0, o1})
	require.ErrorIs(t, err, ErrWitness)
}

func TestRangeProveRefusesAWitnessOfAnotherStatement(t *testing.T) {
	g := rangeGens(t)
	c := testRange(t, 7, 8)
	for name, w := range map[string]struct {
		values    []uint64
		blindings []*Blinding
	}{
		"a value less":      {c.values[:1], c.blindings},
		"a blinding less":   {c.values, c.blindings[:1]},
		"no blinding":       {c.values, []*Blinding{nil, nil}},
		"another value":     {[]uint64{7, 9}, c.blindings},
		"another blinding":  {c.values, []*Blinding{c.blindings[1], c.blindings[0]}},
		"values in reverse": {[]uint64{8, 7}, c.blindings},
	} {
		_, err := g.Prove(nil, c.st, w.values, w.blindings)
		require.ErrorIs(t, err, ErrWitness, name)
	}
	_, err := g.Prove(iotest.ErrReader(errors.New("broken")), c.st, c.values, c.blindings)
	require.ErrorIs(t, err, ErrRandom)
	for _, st := range []*RangeStatement{nil, {}, {Scope: c.st.Scope, Commitments: make([]Commitment, 1)}} {
		_, err := g.Prove(nil, st, []uint64{1}, c.blindings[:1])
		require.ErrorIs(t, err, ErrStatement)
		require.ErrorIs(t, g.Verify(st, nil), ErrStatement)
	}
}

func TestABatchOfRangesIsValidIfAndOnlyIfEveryProofIs(t *testing.T) {
	g := rangeGens(t)
	var sts []*RangeStatement
	var proofs [][]byte
	for i, values := range [][]uint64{{5}, {6, 7}, {8}, {9, 10, 11, 12}, {13}} {
		c := testRange(t, values...)
		c.st.Message = []byte{byte(i)}
		proof, err := g.Prove(nil, c.st, c.values, c.blindings)
		require.NoError(t, err)
		sts, proofs = append(sts, c.st), append(proofs, proof)
	}
	require.NoError(t, g.VerifyAll(nil, sts, proofs))
	require.NoError(t, g.VerifyAll(newSeeded(1), sts, proofs))
	for i := range proofs {
		good := proofs[i]
		p, err := decodeRange(good, len(sts[i].Commitments))
		require.NoError(t, err)
		p.tauX.Double(&p.tauX)
		proofs[i] = p.encode()
		require.ErrorIs(t, g.VerifyAll(nil, sts, proofs), ErrRange, "a bad proof at %d", i)
		require.ErrorIs(t, g.Verify(sts[i], proofs[i]), ErrRange)
		proofs[i] = good
	}
	require.ErrorIs(t, g.VerifyAll(nil, nil, nil), ErrLimit)
	require.ErrorIs(t, g.VerifyAll(nil, sts, proofs[:2]), ErrLimit)
	require.ErrorIs(t, g.VerifyAll(iotest.ErrReader(errors.New("broken")), sts, proofs), ErrRandom)
}

func TestAStuckEntropySourceIsSafeForRanges(t *testing.T) {
	g := rangeGens(t)
	c := testRange(t, 7)
	a, err := g.Prove(stuck{}, c.st, c.values, c.blindings)
	require.NoError(t, err)
	b, err := g.Prove(nil, c.st, c.values, c.blindings)
	require.NoError(t, err)
	require.Equal(t, a, b)
	c.st.Message = nil
	d, err := g.Prove(stuck{}, c.st, c.values, c.blindings)
	require.NoError(t, err)
	require.NotEqual(t, a[2:34], d[2:34])
}

func BenchmarkRange(b *testing.B) {
	for _, m := range []int{1, 2, 16} {
		g, err := shared().NewRangeGenerators(m)
		require.NoError(b, err)
		c := testRange(b, make([]uint64, m)...)
		proof, err := g.Prove(nil, c.st, c.values, c.blindings)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("prove/m=%d", m), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Prove(nil, c.st, c.values, c.blindings); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, batch := range []int{1, 100} {
			var sts []*RangeStatement
			var proofs [][]byte
			for range batch {
				sts, proofs = append(sts, c.st), append(proofs, proof)
			}
			b.Run(fmt.Sprintf("verify/m=%d/batch=%d", m, batch), func(b *testing.B) {
				for b.Loop() {
					if err := g.VerifyAll(nil, sts, proofs); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "µs/proof")
			})
		}
	}
}
