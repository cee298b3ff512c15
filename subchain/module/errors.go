package module

import (
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/rootstem/rootstem/internal/abi"
)

// ErrCall reports a call of Do or Read that ended without an error of the module's
// own: out of gas, too deep, or a panic.
var ErrCall = errors.New("module: call failed")

// ErrReentered reports a call into a module that is still running further up.
var ErrReentered = errors.New("module: the module is running and refuses to be entered again")

// maxReason bounds revert data: it is consensus and nobody pays for it.
const maxReason = 1024

// RevertError is the failure of an external call with the data that it reverted
// with. A method that returns it as it is reverts with the same data.
type RevertError struct{ Data []byte }

// Error gives the reason if the data is Error(string) or Panic(uint256).
func (e *RevertError) Error() string {
	if text, ok := abi.Reason(e.Data); ok {
		return "call reverted: " + clip(text)
	}
	return "call reverted"
}

// clip cuts text to valid UTF-8 of at most maxReason bytes.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= maxReason {
		return text
	}
	n := maxReason
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// customError is a struct of Errors().
type customError struct {
	name     string
	selector [4]byte
	codec    *codec // nil without fields
}

// revertData encodes err: revert data of a call that failed, a custom error listed
// by any module of the registry, or Error(string).
func (r *Registry) revertData(err error) []byte {
	if e, ok := err.(*RevertError); ok && e != nil && len(e.Data) <= maxReason {
		return e.Data
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		v := reflect.ValueOf(e)
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		ce := r.errors[v.Type()]
		if ce == nil {
			continue
		}
		data := ce.selector[:]
		if ce.codec != nil {
			data = abi.AppendTuple(append([]byte{}, data...), ce.codec.typ.Fields, func(i int, dst []byte) []byte {
				return ce.codec.fields[i].encode(dst, addressable(v).Field(i))
			})
		}
		if len(data) <= maxReason {
			return data
		}
	}
	return abi.RevertError(clip(err.Error()))
}
