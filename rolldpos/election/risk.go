package election

import (
	"fmt"
	"math/big"
)

// A committee is bad if more of its n seats are bad than f = ⌊(n−1)/3⌋: a third or more.
func tooMany(seats int) int { return (seats-1)/3 + 1 }

// Rolled returns the exact probability that a committee of seats, rolled uniformly out of
// delegates of whom bad are bad, is bad: the upper tail of the hypergeometric
// distribution.
func Rolled(delegates, bad, seats int) (*big.Rat, error) {
	if seats < 1 || seats > delegates || bad < 0 || bad > delegates {
		return nil, fmt.Errorf("%w: %d of %d, %d bad", ErrRisk, seats, delegates, bad)
	}
	sum := new(big.Int)
	for b := tooMany(seats); b <= min(bad, seats); b++ {
		if seats-b > delegates-bad {
			continue
		}
		ways := new(big.Int).Binomial(int64(bad), int64(b))
		sum.Add(sum, ways.Mul(ways, new(big.Int).Binomial(int64(delegates-bad), int64(seats-b))))
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Binomial(int64(delegates), int64(seats))), nil
}

// Drawn returns the exact probability that a committee is bad if each of its seats is
// drawn on its own and bad with probability share: the upper tail of the binomial
// distribution. That is a roll by stake with replacement, where one key may hold several
// seats. This package draws without replacement, which differs the less the more
// delegates there are for a seat and the more equal their stakes.
func Drawn(seats int, share *big.Rat) (*big.Rat, error) {
	if seats < 1 || seats > 10_000 || share.Sign() < 0 || share.Cmp(big.NewRat(1, 1)) > 0 {
		return nil, fmt.Errorf("%w: %d seats, share %s", ErrRisk, seats, share)
	}
	good := new(big.Int).Sub(share.Denom(), share.Num())
	sum, n := new(big.Int), big.NewInt(int64(seats))
	for b := tooMany(seats); b <= seats; b++ {
		x := new(big.Int).Binomial(int64(seats), int64(b))
		x.Mul(x, new(big.Int).Exp(share.Num(), big.NewInt(int64(b)), nil))
		sum.Add(sum, x.Mul(x, new(big.Int).Exp(good, big.NewInt(int64(seats-b)), nil)))
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Exp(share.Denom(), n, nil)), nil
}

// yearBits is the precision of Ever: with at most 2^32 epochs the error stays below
// 2^-200.
const yearBits = 320

// Ever returns the probability 1 − (1 − p)^epochs that at least one of so many
// committees, rolled independently, is bad. A year has 8,766 epochs of an hour.
func Ever(p *big.Rat, epochs uint32) *big.Float {
	one := new(big.Float).SetPrec(yearBits).SetInt64(1)
	good := new(big.Float).SetPrec(yearBits).SetRat(new(big.Rat).Sub(big.NewRat(1, 1), p))
	power := new(big.Float).SetPrec(yearBits).SetInt64(1)
	for ; epochs > 0; epochs >>= 1 {
		if epochs&1 == 1 {
			power.Mul(power, good)
		}
		good.Mul(good, good)
	}
	return one.Sub(one, power)
}
