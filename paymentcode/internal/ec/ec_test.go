package ec

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

const gx = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func TestParsePointRefusesWhatIsNotACompressedPoint(t *testing.T) {
	p, err := ParsePoint(unhex(t, "02"+gx))
	require.NoError(t, err)
	full := p.UncompressedBytes()
	hybrid := append([]byte{6}, full[1:]...)
	for name, b := range map[string][]byte{
		"nothing":       {},
		"identity":      {0},
		"all zero":      make([]byte, 33),
		"uncompressed":  full,
		"hybrid":        hybrid,
		"prefix 0":      unhex(t, "00"+gx),
		"prefix 4":      unhex(t, "04"+gx),
		"prefix 6":      unhex(t, "06"+gx),
		"short":         unhex(t, "02"+gx)[:32],
		"trailing byte": append(unhex(t, "02"+gx), 0),
		"x = p":         unhex(t, "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		"x = p + 1":     unhex(t, "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"),
		"x = 2^256 - 1": unhex(t, "02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		"off the curve": unhex(t, "020000000000000000000000000000000000000000000000000000000000000005"),
		"x = 0":         unhex(t, "020000000000000000000000000000000000000000000000000000000000000000"),
	} {
		_, err := ParsePoint(b)
		require.ErrorIs(t, err, ErrPoint, name)
	}
}

func TestParseScalarRefusesZeroAndFromTheOrderOn(t *testing.T) {
	for _, s := range []string{
		"", "00", "0000000000000000000000000000000000000000000000000000000000000000",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"000000000000000000000000000000000000000000000000000000000000000001",
	} {
		_, err := ParseScalar(unhex(t, s))
		require.ErrorIs(t, err, ErrScalar, s)
	}
}

// x and n − x give keys of one x coordinate and the other parity.
func TestOppositeScalarsGiveOppositePoints(t *testing.T) {
	s, err := ParseScalar(unhex(t, "0000000000000000000000000000000000000000000000000000000000000007"))
	require.NoError(t, err)
	a, err := Public(s)
	require.NoError(t, err)
	b, err := Public(new(Scalar).Negate(s))
	require.NoError(t, err)
	require.Equal(t, a[1:], b[1:])
	require.NotEqual(t, a[0], b[0])
	_, err = Sum(s, new(Scalar).Negate(s))
	require.ErrorIs(t, err, ErrScalar)
	_, err = Shift(Base(s), new(Scalar).Negate(s))
	require.ErrorIs(t, err, ErrPoint)
	_, err = Public(new(Scalar))
	require.ErrorIs(t, err, ErrScalar)
}

func FuzzParsePoint(f *testing.F) {
	f.Add(unhex(f, "02"+gx))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePoint(b)
		if err != nil {
			require.ErrorIs(t, err, ErrPoint)
			return
		}
		out, err := Compress(p)
		require.NoError(t, err)
		require.Equal(t, b, out[:])
	})
}

func FuzzParseScalar(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(append(make([]byte, 31), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseScalar(b)
		if err != nil {
			require.ErrorIs(t, err, ErrScalar)
			return
		}
		require.Equal(t, b, s.Bytes())
	})
}
