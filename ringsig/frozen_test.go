package ringsig

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

// -update writes the frozen vectors anew. A change of them is a change of format and
// wants a new version in the domain.
var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

const frozenFile = "testdata/vectors.json"

// frozen is one vector. Scalars, keys, amounts and proof are hexadecimal.
type frozen struct {
	Scheme      string // clsag, triptych, range
	Scope       string
	Chain       uint64
	Message     string
	Keys        []string `json:",omitempty"`
	Commitments []string `json:",omitempty"`
	Offset      string   `json:",omitempty"`
	Size        int      `json:",omitempty"`
	Index       int      `json:",omitempty"`
	Secret      string   `json:",omitempty"`
	Blinding    string   `json:",omitempty"`
	Values      []uint64 `json:",omitempty"`
	Blindings   []string `json:",omitempty"`
	Proof       string
}

func frozenCases(t *testing.T) []*frozen {
	var out []*frozen
	ring := func(scheme string, n, size, index int, amounts bool) {
		s := testSpend(t, n, size, index, amounts)
		x := s.w.Key.x.Bytes()
		f := &frozen{
			Scheme: scheme, Scope: s.st.Scope.name, Chain: s.st.Scope.chain, Message: hex.EncodeToString(s.st.Message),
			Size: size, Index: index, Secret: hex.EncodeToString(x[:]),
		}
		for i := range n {
			k := curve.Encode(&s.st.Ring.keys[i])
			f.Keys = append(f.Keys, hex.EncodeToString(k[:]))
			if amounts {
				c := curve.Encode(&s.st.Ring.commitments[i])
				f.Commitments = append(f.Commitments, hex.EncodeToString(c[:]))
			}
		}
		if amounts {
			z := s.w.Blinding.Bytes()
			f.Offset, f.Blinding = hex.EncodeToString(s.st.Offset[:]), hex.EncodeToString(z[:])
		}
		out = append(out, f)
	}
	ring("clsag", 2, 0, 0, false)
	ring("clsag", 11, 0, 10, false)
	ring("clsag", 5, 0, 3, true)
	ring("triptych", 64, 0, 37, false)
	ring("triptych", 6, 64, 5, true)
	for _, values := range [][]uint64{{1<<64 - 1}, {0, 123456789}} {
		c := testRange(t, values...)
		f := &frozen{Scheme: "range", Scope: "pool", Chain: 1, Message: hex.EncodeToString(c.st.Message), Values: values}
		for i, b := range c.blindings {
			raw := b.Bytes()
			f.Blindings = append(f.Blindings, hex.EncodeToString(raw[:]))
			f.Commitments = append(f.Commitments, hex.EncodeToString(c.st.Commitments[i][:]))
		}
		out = append(out, f)
	}
	for _, f := range out {
		f.Proof = hex.EncodeToString(f.prove(t))
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func (f *frozen) statement(t testing.TB) (*Statement, *Witness) {
	st := &Statement{Scope: testScope(t, f.Scope, f.Chain), Message: unhex(t, f.Message)}
	var keys []PublicKey
	var cs []Commitment
	for _, k := range f.Keys {
		keys = append(keys, PublicKey(unhex(t, k)))
	}
	for _, c := range f.Commitments {
		cs = append(cs, Commitment(unhex(t, c)))
	}
	var err error
	st.Ring, err = NewRing(keys, cs, f.Size)
	require.NoError(t, err)
	w := &Witness{Index: f.Index}
	w.Key, err = ParseSecretKey(unhex(t, f.Secret))
	require.NoError(t, err)
	if f.Offset != "" {
		offset := Commitment(unhex(t, f.Offset))
		st.Offset = &offset
		w.Blinding, err = ParseBlinding(unhex(t, f.Blinding))
		require.NoError(t, err)
	}
	return st, w
}

func (f *frozen) rangeStatement(t testing.TB) (*RangeStatement, []*Blinding) {
	st := &RangeStatement{Scope: testScope(t, f.Scope, f.Chain), Message: unhex(t, f.Message)}
	var bs []*Blinding
	for i := range f.Values {
		b, err := ParseBlinding(unhex(t, f.Blindings[i]))
		require.NoError(t, err)
		bs = append(bs, b)
		st.Commitments = append(st.Commitments, Commitment(unhex(t, f.Commitments[i])))
	}
	return st, bs
}

// prove makes the vector's proof with the package.
func (f *frozen) prove(t testing.TB) []byte {
	if f.Scheme == "range" {
		st, bs := f.rangeStatement(t)
		proof, err := rangeGens(t).Prove(nil, st, f.Values, bs)
		require.NoError(t, err)
		return proof
	}
	st, w := f.statement(t)
	if f.Scheme == "clsag" {
		sig, err := Sign(nil, st, w)
		require.NoError(t, err)
		return binaryOf(t, sig)
	}
	p, err := Prove(nil, st, w)
	require.NoError(t, err)
	return binaryOf(t, p)
}

// refer makes the vector's proof with the reference.
func (f *frozen) refer(t testing.TB) []byte {
	r := newRef()
	scalar := func(s string) *big.Int { return new(big.Int).SetBytes(unhex(t, s)) }
	if f.Scheme == "range" {
		var gammas []*big.Int
		for _, b := range f.Blindings {
			gammas = append(gammas, scalar(b))
		}
		return r.rangeProve(f.Scope, int(f.Chain), unhex(t, f.Message), f.Values, gammas)
	}
	st := &rstatement{name: f.Scope, chain: int(f.Chain), message: unhex(t, f.Message), size: f.Size, index: f.Index, x: scalar(f.Secret)}
	for _, k := range f.Keys {
		st.keys = append(st.keys, r.decode(unhex(t, k)))
	}
	for _, c := range f.Commitments {
		st.commitments = append(st.commitments, r.decode(unhex(t, c)))
	}
	if f.Offset != "" {
		offset := r.decode(unhex(t, f.Offset))
		st.offset, st.z = &offset, scalar(f.Blinding)
	}
	if f.Scheme == "clsag" {
		return r.sign(st)
	}
	return r.triptych(st)
}

func (f *frozen) verify(t testing.TB) {
	proof := unhex(t, f.Proof)
	if f.Scheme == "range" {
		st, _ := f.rangeStatement(t)
		require.NoError(t, rangeGens(t).Verify(st, proof))
		return
	}
	st, w := f.statement(t)
	if f.Scheme == "clsag" {
		sig, err := ParseSignature(proof)
		require.NoError(t, err)
		require.NoError(t, Verify(st, sig))
		require.Equal(t, w.Key.Tag(st.Scope), sig.Tag())
		return
	}
	p, err := ParseProof(proof)
	require.NoError(t, err)
	require.NoError(t, VerifyProof(st, p))
	require.Equal(t, w.Key.Tag(st.Scope), p.Tag())
}

func frozenVectors(t testing.TB) (cases []*frozen) {
	raw, err := os.ReadFile(frozenFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.Len(t, cases, 7)
	return cases
}

func TestEncodingsAreFrozen(t *testing.T) {
	if *update {
		raw, err := json.MarshalIndent(frozenCases(t), "", "\t")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(frozenFile, append(raw, '\n'), 0o644))
	}
	for i, f := range frozenVectors(t) {
		require.Equal(t, f.Proof, hex.EncodeToString(f.prove(t)), "vector %d", i)
		f.verify(t)
	}
}

func TestTheReferenceReproducesTheFrozenVectors(t *testing.T) {
	for i, f := range frozenVectors(t) {
		require.Equal(t, f.Proof, hex.EncodeToString(f.refer(t)), "vector %d, %s", i, f.Scheme)
	}
}
