package ringsig

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

// testBalance has inputs of 70 and 30, outputs of 60 and 35 and a fee of 5.
func testBalance(t testing.TB) (*Balance, *Blinding) {
	p := shared()
	b := &Balance{Scope: testScope(t, "pool", 1), Fee: 5, Message: []byte("kernel")}
	in0, in1 := testBlinding(t, "in", 0), testBlinding(t, "in", 1)
	out0, out1 := testBlinding(t, "out", 0), testBlinding(t, "out", 1)
	b.Inputs = []Commitment{p.Commit(70, in0), p.Commit(30, in1)}
	b.Outputs = []Commitment{p.Commit(60, out0), p.Commit(35, out1)}
	return b, in0.Plus(in1).Minus(out0).Minus(out1)
}

func TestABalancedTransferVerifies(t *testing.T) {
	b, e := testBalance(t)
	proof, err := ProveBalance(newSeeded(1), b, e)
	require.NoError(t, err)
	require.Len(t, proof, BalanceProofSize)
	require.NoError(t, VerifyBalance(b, proof))
	require.NoError(t, VerifyBalance(b, proof))
	same, err := ProveBalance(stuck{}, b, e)
	require.NoError(t, err)
	again, err := ProveBalance(nil, b, e)
	require.NoError(t, err)
	require.Equal(t, same, again)
	require.NotEqual(t, same, proof)
}

func TestABalanceProofIsBoundToEveryPublicInput(t *testing.T) {
	b, e := testBalance(t)
	proof, err := ProveBalance(newSeeded(1), b, e)
	require.NoError(t, err)
	for name, change := range map[string]func(*Balance){
		"fee":              func(b *Balance) { b.Fee++ },
		"no fee":           func(b *Balance) { b.Fee = 0 },
		"message":          func(b *Balance) { b.Message = nil },
		"scope":            func(b *Balance) { b.Scope = testScope(t, "pool", 2) },
		"inputs reordered": func(b *Balance) { b.Inputs = []Commitment{b.Inputs[1], b.Inputs[0]} },
		"an input doubled": func(b *Balance) { b.Inputs = append(b.Inputs[:2:2], b.Inputs[0]) },
		"an output lost":   func(b *Balance) { b.Outputs = b.Outputs[:1] },
		"sides moved":      func(b *Balance) { b.Inputs, b.Outputs = b.Outputs, b.Inputs },
	} {
		c := *b
		change(&c)
		require.ErrorIs(t, VerifyBalance(&c, proof), ErrBalance, name)
	}
	for i := range proof {
		bad := bytes.Clone(proof)
		bad[i] ^= 1
		require.Error(t, VerifyBalance(b, bad), "byte %d", i)
	}
	require.ErrorIs(t, VerifyBalance(b, append(bytes.Clone(proof), 0)), ErrEncoding)
	require.ErrorIs(t, VerifyBalance(b, nil), ErrEncoding)
	require.ErrorIs(t, VerifyBalance(b, append(bytes.Clone(proof[:33]), make([]byte, 32)...)), ErrEncoding)
}

func TestAnUnbalancedTransferHasNoProof(t *testing.T) {
	b, e := testBalance(t)
	b.Fee = 4 // a unit from nowhere
	_, err := ProveBalance(nil, b, e)
	require.ErrorIs(t, err, ErrWitness)
	b.Fee = 5
	_, err = ProveBalance(nil, b, e.Minus(e))
	require.ErrorIs(t, err, ErrWitness)
	_, err = ProveBalance(nil, b, nil)
	require.ErrorIs(t, err, ErrWitness)
}

// Amounts add modulo n: 2^64 − 1 + 1 in outputs does not wrap to 0.
func TestAmountsDoNotOverflowAt64Bits(t *testing.T) {
	p := shared()
	in, out0, out1 := testBlinding(t, "in", 0), testBlinding(t, "out", 0), testBlinding(t, "out", 1)
	b := &Balance{
		Scope:   testScope(t, "pool", 1),
		Inputs:  []Commitment{p.Commit(0, in)},
		Outputs: []Commitment{p.Commit(1<<64-1, out0), p.Commit(1, out1)},
	}
	_, err := ProveBalance(nil, b, in.Minus(out0).Minus(out1))
	require.ErrorIs(t, err, ErrWitness)
	b = &Balance{Scope: b.Scope, Inputs: []Commitment{p.Commit(1, in)}, Outputs: []Commitment{p.Commit(2, out0)}, Fee: 1<<64 - 1}
	_, err = ProveBalance(nil, b, in.Minus(out0))
	require.ErrorIs(t, err, ErrWitness)
	// Large amounts on both sides do balance.
	b = &Balance{Scope: b.Scope, Inputs: []Commitment{p.Commit(1<<64-1, in), p.Commit(1<<64-1, out1)}, Outputs: []Commitment{p.Commit(1<<64-1, out0)}, Fee: 1<<64 - 1}
	proof, err := ProveBalance(nil, b, in.Plus(out1).Minus(out0))
	require.NoError(t, err)
	require.NoError(t, VerifyBalance(b, proof))
}

func TestABalanceRefusesBadStatements(t *testing.T) {
	b, e := testBalance(t)
	for name, c := range map[string]struct {
		b    *Balance
		want error
	}{
		"none":           {nil, ErrStatement},
		"no scope":       {&Balance{Inputs: b.Inputs}, ErrStatement},
		"no input":       {&Balance{Scope: b.Scope, Outputs: b.Outputs}, ErrStatement},
		"zero input":     {&Balance{Scope: b.Scope, Inputs: []Commitment{{}}}, ErrStatement},
		"zero output":    {&Balance{Scope: b.Scope, Inputs: b.Inputs, Outputs: []Commitment{{}}}, ErrStatement},
		"too many":       {&Balance{Scope: b.Scope, Inputs: make([]Commitment, MaxBalanceTerms+1)}, ErrLimit},
		"equal sides":    {&Balance{Scope: b.Scope, Inputs: b.Inputs, Outputs: b.Inputs}, ErrBalance},
		"too many spent": {&Balance{Scope: b.Scope, Inputs: b.Inputs, Outputs: make([]Commitment, MaxBalanceTerms+1)}, ErrLimit},
	} {
		_, err := ProveBalance(nil, c.b, e)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorIs(t, VerifyBalance(c.b, make([]byte, BalanceProofSize)), c.want, name)
	}
}

func TestCommitIsThePedersenCommitment(t *testing.T) {
	p := shared()
	gamma := testBlinding(t, "c", 0)
	for _, v := range []uint64{0, 1, 1 << 63, 1<<64 - 1} {
		var s curve.Scalar
		s.SetUint64(v)
		sum, err := p.arith.SumTables([]*curve.Table{p.gT, p.hT}, []curve.Scalar{gamma.s.Reveal(), s})
		require.NoError(t, err)
		want := curve.Affine(&sum)
		require.Equal(t, Commitment(curve.Encode(&want)), p.Commit(v, gamma))
	}
}
