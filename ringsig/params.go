package ringsig

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/internal/curve"
)

// domain begins every domain separation tag; the version in it changes with any
// change of format.
const domain = "rootstem-ringsig-v1/"

// Widths of the windows of precomputed bases.
const (
	baseWindow  = 9 // of G and H: 32 KiB each
	tableWindow = 5 // of the many generators
	ringWindow  = 6 // of bases that one verification uses n times
)

// Params holds the generators. It is immutable, safe for concurrent use, and costs
// a few milliseconds: make one and keep it.
type Params struct {
	arith *curve.Arithmetic
	h     curve.Point    // H, the base of amounts
	gT    *curve.Table   // of G, the base of keys and blindings
	hT    *curve.Table   // of H
	bits  []curve.Point  // Triptych's commitment bases, digit by digit
	bitsT []*curve.Table // of those
}

// NewParams derives the generators: H and Triptych's bases by RFC 9380 from tags
// that name them, so nobody knows a relation between any two.
func NewParams() *Params {
	a := curve.NewArithmetic()
	g := curve.Generator()
	h := curve.Hash(domain+"amount", nil)
	bases := a.Tables([]curve.Point{g, h}, baseWindow)
	p := &Params{arith: a, h: h, gT: bases[0], hT: bases[1]}
	for i := range maxDigits * radix {
		p.bits = append(p.bits, indexed("triptych", i))
	}
	p.bitsT = a.Tables(p.bits, tableWindow)
	return p
}

// indexed returns the i-th generator of a family.
func indexed(family string, i int) curve.Point {
	return curve.Hash(domain+family, binary.BigEndian.AppendUint32(nil, uint32(i)))
}

// Scope separates applications: tags of one key under two scopes do not link.
// It is immutable.
type Scope struct {
	params *Params
	name   string
	chain  uint64
	u      curve.Point // U, the base of tags
	uT     *curve.Table
}

// MaxScopeName is the longest name of a scope in bytes.
const MaxScopeName = 255

// NewScope returns the scope of an application (1 to MaxScopeName bytes, by
// convention a path such as "example.org/pool/3") on one chain.
func (p *Params) NewScope(name string, chain uint64) (*Scope, error) {
	if len(name) == 0 || len(name) > MaxScopeName {
		return nil, fmt.Errorf("%w: a scope's name has 1 to %d bytes", ErrStatement, MaxScopeName)
	}
	msg := append([]byte{byte(len(name))}, name...)
	u := curve.Hash(domain+"tag", append(msg, be64(chain)...))
	return &Scope{params: p, name: name, chain: chain, u: u, uT: p.arith.Table(&u, ringWindow)}, nil
}

func (s *Scope) absorb(t *transcript) {
	t.append("scope", []byte(s.name))
	t.appendUint("chain", s.chain)
}
