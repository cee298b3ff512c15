package precompile

import (
	"bytes"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func modexpInput(base, exponent, modulus []byte) []byte {
	return concat(word(uint64(len(base))), word(uint64(len(exponent))), word(uint64(len(modulus))), base, exponent, modulus)
}

func TestModexpMatchesEIP198(t *testing.T) {
	c := at(Osaka, 5)
	fermat := concat(word(1), word(32), word(32), []byte{3},
		unhex(t, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e"),
		unhex(t, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"))
	require.Equal(t, word(1), run(t, c, fermat))
	require.Equal(t, uint64(1360), at(Prague, 5).Gas(fermat), "EIP-2565's test case")
	require.Equal(t, uint64(4080), c.Gas(fermat))
	// The modulus 2^255 is cut off after its first byte and followed by zeros.
	cut := concat(word(1), word(2), word(32), []byte{3, 0xff, 0xff, 0x80})
	require.Equal(t, unhex(t, "3b01b01ac41f2d6e917c6d6a221ce793802469026d9ab7578fa2e79e4da6aaab"), run(t, c, cut))
	require.Equal(t, make([]byte, 32), run(t, c, fermat[:128]), "a missing modulus is 0")
}

func TestModexpAgreesWithItsDefinitionOnSmallOperands(t *testing.T) {
	c := at(Osaka, 5)
	for b := range byte(6) {
		for e := range byte(6) {
			for m := range byte(9) {
				want := new(big.Int)
				if m > 0 {
					want.SetInt64(1)
					for range e {
						want.Mul(want, big.NewInt(int64(b)))
					}
					want.Mod(want, big.NewInt(int64(m)))
				}
				out := run(t, c, modexpInput([]byte{b}, []byte{0, e}, []byte{0, 0, m}))
				require.Equal(t, want.FillBytes(make([]byte, 3)), out, "%d^%d mod %d", b, e, m)
			}
		}
	}
	require.Empty(t, run(t, c, modexpInput([]byte{2}, []byte{2}, nil)), "no modulus, no output")
	require.Equal(t, []byte{1}, run(t, c, modexpInput(nil, nil, []byte{7})), "0^0 = 1")
}

func TestModexpPricesHugeLengthsWithoutAllocating(t *testing.T) {
	huge := bytes.Repeat([]byte{0xff}, 96)
	for _, f := range []Fork{Cancun, Prague, Osaka} {
		c := at(f, 5)
		require.Equal(t, uint64(math.MaxUint64), c.Gas(huge))
		require.Zero(t, testing.AllocsPerRun(10, func() { c.Gas(huge) }))
		_, err := c.Run(huge)
		require.ErrorIs(t, err, ErrModexpLength)
	}
	// Without base and modulus, only the exponent's length is left.
	empty := concat(word(0), bytes.Repeat([]byte{0xff}, 32), word(0))
	require.Equal(t, uint64(200), at(Prague, 5).Gas(empty))
	require.Empty(t, run(t, at(Prague, 5), empty))
	require.Equal(t, uint64(math.MaxUint64), at(Osaka, 5).Gas(empty))
	// A base whose length alone reaches past the input.
	long := concat(word(math.MaxUint64), word(32), word(1), []byte{1})
	require.Equal(t, uint64(math.MaxUint64), at(Prague, 5).Gas(long))
	_, err := at(Prague, 5).Run(long)
	require.ErrorIs(t, err, ErrModexpLength)
	require.Empty(t, run(t, at(Prague, 5), concat(word(math.MaxUint64), word(1), word(0))))
}

func TestModexpBoundsOperandsInOsaka(t *testing.T) {
	c := at(Osaka, 5)
	fits, long := make([]byte, 1024), make([]byte, 1025)
	for i := range 3 {
		ops := [3][]byte{{2}, {3}, {5}}
		ops[i] = fits
		_, err := c.Run(modexpInput(ops[0], ops[1], ops[2]))
		require.NoError(t, err)
		ops[i] = long
		_, err = c.Run(modexpInput(ops[0], ops[1], ops[2]))
		require.ErrorIs(t, err, ErrModexpLength)
		_, err = at(Prague, 5).Run(modexpInput(ops[0], ops[1], ops[2]))
		require.NoError(t, err)
	}
	_, err := c.Run(concat(word(0), word(1025), word(0)))
	require.ErrorIs(t, err, ErrModexpLength, "also when the output would be empty")
}
