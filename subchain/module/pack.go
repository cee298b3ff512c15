package module

import (
	"fmt"
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
)

// Pack returns the call data of a method: the selector and the arguments. signature
// is name(type,…), with the types that the arguments have.
func Pack(signature string, args ...any) ([]byte, error) {
	sig, err := abi.ParseSignature(signature)
	if err != nil {
		return nil, err
	}
	t, values, err := describe(args)
	if err != nil {
		return nil, err
	}
	if err := sameTypes("parameters", sig.Inputs, t.fields); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrType, signature, err)
	}
	s := abi.Selector(sig.Name + abi.Names(sig.Inputs))
	return t.encode(s[:], values), nil
}

// Encode returns abi.encode of the values.
func Encode(values ...any) ([]byte, error) {
	t, in, err := describe(values)
	if err != nil {
		return nil, err
	}
	return t.encode(nil, in), nil
}

// Unpack reads return data, or the arguments after a selector, into what the pointers
// point to. On an error they keep their values.
func Unpack(data []byte, into ...any) error {
	var t tuple
	for _, p := range into {
		v := reflect.ValueOf(p)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return fmt.Errorf("%w: %T is not a pointer to a value", ErrType, p)
		}
		c, err := codecFor(v.Type().Elem())
		if err != nil {
			return err
		}
		t.add("", c)
	}
	values, err := t.decode(data)
	if err != nil {
		return err
	}
	for i, p := range into {
		reflect.ValueOf(p).Elem().Set(values[i])
	}
	return nil
}

func describe(args []any) (t tuple, values []reflect.Value, err error) {
	for i, a := range args {
		if a == nil {
			return t, nil, fmt.Errorf("%w: argument %d is nil", ErrType, i)
		}
		c, err := codecFor(reflect.TypeOf(a))
		if err != nil {
			return t, nil, fmt.Errorf("argument %d: %w", i, err)
		}
		t.add("", c)
		values = append(values, addressable(reflect.ValueOf(a)))
	}
	return t, values, nil
}
