package paymentcode

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/paymentcode/internal/bech32m"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// Version is the version of codes, notifications and exported view keys.
const Version = 1

const (
	codeSize      = 2 + 33 + 33
	prefix        = "rspay"
	maxBucketBits = 12
)

// Errors of this package. What arrives from others fails with one of these; nothing
// panics.
var (
	ErrCode         = errors.New("paymentcode: malformed code")
	ErrVersion      = errors.New("paymentcode: unknown version")
	ErrSameKey      = errors.New("paymentcode: the view key would spend: it must differ from the spend key")
	ErrOptions      = errors.New("paymentcode: options out of range")
	ErrViewKey      = errors.New("paymentcode: malformed view key")
	ErrNotDelegated = errors.New("paymentcode: the view key of this code stays on the device; derive a delegated one")
	ErrNotification = errors.New("paymentcode: malformed notification")
	ErrNotOurs      = errors.New("paymentcode: not for this code")
	ErrForged       = errors.New("paymentcode: the notification was altered or forged")
	ErrAddress      = errors.New("paymentcode: the payment's address does not belong to its tag")
	ErrExhausted    = errors.New("paymentcode: no index is left in this epoch")
	ErrIndex        = errors.New("paymentcode: no key at this index")
	ErrFull         = errors.New("paymentcode: the inbox holds as many channels as it may")
	ErrTopic        = errors.New("paymentcode: the topic is not a tag")
	ErrUnknown      = errors.New("paymentcode: the inbox does not hold this channel or index")
)

// Code is a reusable payment code: what a payee publishes once. It is comparable; its
// zero value is not a code.
type Code struct {
	flags       byte // the number of bucket bits
	spend, view [33]byte
}

func newCode(flags byte, spend, view [33]byte) (Code, error) {
	c := Code{flags: flags, spend: spend, view: view}
	_, _, err := c.points()
	return c, err
}

func (c Code) points() (spend, view *ec.Point, err error) {
	if c.flags > maxBucketBits {
		return nil, nil, ErrCode
	}
	if spend, err = ec.ParsePoint(c.spend[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	if view, err = ec.ParsePoint(c.view[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	if [32]byte(c.spend[1:]) == [32]byte(c.view[1:]) {
		return nil, nil, ErrSameKey
	}
	return spend, view, nil
}

// Parse reads the text of a code (bech32m; lower case, or upper case as a whole).
func Parse(text string) (Code, error) {
	hrp, version, data, err := bech32m.Decode(text)
	if err != nil || hrp != prefix {
		return Code{}, ErrCode
	}
	return decodeCode(version, data)
}

// DecodeCode reads the 68 bytes that AppendBinary writes.
func DecodeCode(b []byte) (Code, error) {
	if len(b) != codeSize {
		return Code{}, ErrCode
	}
	return decodeCode(b[0], b[1:])
}

func decodeCode(version byte, b []byte) (Code, error) {
	if version != Version {
		return Code{}, ErrVersion
	}
	if len(b) != codeSize-1 {
		return Code{}, ErrCode
	}
	c, err := newCode(b[0], [33]byte(b[1:]), [33]byte(b[34:]))
	if err != nil {
		return Code{}, err
	}
	return c, nil
}

// String returns the text of the code: 121 characters that begin with rspay1p.
func (c Code) String() string {
	return bech32m.Encode(prefix, Version, c.AppendBinary(nil)[1:])
}

// AppendBinary appends version ‖ flags ‖ P_spend ‖ P_view, 68 bytes.
func (c Code) AppendBinary(b []byte) []byte {
	return append(append(append(b, Version, c.flags), c.spend[:]...), c.view[:]...)
}

// Spend returns the compressed public spend key.
func (c Code) Spend() [33]byte { return c.spend }

// View returns the compressed public view key.
func (c Code) View() [33]byte { return c.view }
