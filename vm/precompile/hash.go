package precompile

import (
	"bytes"
	"crypto/sha256"

	//lint:ignore SA1019 Ethereum's protocol fixes the hash.
	"golang.org/x/crypto/ripemd160"

	"github.com/rootstem/rootstem/internal/secp"
)

// ecrecover recovers the signer of a digest (Yellow Paper, appendix E): input
// digest ‖ v ‖ r ‖ s, 32 bytes each, read as if followed by zeros. v is the word 27
// or 28. The output is the address in a word, or nothing if there is no signer.
type ecrecover struct{}

func (ecrecover) Gas([]byte) uint64 { return 3000 }

func (ecrecover) Run(input []byte) ([]byte, error) {
	var in [128]byte
	fill(in[:], input, 0)
	v := in[63]
	if [31]byte(in[32:63]) != [31]byte{} || v != 27 && v != 28 {
		return nil, nil
	}
	sig := secp.Signature{R: [32]byte(in[64:96]), S: [32]byte(in[96:128]), V: v - 27}
	pub, err := secp.Recover([32]byte(in[:32]), &sig)
	if err != nil {
		return nil, nil
	}
	signer := secp.Address(pub)
	out := make([]byte, 32)
	copy(out[12:], signer[:])
	return out, nil
}

// sha256Hash is SHA-256.
type sha256Hash struct{}

func (sha256Hash) Gas(input []byte) uint64 { return 60 + 12*words(len(input)) }

func (sha256Hash) Run(input []byte) ([]byte, error) {
	h := sha256.Sum256(input)
	return h[:], nil
}

// ripemd160Hash is RIPEMD-160, left-padded to a word.
type ripemd160Hash struct{}

func (ripemd160Hash) Gas(input []byte) uint64 { return 600 + 120*words(len(input)) }

func (ripemd160Hash) Run(input []byte) ([]byte, error) {
	h := ripemd160.New()
	h.Write(input)
	return h.Sum(make([]byte, 12, 32)), nil
}

// identity returns a copy of its input.
type identity struct{}

func (identity) Gas(input []byte) uint64 { return 15 + 3*words(len(input)) }

func (identity) Run(input []byte) ([]byte, error) { return bytes.Clone(input), nil }
