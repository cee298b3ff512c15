package precompile

import (
	"math/big"
	"math/bits"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// g1MSM is Σ scalarᵢ·Pᵢ over k ≥ 1 slices P ‖ scalar (EIP-2537). The points lie in
// the subgroup, the scalars are any 32 bytes.
type g1MSM struct{}

const g1MSMLength = blsG1Length + blsScalarLength

func (g1MSM) Gas(input []byte) uint64 {
	discounts := g1Discounts()
	return msmGas(len(input)/g1MSMLength, 12000, &discounts)
}

func (g1MSM) Run(input []byte) ([]byte, error) {
	if len(input) == 0 || len(input)%g1MSMLength != 0 {
		return nil, ErrInputLength
	}
	k := len(input) / g1MSMLength
	points, scalars := make([]bls12381.G1Affine, k), make([][]byte, k)
	for i := range k {
		term := input[i*g1MSMLength : (i+1)*g1MSMLength]
		p, err := decodeSubgroupG1(term[:blsG1Length])
		if err != nil {
			return nil, err
		}
		points[i], scalars[i] = p, term[blsG1Length:]
	}
	var sum bls12381.G1Jac
	if k < msmBucketThreshold {
		for i := range points {
			points[i].ScalarMultiplication(&points[i], new(big.Int).SetBytes(scalars[i]))
			sum.AddMixed(&points[i])
		}
	} else {
		sum = bucketSum[bls12381.G1Jac](points, scalars)
	}
	var out bls12381.G1Affine
	return encodeG1(out.FromJacobian(&sum)), nil
}

// g2MSM is g1MSM over the twist.
type g2MSM struct{}

const g2MSMLength = blsG2Length + blsScalarLength

func (g2MSM) Gas(input []byte) uint64 {
	discounts := g2Discounts()
	return msmGas(len(input)/g2MSMLength, 22500, &discounts)
}

func (g2MSM) Run(input []byte) ([]byte, error) {
	if len(input) == 0 || len(input)%g2MSMLength != 0 {
		return nil, ErrInputLength
	}
	k := len(input) / g2MSMLength
	points, scalars := make([]bls12381.G2Affine, k), make([][]byte, k)
	for i := range k {
		term := input[i*g2MSMLength : (i+1)*g2MSMLength]
		p, err := decodeSubgroupG2(term[:blsG2Length])
		if err != nil {
			return nil, err
		}
		points[i], scalars[i] = p, term[blsG2Length:]
	}
	var sum bls12381.G2Jac
	if k < msmBucketThreshold {
		for i := range points {
			points[i].ScalarMultiplication(&points[i], new(big.Int).SetBytes(scalars[i]))
			sum.AddMixed(&points[i])
		}
	} else {
		sum = bucketSum[bls12381.G2Jac](points, scalars)
	}
	var out bls12381.G2Affine
	return encodeG2(out.FromJacobian(&sum)), nil
}

// msmBucketThreshold is the number of terms from which buckets beat one
// multiplication (with its endomorphism) per term.
const msmBucketThreshold = 6

// jacobian is an accumulator of points; its zero value is infinity.
type jacobian[J, A any] interface {
	*J
	AddMixed(*A) *J
	AddAssign(*J) *J
	DoubleAssign() *J
}

type affine[A any] interface {
	*A
	Neg(*A) *A
}

// bucketSum is Σ scalarᵢ·pointᵢ by Pippenger's method with signed digits: per window
// a point joins the bucket of its digit, and running sums weigh the buckets.
// Scalars are 32 bytes, big-endian.
func bucketSum[J, A any, PJ jacobian[J, A], PA affine[A]](points []A, scalars [][]byte) J {
	width := windowWidth(len(points))
	windows := 256/width + 1 // the last one takes the carry
	digits := make([]int32, 0, windows*len(points))
	for _, s := range scalars {
		digits = appendSignedDigits(digits, s, width, windows)
	}
	buckets := make([]J, 1<<(width-1))
	var sum J
	var negative A
	for w := windows - 1; w >= 0; w-- {
		for range width {
			PJ(&sum).DoubleAssign()
		}
		clear(buckets)
		for i := range points {
			switch d := digits[i*windows+w]; {
			case d > 0:
				PJ(&buckets[d-1]).AddMixed(&points[i])
			case d < 0:
				PA(&negative).Neg(&points[i])
				PJ(&buckets[-d-1]).AddMixed(&negative)
			}
		}
		var running J
		for b := len(buckets) - 1; b >= 0; b-- {
			PJ(&running).AddAssign(&buckets[b])
			PJ(&sum).AddAssign(&running)
		}
	}
	return sum
}

// windowWidth balances n additions per window against the 2^width of the buckets,
// as measured.
func windowWidth(n int) int {
	width := bits.Len(uint(n))
	switch {
	case n < 64:
		return max(width-1, 2)
	case n < 512:
		return width - 2
	default:
		return min(width-3, 16)
	}
}

// appendSignedDigits writes scalar = Σ dᵢ·2^(width·i) with |dᵢ| ≤ 2^(width-1), least
// significant digit first.
func appendSignedDigits(digits []int32, scalar []byte, width, windows int) []int32 {
	carry := int32(0)
	for w := range windows {
		d := carry
		for b := range width {
			d += int32(bitOf(scalar, w*width+b)) << b
		}
		carry = 0
		if d > 1<<(width-1) {
			d -= 1 << width
			carry = 1
		}
		digits = append(digits, d)
	}
	return digits
}

// bitOf returns bit i of a 32-byte big-endian integer, 0 beyond its end.
func bitOf(scalar []byte, i int) byte {
	if i >= 8*len(scalar) {
		return 0
	}
	return scalar[len(scalar)-1-i/8] >> (i % 8) & 1
}

// msmGas is k multiplications at a discount in thousandths, which is constant from
// 128 terms on.
func msmGas(k int, multiplication uint64, discounts *[128]uint16) uint64 {
	if k == 0 {
		return 0
	}
	discount := uint64(discounts[min(k, len(discounts))-1])
	return uint64(k) * multiplication * discount / 1000
}

// g1Discounts is the table of EIP-2537 for G1, for 1 to 128 terms.
func g1Discounts() [128]uint16 {
	return [128]uint16{
		1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677,
		673, 669, 665, 661, 658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627,
		625, 623, 621, 619, 617, 615, 613, 611, 609, 608, 606, 604, 603, 601, 599, 598,
		596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581, 580, 579, 577, 576,
		575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563, 562, 561, 560, 559,
		558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545, 544,
		543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531,
		530, 529, 528, 528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519,
	}
}

// g2Discounts is the table of EIP-2537 for G2, for 1 to 128 terms.
func g2Discounts() [128]uint16 {
	return [128]uint16{
		1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717,
		711, 704, 699, 693, 688, 683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646,
		643, 640, 637, 634, 632, 629, 627, 624, 622, 620, 618, 615, 613, 611, 609, 607,
		606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587, 586, 584, 583, 582,
		580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567, 566, 565, 563, 562,
		561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548, 547,
		546, 545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535,
		534, 533, 532, 532, 531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524,
	}
}
