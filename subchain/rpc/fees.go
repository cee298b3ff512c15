package rpc

import (
	"context"
	"encoding/json"
	"math"
	"slices"

	"github.com/holiman/uint256"
)

// Bounds of eth_feeHistory.
const (
	maxFeeBlocks   = 1024
	maxPercentiles = 100
)

// gasPrice suggests the price of a legacy transaction for the next block.
func gasPrice(s *session, _ context.Context, _ params) (any, error) {
	price, tip := s.backend.Fees.NextBaseFee(), s.backend.Fees.Tip()
	price.Add(&price, &tip)
	return amount(price), nil
}

func maxPriorityFeePerGas(s *session, _ context.Context, _ params) (any, error) {
	return amount(s.backend.Fees.Tip()), nil
}

type feeView struct {
	OldestBlock   quantity   `json:"oldestBlock"`
	BaseFeePerGas []amount   `json:"baseFeePerGas"` // one more than blocks: the next one's
	GasUsedRatio  []float64  `json:"gasUsedRatio"`
	Reward        [][]amount `json:"reward,omitempty"`
}

func feeHistory(s *session, ctx context.Context, p params) (any, error) {
	count, err := feeCount(p)
	if err != nil {
		return nil, err
	}
	newest, err := textAs(p, 1, s.parseHeight)
	if err != nil {
		return nil, err
	}
	if newest > s.head {
		return nil, failf(codeServer, "request beyond head block: requested %d, head %d", newest, s.head)
	}
	percentiles, err := feePercentiles(p)
	if err != nil {
		return nil, err
	}
	count = min(count, maxFeeBlocks, newest+1)
	v := feeView{OldestBlock: quantity(newest + 1 - count), BaseFeePerGas: []amount{}, GasUsedRatio: []float64{}}
	if count == 0 {
		v.OldestBlock = 0
		return v, nil
	}
	for height := uint64(v.OldestBlock); height <= newest; height++ {
		if ctx.Err() != nil {
			return nil, failf(codeServer, "request timed out")
		}
		rec, err := s.backend.Chain.Block(height)
		if err != nil {
			return nil, err
		}
		h := &rec.Block.Header
		v.BaseFeePerGas = append(v.BaseFeePerGas, amount(h.BaseFee))
		v.GasUsedRatio = append(v.GasUsedRatio, ratio(h.GasUsed, h.GasLimit))
		if len(percentiles) > 0 {
			v.Reward = append(v.Reward, rewards(rec, percentiles))
		}
	}
	next, err := s.baseFeeAfter(newest)
	v.BaseFeePerGas = append(v.BaseFeePerGas, amount(next))
	return v, err
}

// feeCount reads the number of blocks: a quantity, or a JSON number, which older
// clients send.
func feeCount(p params) (uint64, error) {
	var n uint64
	if json.Unmarshal(p[0], &n) == nil {
		return n, nil
	}
	return textAs(p, 0, parseQuantity)
}

func feePercentiles(p params) ([]float64, error) {
	if !p.has(2) {
		return nil, nil
	}
	var list []float64
	if err := json.Unmarshal(p[2], &list); err != nil {
		return nil, invalidParams("invalid argument 2: not an array of numbers")
	}
	if len(list) > maxPercentiles {
		return nil, invalidParams("too many percentiles, max %d", maxPercentiles)
	}
	for i, x := range list {
		if x < 0 || x > 100 || (i > 0 && x < list[i-1]) {
			return nil, invalidParams("invalid reward percentile: %g", x)
		}
	}
	return list, nil
}

func ratio(used, limit uint64) float64 {
	if limit == 0 {
		return 0
	}
	return float64(used) / float64(limit)
}

func (s *session) baseFeeAfter(height uint64) (uint256.Int, error) {
	if height == s.head {
		return s.backend.Fees.NextBaseFee(), nil
	}
	rec, err := s.backend.Chain.Block(height + 1)
	if err != nil {
		return uint256.Int{}, err
	}
	return rec.Block.Header.BaseFee, nil
}

// rewards returns for each percentile of the block's gas the tip that the
// transaction at it paid, transactions in the order of their tips.
func rewards(rec *Record, percentiles []float64) []amount {
	type paid struct {
		tip uint256.Int
		gas uint64
	}
	out, list := make([]amount, len(percentiles)), make([]paid, 0, len(rec.Receipts))
	for _, r := range rec.Receipts {
		x := paid{gas: r.GasUsed}
		if r.GasPrice.Gt(&rec.Block.Header.BaseFee) {
			x.tip.Sub(&r.GasPrice, &rec.Block.Header.BaseFee)
		}
		list = append(list, x)
	}
	if len(list) == 0 {
		return out
	}
	slices.SortStableFunc(list, func(a, b paid) int { return a.tip.Cmp(&b.tip) })
	i, sum := 0, list[0].gas
	for k, p := range percentiles {
		want := uint64(math.Ceil(float64(rec.Block.Header.GasUsed) * p / 100))
		for sum < want && i < len(list)-1 {
			i++
			sum += list[i].gas
		}
		out[k] = amount(list[i].tip)
	}
	return out
}
