package ringsig

import (
	"encoding/binary"
	"math/big"

	"golang.org/x/crypto/sha3"

	"github.com/rootstem/rootstem/internal/curve"
)

// A second implementation, from the papers' formulas and the package's doc: affine
// points over math/big, no tables, no batches, no constant time. It shares with the
// package only the RFC 9380 map, which is held to that document's own vectors.

func bigHex(s string) *big.Int {
	v, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return v
}

type ref struct{ p, n *big.Int }

func newRef() ref {
	return ref{
		bigHex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		bigHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
	}
}

// rpoint is an affine point; nil coordinates are the identity.
type rpoint struct{ x, y *big.Int }

func (r ref) add(a, b rpoint) rpoint {
	if a.x == nil {
		return b
	}
	if b.x == nil {
		return a
	}
	num, den := new(big.Int), new(big.Int)
	if a.x.Cmp(b.x) == 0 {
		if a.y.Cmp(b.y) != 0 {
			return rpoint{}
		}
		num.Mul(a.x, a.x).Mul(num, big.NewInt(3))
		den.Lsh(a.y, 1)
	} else {
		num.Sub(b.y, a.y)
		den.Sub(b.x, a.x)
	}
	den.Mod(den, r.p).ModInverse(den, r.p)
	num.Mul(num, den).Mod(num, r.p)
	x := new(big.Int).Mul(num, num)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, r.p)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, num).Sub(y, a.y).Mod(y, r.p)
	return rpoint{x, y}
}

func (r ref) mul(k *big.Int, a rpoint) rpoint {
	k = new(big.Int).Mod(k, r.n)
	var out rpoint
	for i := k.BitLen() - 1; i >= 0; i-- {
		out = r.add(out, out)
		if k.Bit(i) == 1 {
			out = r.add(out, a)
		}
	}
	return out
}

func (r ref) neg(a rpoint) rpoint {
	if a.x == nil {
		return a
	}
	return rpoint{a.x, new(big.Int).Sub(r.p, a.y)}
}

func (r ref) sub(a, b rpoint) rpoint { return r.add(a, r.neg(b)) }

// lin returns Σ scalars[i]·points[i].
func (r ref) lin(scalars []*big.Int, points []rpoint) (out rpoint) {
	for i := range scalars {
		out = r.add(out, r.mul(scalars[i], points[i]))
	}
	return out
}

func (r ref) base() rpoint {
	return rpoint{
		bigHex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		bigHex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
	}
}

func (r ref) encode(a rpoint) []byte {
	return append([]byte{2 + byte(a.y.Bit(0))}, a.x.FillBytes(make([]byte, 32))...)
}

func (r ref) decode(b []byte) rpoint {
	x := new(big.Int).SetBytes(b[1:])
	y := new(big.Int).Exp(x, big.NewInt(3), r.p)
	y.Add(y, big.NewInt(7)).ModSqrt(y, r.p)
	if byte(y.Bit(0)) != b[0]&1 {
		y.Sub(r.p, y)
	}
	return rpoint{x, y}
}

func (r ref) hash(family string, message []byte) rpoint {
	p := curve.Hash("rootstem-ringsig-v1/"+family, message)
	e := curve.Encode(&p)
	return r.decode(e[:])
}

func (r ref) indexed(family string, i int) rpoint {
	return r.hash(family, binary.BigEndian.AppendUint32(nil, uint32(i)))
}

func (r ref) mod(v *big.Int) *big.Int { return new(big.Int).Mod(v, r.n) }

func (r ref) times(vs ...*big.Int) *big.Int {
	out := big.NewInt(1)
	for _, v := range vs {
		out.Mul(out, v).Mod(out, r.n)
	}
	return out
}

func (r ref) plus(vs ...*big.Int) *big.Int {
	out := new(big.Int)
	for _, v := range vs {
		out.Add(out, v)
	}
	return out.Mod(out, r.n)
}

func (r ref) minus(a, b *big.Int) *big.Int { return r.mod(new(big.Int).Sub(a, b)) }
func (r ref) inv(a *big.Int) *big.Int      { return new(big.Int).ModInverse(a, r.n) }

func (r ref) pow(a *big.Int, e int) *big.Int {
	return new(big.Int).Exp(a, big.NewInt(int64(e)), r.n)
}

func bytes32(v *big.Int) []byte { return v.FillBytes(make([]byte, 32)) }

func rkeccak(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// rscript is the transcript of the package's doc.
type rscript struct {
	r     ref
	state []byte
}

func (r ref) script(protocol string) *rscript {
	name := "rootstem-ringsig-v1/" + protocol
	return &rscript{r, rkeccak([]byte{0, byte(len(name))}, []byte(name))}
}

func (s *rscript) append(label string, data []byte) {
	length := binary.BigEndian.AppendUint64(nil, uint64(len(data)))
	s.state = rkeccak([]byte{1}, s.state, []byte{byte(len(label))}, []byte(label), length, data)
}

func (s *rscript) uint(label string, v int) {
	s.append(label, binary.BigEndian.AppendUint64(nil, uint64(v)))
}

func (s *rscript) point(label string, p rpoint)    { s.append(label, s.r.encode(p)) }
func (s *rscript) scalar(label string, v *big.Int) { s.append(label, bytes32(v)) }

func (s *rscript) challenge(label string) *big.Int {
	name := append([]byte{byte(len(label))}, label...)
	wide := append(rkeccak([]byte{2}, s.state, name), rkeccak([]byte{3}, s.state, name)...)
	s.state = rkeccak([]byte{4}, s.state, name)
	return s.r.mod(new(big.Int).SetBytes(wide))
}

func (s *rscript) fork() *rscript { return &rscript{s.r, s.state} }

// nonces returns the generator of the doc's section "Nonces", with no entropy.
func (s *rscript) nonces(secrets ...*big.Int) func() *big.Int {
	in := append([]byte{5}, s.state...)
	in = binary.BigEndian.AppendUint64(in, uint64(len(secrets)))
	for _, v := range secrets {
		in = append(in, bytes32(v)...)
	}
	key := rkeccak(in, make([]byte, 32))
	count := uint32(0)
	return func() *big.Int {
		i := binary.BigEndian.AppendUint32(nil, count)
		count++
		return s.r.mod(new(big.Int).SetBytes(append(rkeccak([]byte{6}, key, i), rkeccak([]byte{7}, key, i)...)))
	}
}

// rstatement is a statement of the reference with its witness.
type rstatement struct {
	name        string
	chain       int
	message     []byte
	keys        []rpoint
	commitments []rpoint
	offset      *rpoint
	size        int
	index       int
	x, z        *big.Int
}

func (r ref) tagBase(name string, chain int) rpoint {
	msg := append([]byte{byte(len(name))}, name...)
	return r.hash("tag", binary.BigEndian.AppendUint64(msg, uint64(chain)))
}

// pad fills the ring up to its size.
func (r ref) pad(st *rstatement) (members int) {
	members = len(st.keys)
	for i := members; i < st.size; i++ {
		st.keys = append(st.keys, r.indexed("padding-key", i))
		if st.offset != nil {
			st.commitments = append(st.commitments, r.indexed("padding-amount", i))
		}
	}
	return members
}

func (r ref) begin(protocol string, st *rstatement, members int) *rscript {
	s := r.script(protocol)
	s.append("scope", []byte(st.name))
	s.uint("chain", st.chain)
	in := []byte{8}
	for _, v := range []int{members, len(st.keys), len(st.commitments)} {
		in = binary.BigEndian.AppendUint64(in, uint64(v))
	}
	for _, list := range [][]rpoint{st.keys, st.commitments} {
		for _, p := range list {
			in = append(in, r.encode(p)...)
		}
	}
	s.append("ring", rkeccak(in))
	s.append("message", st.message)
	if st.offset != nil {
		s.point("offset", *st.offset)
	} else {
		s.append("offset", nil)
	}
	return s
}
