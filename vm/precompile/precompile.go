// Package precompile is the set of Ethereum's precompiled contracts for Cancun,
// Prague and Osaka: 0x01 to 0x0a, from Prague 0x0b to 0x11 (BLS12-381), in Osaka
// 0x100 (P-256).
//
// Call Set once per fork and keep the map. For each call, charge Contract.Gas of
// the input first, then Run. The package is pure: no goroutine, clock or global
// state; its contracts may be used concurrently. All of its inputs are public, so
// nothing runs in constant time.
//
// Pairings, field towers and scalar multiplications come from gnark-crypto. Its
// decoders and batched checks are not used where they are laxer than the EIPs, nor
// its multi-scalar multiplication, which starts goroutines.
package precompile

import "errors"

// Contract is one precompiled contract.
type Contract interface {
	// Gas returns the price of running input, saturating at the largest uint64. It
	// allocates nothing that grows with a length that the input only declares.
	Gas(input []byte) uint64
	// Run returns the output, which never aliases input. An error, one of this
	// package's sentinels, means that the call fails and consumes all of its gas.
	// Run's work is bounded by what Gas asks for, so call it only after the charge.
	Run(input []byte) ([]byte, error)
}

// Errors that Run returns.
var (
	ErrInputLength   = errors.New("precompile: invalid input length")
	ErrFieldElement  = errors.New("precompile: field element is not canonical")
	ErrNotOnCurve    = errors.New("precompile: point is not on the curve")
	ErrSubgroup      = errors.New("precompile: point is not in the subgroup")
	ErrFinalFlag     = errors.New("precompile: blake2f final flag is neither 0 nor 1")
	ErrModexpLength  = errors.New("precompile: modexp operand is too long")
	ErrVersionedHash = errors.New("precompile: versioned hash does not match the commitment")
	ErrKZGPoint      = errors.New("precompile: invalid kzg commitment or proof encoding")
	ErrKZGProof      = errors.New("precompile: kzg proof does not verify")
)

// Fork selects a set of contracts and their prices.
type Fork uint8

// The forks, oldest first.
const (
	Cancun Fork = iota
	Prague
	Osaka
)

// Set returns the precompiled contracts of a fork by address. The map is built
// afresh and belongs to the caller. A value above Osaka means Osaka.
func Set(f Fork) map[[20]byte]Contract {
	set := map[[20]byte]Contract{
		address(0x01): ecrecover{},
		address(0x02): sha256Hash{},
		address(0x03): ripemd160Hash{},
		address(0x04): identity{},
		address(0x05): modexp{osaka: f >= Osaka},
		address(0x06): bn254Add{},
		address(0x07): bn254Mul{},
		address(0x08): bn254Pairing{},
		address(0x09): blake2f{},
		address(0x0a): newPointEvaluation(),
	}
	if f >= Prague {
		set[address(0x0b)] = g1Add{}
		set[address(0x0c)] = g1MSM{}
		set[address(0x0d)] = g2Add{}
		set[address(0x0e)] = g2MSM{}
		set[address(0x0f)] = blsPairing{}
		set[address(0x10)] = mapToG1{}
		set[address(0x11)] = mapToG2{}
	}
	if f >= Osaka {
		set[address(0x100)] = p256Verify{}
	}
	return set
}

func address(n uint16) (a [20]byte) {
	a[18], a[19] = byte(n>>8), byte(n)
	return a
}

// words returns the number of 32-byte words that hold n bytes.
func words(n int) uint64 { return (uint64(n) + 31) / 32 }

// fill copies input[offset:] into dst and reads zeros beyond the end of input.
func fill(dst, input []byte, offset int) {
	n := 0
	if offset < len(input) {
		n = copy(dst, input[offset:])
	}
	clear(dst[n:])
}

// boolean encodes a truth value as a 32-byte big-endian word.
func boolean(ok bool) []byte {
	out := make([]byte, 32)
	if ok {
		out[31] = 1
	}
	return out
}
