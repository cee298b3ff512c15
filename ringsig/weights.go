package ringsig

import (
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/curve"
	"github.com/rootstem/rootstem/internal/keccak"
)

// weights yields the random 128-bit factors under which equations are added up. They
// depend on every statement and every byte of every proof of the batch, and on
// entropy that the verifier may add: no prover chooses them.
type weights struct {
	key   [32]byte
	count uint64
}

// newWeights takes the transcripts' states after the proofs' last bytes.
func newWeights(rand io.Reader, states [][32]byte) (*weights, error) {
	var entropy [32]byte
	if rand != nil {
		if _, err := io.ReadFull(rand, entropy[:]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRandom, err)
		}
	}
	in := make([]byte, 0, 41+32*len(states))
	in = append(in, kindWeightKey)
	in = append(in, entropy[:]...)
	in = append(in, be64(uint64(len(states)))...)
	for i := range states {
		in = append(in, states[i][:]...)
	}
	return &weights{key: keccak.Sum256(in)}, nil
}

func (w *weights) next() (s curve.Scalar) {
	h := keccak.Sum256([]byte{kindWeight}, w.key[:], be64(w.count))
	w.count++
	s.SetBytes(h[:16])
	return s
}
