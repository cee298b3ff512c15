package precompile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/secp"
)

type benchmarkInput struct {
	name    string
	address uint16
	input   []byte
}

// benchmarkInputs are valid calls of each contract.
func benchmarkInputs(t testing.TB) []benchmarkInput {
	key, err := secp.ParseKey([32]byte(word(77)))
	require.NoError(t, err)
	digest := [32]byte{5}
	sig := key.Sign(digest)
	p256Sig, p256Pub := signP256(t, digest)
	ff := func(n int) []byte { return bytes.Repeat([]byte{0xff}, n) }
	even := append(ff(255), 0xfe)
	rounds := make([]byte, 213)
	binary.BigEndian.PutUint32(rounds, 1000)

	_, _, n1, n2 := bn254.Generators()
	bnPoint := encodeBN254G1(&n1)
	bnPair := concat(bnPoint, bn254G2(n2))
	_, _, g1, g2 := bls12381.Generators()
	p, q := encodeG1(&g1), encodeG2(&g2)
	element := concat(make([]byte, 17), ff(47))

	inputs := []benchmarkInput{
		{"ecrecover", 0x01, concat(digest[:], word(27+uint64(sig.V)), sig.R[:], sig.S[:])},
		{"sha256/bytes=1024", 0x02, make([]byte, 1024)},
		{"ripemd160/bytes=1024", 0x03, make([]byte, 1024)},
		{"identity/bytes=1024", 0x04, make([]byte, 1024)},
		{"modexp/odd/bytes=32", 0x05, modexpInput(ff(32), ff(32), ff(32))},
		{"modexp/odd/bytes=256", 0x05, modexpInput(ff(256), ff(32), ff(256))},
		{"modexp/even/bytes=256", 0x05, modexpInput(ff(256), ff(32), even)},
		{"bn254Add", 0x06, concat(bnPoint, bnPoint)},
		{"bn254Mul", 0x07, concat(bnPoint, ff(32))},
		{"bn254Pairing/n=2", 0x08, concat(bnPair, bnPair)},
		{"blake2f/rounds=1000", 0x09, rounds},
		{"pointEvaluation", 0x0a, linearEvaluation(t)},
		{"g1Add", 0x0b, concat(p, p)},
		{"g2Add", 0x0d, concat(q, q)},
		{"blsPairing/n=1", 0x0f, concat(p, q)},
		{"blsPairing/n=4", 0x0f, bytes.Repeat(concat(p, q), 4)},
		{"mapToG1", 0x10, element},
		{"mapToG2", 0x11, concat(element, element)},
		{"p256Verify", 0x100, concat(digest[:], p256Sig[:], p256Pub[:])},
	}
	for _, n := range []int{1, 8, 16, 32, 128, 1024} {
		inputs = append(inputs, msmInputs(n)...)
	}
	return inputs
}

func msmInputs(n int) []benchmarkInput {
	_, _, g1, g2 := bls12381.Generators()
	var in1, in2 []byte
	p, q := g1, g2
	for i := range n {
		s := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		in1, in2 = append(append(in1, encodeG1(&p)...), s[:]...), append(append(in2, encodeG2(&q)...), s[:]...)
		p.Add(&p, &g1)
		q.Add(&q, &g2)
	}
	return []benchmarkInput{
		{fmt.Sprintf("g1MSM/n=%d", n), 0x0c, in1},
		{fmt.Sprintf("g2MSM/n=%d", n), 0x0e, in2},
	}
}

func BenchmarkRun(b *testing.B) {
	for _, in := range benchmarkInputs(b) {
		c := at(Osaka, in.address)
		b.Run(in.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if out, err := c.Run(in.input); err != nil || len(out) == 0 {
					b.Fatal("the call failed", err)
				}
			}
			gas := float64(c.Gas(in.input)) * float64(b.N)
			b.ReportMetric(gas/1e6/b.Elapsed().Seconds(), "Mgas/s")
		})
	}
}

func BenchmarkSet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Set(Osaka)
	}
}
