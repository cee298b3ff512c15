package precompile

import (
	"encoding/binary"
	"math/bits"
)

// blake2f is the compression function of BLAKE2b (EIP-152, RFC 7693 section 3.2):
// input rounds (4 bytes, big-endian) ‖ h (8 words) ‖ m (16 words) ‖ t (2 words) ‖
// final flag (1 byte), words of 8 bytes little-endian. The output is the new h.
type blake2f struct{}

const blake2fLength = 213

func (blake2f) Gas(input []byte) uint64 {
	if len(input) != blake2fLength {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(input))
}

func (blake2f) Run(input []byte) ([]byte, error) {
	if len(input) != blake2fLength {
		return nil, ErrInputLength
	}
	flag := input[blake2fLength-1]
	if flag > 1 {
		return nil, ErrFinalFlag
	}
	var h [8]uint64
	var m [16]uint64
	for i := range h {
		h[i] = binary.LittleEndian.Uint64(input[4+8*i:])
	}
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(input[68+8*i:])
	}
	t0, t1 := binary.LittleEndian.Uint64(input[196:]), binary.LittleEndian.Uint64(input[204:])
	blake2bCompress(&h, &m, t0, t1, flag == 1, binary.BigEndian.Uint32(input))
	out := make([]byte, 0, 64)
	for _, x := range h {
		out = binary.LittleEndian.AppendUint64(out, x)
	}
	return out, nil
}

// The initialisation vector of BLAKE2b (RFC 7693 section 2.6).
const (
	blake2bIV0 = 0x6a09e667f3bcc908
	blake2bIV1 = 0xbb67ae8584caa73b
	blake2bIV2 = 0x3c6ef372fe94f82b
	blake2bIV3 = 0xa54ff53a5f1d36f1
	blake2bIV4 = 0x510e527fade682d1
	blake2bIV5 = 0x9b05688c2b3e6c1f
	blake2bIV6 = 0x1f83d9abfb41bd6b
	blake2bIV7 = 0x5be0cd19137e2179
)

// blake2bCompress is the function F of RFC 7693 with a free number of rounds: round
// i uses row i mod 10 of the message schedule.
func blake2bCompress(h *[8]uint64, m *[16]uint64, t0, t1 uint64, final bool, rounds uint32) {
	sigma := blake2bSigma()
	v0, v1, v2, v3, v4, v5, v6, v7 := h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
	var v8, v9, v10, v11 uint64 = blake2bIV0, blake2bIV1, blake2bIV2, blake2bIV3
	var v12, v13, v14, v15 uint64 = blake2bIV4 ^ t0, blake2bIV5 ^ t1, blake2bIV6, blake2bIV7
	if final {
		v14 = ^v14
	}
	row := 0
	for range rounds {
		s := &sigma[row]
		if row++; row == len(sigma) {
			row = 0
		}
		v0, v4, v8, v12 = blake2bMix(v0, v4, v8, v12, m[s[0]&15], m[s[1]&15])
		v1, v5, v9, v13 = blake2bMix(v1, v5, v9, v13, m[s[2]&15], m[s[3]&15])
		v2, v6, v10, v14 = blake2bMix(v2, v6, v10, v14, m[s[4]&15], m[s[5]&15])
		v3, v7, v11, v15 = blake2bMix(v3, v7, v11, v15, m[s[6]&15], m[s[7]&15])
		v0, v5, v10, v15 = blake2bMix(v0, v5, v10, v15, m[s[8]&15], m[s[9]&15])
		v1, v6, v11, v12 = blake2bMix(v1, v6, v11, v12, m[s[10]&15], m[s[11]&15])
		v2, v7, v8, v13 = blake2bMix(v2, v7, v8, v13, m[s[12]&15], m[s[13]&15])
		v3, v4, v9, v14 = blake2bMix(v3, v4, v9, v14, m[s[14]&15], m[s[15]&15])
	}
	h[0] ^= v0 ^ v8
	h[1] ^= v1 ^ v9
	h[2] ^= v2 ^ v10
	h[3] ^= v3 ^ v11
	h[4] ^= v4 ^ v12
	h[5] ^= v5 ^ v13
	h[6] ^= v6 ^ v14
	h[7] ^= v7 ^ v15
}

// blake2bMix is the function G of RFC 7693 section 3.1.
func blake2bMix(a, b, c, d, x, y uint64) (uint64, uint64, uint64, uint64) {
	a += b + x
	d = bits.RotateLeft64(d^a, -32)
	c += d
	b = bits.RotateLeft64(b^c, -24)
	a += b + y
	d = bits.RotateLeft64(d^a, -16)
	c += d
	b = bits.RotateLeft64(b^c, -63)
	return a, b, c, d
}

// blake2bSigma is the message schedule of RFC 7693 section 2.7.
func blake2bSigma() [10][16]uint8 {
	return [10][16]uint8{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
		{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
		{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
		{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
		{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
		{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
		{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
		{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
		{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	}
}
