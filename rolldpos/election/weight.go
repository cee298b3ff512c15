package election

import (
	"bytes"
	"slices"

	"github.com/holiman/uint256"
)

// Candidate is who may be ranked. Operator names it; Weight is in wei and above zero for
// whoever may sit.
type Candidate struct {
	Operator [20]byte
	Weight   uint256.Int
}

// MaxStake bounds every stake and every sum of stakes, in wei: 2^160. No product of this
// package with such a factor exceeds 256 bits.
func MaxStake() uint256.Int { return *new(uint256.Int).Lsh(uint256.NewInt(1), 160) }

// VoteWeight is the weight of a stake with a notice of lock milliseconds, at most
// MaxLock; see the package's specification. It is rounded down and lies between stake
// and 11 times stake. The stake is at most MaxStake.
func (p *Params) VoteWeight(stake uint256.Int, lock uint64) uint256.Int {
	lock = min(lock, p.MaxLock)
	var bonus, unit uint256.Int
	bonus.Mul(&stake, uint256.NewInt(p.Bonus))
	bonus.Mul(&bonus, uint256.NewInt(lock))
	unit.Mul(uint256.NewInt(p.MaxLock), uint256.NewInt(1000))
	bonus.Div(&bonus, &unit)
	return *bonus.Add(&bonus, &stake)
}

// Fading is the weight of withdrawn votes of one candidate, which ends linearly.
type Fading struct {
	Left  uint256.Int // weight that still counts
	Slope uint256.Int // by which each epoch's end lowers Left
}

// Add adds the weight of a vote that is withdrawn. It returns the slope that ends after
// fade epochs' ends. Weight that does not divide by fade ends at once.
func (f *Fading) Add(weight uint256.Int, fade uint64) (slope uint256.Int) {
	var left uint256.Int
	n := uint256.NewInt(fade)
	slope.Div(&weight, n)
	left.Mul(&slope, n)
	f.Left.Add(&f.Left, &left)
	f.Slope.Add(&f.Slope, &slope)
	return slope
}

// Step passes one epoch's end. ended is the sum of the slopes that Add returned fade
// epochs before, for which it is the last step.
func (f *Fading) Step(ended uint256.Int) {
	f.Left.Sub(&f.Left, &f.Slope)
	f.Slope.Sub(&f.Slope, &ended)
}

// Weight is what counts of a candidate: self-stake, votes and fading votes, but at most
// Leverage times the self-stake. The self-stake is at most MaxStake.
func (p *Params) Weight(self, votes, fading uint256.Int) uint256.Int {
	var sum, most uint256.Int
	sum.Add(&self, &votes)
	sum.Add(&sum, &fading)
	if p.Leverage != 0 {
		if most.Mul(&self, uint256.NewInt(p.Leverage)); most.Lt(&sum) {
			return most
		}
	}
	return sum
}

// Compare orders candidates: by weight downwards, of equals by operator upwards. It returns
// a negative number if a ranks before b.
func Compare(a, b Candidate) int {
	if c := b.Weight.Cmp(&a.Weight); c != 0 {
		return c
	}
	return bytes.Compare(a.Operator[:], b.Operator[:])
}

// Top returns the delegates: of the candidates with a weight the n that rank first, in
// order. The operators must be distinct. The argument is not changed.
func Top(candidates []Candidate, n uint64) []Candidate {
	out := slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return c.Weight.IsZero() })
	slices.SortFunc(out, Compare)
	return out[:min(uint64(len(out)), n)]
}
