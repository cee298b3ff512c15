package state

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxWorkers bounds the goroutines of one call. More do not pay: at the end every
// trie is hashed by one.
const maxWorkers = 16

// each calls f for 0 to n-1, from several goroutines that have ended when it
// returns. It returns the error of the smallest number that had one.
func each(n int, f func(i int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0), maxWorkers)
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = f(i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
