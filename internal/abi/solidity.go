package abi

import (
	"fmt"
	"strconv"
	"strings"
)

// Solidity returns the source of an interface named name. Structs take the names
// of their types, with a number where a name is taken.
func (c *Contract) Solidity(name string) (string, error) {
	if !Identifier(name) || Reserved(name) {
		return "", fmt.Errorf("abi: %q cannot name an interface", name)
	}
	w := &writer{taken: map[string]bool{name: true}, named: map[string]string{}}
	for _, f := range c.Functions {
		w.taken[f.Name] = true
	}
	for _, list := range [][]Item{c.Events, c.Errors} {
		for _, i := range list {
			w.taken[i.Name] = true
		}
	}
	var body strings.Builder
	for _, e := range c.Errors {
		fmt.Fprintf(&body, "    error %s(%s);\n", e.Name, w.list(e.Fields, ""))
	}
	for _, e := range c.Events {
		fmt.Fprintf(&body, "    event %s(%s);\n", e.Name, w.list(e.Fields, ""))
	}
	for _, f := range c.Functions {
		fmt.Fprintf(&body, "    function %s(%s) external", f.Name, w.list(f.Inputs, "calldata"))
		if f.Mutability != Nonpayable {
			body.WriteString(" " + f.Mutability.String())
		}
		if len(f.Outputs) > 0 {
			fmt.Fprintf(&body, " returns (%s)", w.list(f.Outputs, "memory"))
		}
		body.WriteString(";\n")
	}
	if c.Receive {
		body.WriteString("    receive() external payable;\n")
	}
	return "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.20;\n\ninterface " + name + " {\n" +
		w.structs.String() + body.String() + "}\n", nil
}

type writer struct {
	taken   map[string]bool
	named   map[string]string // canonical type, field names and wish → name
	structs strings.Builder
}

func (w *writer) list(fields []Field, location string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		words := []string{w.typ(f.Type)}
		switch f.Type.Kind {
		case Bytes, String, Slice, Array, Tuple:
			if location != "" {
				words = append(words, location)
			}
		}
		if f.Indexed {
			words = append(words, "indexed")
		}
		if f.Name != "" {
			words = append(words, f.Name)
		}
		parts[i] = strings.Join(words, " ")
	}
	return strings.Join(parts, ", ")
}

func (w *writer) typ(t *Type) string {
	switch t.Kind {
	case Slice:
		return w.typ(t.Elem) + "[]"
	case Array:
		return w.typ(t.Elem) + "[" + strconv.Itoa(t.Size) + "]"
	case Tuple:
		return w.structOf(t)
	}
	return t.String()
}

func (w *writer) structOf(t *Type) string {
	var body strings.Builder
	for _, f := range t.Fields {
		fmt.Fprintf(&body, "        %s %s;\n", w.typ(f.Type), f.Name)
	}
	wish := t.Name
	if !Identifier(wish) || Reserved(wish) {
		wish = "Tuple"
	}
	key := wish + "\n" + body.String()
	if name := w.named[key]; name != "" {
		return name
	}
	name := wish
	for n := 2; w.taken[name]; n++ {
		name = wish + strconv.Itoa(n)
	}
	w.taken[name], w.named[key] = true, name
	fmt.Fprintf(&w.structs, "    struct %s {\n%s    }\n", name, body.String())
	return name
}
