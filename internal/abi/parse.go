package abi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSyntax reports a signature that cannot be read.
var ErrSyntax = errors.New("abi: malformed signature")

// maxDepth bounds the nesting of types.
const maxDepth = 16

// Signature is a function as text: name, parameters and results.
type Signature struct {
	Name    string
	Inputs  []Field
	Outputs []Field
}

// ParseSignature reads name(type name, …) returns (type name, …); the names of
// parameters and the results may be left out, and tuples are written
// (type name, …). There are no modifiers.
func ParseSignature(text string) (*Signature, error) {
	p := &parser{rest: text}
	s := &Signature{Name: p.word()}
	s.Inputs = p.fields(0)
	if p.space(); p.rest != "" {
		if w := p.word(); w != "returns" {
			p.fail("%q where returns or the end is expected", w)
		}
		s.Outputs = p.fields(0)
	}
	if p.space(); p.rest != "" {
		p.fail("%q after the end", p.rest)
	}
	if p.err == nil && !Identifier(s.Name) {
		p.fail("name %q", s.Name)
	}
	if p.err != nil {
		return nil, fmt.Errorf("%w %q: %v", ErrSyntax, text, p.err)
	}
	return s, nil
}

type parser struct {
	rest string
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.rest = ""
}

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n") }

func (p *parser) word() string {
	p.space()
	n := 0
	for n < len(p.rest) && Identifier("a"+p.rest[n:n+1]) {
		n++
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return w
}

func (p *parser) accept(c byte) bool {
	if p.space(); p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) fields(depth int) (out []Field) {
	if depth > maxDepth {
		p.fail("nested too deeply")
	}
	if !p.accept('(') {
		p.fail("no opening parenthesis")
		return nil
	}
	if p.accept(')') {
		return nil
	}
	for {
		t := p.typ(depth)
		out = append(out, Field{Name: p.word(), Type: t})
		if p.accept(')') || p.err != nil {
			return out
		}
		if !p.accept(',') {
			p.fail("%q where a comma or parenthesis is expected", p.rest)
			return nil
		}
	}
}

func (p *parser) typ(depth int) *Type {
	p.space()
	var t *Type
	if strings.HasPrefix(p.rest, "(") {
		t = &Type{Kind: Tuple, Fields: p.fields(depth + 1)}
		if len(t.Fields) == 0 {
			p.fail("empty tuple")
		}
	} else {
		t = p.elementary(p.word())
	}
	for n := 0; p.accept('['); n++ {
		if n > maxDepth {
			p.fail("nested too deeply")
		}
		size := p.word()
		if !p.accept(']') {
			p.fail("no closing bracket")
			return t
		}
		if size == "" {
			t = &Type{Kind: Slice, Elem: t}
			continue
		}
		k, err := strconv.Atoi(size)
		if err != nil || k < 1 || k > 1<<16 || size[0] == '0' {
			p.fail("array of %q elements", size)
		}
		t = &Type{Kind: Array, Size: k, Elem: t}
	}
	return t
}

// sized yields the types whose name ends with a number.
func sized(yield func(prefix string, kind Kind) bool) {
	_ = yield("uint", Uint) && yield("int", Int) && yield("bytes", FixedBytes)
}

func (p *parser) elementary(w string) *Type {
	switch w {
	case "bool":
		return &Type{Kind: Bool}
	case "address":
		return &Type{Kind: Address}
	case "bytes":
		return &Type{Kind: Bytes}
	case "string":
		return &Type{Kind: String}
	case "uint", "int":
		w += "256"
	}
	for prefix, kind := range sized {
		n, ok := strings.CutPrefix(w, prefix)
		if size, err := strconv.Atoi(n); ok && err == nil && Reserved(w) {
			return &Type{Kind: kind, Size: size}
		}
	}
	p.fail("type %q", w)
	return &Type{Kind: Bool}
}
