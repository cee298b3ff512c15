package rolldpos

import (
	"fmt"
)

// Core is one seat's state in one epoch. It is not safe for concurrent use.
type Core struct {
	committee *Committee
	genesis   Hash
	seat      int
	signer    Signer
	delta0    uint64 // ms
	deltaMax  uint64 // ms

	now     uint64
	started bool
	demand  bool
	done    bool // the epoch's last block is final

	view    View         // the current one; all below have ended
	entry   *Certificate // by which it began, if known
	entered uint64       // ms
	abstain View         // sign nothing in views up to this one
	known   View         // Config.Abstain
	query   uint64       // not 0: sign nothing before the others have answered
	answers []bool       // by seat, to query
	final   final
	slots   map[View]*slot // of views above final only

	timing    bool   // the view's timers run
	since     uint64 // ms, when they began
	growth    uint   // Δ is delta0·2^growth, capped
	resend    uint64 // ms, when own votes are repeated
	resendGap uint64 // ms
	mayAsk    uint64 // ms, before which no Status answers somebody's lead
	mayAnswer []uint64

	out Ready
}

// New returns a core at view 1 that has signed nothing. Errors wrap ErrConfig, or
// ErrInvalid for an unfit committee.
func New(cfg Config) (*Core, error) {
	if cfg.Committee == nil {
		return nil, fmt.Errorf("%w: no committee", ErrConfig)
	}
	if err := cfg.Committee.Validate(); err != nil {
		return nil, err
	}
	n := cfg.Committee.Size()
	switch {
	case cfg.Seat < Observer || cfg.Seat >= n:
		return nil, fmt.Errorf("%w: seat %d of %d", ErrConfig, cfg.Seat, n)
	case cfg.Seat != Observer && cfg.Signer == nil:
		return nil, fmt.Errorf("%w: a seat needs a signer", ErrConfig)
	case cfg.Anchor == Hash{}:
		return nil, fmt.Errorf("%w: no anchor", ErrConfig)
	case cfg.Delta > maxDelta || cfg.MaxDelta > maxDelta:
		return nil, fmt.Errorf("%w: delta above %d ms", ErrConfig, maxDelta)
	}
	c := &Core{
		committee: cfg.Committee,
		genesis:   cfg.Genesis,
		seat:      cfg.Seat,
		signer:    cfg.Signer,
		delta0:    cfg.Delta,
		deltaMax:  cfg.MaxDelta,
		view:      1,
		abstain:   cfg.Abstain,
		known:     cfg.Abstain,
		query:     cfg.Query,
		answers:   make([]bool, n),
		final:     final{standing: standing{block: cfg.Anchor, state: valid}},
		slots:     make(map[View]*slot),
		mayAnswer: make([]uint64, n),
	}
	if c.delta0 == 0 {
		c.delta0 = defaultDelta
	}
	if c.deltaMax == 0 {
		c.deltaMax = 20 * c.delta0
	}
	if n == 1 || c.seat == Observer {
		c.query = 0
	}
	if c.deltaMax < c.delta0 {
		return nil, fmt.Errorf("%w: delta above its cap", ErrConfig)
	}
	return c, c.testSigner()
}

const (
	defaultDelta = 500       // ms
	maxDelta     = 3_600_000 // ms
)

// testSigner refuses a signer that holds another seat's key.
func (c *Core) testSigner() error {
	if c.seat == Observer {
		return nil
	}
	digest := selfTestDigest(c.genesis)
	sig := c.signer.Sign(digest)
	if !c.committee.verify(c.seat, digest, &sig) {
		return fmt.Errorf("%w: the signer does not hold the key of seat %d", ErrConfig, c.seat)
	}
	return nil
}

// View returns the current view.
func (c *Core) View() View { return c.view }

// Final returns the newest commit certificate, or nil if nothing but the anchor is
// final. It is not to be changed.
func (c *Core) Final() *Certificate { return c.final.cert }

// Done says whether a block that the driver called the last is final. The core then
// signs no more votes and only answers seats that are behind.
func (c *Core) Done() bool { return c.done }

// Abstaining returns the highest view in which the seat signs nothing, because
// Config.Abstain says so or it was shown a vote of its own that its log lacks; 0 if
// there is none.
func (c *Core) Abstaining() View { return c.abstain }

// Held returns of how many views the core keeps anything: those since the final one, and
// at most 32 to come.
func (c *Core) Held() int { return len(c.slots) }

// Step takes one input at a time now, in ms of any clock that does not run backwards
// (an earlier now counts as the latest seen), and returns what to do.
func (c *Core) Step(now uint64, in Input) Ready {
	c.now = max(c.now, now)
	switch in := in.(type) {
	case Start:
		c.start()
	case Tick:
	case Received:
		if c.started {
			c.receive(in.Message)
		}
	case Built:
		c.built(in)
	case Verified:
		c.verified(in)
	case Demand:
		c.setDemand(in.Pending)
	case FinalizedElsewhere:
		c.finalizedElsewhere(in)
	}
	if c.started {
		c.progress()
	}
	out := c.out
	c.out = Ready{}
	return out
}

func (c *Core) start() {
	if c.started {
		return
	}
	c.started = true
	c.entered = c.now
	c.resend = c.now
	c.resendGap = 2 * c.delta()
	if c.final.cert != nil {
		c.out.Final = append(c.out.Final, Finalized{Block: c.final.block, Certificate: c.final.cert})
		c.require(c.final.view, c.final.block)
	}
	// Rule 5: what the log held is taken up again.
	for _, v := range c.views() {
		for _, k := range []Kind{Prepare, Commit, Nullify} {
			if x := c.slots[v].vote(k, c.seat); x != nil {
				c.tally(v, k, x.Block)
			}
		}
		if x := c.slots[v].cert(Prepare); x != nil {
			c.require(v, x.Block)
		}
	}
}

func (c *Core) setDemand(pending bool) {
	if s := c.slots[c.view]; c.demand && !pending && s != nil {
		s.building = false // the driver has nothing to build; asked again if need be
	}
	c.demand = pending
}

// progress acts on the current view until nothing changes.
func (c *Core) progress() {
	for {
		v := c.view
		c.tryPrepare()
		c.tryPropose()
		c.runTimers()
		if c.view == v {
			break
		}
	}
	c.out.Wake = c.wake()
}

// enter begins view v. Rule 4: at once, on either certificate.
func (c *Core) enter(v View, by *Certificate) {
	c.view, c.entry, c.entered = v, by, c.now
	c.timing = false
	switch {
	case by.Kind != Nullify && c.growth > 0:
		c.growth--
	case by.Kind == Nullify && c.delta() < c.deltaMax:
		c.growth++
	}
	c.resendGap = 2 * c.delta()
	c.resend = c.now + c.resendGap
}

// delta returns the current Δ in ms.
func (c *Core) delta() uint64 { return min(c.delta0<<c.growth, c.deltaMax) }

func (c *Core) broadcast(m Message) {
	if c.seat != Observer && c.committee.Size() > 1 {
		c.send(Broadcast, m)
	}
}

func (c *Core) send(to int, m Message) {
	c.out.Send = append(c.out.Send, Outgoing{To: to, Message: m})
}

func (c *Core) fault(err error) { c.out.Faults = append(c.out.Faults, err) }
