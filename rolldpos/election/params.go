package election

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
)

// Errors.
var (
	ErrParams     = errors.New("election: unfit parameters")
	ErrCandidates = errors.New("election: too few delegates, or one without weight")
	ErrNotGuilty  = errors.New("election: the two messages prove no guilt")
	ErrRisk       = errors.New("election: no such committee")
)

// The most that one epoch's work is bounded by.
const (
	MaxCandidates = 100
	MaxDelegates  = 100
)

// Window is a stretch that ends when both a time and a number of blocks have passed.
type Window struct {
	Millis uint64
	Blocks uint64
}

// Passed reports whether the window that opened at the given time (ms) and height is
// over.
func (w Window) Passed(sinceTime, sinceHeight, time, height uint64) bool {
	return time >= sinceTime && time-sinceTime > w.Millis && height >= sinceHeight && height-sinceHeight > w.Blocks
}

// Params are the rules of a chain's elections. They are part of its genesis. Amounts
// are in wei, times in milliseconds. [Default] gives a set to start from.
type Params struct {
	EpochLength uint64 // blocks; the chain's
	Candidates  uint64 // registered at once, at most; 1 to MaxCandidates
	Delegates   uint64 // at most Candidates and MaxDelegates
	Seats       uint64 // at most Delegates
	MinSeats    uint64 // below it the last committee stays; 1 to Seats
	ByStake     bool   // fewer seats than delegates are drawn by stake, not uniformly
	// Ranked lets a chain without a threshold key elect: the seats stand in the order of
	// the ranking. It needs Seats equal to Delegates.
	Ranked bool

	MinSelf  uint256.Int // least self-stake of a candidate; above zero
	MinVote  uint256.Int // least stake of a vote; above zero
	Leverage uint64      // of weight over self-stake; 0: unbounded
	MaxLock  uint64      // longest notice of a vote; above zero
	Bonus    uint64      // weight that MaxLock adds, in thousandths; at most 10,000
	Fade     uint64      // epochs in which the weight of a withdrawn vote ends; 1 to 64

	Threshold uint64 // percent of its share below which a seat is unproductive; 0: never
	Probation uint64 // epochs for which an unproductive delegate is no candidate

	BlockReward uint256.Int // of each block, to its proposer
	EpochBonus  uint256.Int // of each epoch, to its productive seats in equal parts

	Slash    uint64 // thousandths of the self-stake; 1 to 1,000
	Reporter uint64 // thousandths of what was slashed for who proves the guilt; at most 500
	Evidence Window // after an epoch's end, in which guilt can be proved
	// Unbond is how long withdrawn stake stays, longer than Evidence in both. Evidence
	// counts when it is included, so that any margin will do here; the period in which
	// devices trust a key adds to it.
	Unbond Window
}

// Default returns the parameters that an operator starts from, for a coin of 18
// decimals and blocks of a second: all 36 delegates sit, an epoch is an hour, evidence
// counts for 14 days, stake unbonds in 21. It sets no rewards.
func Default() Params {
	const day = 24 * 3600 * 1000
	coin := func(n uint64) (x uint256.Int) {
		x.Mul(uint256.NewInt(n), uint256.NewInt(1e18))
		return x
	}
	return Params{
		EpochLength: 3600, Candidates: 100, Delegates: 36, Seats: 36, MinSeats: 4,
		MinSelf: coin(10_000), MinVote: coin(1), Leverage: 20,
		MaxLock: 365 * day, Bonus: 500, Fade: 24,
		Threshold: 80, Probation: 24,
		Slash: 500, Reporter: 50,
		Evidence: Window{14 * day, 14 * 86_400}, Unbond: Window{21 * day, 15 * 86_400},
	}
}

// Validate returns an error that wraps ErrParams and names what does not fit.
func (p *Params) Validate() error {
	f := (max(p.Seats, 1) - 1) / 3
	for _, rule := range []struct {
		ok   bool
		text string
	}{
		{p.Candidates >= 1 && p.Candidates <= MaxCandidates, "Candidates"},
		{p.Delegates >= 1 && p.Delegates <= p.Candidates && p.Delegates <= MaxDelegates, "Delegates"},
		{p.Seats >= 1 && p.Seats <= p.Delegates && p.Seats <= rolldpos.MaxSeats, "Seats"},
		{p.MinSeats >= 1 && p.MinSeats <= p.Seats, "MinSeats"},
		{p.EpochLength > 2*f+1 && p.EpochLength < 1<<32, "EpochLength: too short for the beacon, or too long"},
		{!p.Ranked || p.Seats == p.Delegates, "Ranked: not all delegates sit"},
		{!p.MinSelf.IsZero(), "MinSelf"},
		{!p.MinVote.IsZero(), "MinVote"},
		{p.MaxLock >= 1 && p.MaxLock < 1<<42, "MaxLock"},
		{p.Bonus <= 10_000, "Bonus"},
		{p.Fade >= 1 && p.Fade <= 64, "Fade"},
		{p.Threshold <= 100, "Threshold"},
		{p.Probation < 1<<32, "Probation"},
		{p.BlockReward.BitLen() <= 96 && p.EpochBonus.BitLen() <= 96, "BlockReward, EpochBonus: 2^96 or more"},
		{p.Slash >= 1 && p.Slash <= 1000, "Slash"},
		{p.Reporter <= 500, "Reporter"},
		{p.Evidence.Millis >= 1 && p.Evidence.Blocks >= 1, "Evidence"},
		{p.Unbond.Millis < 1<<42 && p.Unbond.Blocks < 1<<42, "Unbond: too long"},
		{p.Unbond.Millis > p.Evidence.Millis && p.Unbond.Blocks > p.Evidence.Blocks, "Unbond: no longer than Evidence"},
	} {
		if !rule.ok {
			return fmt.Errorf("%w: %s", ErrParams, rule.text)
		}
	}
	return nil
}

// Slots is the number of an epoch's first blocks in which the beacon of the epoch
// before may still be put on chain: 2f + 1 for a committee of n seats.
func Slots(n int) uint64 { return uint64(2*((max(n, 1)-1)/3) + 1) }
