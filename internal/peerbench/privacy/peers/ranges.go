package main

import (
	"crypto/rand"

	"github.com/coinbase/kryptology/pkg/bulletproof"
	"github.com/coinbase/kryptology/pkg/core/curves"
	"github.com/gtank/merlin"
)

// kryptologyRange proves that one amount has so many bits, as its own tests do.
func kryptologyRange(bits int) (*scheme, error) {
	curve := curves.ED25519()
	prover, err := bulletproof.NewRangeProver(bits, []byte("range"), []byte("product"), *curve)
	if err != nil {
		return nil, err
	}
	verifier, err := bulletproof.NewRangeVerifier(bits, []byte("range"), []byte("product"), *curve)
	if err != nil {
		return nil, err
	}
	point := func() curves.Point { return curve.Point.Random(rand.Reader) }
	g, h, u := point(), point(), point()
	v, gamma := curve.Scalar.New(1<<30+12345), curve.Scalar.Random(rand.Reader)
	commitment := h.Mul(gamma).Add(g.Mul(v))
	prove := func() (*bulletproof.RangeProof, error) {
		return prover.Prove(v, gamma, bits, g, h, u, merlin.NewTranscript("peerbench"))
	}
	proof, err := prove()
	if err != nil {
		return nil, err
	}
	return &scheme{
		make: func() error {
			_, err := prove()
			return err
		},
		verify: func() error {
			ok, err := verifier.Verify(proof, commitment, g, h, u, bits, merlin.NewTranscript("peerbench"))
			if err == nil && !ok {
				err = errInvalid
			}
			return err
		},
		size: len(proof.MarshalBinary()),
	}, nil
}
