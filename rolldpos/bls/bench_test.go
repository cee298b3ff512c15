package bls

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkSign(b *testing.B) {
	k := testKey(b, "a")
	b.ReportAllocs()
	for b.Loop() {
		k.Sign(tag, []byte("message"))
	}
}

func BenchmarkVerify(b *testing.B) {
	k := testKey(b, "a")
	sig := k.Sign(tag, []byte("message"))
	p, v := k.Public(), NewVerifier(k.Public())
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, p.Verify(tag, []byte("message"), sig))
		}
	})
	b.Run("precomputed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, v.Verify(tag, []byte("message"), sig))
		}
	})
}

func BenchmarkGroup(b *testing.B) {
	for _, n := range []int{4, 24, 100} {
		threshold := n - (n-1)/3
		_, shares, public := testGroup(b, "bench", n, threshold)
		var partials []Partial
		for i := range shares {
			partials = append(partials, shares[i].Sign(tag, []byte("m")))
		}
		b.Run(fmt.Sprintf("recover/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := Recover(threshold, partials)
				require.NoError(b, err)
			}
		})
		b.Run(fmt.Sprintf("batch/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bad, err := BadPartials(public, tag, []byte("m"), partials)
				require.NoError(b, err)
				require.Empty(b, bad)
			}
		})
	}
}
