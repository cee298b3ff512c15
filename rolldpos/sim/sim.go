package sim

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// Broken promises; see the package doc. The error of a run wraps one of them and tells
// the seed, the time and the process.
var (
	ErrFork         = errors.New("sim: two final blocks of one height")
	ErrInvalidBlock = errors.New("sim: invalid block is final")
	ErrUnlogged     = errors.New("sim: sent before it was logged")
	ErrEquivocation = errors.New("sim: honest seat signed what contradicts")
	ErrEvidence     = errors.New("sim: false evidence")
	ErrMemory       = errors.New("sim: core keeps too much")
	ErrCore         = errors.New("sim: core faulted")
	ErrStall        = errors.New("sim: no progress after the network healed")
)

// ErrConfig reports a configuration that no run can have.
var ErrConfig = errors.New("sim: unfit configuration")

// Behaviour is what a Byzantine seat does, one or several at once. The zero value is
// an honest seat.
type Behaviour uint8

// Behaviours. A Byzantine seat signs with its own key only.
const (
	Twin       Behaviour = 1 << iota // two honest processes hold its key, each with its own log
	Silent                           // sends nothing for long spells
	Withhold                         // shows votes, proposals and certificates to few, bodies to none
	Equivocate                       // tells half of the others something else
	Forge                            // sends messages with altered fields and votes of views to come
	Corrupt                          // proposes invalid blocks

	behaviours = 6
)

// Config of a run. The zero value of a field that is not said to be required means the
// default.
type Config struct {
	Seed      uint64
	Seats     int                   // required; the first processes, in seat order
	Byzantine map[int]Behaviour     // by seat, at most f of them for the promises to hold
	Block     uint64                // ms between arrivals of work; 0: 1000
	Delta     uint64                // ms, rolldpos.Config.Delta; 0: a tenth of Block
	MaxDelta  uint64                // ms; 0: four times Delta, so that a view is given up in time
	Epoch     uint64                // blocks in an epoch; 0: one epoch without end
	NewApp    func(process int) App // nil: one transaction in each block time
	Real      bool                  // sign with ed25519
	Trace     func(line string)     // receives what each step does, as prose; nil: nothing is told
}

// Network is what happens to messages on the way.
type Network struct {
	Loss      int    // of 1000 messages
	Duplicate int    // of 1000 messages
	MinDelay  uint64 // ms, at least 1
	MaxDelay  uint64 // ms
}

// Result sums a run up.
type Result struct {
	Views  uint64 // of all epochs
	Blocks uint64 // height of the highest final block
	Hash   uint64 // of everything that was sent, logged and finalised
}

// Sim is one run. It is not safe for concurrent use.
type Sim struct {
	cfg       Config
	rng       *rand.Rand
	now, seq  uint64
	agenda    agenda
	committee *rolldpos.Committee
	signers   []rolldpos.Signer
	processes []*process
	network   Network
	reach     []uint64 // by sender, the set of processes that it reaches
	route     func(from, to int, v rolldpos.View) bool

	genesis rolldpos.Hash
	blocks  map[rolldpos.Hash]*block
	chain   []*block // the final block of each height
	ends    map[rolldpos.Epoch]*rolldpos.Certificate
	nonce   uint64

	torn     int // of 1000 steps that log something end in a crash
	persists int // steps so far that log something
	crashAt  int // such a step, or 0
	crashHow Tear
	signed   []map[rolldpos.Epoch]*statements // by seat
	views    map[rolldpos.Epoch]rolldpos.View
	evidence map[int]int // by seat
	sent     uint64
	trace    uint64
	err      error
	samples  uint64
}

// block is a Block and the sets of processes that know it.
type block struct {
	Block
	built    uint64 // ms, in network time
	corrupt  bool   // its builder was
	memory   uint64 // hold the body, until they crash
	disk     uint64 // hold it durably
	executed uint64
	last     bool
}

// New returns a network whose processes are all about to start. Errors wrap ErrConfig.
func New(cfg Config) (*Sim, error) {
	if cfg.Block == 0 {
		cfg.Block = 1000
	}
	if cfg.Delta == 0 {
		cfg.Delta = max(cfg.Block/10, 1)
	}
	if cfg.MaxDelta == 0 {
		cfg.MaxDelta = 4 * cfg.Delta
	}
	if cfg.NewApp == nil {
		cfg.NewApp = func(int) App { return pulse{cfg.Block} }
	}
	if cfg.Seats < 1 || cfg.Seats+len(cfg.Byzantine) > 64 {
		return nil, fmt.Errorf("%w: %d seats", ErrConfig, cfg.Seats)
	}
	s := &Sim{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.Seats))),
		genesis: keccak.Sum256([]byte("rootstem/rolldpos/sim/genesis")),
		blocks:  make(map[rolldpos.Hash]*block), ends: make(map[rolldpos.Epoch]*rolldpos.Certificate),
		views: make(map[rolldpos.Epoch]rolldpos.View), evidence: make(map[int]int),
	}
	s.committee, s.signers = committee(cfg.Seats, cfg.Real)
	for seat := range cfg.Byzantine {
		if seat < 0 || seat >= cfg.Seats {
			return nil, fmt.Errorf("%w: seat %d of %d", ErrConfig, seat, cfg.Seats)
		}
	}
	first := &block{Block: Block{Hash: keccak.Sum256([]byte("rootstem/rolldpos/sim/anchor"))}, disk: ^uint64(0), executed: ^uint64(0)}
	s.blocks[first.Hash] = first
	s.chain = []*block{first}
	for seat := range cfg.Seats {
		s.addProcess(seat, first)
		s.signed = append(s.signed, make(map[rolldpos.Epoch]*statements))
	}
	for seat := range cfg.Seats {
		if cfg.Byzantine[seat]&Twin != 0 {
			s.addProcess(seat, first)
		}
	}
	s.reach = make([]uint64, len(s.processes))
	s.Heal()
	for _, p := range s.processes {
		s.boot(p)
	}
	s.push(cfg.Block, event{what: arrival})
	return s, s.err
}

func (s *Sim) addProcess(seat int, first *block) {
	id := len(s.processes)
	s.processes = append(s.processes, &process{
		id: id, seat: seat, bit: 1 << id, behaviour: s.cfg.Byzantine[seat], app: s.cfg.NewApp(id),
		disk: disk{epoch: 1, anchor: first, final: first},
	})
}

func (s *Sim) push(delay uint64, e event) {
	s.seq++
	s.agenda.push(s.now+delay, s.seq, e)
}

// Run advances the run to a time, in ms since its beginning, and returns the first
// broken promise of the run, or nil.
func (s *Sim) Run(until uint64) error {
	for s.err == nil && len(s.agenda.heap) > 0 && s.agenda.heap[0].at <= until {
		at, e := s.agenda.pop()
		s.now = at
		s.handle(e)
	}
	if s.err == nil {
		s.now = max(s.now, until)
	}
	return s.err
}

func (s *Sim) handle(e event) {
	p := e.to
	if e.what == arrival {
		s.push(s.cfg.Block, event{what: arrival})
		for _, p := range s.processes {
			s.consider(p)
		}
		return
	}
	if !p.up || e.life != 0 && e.life != p.life {
		return
	}
	switch e.what {
	case deliver:
		s.deliver(p, e.epoch, e.message, e.body)
	case tick:
		if c := p.core(e.epoch); c != nil && c.wake == s.now {
			c.wake = 0
			s.step(p, c, rolldpos.Tick{})
		}
	case build:
		s.build(p, e.epoch, e.request.build)
	case verify:
		s.verify(p, e.epoch, e.request)
	case synced:
		if c := p.core(e.epoch); c != nil {
			s.step(p, c, rolldpos.FinalizedElsewhere{Certificate: e.message.(*rolldpos.Certificate), Last: true})
		}
	case adoption:
		if c := p.core(e.epoch); c != nil {
			s.finalize(p, c, e.message.(*rolldpos.Certificate))
			s.consider(p)
		}
	case enterEpoch:
		s.enterEpoch(p, e.epoch)
	}
}

// fail records the first broken promise.
func (s *Sim) fail(promise error, p *process, format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: seed %d, %d seats, %d ms, process %d: %s",
			promise, s.cfg.Seed, s.cfg.Seats, s.now, p.id, fmt.Sprintf(format, args...))
	}
}

// Now returns the time in ms since the run began.
func (s *Sim) Now() uint64 { return s.now }

// Result sums up the run so far.
func (s *Sim) Result() Result {
	r := Result{Blocks: uint64(len(s.chain) - 1), Hash: s.trace}
	for _, v := range s.views {
		r.Views += uint64(v)
	}
	return r
}

// Processes returns how many processes run: the seats, then the second of each twin.
func (s *Sim) Processes() int { return len(s.processes) }

// Sent returns how many messages were sent, each receiver and copy counted.
func (s *Sim) Sent() uint64 { return s.sent }

// Height returns the height of a process's final block.
func (s *Sim) Height(process int) uint64 { return s.processes[process].disk.final.Height }

// Final returns the final block of a height, or nil if none is final anywhere.
func (s *Sim) Final(height uint64) *Block {
	if height >= uint64(len(s.chain)) {
		return nil
	}
	return &s.chain[height].Block
}

// App returns a process's App.
func (s *Sim) App(process int) App { return s.processes[process].app }

// Lowest returns the lowest final height of the honest processes that are up.
func (s *Sim) Lowest() uint64 {
	low := uint64(len(s.chain) - 1)
	for _, p := range s.processes {
		if p.up && p.behaviour == 0 {
			low = min(low, p.disk.final.Height)
		}
	}
	return low
}

// Evidence returns how many proofs of a seat's guilt were reported.
func (s *Sim) Evidence(seat int) int { return s.evidence[seat] }

// SetNetwork changes what happens to messages sent from now on.
func (s *Sim) SetNetwork(n Network) {
	n.MinDelay = max(n.MinDelay, 1)
	n.MaxDelay = max(n.MaxDelay, n.MinDelay)
	s.network = n
}

// Partition lets only processes of one group reach one another; groups are by process,
// 0 for those who reach all.
func (s *Sim) Partition(groups []int) {
	for i := range s.reach {
		s.reach[i] = 0
		for j := range s.reach {
			if groups[i] == groups[j] || groups[i] == 0 || groups[j] == 0 {
				s.reach[i] |= 1 << j
			}
		}
	}
}

// Cut stops what one process sends to another; the way back stays.
func (s *Sim) Cut(from, to int) {
	s.reach[from] &^= 1 << to
}

// Route lets a message pass only if f says so too, of the sender's and the receiver's
// processes and of the view in which the sender is; nil ends it.
func (s *Sim) Route(f func(from, to int, v rolldpos.View) bool) { s.route = f }

// Heal makes the network whole: nothing is lost, and messages take at most two fifths
// of Delta. Processes that are down stay so.
func (s *Sim) Heal() {
	for i := range s.reach {
		s.reach[i] = ^uint64(0)
	}
	s.network, s.torn, s.route = Network{MinDelay: 1, MaxDelay: max(1, 2*s.cfg.Delta/5)}, 0, nil
}

func (s *Sim) reaches(p, q *process) bool {
	return s.reach[p.id]&q.bit != 0 && (s.route == nil || len(p.cores) > 0 && s.route(p.id, q.id, p.cores[len(p.cores)-1].View()))
}

// mix adds a word to the trace's hash.
func (s *Sim) mix(x uint64) {
	s.trace = bits.RotateLeft64(s.trace^x*0x9e3779b97f4a7c15, 27) * 0xff51afd7ed558ccd
}
