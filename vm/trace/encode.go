package trace

import (
	"encoding/hex"
	"strings"

	"github.com/holiman/uint256"
)

// Bytes encodes as 0x and two digits for each byte.
type Bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b Bytes) MarshalText() ([]byte, error) {
	return hex.AppendEncode([]byte("0x"), b), nil
}

// Quantity encodes as 0x and the shortest hexadecimal number.
type Quantity uint256.Int

// MarshalText implements encoding.TextMarshaler.
func (q *Quantity) MarshalText() ([]byte, error) {
	return []byte((*uint256.Int)(q).Hex()), nil
}

func quantity(x uint64) *Quantity { return (*Quantity)(uint256.NewInt(x)) }

func quantityOf(w uint256.Int) *Quantity { return (*Quantity)(&w) }

// reason is an error of package vm in the words of the debug API.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "vm: ")
}
