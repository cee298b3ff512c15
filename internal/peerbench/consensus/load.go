package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Names of cases.
const (
	empty    = "empty"  // no transactions
	steady   = "steady" // steadyRate, gossiped
	gossiped = "gossip" // as many as are taken, gossiped
	direct   = "direct" // as many as are taken, each only at the node it was submitted to
)

const (
	steadyRate = 1_000 // tx/s, over all validators in turn
	txSize     = 256   // bytes
)

// scenario is one network under one load.
type scenario struct {
	validators int
	name       string
}

// errFull reports a node that has no room for a transaction until it finalises some.
var errFull = errors.New("pool is full")

// network is a running set of validators.
type network interface {
	// submit gives a transaction to one validator; errFull asks to try again later.
	submit(validator int, payload []byte) error
	// height of validator 0.
	height() uint64
	// close stops all validators.
	close() error
}

// result of measuring one network.
type result struct {
	blocks   float64       // per second
	rate     float64       // transactions per second that became final at validator 0
	p50, p99 time.Duration // from submission to finality at the same validator
	cpu      float64       // ms of CPU time of the process, per block or, saturated, per 1,000 transactions
}

// used returns the CPU time of this process.
func used() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// meter takes what becomes final.
type meter struct {
	start time.Time

	mu        sync.Mutex
	from, to  time.Duration // of the measured time, since start; to is 0 until it is known
	final     int
	latencies []time.Duration
}

// The first bytes of a payload: when it was submitted (nanoseconds since the meter's
// start), to whom, and a number that makes it unique.
const (
	stampAt     = 0
	validatorAt = 8
	numberAt    = 12
	stampBytes  = 20
)

// delivered counts a final transaction at a validator.
func (m *meter) delivered(validator int, payloads [][]byte) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.from == 0 || now < m.from || m.to != 0 && now > m.to {
		return
	}
	if validator == 0 {
		m.final += len(payloads)
	}
	for _, p := range payloads {
		if int(binary.BigEndian.Uint32(p[validatorAt:])) == validator {
			m.latencies = append(m.latencies, now-time.Duration(binary.BigEndian.Uint64(p[stampAt:])))
		}
	}
}

// load submits transactions until stop is closed.
type load struct {
	net   network
	meter *meter
	mu    sync.Mutex
	err   error
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

func (l *load) payload(validator int, number uint64) []byte {
	p := make([]byte, txSize)
	binary.BigEndian.PutUint64(p[stampAt:], uint64(time.Since(l.meter.start)))
	binary.BigEndian.PutUint32(p[validatorAt:], uint32(validator))
	binary.BigEndian.PutUint64(p[numberAt:], number)
	for i := stampBytes; i < txSize; i++ {
		p[i] = byte(number>>(i%8*8)) ^ byte(i)*31
	}
	return p
}

// steady submits steadyRate transactions a second, to each validator in turn. What a
// full pool refuses is lost and counts as never final.
func (l *load) steady(validators int, stop <-chan struct{}) {
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := uint64(0); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for due := uint64(time.Since(began).Seconds() * steadyRate); sent < due; sent++ {
			v := int(sent % uint64(validators))
			if err := l.net.submit(v, l.payload(v, sent)); err != nil && !errors.Is(err, errFull) {
				l.fail(err)
				return
			}
		}
	}
}

// flood submits to one validator whatever it takes.
func (l *load) flood(validator int, stop <-chan struct{}) {
	for number := uint64(validator) << 48; ; {
		select {
		case <-stop:
			return
		default:
		}
		err := l.net.submit(validator, l.payload(validator, number))
		switch {
		case err == nil:
			number++
		case errors.Is(err, errFull):
			time.Sleep(time.Millisecond)
		default:
			l.fail(err)
			return
		}
	}
}

func (l *load) start(sc scenario, stop <-chan struct{}) *sync.WaitGroup {
	var group sync.WaitGroup
	switch sc.name {
	case steady:
		group.Go(func() { l.steady(sc.validators, stop) })
	case gossiped, direct:
		for v := range sc.validators {
			group.Go(func() { l.flood(v, stop) })
		}
	}
	return &group
}

// starters build a network of each side.
func starter(side string) (func(s *settings, sc scenario, dir string, m *meter) (network, error), error) {
	switch side {
	case "rootstem":
		return startRootstem, nil
	case "cometbft":
		return startComet, nil
	}
	return nil, fmt.Errorf("%q is not a side", side)
}

// measure runs one network of a side under a scenario's load.
func measure(s *settings, sc scenario, side string) (r result, err error) {
	start, err := starter(side)
	if err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp(s.dir, side)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Clean(dir))) }()
	m := &meter{start: time.Now()}
	net, err := start(s, sc, dir, m)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, net.close()) }()
	if err := begun(net); err != nil {
		return r, err
	}
	l := &load{net: net, meter: m}
	stop := make(chan struct{})
	group := l.start(sc, stop)
	time.Sleep(s.warm)
	low, before := net.height(), time.Duration(0)
	if before, err = used(); err != nil {
		return r, err
	}
	m.mu.Lock()
	m.from = time.Since(m.start)
	m.mu.Unlock()
	time.Sleep(s.measured)
	after, err := used()
	if err != nil {
		return r, err
	}
	high := net.height()
	m.mu.Lock()
	m.to = time.Since(m.start)
	m.mu.Unlock()
	close(stop)
	group.Wait()
	r = m.result(high - low)
	if sc.name == empty || sc.name == steady {
		r.cpu = millis(after-before) / max(1, float64(high-low))
	} else {
		r.cpu = millis(after-before) / max(1, r.rate*s.measured.Seconds()/1000)
	}
	return r, l.err
}

// begun waits until a network makes blocks.
func begun(net network) error {
	const patience = time.Minute
	for at := time.Now(); net.height() < 3; time.Sleep(10 * time.Millisecond) {
		if time.Since(at) > patience {
			return fmt.Errorf("no third block within %v", patience)
		}
	}
	return nil
}

func (m *meter) result(blocks uint64) result {
	m.mu.Lock()
	defer m.mu.Unlock()
	seconds := (m.to - m.from).Seconds()
	r := result{blocks: float64(blocks) / seconds, rate: float64(m.final) / seconds}
	if n := len(m.latencies); n > 0 {
		slices.Sort(m.latencies)
		r.p50, r.p99 = m.latencies[n/2], m.latencies[n*99/100]
	}
	return r
}
