// Package bech32m is the text encoding of BIP-350, with the longer texts of BIP-352:
// up to 1,023 characters instead of 90. The checksum finds every error of up to four
// characters only within 90 characters; beyond, it is a checksum of 30 bits.
package bech32m

import (
	"errors"
	"strings"
)

// Error of this package.
var ErrEncoding = errors.New("bech32m: malformed text or wrong checksum")

const (
	charset  = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	constant = 0x2bc830a3
	maxText  = 1023
)

func polymod(chk uint32, v byte) uint32 {
	top := chk >> 25
	chk = chk&0x1ffffff<<5 ^ uint32(v)
	for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			chk ^= g
		}
	}
	return chk
}

func expand(hrp string) uint32 {
	chk := uint32(1)
	for i := range len(hrp) {
		chk = polymod(chk, hrp[i]>>5)
	}
	chk = polymod(chk, 0)
	for i := range len(hrp) {
		chk = polymod(chk, hrp[i]&31)
	}
	return chk
}

// Encode writes hrp, the separator, one character for version (0 to 31), and data.
// hrp is lower-case ASCII.
func Encode(hrp string, version byte, data []byte) string {
	words := append([]byte{version & 31}, toWords(data)...)
	chk := expand(hrp)
	var b strings.Builder
	b.WriteString(hrp)
	b.WriteByte('1')
	for _, w := range words {
		chk = polymod(chk, w)
		b.WriteByte(charset[w])
	}
	for range 6 {
		chk = polymod(chk, 0)
	}
	chk ^= constant
	for i := range 6 {
		b.WriteByte(charset[chk>>(5*(5-i))&31])
	}
	return b.String()
}

// Decode reads what Encode wrote; upper case as a whole is admitted, mixed case and
// non-zero padding are not.
func Decode(text string) (hrp string, version byte, data []byte, err error) {
	if len(text) > maxText || strings.ToLower(text) != text && strings.ToUpper(text) != text {
		return "", 0, nil, ErrEncoding
	}
	text = strings.ToLower(text)
	at := strings.LastIndexByte(text, '1')
	if at < 1 || len(text)-at-1 < 7 {
		return "", 0, nil, ErrEncoding
	}
	hrp = text[:at]
	for i := range len(hrp) {
		if hrp[i] < 33 || hrp[i] > 126 {
			return "", 0, nil, ErrEncoding
		}
	}
	words := make([]byte, 0, len(text)-at-1)
	chk := expand(hrp)
	for i := at + 1; i < len(text); i++ {
		w := strings.IndexByte(charset, text[i])
		if w < 0 {
			return "", 0, nil, ErrEncoding
		}
		chk = polymod(chk, byte(w))
		words = append(words, byte(w))
	}
	if chk != constant {
		return "", 0, nil, ErrEncoding
	}
	data, ok := fromWords(words[1 : len(words)-6])
	if !ok {
		return "", 0, nil, ErrEncoding
	}
	return hrp, words[0], data, nil
}

func toWords(data []byte) (words []byte) {
	acc, bits := uint32(0), 0
	for _, b := range data {
		acc, bits = acc<<8|uint32(b), bits+8
		for bits >= 5 {
			bits -= 5
			words = append(words, byte(acc>>bits&31))
		}
	}
	if bits > 0 {
		words = append(words, byte(acc<<(5-bits)&31))
	}
	return words
}

func fromWords(words []byte) (data []byte, ok bool) {
	acc, bits := uint32(0), 0
	for _, w := range words {
		acc, bits = acc<<5|uint32(w), bits+5
		if bits >= 8 {
			bits -= 8
			data = append(data, byte(acc>>bits))
		}
	}
	return data, bits < 5 && acc&(1<<bits-1) == 0
}
