package precompile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
)

// p256Verify verifies an ECDSA signature over P-256 (EIP-7951): input digest ‖ r ‖
// s ‖ x ‖ y, 32 bytes each. The output is the word 1, or nothing if the signature
// is invalid or the input has another length.
type p256Verify struct{}

func (p256Verify) Gas([]byte) uint64 { return 6900 }

func (p256Verify) Run(input []byte) ([]byte, error) {
	if len(input) != 160 {
		return nil, nil
	}
	if !VerifyP256([32]byte(input[:32]), [64]byte(input[32:96]), [64]byte(input[96:])) {
		return nil, nil
	}
	return boolean(true), nil
}

// VerifyP256 reports whether sig (r ‖ s) is a signature of digest by the P-256 key
// pub (x ‖ y), by the rules of EIP-7951: r and s in [1, n), canonical coordinates,
// a point on the curve. High s is accepted. All parts are 32 bytes, big-endian.
// It runs in variable time.
func VerifyP256(digest [32]byte, sig, pub [64]byte) bool {
	var sec1 [65]byte
	sec1[0] = 4
	copy(sec1[1:], pub[:])
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), sec1[:])
	if err != nil {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}
