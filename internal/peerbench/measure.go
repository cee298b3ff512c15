package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const fillBatch = 10_000

func measure(s *settings, n int, kind, side string) error {
	dir := filepath.Join(s.dir, fmt.Sprintf("%s-%s-%d", side, kind, n))
	open := openRootstem
	switch side {
	case "rootstem":
	case "rootstem-defaults":
		open = openRootstemDefaults
	case "go-ethereum":
		open = openGeth
	default:
		return errors.New("unknown side")
	}
	p, err := open(dir, kind)
	if err != nil {
		return err
	}
	start := time.Now()
	for from := 0; from < n; from += fillBatch {
		if err := p.fill(from, min(n, from+fillBatch)); err != nil {
			return err
		}
	}
	filled := time.Since(start)
	// What follows runs on a database, not on what the fill left in memory.
	if _, err := p.close(); err != nil {
		return err
	}
	debug.FreeOSMemory()
	before := rss()
	peak := watch()
	if p, err = open(dir, kind); err != nil {
		return err
	}
	var cold, warm, root, commit, both, cpu []time.Duration
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for round := range s.rounds {
		keys := rng.Perm(n)[:s.batch]
		times := [2]time.Duration{}
		for i := range times {
			start := time.Now()
			if err := p.read(keys); err != nil {
				return err
			}
			times[i] = time.Since(start) / time.Duration(len(keys))
		}
		used := cpuTime()
		r, c, err := p.update(keys, uint64(round+2))
		if err != nil {
			return err
		}
		cpu = append(cpu, cpuTime()-used)
		cold, warm = append(cold, times[0]), append(warm, times[1])
		root, commit, both = append(root, r), append(commit, c), append(both, r+c)
	}
	flush, err := p.close()
	if err != nil {
		return err
	}
	peaked := peak()
	start = time.Now()
	if p, err = open(dir, kind); err != nil {
		return err
	}
	opened := time.Since(start)
	if _, err := p.close(); err != nil {
		return err
	}
	size, err := diskSize(dir)
	if err != nil {
		return err
	}
	fmt.Printf("| %d %s | %s | %.0f | %.2f | %.2f | %.1f | %.1f | **%.1f** | %.1f | %.0f | %.0f | %.0f | %d |\n", n, kind, side,
		float64(n)/filled.Seconds()/1000, micros(median(cold)), micros(median(warm)), millis(median(root)), millis(median(commit)),
		millis(median(both)), millis(median(cpu)), millis(flush), millis(opened), float64(size)/float64(n), (peaked-before)>>20)
	return os.RemoveAll(dir)
}

func median(x []time.Duration) time.Duration {
	slices.Sort(x)
	return x[len(x)/2]
}

func millis(d time.Duration) float64 { return d.Seconds() * 1e3 }
func micros(d time.Duration) float64 { return d.Seconds() * 1e6 }

func diskSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// cpuTime returns the time that the process has spent on all processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rss returns the resident memory of the process, 0 where it is not known.
func rss() (bytes int64) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(raw), "\n") {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// watch samples the resident memory until its result is called, which returns the
// most.
func watch() (stop func() int64) {
	var peak int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			peak = max(peak, rss())
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() int64 {
		close(done)
		wg.Wait()
		return peak
	}
}
