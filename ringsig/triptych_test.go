package ringsig

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

func TestAProofVerifiesForEveryIndexAndForm(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		for _, i := range []int{0, 1, 27, 63} {
			s := testSpend(t, 64, 0, i, amounts)
			p, err := Prove(newSeeded(1), s.st, s.w)
			require.NoError(t, err)
			require.NoError(t, VerifyProof(s.st, p))
			require.NoError(t, VerifyProof(s.st, p), "Verify twice gives the same answer")
			require.NoError(t, VerifyProofs(newSeeded(3), []*Statement{s.st}, []*Proof{p}))
			require.Equal(t, s.w.Key.Tag(s.st.Scope), p.Tag())
			require.Equal(t, 64, p.Ring())
			b := binaryOf(t, p)
			require.Len(t, b, ProofSize(64, amounts))
			again, err := ParseProof(b)
			require.NoError(t, err)
			require.NoError(t, VerifyProof(s.st, again))
			require.Equal(t, b, binaryOf(t, again))
		}
	}
}

func TestProofSizesAreConstantForAPaddedRing(t *testing.T) {
	for size, want := range map[int]int{64: 747, 256: 909, 1024: 1071, 4096: 1233, 16384: 1395, 63: 0, 65536: 0, 16: 0} {
		require.Equal(t, want, ProofSize(size, false))
		if want > 0 {
			require.Equal(t, want+33, ProofSize(size, true))
		}
	}
	for _, members := range []int{2, 17, 256} {
		s := testSpend(t, members, 256, members-1, false)
		p, err := Prove(nil, s.st, s.w)
		require.NoError(t, err)
		require.NoError(t, VerifyProof(s.st, p))
		require.Len(t, binaryOf(t, p), 909)
	}
}

func TestProveRefusesRingsOfOtherSizes(t *testing.T) {
	for _, n := range []int{2, 16, 65} {
		s := testSpend(t, n, 0, 1, false)
		_, err := Prove(nil, s.st, s.w)
		require.ErrorIs(t, err, ErrRing)
	}
}

func TestAProofIsBoundToEveryPublicInput(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		s := testSpend(t, 5, 64, 2, amounts)
		p, err := Prove(newSeeded(1), s.st, s.w)
		require.NoError(t, err)
		for name, st := range mutations(t, s) {
			require.ErrorIs(t, VerifyProof(st, p), ErrProof, name)
		}
	}
}

func TestAProofHasNoSecondEncoding(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		s := testSpend(t, 5, 64, 2, amounts)
		p, err := Prove(newSeeded(1), s.st, s.w)
		require.NoError(t, err)
		good := binaryOf(t, p)
		for i := range good {
			if i > 66 && i%9 != 0 {
				continue // a ninth of the rest, every field among them
			}
			b := bytes.Clone(good)
			b[i] ^= 1
			bad, err := ParseProof(b)
			if err != nil {
				require.ErrorIs(t, err, ErrEncoding)
				continue
			}
			require.ErrorIs(t, VerifyProof(s.st, bad), ErrProof, "byte %d", i)
		}
		for field := range 1 + (len(good)-99)/32 { // every scalar and point set to zero
			at := len(good) - 32*(field+1)
			b := bytes.Clone(good)
			clear(b[at : at+32])
			if bad, err := ParseProof(b); err == nil {
				require.ErrorIs(t, VerifyProof(s.st, bad), ErrProof)
			} else {
				require.ErrorIs(t, err, ErrEncoding)
			}
		}
	}
}

func TestParseProofRefusesOtherLengths(t *testing.T) {
	s := testSpend(t, 5, 64, 2, false)
	p, err := Prove(nil, s.st, s.w)
	require.NoError(t, err)
	good := binaryOf(t, p)
	for _, b := range [][]byte{nil, good[:len(good)-1], append(bytes.Clone(good), 0), append(bytes.Clone(good), make([]byte, 33)...), make([]byte, len(good)), make([]byte, 1395)} {
		_, err := ParseProof(b)
		require.ErrorIs(t, err, ErrEncoding)
	}
}

func TestAProofCannotCarryTheTagOfAnotherKey(t *testing.T) {
	s := testSpend(t, 5, 64, 2, true)
	good, err := Prove(nil, s.st, s.w)
	require.NoError(t, err)
	tag := testKey(t, "ring", 3).Tag(s.st.Scope)
	forged := *good
	forged.tag, err = curve.DecodePoint(tag[:])
	require.NoError(t, err)
	require.ErrorIs(t, VerifyProof(s.st, &forged), ErrProof)
	forged = *good
	forged.aux = &s.st.Scope.u
	require.ErrorIs(t, VerifyProof(s.st, &forged), ErrProof)
}

// An output that CLSAG spent has the same tag in Triptych, whichever comes first.
func TestADoubleSpendLinksAcrossSchemes(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		small, large := testSpend(t, 5, 0, 3, amounts), testSpend(t, 40, 64, 3, amounts)
		sig, err := Sign(newSeeded(1), small.st, small.w)
		require.NoError(t, err)
		p, err := Prove(newSeeded(2), large.st, large.w)
		require.NoError(t, err)
		require.NoError(t, Verify(small.st, sig))
		require.NoError(t, VerifyProof(large.st, p))
		spent := map[Tag]bool{sig.Tag(): true}
		require.True(t, spent[p.Tag()])
		other := testSpend(t, 40, 64, 4, amounts)
		p, err = Prove(newSeeded(2), other.st, other.w)
		require.NoError(t, err)
		require.False(t, spent[p.Tag()])
	}
}

// testBatch makes proofs over two rings and both forms.
func testBatch(t testing.TB) (sts []*Statement, ps []*Proof) {
	for i := range 6 {
		s := testSpend(t, 5+i/3, 64, i%5, i%2 == 0)
		s.st.Message = []byte{byte(i)}
		p, err := Prove(nil, s.st, s.w)
		require.NoError(t, err)
		sts, ps = append(sts, s.st), append(ps, p)
	}
	return sts, ps
}

func TestABatchIsValidIfAndOnlyIfEveryProofIs(t *testing.T) {
	sts, ps := testBatch(t)
	for i := range ps {
		require.NoError(t, VerifyProof(sts[i], ps[i]))
	}
	for n := 1; n <= len(ps); n++ {
		require.NoError(t, VerifyProofs(nil, sts[:n], ps[:n]))
		require.NoError(t, VerifyProofs(newSeeded(5), sts[:n], ps[:n]))
	}
	for i := range ps {
		good := ps[i]
		bad := *good
		bad.z.Add(&bad.z, &bad.zA)
		ps[i] = &bad
		require.ErrorIs(t, VerifyProofs(nil, sts, ps), ErrProof, "a bad proof at %d", i)
		require.ErrorIs(t, VerifyProof(sts[i], &bad), ErrProof)
		ps[i] = good
	}
	sts[0], sts[2] = sts[2], sts[0]
	require.ErrorIs(t, VerifyProofs(nil, sts, ps), ErrProof, "proofs in another order")
}

// Two errors that cancel in a plain sum do not cancel under the weights.
func TestErrorsOfABatchDoNotCancel(t *testing.T) {
	s := testSpend(t, 5, 64, 2, false)
	p, err := Prove(nil, s.st, s.w)
	require.NoError(t, err)
	up, down := *p, *p
	var one curve.Scalar
	one.SetOne()
	up.zA.Add(&up.zA, &one)
	down.zA.Sub(&down.zA, &one)
	require.ErrorIs(t, VerifyProofs(nil, []*Statement{s.st, s.st}, []*Proof{&up, &down}), ErrProof)
}

func TestVerifyProofsRefusesBadBatches(t *testing.T) {
	sts, ps := testBatch(t)
	require.ErrorIs(t, VerifyProofs(nil, nil, nil), ErrLimit)
	require.ErrorIs(t, VerifyProofs(nil, sts[:2], ps[:1]), ErrLimit)
	require.ErrorIs(t, VerifyProofs(nil, make([]*Statement, MaxBatch+1), make([]*Proof, MaxBatch+1)), ErrLimit)
	require.ErrorIs(t, VerifyProofs(nil, []*Statement{nil}, ps[:1]), ErrStatement)
	require.ErrorIs(t, VerifyProofs(nil, sts[:1], []*Proof{nil}), ErrProof)
	require.ErrorIs(t, VerifyProofs(nil, sts[:1], ps[1:2]), ErrProof)
	require.ErrorIs(t, VerifyProofs(iotest.ErrReader(errors.New("broken")), sts, ps), ErrRandom)
	other := testSpend(t, 5, 0, 1, false)
	require.ErrorIs(t, VerifyProof(other.st, ps[1]), ErrProof)
}

func TestAStuckEntropySourceIsSafeForProofs(t *testing.T) {
	s := testSpend(t, 5, 64, 2, false)
	a, err := Prove(stuck{}, s.st, s.w)
	require.NoError(t, err)
	b, err := Prove(nil, s.st, s.w)
	require.NoError(t, err)
	require.Equal(t, binaryOf(t, a), binaryOf(t, b))
	st := *s.st
	st.Message = nil
	c, err := Prove(stuck{}, &st, s.w)
	require.NoError(t, err)
	for j := range a.f {
		require.NotEqual(t, a.f[j], c.f[j])
		require.NotEqual(t, a.x[j], c.x[j])
	}
}

func BenchmarkProve(b *testing.B) {
	for _, n := range []int{64, 1024} {
		s := testSpend(b, n, 0, n/2, false)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Prove(nil, s.st, s.w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyProofs(b *testing.B) {
	for _, n := range []int{64, 1024, 16384} {
		s := testSpend(b, n, 0, n/2, false)
		p, err := Prove(nil, s.st, s.w)
		require.NoError(b, err)
		for _, batch := range []int{1, 10, 100} {
			var sts []*Statement
			var ps []*Proof
			for range batch {
				sts, ps = append(sts, s.st), append(ps, p)
			}
			b.Run(fmt.Sprintf("n=%d/batch=%d", n, batch), func(b *testing.B) {
				for b.Loop() {
					if err := VerifyProofs(nil, sts, ps); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "µs/proof")
			})
		}
	}
}

func TestABatchBoundsItsDistinctRings(t *testing.T) {
	g := curve.Generator()
	p := &Proof{tag: g, a: g, b: g, c: g, d: g, f: make([][radix - 1]curve.Scalar, maxDigits)}
	for range maxDigits {
		p.x, p.y = append(p.x, g), append(p.y, g)
	}
	keys := make([]curve.Point, MaxRing)
	var sts []*Statement
	var ps []*Proof
	for i := range MaxBatchMembers/MaxRing + 1 {
		ring := &Ring{keys: keys, members: MaxRing, digest: [32]byte{byte(i)}}
		sts, ps = append(sts, &Statement{Scope: testScope(t, "pool", 1), Ring: ring}), append(ps, p)
	}
	require.ErrorIs(t, VerifyProofs(nil, sts, ps), ErrLimit)
}
