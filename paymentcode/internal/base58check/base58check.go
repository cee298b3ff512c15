// Package base58check is Bitcoin's Base58 with a checksum of four bytes of double
// SHA-256. It is quadratic in the length, which it bounds, and its time depends on
// the data.
package base58check

import (
	"crypto/sha256"
	"errors"
)

// Error of this package.
var ErrEncoding = errors.New("base58check: malformed text or wrong checksum")

const (
	alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxText  = 200
)

func checksum(b []byte) []byte {
	h := sha256.Sum256(b)
	h = sha256.Sum256(h[:])
	return h[:4]
}

// Encode returns the text of payload and its checksum.
func Encode(payload []byte) string {
	data := append(append([]byte{}, payload...), checksum(payload)...)
	var digits []byte // base 58, least significant first
	zeros := 0
	for zeros < len(data) && data[zeros] == 0 {
		zeros++
	}
	for _, b := range data[zeros:] {
		carry := int(b)
		for i := range digits {
			carry += int(digits[i]) << 8
			digits[i], carry = byte(carry%58), carry/58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	out := make([]byte, 0, zeros+len(digits))
	for range zeros {
		out = append(out, alphabet[0])
	}
	for i := len(digits) - 1; i >= 0; i-- {
		out = append(out, alphabet[digits[i]])
	}
	return string(out)
}

// Decode returns the payload of a text of at most 200 characters.
func Decode(text string) ([]byte, error) {
	if len(text) > maxText {
		return nil, ErrEncoding
	}
	zeros := 0
	for zeros < len(text) && text[zeros] == alphabet[0] {
		zeros++
	}
	var octets []byte // least significant first
	for i := zeros; i < len(text); i++ {
		carry := digit(text[i])
		if carry < 0 {
			return nil, ErrEncoding
		}
		for j := range octets {
			carry += int(octets[j]) * 58
			octets[j], carry = byte(carry), carry>>8
		}
		for ; carry > 0; carry >>= 8 {
			octets = append(octets, byte(carry))
		}
	}
	data := make([]byte, zeros, zeros+len(octets))
	for i := len(octets) - 1; i >= 0; i-- {
		data = append(data, octets[i])
	}
	if len(data) < 4 {
		return nil, ErrEncoding
	}
	payload, sum := data[:len(data)-4], data[len(data)-4:]
	if string(checksum(payload)) != string(sum) {
		return nil, ErrEncoding
	}
	return payload, nil
}

func digit(c byte) int {
	for i := range len(alphabet) {
		if alphabet[i] == c {
			return i
		}
	}
	return -1
}
