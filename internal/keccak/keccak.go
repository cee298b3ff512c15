// Package keccak computes Keccak-256, the hash of Ethereum (the padding of the
// original submission, not of FIPS 202).
package keccak

import "golang.org/x/crypto/sha3"

// Empty is Keccak-256 of no bytes: the code hash of an account without code.
var Empty = [32]byte{
	0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
	0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
}

// Sum256 hashes the concatenation of parts.
func Sum256(parts ...[]byte) (out [32]byte) {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}
