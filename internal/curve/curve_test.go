package curve

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gitlab.com/yawning/secp256k1-voi/secec/h2c"

	"github.com/rootstem/rootstem/internal/fixture"
)

func randomScalar(rng *rand.Rand) Scalar {
	var b [64]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return ReduceWide(b)
}

func randomPoint(rng *rand.Rand) Point {
	s := randomScalar(rng)
	return MulBase(Hidden(&s)).Reveal()
}

// naive is the sum by the constant-time implementation.
func naive(scalars []Scalar, points []Point) Point {
	var ss []*SecretScalar
	var ps []*SecretPoint
	for i := range scalars {
		ss, ps = append(ss, Hidden(&scalars[i])), append(ps, HiddenPoint(&points[i]))
	}
	if len(ss) == 0 {
		return Point{}
	}
	return MulSum(ss, ps).Reveal()
}

func TestSumsAgreeWithTheConstantTimeImplementation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a := NewArithmetic()
	for _, n := range []int{0, 1, 2, 3, 5, 17, 40} {
		for _, width := range []uint{2, 4, 5, 8} {
			var scalars []Scalar
			var points []Point
			var terms []Term
			for range n {
				scalars, points = append(scalars, randomScalar(rng)), append(points, randomPoint(rng))
				terms = append(terms, Term{scalars[len(scalars)-1], points[len(points)-1]})
			}
			want := naive(scalars, points)
			sum, err := a.SumTables(a.Tables(points, width), scalars)
			require.NoError(t, err)
			require.Equal(t, want, Affine(&sum), "n = %d, width %d", n, width)
			sum, err = Buckets(points, scalars)
			require.NoError(t, err)
			require.Equal(t, want, Affine(&sum))
			sum, err = a.Sum(nil, nil, terms)
			require.NoError(t, err)
			require.Equal(t, want, Affine(&sum))
		}
	}
}

func TestLargeSumsAgreeWithWindows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	a := NewArithmetic()
	p := randomPoint(rng)
	var terms []Term
	var scalars []Scalar
	var points []Point
	for range bucketsFrom + 10 {
		s := randomScalar(rng)
		terms, scalars, points = append(terms, Term{s, p}), append(scalars, s), append(points, p)
	}
	got, err := a.Sum(nil, nil, terms)
	require.NoError(t, err)
	want, err := a.SumTables(a.Tables(points, 4), scalars)
	require.NoError(t, err)
	require.Equal(t, Affine(&want), Affine(&got))
}

func TestSumsOfEdgeScalars(t *testing.T) {
	a := NewArithmetic()
	g := Generator()
	var one, minus, lambda Scalar
	one.SetOne()
	minus.Neg(&one)
	lambda = a.endo.lambda
	for name, s := range map[string]Scalar{"0": {}, "1": one, "n-1": minus, "lambda": lambda} {
		sum, err := a.SumTables([]*Table{a.Table(&g, 5)}, []Scalar{s})
		require.NoError(t, err)
		require.Equal(t, naive([]Scalar{s}, []Point{g}), Affine(&sum), name)
	}
	// A sum that passes through equal and opposite points.
	sum, err := a.Sum(nil, nil, []Term{{one, g}, {one, g}, {minus, g}, {minus, g}})
	require.NoError(t, err)
	require.True(t, IsZero(&sum))
	_, err = a.SumTables(nil, []Scalar{one})
	require.ErrorIs(t, err, ErrLength)
	_, err = a.Sum(nil, []Scalar{one}, nil)
	require.ErrorIs(t, err, ErrLength)
	_, err = Buckets(nil, []Scalar{one})
	require.ErrorIs(t, err, ErrLength)
	_, err = Buckets(make([]Point, MaxTerms+1), make([]Scalar, MaxTerms+1))
	require.ErrorIs(t, err, ErrLength)
	// gnark-crypto's batch by one base panics from 3585 scalars on; sums do not use it.
	sum, err = Buckets(slices.Repeat([]Point{g}, 3600), slices.Repeat([]Scalar{one}, 3600))
	require.NoError(t, err)
	var many Scalar
	many.SetUint64(3600)
	require.Equal(t, naive([]Scalar{many}, []Point{g}), Affine(&sum))
}

// Equal and opposite points meet in the columns of a sum: they double and vanish.
func TestSumsOfEqualAndOppositePoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	a := NewArithmetic()
	p, s := randomPoint(rng), randomScalar(rng)
	var minus Scalar
	minus.Neg(&s)
	for _, signs := range []string{"++++++++", "+-+-+-+-", "++--++--", "+++-----", "+-", "++-+", "--------", "+++++++++++++++++++++"} {
		var scalars []Scalar
		var points []Point
		for _, c := range signs {
			points = append(points, p)
			if c == '+' {
				scalars = append(scalars, s)
			} else {
				scalars = append(scalars, minus)
			}
		}
		sum, err := a.SumTables(a.Tables(points, 3), scalars)
		require.NoError(t, err)
		require.Equal(t, naive(scalars, points), Affine(&sum), signs)
	}
}

func TestSplitScalarsAreShortAndSumUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	e := newEndomorphism()
	value := func(h halfScalar) (s Scalar) {
		v := new(big.Int).SetUint64(h.abs[1])
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(h.abs[0]))
		if h.neg {
			v.Neg(v)
		}
		s.SetBigInt(v)
		return s
	}
	for range 2000 {
		k := randomScalar(rng)
		k1, k2 := e.split(&k)
		a, b := value(k1), value(k2)
		b.Mul(&b, &e.lambda).Add(&b, &a)
		require.Equal(t, k, b)
	}
}

func TestDecodePointRefusesWhatIsNotCanonical(t *testing.T) {
	g := Generator()
	good := Encode(&g)
	p, err := DecodePoint(good[:])
	require.NoError(t, err)
	require.Equal(t, g, p)
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	x := hex.EncodeToString(good[1:])
	for name, b := range map[string][]byte{
		"empty":                 {},
		"zero bytes":            make([]byte, 33),
		"identity of SEC 1":     {0},
		"uncompressed":          append([]byte{4}, make([]byte, 64)...),
		"hybrid prefix 6":       unhex("06" + x),
		"hybrid prefix 7":       unhex("07" + x),
		"odd prefix 0":          unhex("00" + x),
		"odd prefix 1":          unhex("01" + x),
		"odd prefix 4":          unhex("04" + x),
		"odd prefix 5":          unhex("05" + x),
		"prefix 0xff":           unhex("ff" + x),
		"x = p":                 unhex("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		"x = p + 1 (x = 1 is)":  unhex("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"),
		"x = 2^256 - 1":         unhex("02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
		"x = 5, off the curve":  unhex("020000000000000000000000000000000000000000000000000000000000000005"),
		"x = 0, off the curve":  unhex("020000000000000000000000000000000000000000000000000000000000000000"),
		"a trailing byte":       append(good[:], 0),
		"one byte short":        good[:32],
		"32 bytes of x, BIP340": good[1:],
	} {
		_, err := DecodePoint(b)
		require.ErrorIs(t, err, ErrPoint, name)
	}
}

func TestDecodeScalarRefusesTheOrderAndAbove(t *testing.T) {
	for _, s := range []string{
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "", "00",
	} {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		_, err = DecodeScalar(b)
		require.ErrorIs(t, err, ErrScalar)
		_, err = DecodeSecret(b)
		require.ErrorIs(t, err, ErrScalar)
	}
	_, err := DecodeSecret(make([]byte, 32))
	require.ErrorIs(t, err, ErrScalar)
}

func TestSecretAndPublicScalarsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for range 200 {
		a, b := randomScalar(rng), randomScalar(rng)
		ha, hb := Hidden(&a), Hidden(&b)
		var want Scalar
		require.Equal(t, *want.Add(&a, &b), new(SecretScalar).Add(ha, hb).Reveal())
		require.Equal(t, *want.Sub(&a, &b), new(SecretScalar).Sub(ha, hb).Reveal())
		require.Equal(t, *want.Mul(&a, &b), new(SecretScalar).Mul(ha, hb).Reveal())
		require.Equal(t, *want.Neg(&a), new(SecretScalar).Neg(ha).Reveal())
		require.Equal(t, *want.Inverse(&a), new(SecretScalar).Invert(ha).Reveal())
		require.Equal(t, b, new(SecretScalar).Select(ha, hb, 1).Reveal())
		require.Equal(t, a, new(SecretScalar).Select(ha, hb, 0).Reveal())
		var wide [64]byte
		for i := range wide {
			wide[i] = byte(rng.Uint32())
		}
		require.Equal(t, ReduceWide(wide), SecretFromWide(&wide).Reveal())
	}
}

// The vectors of RFC 9380, appendix J.8.1.
func TestHashAgreesWithRFC9380(t *testing.T) {
	dir := fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy")
	for _, kind := range []string{"RO", "NU"} {
		raw, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("rfc9380_secp256k1_XMD-SHA-256_SSWU_%s_.json", kind)))
		require.NoError(t, err)
		var file struct {
			DST     string `json:"dst"`
			Vectors []struct {
				P   struct{ X, Y string }
				Msg string
			}
		}
		require.NoError(t, json.Unmarshal(raw, &file))
		require.Len(t, file.Vectors, 5)
		for _, v := range file.Vectors {
			var p Point
			if kind == "RO" {
				p = Hash(file.DST, []byte(v.Msg))
			} else {
				q, err := h2c.Secp256k1_XMD_SHA256_SSWU_NU([]byte(file.DST), []byte(v.Msg))
				require.NoError(t, err)
				p = (&SecretPoint{*q}).Reveal()
			}
			x, y := p.X.Bytes(), p.Y.Bytes()
			require.Equal(t, v.P.X[2:], hex.EncodeToString(x[:]))
			require.Equal(t, v.P.Y[2:], hex.EncodeToString(y[:]))
		}
	}
}

func FuzzDecodePoint(f *testing.F) {
	g := Generator()
	enc := Encode(&g)
	f.Add(enc[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePoint(b)
		if err != nil {
			require.ErrorIs(t, err, ErrPoint)
			return
		}
		require.True(t, p.IsOnCurve())
		again := Encode(&p)
		require.Equal(t, b, again[:])
	})
}

func BenchmarkSum(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	a := NewArithmetic()
	for _, n := range []int{1, 2, 16, 64, 150, 256, 512, 1024} {
		var scalars []Scalar
		var points []Point
		for range n {
			scalars, points = append(scalars, randomScalar(rng)), append(points, randomPoint(rng))
		}
		b.Run(fmt.Sprintf("windows/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := a.SumTables(a.Tables(points, variableWindow), scalars); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("buckets/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Buckets(points, scalars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
