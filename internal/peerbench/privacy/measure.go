package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench measures and prints.
type bench struct {
	out    io.Writer
	rounds int
	span   time.Duration
}

// contestant does one thing again and again.
type contestant interface {
	// sample works for at least span and returns the CPU time of one run.
	sample(span time.Duration) (time.Duration, error)
}

// local is a contestant of this process.
type local func() error

func (run local) sample(span time.Duration) (time.Duration, error) {
	start, err := cpu()
	if err != nil {
		return 0, err
	}
	for n := time.Duration(1); ; n++ {
		if err := run(); err != nil {
			return 0, err
		}
		now, err := cpu()
		if err != nil {
			return 0, err
		}
		if now-start >= span {
			return (now - start) / n, nil
		}
	}
}

// cpu returns the time that the process has computed, collecting garbage included.
func cpu() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// medians lets the contestants take turns and returns the median of each.
func (b *bench) medians(all ...contestant) ([]time.Duration, error) {
	taken := make([][]time.Duration, len(all))
	for range b.rounds {
		for i, c := range all {
			d, err := c.sample(b.span)
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], d)
		}
	}
	out := make([]time.Duration, len(all))
	for i := range taken {
		slices.Sort(taken[i])
		out[i] = taken[i][len(taken[i])/2]
	}
	return out, nil
}

// row prints a row of a table.
func (b *bench) row(cells ...string) {
	fmt.Fprintln(b.out, "|", strings.Join(cells, " | "), "|")
}

// table prints a title and a header.
func (b *bench) table(title string, header ...string) {
	fmt.Fprintf(b.out, "\n%s\n\n", title)
	b.row(header...)
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = "---"
	}
	b.row(rule...)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

// wanted prints a ratio beside its bound.
func wanted(got, most float64) string {
	verdict := "met"
	if got > most {
		verdict = "missed"
	}
	return fmt.Sprintf("%.3f, at most %.3g: %s", got, most, verdict)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
