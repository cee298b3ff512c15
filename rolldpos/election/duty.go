package election

import (
	"github.com/holiman/uint256"
)

// Unproductive says which seats of an epoch proposed too few of its final blocks: fewer
// than Threshold percent of ⌊blocks/seats⌋, which is the least number of views that each
// of them led. With fewer blocks than seats nobody is.
func (p *Params) Unproductive(proposed []uint64) []bool {
	out := make([]bool, len(proposed))
	var blocks uint64
	for _, n := range proposed {
		blocks += n
	}
	for i, n := range proposed {
		out[i] = n*100 < blocks/uint64(len(proposed))*p.Threshold
	}
	return out
}

// Rewards returns what each seat earns for an epoch, in wei: BlockReward for each block
// that it proposed, and the EpochBonus in equal parts for all seats but the unproductive
// ones, whose parts are not paid. Seats that earn nothing at all, because they were
// barred, are named by none.
func (p *Params) Rewards(proposed []uint64, none []bool) []uint256.Int {
	out := make([]uint256.Int, len(proposed))
	lazy := p.Unproductive(proposed)
	for i, n := range proposed {
		if none[i] {
			continue
		}
		out[i].Mul(&p.BlockReward, uint256.NewInt(n))
		if !lazy[i] {
			var part uint256.Int
			out[i].Add(&out[i], part.Div(&p.EpochBonus, uint256.NewInt(uint64(len(proposed)))))
		}
	}
	return out
}

// MaxCommission is all of a reward, in thousandths.
const MaxCommission = 1000

// Split shares a seat's reward: the operator takes commission thousandths and, by its
// self-stake, its part of the rest; the votes share what remains. The parts make up the
// reward, and roundings fall to the operator. All amounts are at most MaxStake in wei,
// the weight of the votes 11 times that.
func Split(reward uint256.Int, commission uint64, self, votes uint256.Int) (operator, voters uint256.Int) {
	var rest, total uint256.Int
	total.Add(&self, &votes)
	if total.IsZero() {
		return reward, voters
	}
	rest.Mul(&reward, uint256.NewInt(MaxCommission-min(commission, MaxCommission)))
	rest.Div(&rest, uint256.NewInt(MaxCommission))
	voters.MulDivOverflow(&rest, &votes, &total) // 512 bits inside; no part exceeds the whole
	operator.Sub(&reward, &voters)
	return operator, voters
}

// indexBits are the binary places of a reward index.
const indexBits = 64

// Index returns how much a reward of amount wei for all votes raises the index of what a
// unit of their weight has earned, which counts in 2^-64 wei, and how much of the amount
// that gives away, rounded up; the rest is not given. The weight is not zero. The amount
// is at most MaxStake, so that a raise is below 2^224.
func Index(amount, votes uint256.Int) (raise, given uint256.Int) {
	var scaled, exact uint256.Int
	scaled.Lsh(&amount, indexBits)
	raise.DivMod(&scaled, &votes, &exact)
	exact.Sub(&scaled, &exact) // votes·raise
	given.AddUint64(&exact, 1<<indexBits-1)
	return raise, *given.Rsh(&given, indexBits)
}

// Earned returns what a vote of a weight has earned, in wei, while the index rose. The
// votes of one candidate together never earn more than Index gave away, however often
// each of them is asked.
func Earned(weight, rise uint256.Int) (wei uint256.Int) {
	// 512 bits inside; the quotient fits, for it is at most what was rewarded.
	wei.MulDivOverflow(&weight, &rise, new(uint256.Int).Lsh(uint256.NewInt(1), indexBits))
	return wei
}

// Slashed returns what of a self-stake of bonded wei and of its unbonding part is taken
// for proven guilt, and how much of that the reporter gets: Slash thousandths of each,
// rounded up, and Reporter thousandths of the sum, rounded down.
func (p *Params) Slashed(bonded, unbonding uint256.Int) (fromBonded, fromUnbonding, reporter uint256.Int) {
	fromBonded, fromUnbonding = part(bonded, p.Slash), part(unbonding, p.Slash)
	reporter.Add(&fromBonded, &fromUnbonding)
	reporter.Mul(&reporter, uint256.NewInt(p.Reporter))
	reporter.Div(&reporter, uint256.NewInt(1000))
	return fromBonded, fromUnbonding, reporter
}

// part returns the thousandths of x, rounded up.
func part(x uint256.Int, thousandths uint64) (out uint256.Int) {
	out.Mul(&x, uint256.NewInt(thousandths))
	out.AddUint64(&out, 999)
	return *out.Div(&out, uint256.NewInt(1000))
}
