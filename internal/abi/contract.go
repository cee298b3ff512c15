package abi

import (
	"encoding/json"
	"fmt"
)

// Mutability is what a function may do.
type Mutability uint8

// The mutabilities; there are no pure functions.
const (
	View Mutability = iota
	Nonpayable
	Payable
)

// String returns Solidity's word.
func (m Mutability) String() string {
	return [...]string{"view", "nonpayable", "payable"}[m]
}

// Function is an entry point.
type Function struct {
	Name       string
	Inputs     []Field
	Outputs    []Field
	Mutability Mutability
}

// Signature is the canonical form that the selector is made of.
func (f *Function) Signature() string { return f.Name + Names(f.Inputs) }

// Item is an event or an error.
type Item struct {
	Name   string
	Fields []Field
}

// Signature is the canonical form that a topic or a selector is made of.
func (i *Item) Signature() string { return i.Name + Names(i.Fields) }

// Contract is all that a caller needs to know.
type Contract struct {
	Functions []Function
	Events    []Item
	Errors    []Item
	Receive   bool // accepts a plain transfer
}

// Check refuses what Solidity cannot say: reserved or doubled names, doubled
// selectors or topics, errors named like the built-in ones.
func (c *Contract) Check() error {
	names, selectors, errs := map[string]bool{}, map[[4]byte]string{}, map[[4]byte]string{}
	for i := range c.Functions {
		f := &c.Functions[i]
		if err := checkNames("function", f.Name, f.Inputs, f.Outputs); err != nil {
			return err
		}
		if names[f.Name] {
			return fmt.Errorf("abi: two functions named %s", f.Name)
		}
		names[f.Name] = true
		s := Selector(f.Signature())
		if selectors[s] != "" {
			return fmt.Errorf("abi: %s and %s have one selector", selectors[s], f.Signature())
		}
		selectors[s] = f.Signature()
	}
	for _, group := range []struct {
		kind  string
		items []Item
	}{{"event", c.Events}, {"error", c.Errors}} {
		for i := range group.items {
			it := &group.items[i]
			if err := checkNames(group.kind, it.Name, it.Fields, nil); err != nil {
				return err
			}
			if names[it.Name] {
				return fmt.Errorf("abi: %s %s has the name of another function, event or error", group.kind, it.Name)
			}
			names[it.Name] = true
			if group.kind == "event" {
				continue
			}
			s := Selector(it.Signature())
			if it.Name == "Error" || it.Name == "Panic" || s == [4]byte{} || s == [4]byte{0xff, 0xff, 0xff, 0xff} || errs[s] != "" {
				return fmt.Errorf("abi: error %s takes a name or selector that is in use", it.Name)
			}
			errs[s] = it.Name
		}
	}
	return nil
}

func checkNames(kind, name string, lists ...[]Field) error {
	if !Identifier(name) || Reserved(name) {
		return fmt.Errorf("abi: %s %q: the name is reserved in Solidity or no identifier", kind, name)
	}
	for _, fields := range lists {
		seen := map[string]bool{}
		for _, f := range fields {
			if f.Name == "" {
				continue
			}
			if !Identifier(f.Name) || Reserved(f.Name) {
				return fmt.Errorf("abi: %s %s: the field or parameter name %q is reserved in Solidity or no identifier", kind, name, f.Name)
			}
			if seen[f.Name] {
				return fmt.Errorf("abi: %s %s: two fields or parameters named %s", kind, name, f.Name)
			}
			seen[f.Name] = true
		}
		for _, f := range fields {
			for t := f.Type; t != nil; t = t.Elem {
				if t.Kind == Tuple {
					if err := checkNames(kind, name, t.Fields); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

type jsonParam struct {
	Name       string      `json:"name"`
	Type       string      `json:"type"`
	Components []jsonParam `json:"components,omitempty"`
	Indexed    *bool       `json:"indexed,omitempty"`
}

type jsonItem struct {
	Type            string       `json:"type"`
	Name            string       `json:"name,omitempty"`
	Inputs          *[]jsonParam `json:"inputs,omitempty"`
	Outputs         *[]jsonParam `json:"outputs,omitempty"`
	StateMutability string       `json:"stateMutability,omitempty"`
	Anonymous       *bool        `json:"anonymous,omitempty"`
}

// JSON returns the contract's description in the JSON format of the ABI
// specification, indented: functions, receive, events, errors.
func (c *Contract) JSON() ([]byte, error) {
	items := []jsonItem{}
	for _, f := range c.Functions {
		items = append(items, jsonItem{
			Type: "function", Name: f.Name, Inputs: params(f.Inputs, false), Outputs: params(f.Outputs, false),
			StateMutability: f.Mutability.String(),
		})
	}
	if c.Receive {
		items = append(items, jsonItem{Type: "receive", StateMutability: Payable.String()})
	}
	for _, e := range c.Events {
		items = append(items, jsonItem{Type: "event", Name: e.Name, Inputs: params(e.Fields, true), Anonymous: new(bool)})
	}
	for _, e := range c.Errors {
		items = append(items, jsonItem{Type: "error", Name: e.Name, Inputs: params(e.Fields, false)})
	}
	return json.MarshalIndent(items, "", "  ")
}

func params(fields []Field, event bool) *[]jsonParam {
	out := []jsonParam{}
	for _, f := range fields {
		p := jsonParam{Name: f.Name}
		base, suffix := f.Type, ""
		for base.Elem != nil {
			if base.Kind == Slice {
				suffix = "[]" + suffix
			} else {
				suffix = fmt.Sprintf("[%d]", base.Size) + suffix
			}
			base = base.Elem
		}
		p.Type = base.String() + suffix
		if base.Kind == Tuple {
			p.Type = "tuple" + suffix
			p.Components = *params(base.Fields, false)
		}
		if event {
			indexed := f.Indexed
			p.Indexed = &indexed
		}
		out = append(out, p)
	}
	return &out
}
