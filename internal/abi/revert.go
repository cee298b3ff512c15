package abi

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Codes of Panic(uint256) as solc assigns them.
const (
	PanicAssert = 0x01
	PanicIndex  = 0x32
)

// Selector returns the first four bytes of the Keccak-256 of a canonical
// signature such as transfer(address,uint256).
func Selector(signature string) [4]byte {
	h := keccak.Sum256([]byte(signature))
	return [4]byte(h[:4])
}

// Topic returns the Keccak-256 of an event's canonical signature.
func Topic(signature string) [32]byte { return keccak.Sum256([]byte(signature)) }

// RevertError returns the revert data of Error(string).
func RevertError(text string) []byte {
	s := Selector("Error(string)")
	return AppendBytes(AppendUint(s[:], 32), []byte(text))
}

// RevertPanic returns the revert data of Panic(uint256).
func RevertPanic(code uint64) []byte {
	s := Selector("Panic(uint256)")
	return AppendUint(s[:], code)
}

// Reason reads what RevertError or RevertPanic, or solc's code, wrote. The text of
// a panic is its code in words. ok is false for anything else.
func Reason(data []byte) (text string, ok bool) {
	if len(data) < 4 {
		return "", false
	}
	d := NewDecoder(data[4:])
	switch [4]byte(data[:4]) {
	case Selector("Error(string)"):
		text = string(d.Tail().Bytes())
	case Selector("Panic(uint256)"):
		text = fmt.Sprintf("panic 0x%02x", d.Uint(64))
	default:
		return "", false
	}
	if d.Err() != nil {
		return "", false
	}
	return text, true
}
