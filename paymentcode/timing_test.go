package paymentcode

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// subjects are the operations on secrets, each with a fixed secret (class 0) or a
// random one (class 1). Inputs are made beforehand, in equal memory.
func subjects(t *testing.T, n int) map[string]func(class, i int) {
	rng := rand.New(rand.NewPCG(3, 4))
	bob, alice := derived(t, 1, Options{}), derived(t, 0, Options{})
	note := pay(t, alice, bob.Code(), 0).Notification()
	scalar := func() *ec.Scalar {
		var b [32]byte
		for {
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			if s, err := ec.ParseScalar(b[:]); err == nil {
				return s
			}
		}
	}
	two, err := ec.ParseScalar(append(make([]byte, 31), 2))
	require.NoError(t, err)
	var views [2][]*ViewKey
	var ins [2][]*Incoming
	var payers [2][]*Payer
	for range n { // alternately, so that the classes lie alike in memory
		for class := range 2 {
			s, k := scalar(), [32]byte{}
			copy(k[:], s.Bytes())
			if class == 0 {
				s.Set(two)
				clear(k[:])
			}
			views[class] = append(views[class], &ViewKey{view: s, code: bob.Code()})
			ins[class] = append(ins[class], &Incoming{payee: bob.Code(), tweak: s})
			payers[class] = append(payers[class], &Payer{to: bob.Code(), k: k, root: k})
		}
	}
	return map[string]func(class, i int){
		"Open": func(class, i int) {
			if _, err := views[class][i].Open(note, chain); err == nil {
				panic("opened")
			}
		},
		"Incoming.Key": func(class, i int) {
			if _, err := ins[class][i].Key(); err != nil {
				panic(err)
			}
		},
		"Keys.OneTime": func(class, i int) {
			if _, err := bob.OneTime(ins[class][i]); err != nil {
				panic(err)
			}
		},
		"Payer.Next": func(class, i int) {
			if _, err := payers[class][i].Next(); err != nil {
				panic(err)
			}
		},
	}
}

// sample times n operations of each class in random order.
func sample(n int, op func(class, i int)) (times [2][]float64) {
	order := make([]int, 2*n)
	for i := range order {
		order[i] = i
	}
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, o := range order {
		class, i := o&1, o>>1
		start := time.Now()
		op(class, i)
		times[class] = append(times[class], float64(time.Since(start)))
	}
	return times
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// Scalar 2 against random ones: an implementation that is not in constant time is
// twenty times faster with 2.
func TestTimingSmoke(t *testing.T) {
	for name, op := range subjects(t, 300) {
		times := sample(300, op)
		require.InEpsilon(t, median(times[1]), median(times[0]), 0.3, name)
	}
}

// TestTimingStatistics is dudect's test: Welch's t of the two classes, over what lies
// below each of several percentiles. Beyond 10 the times certainly differ. The
// long form only: PRIVACY_TIMING=1.
func TestTimingStatistics(t *testing.T) {
	if os.Getenv("PRIVACY_TIMING") == "" {
		t.Skip("long form: set PRIVACY_TIMING=1")
	}
	const n = 20000
	for name, op := range subjects(t, n) {
		times := sample(n, op)
		all := slices.Sorted(slices.Values(append(slices.Clone(times[0]), times[1]...)))
		worst := 0.0
		for _, q := range []float64{0.5, 0.75, 0.9, 0.99, 1} {
			limit := all[int(q*float64(len(all)-1))]
			worst = max(worst, math.Abs(welch(below(times[0], limit), below(times[1], limit))))
		}
		t.Logf("%s: t = %.1f, medians %.0f and %.0f ns", name, worst, median(times[0]), median(times[1]))
		require.Less(t, worst, 10.0, name)
	}
}

func below(x []float64, limit float64) []float64 {
	return slices.DeleteFunc(slices.Clone(x), func(v float64) bool { return v > limit })
}

func welch(a, b []float64) float64 {
	ma, va := moments(a)
	mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}

// The test itself must see a leak.
func TestTheStatisticSeesALeak(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var a, b, c []float64
	for range 5000 {
		a, b, c = append(a, rng.NormFloat64()*50+1000), append(b, rng.NormFloat64()*50+1000), append(c, rng.NormFloat64()*50+1015)
	}
	require.Less(t, math.Abs(welch(a, b)), 4.5)
	require.Greater(t, math.Abs(welch(a, c)), 10.0)
}
