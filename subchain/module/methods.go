package module

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/rootstem/rootstem/internal/abi"
)

// DefaultGas is the base price of a method that Gas() does not name.
const DefaultGas = 2000

var (
	errorType = reflect.TypeFor[error]()
)

// mutability tells an entry point by its first parameter.
func mutability(rt reflect.Type) (abi.Mutability, bool) {
	switch rt {
	case reflect.TypeFor[*View]():
		return abi.View, true
	case reflect.TypeFor[*Context]():
		return abi.Nonpayable, true
	case reflect.TypeFor[*Payable]():
		return abi.Payable, true
	}
	return 0, false
}

// authored is what a module says about its methods, by their Go names.
type authored struct {
	signatures map[string]string
	gas        map[string]uint64
	used       map[string]bool
}

func (s *spec) readMethods(m any, rt reflect.Type) error {
	a := authored{used: map[string]bool{}}
	if x, ok := m.(interface{ Signatures() map[string]string }); ok {
		a.signatures = x.Signatures()
	} else if _, exists := rt.MethodByName("Signatures"); exists {
		return fmt.Errorf("method Signatures must be Signatures() map[string]string")
	}
	if x, ok := m.(interface{ Gas() map[string]uint64 }); ok {
		a.gas = x.Gas()
	} else if _, exists := rt.MethodByName("Gas"); exists {
		return fmt.Errorf("method Gas must be Gas() map[string]uint64")
	}
	for i := range rt.NumMethod() {
		if err := s.readMethod(rt.Method(i), &a); err != nil {
			return fmt.Errorf("method %s: %w", rt.Method(i).Name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.signatures)) {
		if !a.used[name] {
			return fmt.Errorf("method Signatures names %s, which is no entry point", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.gas)) {
		if !a.used[name] {
			return fmt.Errorf("Gas names %s, which is no entry point", name)
		}
	}
	return nil
}

func (s *spec) readMethod(rm reflect.Method, a *authored) error {
	if hook, ok := s.hook(rm); ok {
		return s.readHook(rm, hook)
	}
	if rm.Type.NumIn() < 2 {
		return nil
	}
	first := rm.Type.In(1)
	mut, ok := mutability(first)
	if !ok {
		if _, byValue := mutability(reflect.PointerTo(first)); byValue {
			return fmt.Errorf("takes a %s by value: use a pointer", first)
		}
		return nil
	}
	if rm.Name == "Migrate" {
		return fmt.Errorf("the entries of a name keep one layout, so there is nothing to migrate")
	}
	me := &method{goName: rm.Name, index: rm.Index, context: first, gas: DefaultGas}
	me.Mutability = mut
	me.Name = abi.Lower(rm.Name)
	if err := me.readTypes(rm.Type); err != nil {
		return err
	}
	a.used[rm.Name] = true
	if gas, ok := a.gas[rm.Name]; ok {
		me.gas = gas
	}
	if err := me.readRelayed(); err != nil {
		return err
	}
	if text, ok := a.signatures[rm.Name]; ok {
		if err := me.sign(text); err != nil {
			return err
		}
	}
	me.Inputs, me.Outputs = me.args.fields, me.results.fields
	me.selector = abi.Selector(me.Signature())
	if me.selector == beginSelector() || me.selector == endSelector() {
		return fmt.Errorf("the name %s is the chain's", me.Name)
	}
	s.methods = append(s.methods, me)
	s.contract.Functions = append(s.contract.Functions, me.Function)
	return nil
}

// hook returns where the index of a method that the chain itself calls belongs.
func (s *spec) hook(rm reflect.Method) (*int, bool) {
	switch rm.Name {
	case "BeginBlock":
		return &s.begin, true
	case "EndBlock":
		return &s.end, true
	case "Receive":
		return &s.receive, true
	}
	return nil, false
}

func (s *spec) readHook(rm reflect.Method, hook *int) error {
	want := reflect.TypeFor[func(*Context) error]()
	if rm.Name == "Receive" {
		want = reflect.TypeFor[func(*Payable) error]()
		s.contract.Receive = true
	}
	t := rm.Type
	if t.NumIn() != 2 || t.In(1) != want.In(0) || t.NumOut() != 1 || t.Out(0) != errorType {
		return fmt.Errorf("must be a %s", want)
	}
	*hook = rm.Index
	return nil
}

// readTypes reads parameters after the context and results before the error.
func (me *method) readTypes(t reflect.Type) error {
	if t.IsVariadic() {
		return fmt.Errorf("is variadic: use a slice")
	}
	for i := 2; i < t.NumIn(); i++ {
		c, err := codecFor(t.In(i))
		if err != nil {
			return fmt.Errorf("parameter %d: %w", i-1, err)
		}
		me.args.add(fmt.Sprintf("arg%d", i-2), c)
	}
	n := t.NumOut()
	if n == 0 || t.Out(n-1) != errorType {
		return fmt.Errorf("must return an error, after its results if any")
	}
	for i := range n - 1 {
		c, err := codecFor(t.Out(i))
		if err != nil {
			return fmt.Errorf("result %d: %w", i+1, err)
		}
		me.results.add("", c)
	}
	return nil
}

// readRelayed recognises the entry points of messages.
func (me *method) readRelayed() error {
	var want reflect.Type
	switch me.goName {
	case "OnReceive":
		want = reflect.TypeFor[func(*Context, Message) ([]byte, error)]()
	case "OnAck":
		want = reflect.TypeFor[func(*Context, Message, []byte, bool) error]()
	default:
		return nil
	}
	args := []reflect.Type{me.context}
	for _, c := range me.args.codecs {
		args = append(args, c.rt)
	}
	var results []reflect.Type
	for _, c := range me.results.codecs {
		results = append(results, c.rt)
	}
	if reflect.FuncOf(args, append(results, errorType), false) != want {
		return fmt.Errorf("must be a %s", want)
	}
	me.relayed = true
	for i, name := range []string{"message", "result", "ok"}[:len(me.args.fields)] {
		me.args.fields[i].Name = name
	}
	return nil
}

// sign takes the names of Signatures(), whose types must be those of the method.
func (me *method) sign(text string) error {
	if me.relayed {
		return fmt.Errorf("its signature is fixed")
	}
	sig, err := abi.ParseSignature(text)
	if err != nil {
		return err
	}
	me.Name = sig.Name
	if err := sameTypes("parameters", sig.Inputs, me.args.fields); err != nil {
		return err
	}
	if len(sig.Outputs) == 0 && !strings.Contains(text, "returns") {
		sig.Outputs = me.results.fields
	}
	if err := sameTypes("results", sig.Outputs, me.results.fields); err != nil {
		return err
	}
	for i, f := range sig.Inputs {
		if f.Name != "" {
			me.args.fields[i].Name = f.Name
		}
	}
	for i, f := range sig.Outputs {
		me.results.fields[i].Name = f.Name
	}
	return nil
}

// sameTypes compares what a signature says with what Go says, names of components
// included where the signature gives them.
func sameTypes(what string, said, is []abi.Field) error {
	if abi.Names(said) != abi.Names(is) {
		return fmt.Errorf("its signature's %s are %s, its types say %s", what, abi.Names(said), abi.Names(is))
	}
	for i := range said {
		s, t := said[i].Type, is[i].Type
		for s.Elem != nil {
			s, t = s.Elem, t.Elem
		}
		for j := range s.Fields {
			if name := s.Fields[j].Name; name != "" && name != t.Fields[j].Name {
				return fmt.Errorf("its signature names a component %s, the struct %s: use the tag abi:%q", name, t.Fields[j].Name, name)
			}
		}
		if err := sameTypes(what, s.Fields, t.Fields); err != nil {
			return err
		}
	}
	return nil
}
