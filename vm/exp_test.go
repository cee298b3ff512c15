package vm

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
)

func TestExpEqualsBigIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	modulus := new(big.Int).Lsh(big.NewInt(1), 256)
	random := func() *uint256.Int {
		w := &uint256.Int{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		return w.Rsh(w, uint(r.IntN(257)))
	}
	for range 5000 {
		base, e := random(), random()
		want := new(big.Int).Exp(base.ToBig(), e.ToBig(), modulus)
		var got uint256.Int
		exp(&got, base, e)
		require.Equal(t, want.String(), got.ToBig().String(), "%s ^ %s", base, e)
		y0, y1, y2, y3 := square(base[0], base[1], base[2], base[3])
		require.Equal(t, new(uint256.Int).Mul(base, base), &uint256.Int{y0, y1, y2, y3})
	}
}

func BenchmarkExp(b *testing.B) {
	base, e := new(uint256.Int).SetAllOne(), new(uint256.Int).SetAllOne()
	base.SubUint64(base, 12)
	e.Xor(e, uint256.NewInt(0x123456789abcdef0))
	var z uint256.Int
	b.Run("window", func(b *testing.B) {
		for b.Loop() {
			exp(&z, base, e)
		}
	})
	b.Run("uint256", func(b *testing.B) {
		for b.Loop() {
			z.Exp(base, e)
		}
	})
}

func TestKeccakMemoEqualsTheHash(t *testing.T) {
	var memo keccakMemo
	r := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		var in [64]byte
		in[31], in[63] = byte(r.IntN(40)), byte(r.IntN(3))
		in[r.IntN(64)] ^= byte(r.IntN(2))
		var got uint256.Int
		memo.sum(&got, &in)
		want := keccakWord(in[:])
		require.Equal(t, want, got)
	}
}
