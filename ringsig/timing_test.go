package ringsig

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

// welch is the t statistic of two samples, of values below the pooled cut only: the
// tail is the scheduler's. Reparaz, Balasch, Verbauwhede, "Dude, is my code constant
// time?" (2016).
func welch(samples [2][]float64) float64 {
	cut := quantile(append(append([]float64{}, samples[0]...), samples[1]...), 0.7)
	var mean, variance, n [2]float64
	for c := range samples {
		for _, v := range samples[c] {
			if v > cut {
				continue
			}
			n[c]++
			d := v - mean[c]
			mean[c] += d / n[c]
			variance[c] += d * (v - mean[c])
		}
	}
	if n[0] < 2 || n[1] < 2 {
		return 0 // too few to tell
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance[0]/(n[0]*(n[0]-1))+variance[1]/(n[1]*(n[1]-1)))
}

func quantile(v []float64, q float64) float64 {
	lo, hi := 0.0, 1e12
	for range 80 { // bisection: v is not sorted, and small
		mid := (lo + hi) / 2
		below := 0
		for _, x := range v {
			if x <= mid {
				below++
			}
		}
		if float64(below) < q*float64(len(v)) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// leak measures two classes of inputs in random order and returns |t|.
func leak(t *testing.T, n int, run func(class int)) float64 {
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var samples [2][]float64
	run(0)
	run(1)
	for range n {
		class := int(rng.Uint32() & 1)
		start := time.Now()
		run(class)
		samples[class] = append(samples[class], float64(time.Since(start).Nanoseconds()))
	}
	v := math.Abs(welch(samples))
	t.Logf("|t| = %.2f over %d runs", v, n)
	return v
}

// constantTime compares the two classes. The short form is a smoke test, with few
// runs, a wide threshold and three attempts; PRIVACY_TIMING=1 asks for dudect's
// threshold of 4.5 with many.
func constantTime(t *testing.T, runs int, run func(class int)) {
	t.Helper()
	limit, attempts := 10.0, 3
	if os.Getenv("PRIVACY_TIMING") != "" {
		runs, limit, attempts = 200*runs, 4.5, 2
	}
	for range attempts {
		if leak(t, runs, run) < limit {
			return
		}
	}
	t.Errorf("the time depends on a secret: |t| ≥ %g in %d attempts", limit, attempts)
}

func smallKey(t testing.TB) *SecretKey {
	k, err := ParseSecretKey(append(make([]byte, 31), 2))
	require.NoError(t, err)
	return k
}

func TestPublicKeyAndTagTakeTheSameTimeForTheScalar2AndARandomOne(t *testing.T) {
	scope := testScope(t, "pool", 1)
	keys := [2]*SecretKey{smallKey(t), testKey(t, "timing", 0)}
	constantTime(t, 100, func(c int) {
		keys[c].Public()
		keys[c].Tag(scope)
	})
}

func TestSignTakesTheSameTimeForTheFirstIndexAndTheLast(t *testing.T) {
	spends := [2]spend{testSpend(t, 11, 0, 0, false), testSpend(t, 11, 0, 10, false)}
	constantTime(t, 40, func(c int) {
		_, err := Sign(nil, spends[c].st, spends[c].w)
		require.NoError(t, err)
	})
}

func TestSignTakesTheSameTimeForTheScalar2AndARandomOne(t *testing.T) {
	small := smallKey(t)
	other := testKey(t, "ring", 1)
	ring, err := NewRing([]PublicKey{small.Public(), other.Public()}, nil, 0)
	require.NoError(t, err)
	st := &Statement{Scope: testScope(t, "pool", 1), Ring: ring}
	ws := [2]*Witness{{Index: 0, Key: small}, {Index: 1, Key: other}}
	constantTime(t, 80, func(c int) {
		_, err := Sign(nil, st, ws[c])
		require.NoError(t, err)
	})
}

func TestProveTakesTheSameTimeForTheFirstIndexAndTheLast(t *testing.T) {
	spends := [2]spend{testSpend(t, 64, 0, 0, false), testSpend(t, 64, 0, 63, false)}
	constantTime(t, 30, func(c int) {
		_, err := Prove(nil, spends[c].st, spends[c].w)
		require.NoError(t, err)
	})
}

func TestCommitTakesTheSameTimeForEveryAmount(t *testing.T) {
	gamma := testBlinding(t, "timing", 0)
	amounts := [2]uint64{0, 0xa5a5a5a5a5a5a5a5}
	constantTime(t, 100, func(c int) { shared().Commit(amounts[c], gamma) })
}

// Every run has a message of its own: the inner-product argument is variable time
// on vectors that the challenges have made uniform, and only over many of them does
// an influence of the amount show.
func TestSumsOfSecretsTakeTheSameTimeForTheScalar2AndRandomOnes(t *testing.T) {
	bases := shared().bitsT
	var secrets [2][]*curve.SecretScalar
	for i := range bases {
		secrets[0] = append(secrets[0], curve.SecretFromUint64(2))
		secrets[1] = append(secrets[1], testKey(t, "timing", i).x)
	}
	constantTime(t, 100, func(class int) { curve.MulTables(bases, secrets[class]) })
}

func TestRangeProofsTakeTheSameTimeForEveryAmount(t *testing.T) {
	g := rangeGens(t)
	cases := [2]rangeCase{testRange(t, 0), testRange(t, 1<<64-1)}
	count := uint64(0)
	constantTime(t, 30, func(c int) {
		count++
		cases[c].st.Message = be64(count)
		_, err := g.Prove(nil, cases[c].st, cases[c].values, cases[c].blindings)
		require.NoError(t, err)
	})
}
