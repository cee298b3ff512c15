package rpc

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// The types below give values the text form of Ethereum's JSON-RPC: a quantity is
// 0x and digits without leading zeros, data is 0x and two digits for each byte.
type (
	quantity uint64
	amount   uint256.Int
	data     []byte
	address  ledger.Address // lower case, as Ethereum clients write it
)

func (q quantity) MarshalText() ([]byte, error) {
	return strconv.AppendUint([]byte("0x"), uint64(q), 16), nil
}

func (a amount) MarshalText() ([]byte, error) { return []byte((*uint256.Int)(&a).Hex()), nil }

func (d data) MarshalText() ([]byte, error) {
	return hex.AppendEncode([]byte("0x"), d), nil
}

func (a address) MarshalText() ([]byte, error) { return data(a[:]).MarshalText() }

func optionalAddress(a *ledger.Address) *address { return (*address)(a) }

// Errors of text in a request. The caller adds which parameter it was.
var (
	errHexPrefix  = errors.New("hex string without 0x prefix")
	errHexOdd     = errors.New("hex string of odd length")
	errHexDigit   = errors.New("invalid hex string")
	errHexEmpty   = errors.New("hex number without digits")
	errHexLeading = errors.New("hex number with leading zero digits")
	errHexRange   = errors.New("hex number out of range")
	errHexLength  = errors.New("hex string of the wrong length")
)

func hexDigits(s string) (string, error) {
	if !strings.HasPrefix(s, "0x") && !strings.HasPrefix(s, "0X") {
		return "", errHexPrefix
	}
	return s[2:], nil
}

// parseAmount reads a quantity of at most 256 bits.
func parseAmount(s string) (w uint256.Int, err error) {
	digits, err := hexDigits(s)
	switch {
	case err != nil:
		return w, err
	case digits == "":
		return w, errHexEmpty
	case len(digits) > 1 && digits[0] == '0':
		return w, errHexLeading
	case len(digits) > 64:
		return w, errHexRange
	}
	if err := w.SetFromHex("0x" + digits); err != nil {
		return uint256.Int{}, errHexDigit
	}
	return w, nil
}

// parseQuantity reads a quantity of at most 64 bits.
func parseQuantity(s string) (uint64, error) {
	w, err := parseAmount(s)
	if err != nil {
		return 0, err
	}
	if !w.IsUint64() {
		return 0, errHexRange
	}
	return w.Uint64(), nil
}

func parseData(s string) ([]byte, error) {
	digits, err := hexDigits(s)
	if err != nil {
		return nil, err
	}
	if len(digits)%2 != 0 {
		return nil, errHexOdd
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, errHexDigit
	}
	return b, nil
}

func parseFixed(s string, dst []byte) error {
	digits, err := hexDigits(s)
	if err != nil {
		return err
	}
	if len(digits) != 2*len(dst) {
		return errHexLength
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return errHexDigit
	}
	copy(dst, b)
	return nil
}

// parseSlot reads a storage slot: 32 bytes of data, or a quantity with or without
// leading zeros, both of which wallets send.
func parseSlot(s string) (h ledger.Hash, err error) {
	digits, err := hexDigits(s)
	switch {
	case err != nil:
		return h, err
	case len(digits) == 0:
		return h, errHexEmpty
	case len(digits) > 64:
		return h, errHexRange
	}
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return h, errHexDigit
	}
	copy(h[len(h)-len(b):], b)
	return h, nil
}
