package module

import (
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Event is a log that a module emits, named like the struct T or like the field's
// abi tag. Fields of T with the tag abi:",indexed" are topics, at most three.
type Event[T any] struct{ binding }

func (*Event[T]) shape() (string, reflect.Type, reflect.Type) {
	return "event", nil, reflect.TypeFor[T]()
}

// Emit logs e. Indexed strings and bytes are logged as their Keccak.
func (ev *Event[T]) Emit(w Writer, e T) {
	c, p := ev.use(w)
	topics := []ledger.Hash{p.topic}
	var rest tuple
	var values []reflect.Value
	v := of(&e)
	if p.value != nil {
		for i, f := range p.value.typ.Fields {
			fc := p.value.fields[i]
			switch {
			case !f.Indexed:
				rest.add(f.Name, fc)
				values = append(values, v.Field(i))
			case fc.typ.Kind == abi.String:
				topics = append(topics, c.hash([]byte(v.Field(i).String())))
			case fc.typ.Kind == abi.Bytes:
				topics = append(topics, c.hash(v.Field(i).Bytes()))
			default:
				topics = append(topics, ledger.Hash(fc.encode(nil, v.Field(i))))
			}
		}
	}
	c.mutable().Log(topics, rest.encode(nil, values))
}
