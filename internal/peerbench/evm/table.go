package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"time"
)

// runner is a machine that is ready to run one row again and again.
type runner interface {
	prepare()
	run() (gas uint64, err error)
}

// sample runs r for at least span and returns the time of one run in seconds.
func sample(r runner, span time.Duration) (gas uint64, seconds float64, err error) {
	var spent time.Duration
	runs := 0
	for spent < span {
		r.prepare()
		start := time.Now()
		gas, err = r.run()
		spent += time.Since(start)
		if err != nil {
			return 0, 0, err
		}
		runs++
	}
	return gas, spent.Seconds() / float64(runs), nil
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// result is one measured row.
type result struct {
	row        *row
	gas        uint64
	ours, geth float64 // seconds for one run, medians
	ratio      float64 // median of the rounds' ratios: what slows both in a round cancels
}

func measure(r *row, rounds int, span time.Duration) (*result, error) {
	w, err := rowWorld(r)
	if err != nil {
		return nil, err
	}
	ours := newOurMachine(r, w)
	geth, err := newGethMachine(r, w)
	if err != nil {
		return nil, err
	}
	res := &result{row: r}
	var our, their, ratios []float64
	for range rounds {
		gas, s, err := sample(ours, span)
		if err != nil {
			return nil, fmt.Errorf("%s: rootstem: %w", r.name, err)
		}
		res.gas, our, ratios = gas, append(our, s), append(ratios, 1/s)
		if gas, s, err = sample(geth, span); err != nil {
			return nil, fmt.Errorf("%s: go-ethereum: %w", r.name, err)
		}
		// runtime.Call reports gas before refunds, which only storage rows have.
		if gas != res.gas && !r.fresh {
			return nil, fmt.Errorf("%s: gas %d, go-ethereum %d", r.name, res.gas, gas)
		}
		res.gas, their = gas, append(their, s)
		ratios[len(ratios)-1] *= s
	}
	res.ours, res.geth, res.ratio = median(our), median(their), median(ratios)
	return res, nil
}

// table measures the rows whose name matches only and prints them.
func table(out io.Writer, dir string, only *regexp.Regexp, rounds int, span time.Duration) error {
	all, err := rows()
	if err != nil {
		return err
	}
	if dir != "" {
		more, err := stateTestRows(dir)
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	fmt.Fprintf(out, "%-26s %12s %12s %8s %8s\n", "Mgas/s", "rootstem", "go-ethereum", "ratio", "wanted")
	product, n := 0.0, 0
	for i := range all {
		if !only.MatchString(all[i].name) {
			continue
		}
		r, err := measure(&all[i], rounds, span)
		if err != nil {
			return err
		}
		product, n = product+math.Log(r.ratio), n+1
		if r.row.micro {
			fmt.Fprintf(out, "%-26s %9.2f µs %9.2f µs %8.2f %8.1f\n", r.row.name, r.ours*1e6, r.geth*1e6, r.ratio, r.row.least)
			continue
		}
		mgas := float64(r.gas) / 1e6
		fmt.Fprintf(out, "%-26s %12.0f %12.0f %8.2f %8.1f\n", r.row.name, mgas/r.ours, mgas/r.geth, r.ratio, r.row.least)
	}
	if n > 0 {
		fmt.Fprintf(out, "geometric mean of the ratios over %d rows: %.2f (wanted 1.6)\n", n, math.Exp(product/float64(n)))
	}
	return nil
}
