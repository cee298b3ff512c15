package chainkey

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Limits of what a Collector holds.
const (
	maxOpen = 32 // unfinished statements of one seat; a newer one displaces its oldest
	maxDone = 64 // finished statements that are remembered
)

// Sharing is how the chain key is shared in one epoch, as the ceremony left it.
type Sharing struct {
	Epoch     rolldpos.Epoch
	Threshold int // q of the seats
	Key       *Key
	Shares    []*bls.PublicKey // in the order of the seats
}

// Signed is a statement with the chain key's signature, which has been verified.
type Signed struct {
	Statement
	Signature bls.Signature
}

// Certificate returns the commit certificate; ok is false for another kind.
func (s *Signed) Certificate() (x *Certificate, ok bool) {
	return &Certificate{s.Epoch, s.View, s.Block, s.Signature}, s.Kind == CommitKind
}

// Beacon returns the round's beacon; ok is false for another kind.
func (s *Signed) Beacon() (b *Beacon, ok bool) {
	return &Beacon{uint64(s.Epoch), s.Signature}, s.Kind == RoundKind
}

// Collector gathers the partials of one epoch and recovers signatures from them. It
// is a pure state machine for one goroutine. Partials are checked only when a
// threshold is together: the signature once, and if it does not verify, each partial,
// in batches that are cut in halves. A seat whose partial was bad counts for that
// statement again only with one that verifies by itself.
//
// The memory is bounded: maxOpen statements for each seat, 32 · n partials in all. A
// seat displaces only its own, so the caller should take a seat's partials from that
// seat's authenticated connection alone; otherwise others can displace them, and make
// the collector check each that differs from one it holds.
type Collector struct {
	genesis Hash
	sharing Sharing
	open    map[Statement]*gathering // looked up only, never iterated
	bySeat  [][]Statement            // unfinished statements of each seat, oldest first
	done    []Statement              // newest last
	bad     []uint64                 // refused partials of each seat
}

// gathering holds the partials of one statement, ascending by seat. A seat has a slot
// here if and only if the statement is in its list bySeat.
type gathering struct {
	slots []slot
}

type slot struct {
	seat      int
	state     slotState
	signature bls.Signature // not in barred
}

type slotState uint8

const (
	held    slotState = iota // unchecked
	checked                  // verifies
	barred                   // was bad
)

// NewCollector returns a collector for an epoch. It returns ErrSharing unless there
// are 1 to MaxSeats shares, a key, and the quorum as the threshold.
func NewCollector(genesis Hash, s Sharing) (*Collector, error) {
	n := len(s.Shares)
	if n == 0 || n > rolldpos.MaxSeats || s.Threshold != n-(n-1)/3 || s.Key == nil || slices.Contains(s.Shares, nil) {
		return nil, fmt.Errorf("%w: %d of %d", ErrSharing, s.Threshold, n)
	}
	return &Collector{
		genesis: genesis, sharing: s, open: map[Statement]*gathering{},
		bySeat: make([][]Statement, n), bad: make([]uint64, n),
	}, nil
}

// Bad returns how many partials in the seat's name were found bad.
func (c *Collector) Bad(seat int) uint64 { return c.bad[seat] }

// Add takes a partial, usually unverified, and returns the statement with its
// signature once a threshold of good partials is together; otherwise nil. Each
// statement is returned once, and later partials of it are ignored. An error that wraps
// ErrInvalid says that this partial was refused; ErrSharing, that the shares are not
// those of the key.
func (c *Collector) Add(p *Partial) (*Signed, error) {
	if err := c.fits(p); err != nil {
		return nil, err
	}
	if slices.Contains(c.done, p.Statement) {
		return nil, nil
	}
	g, at, known := c.find(p)
	if known {
		switch old := &g.slots[at]; {
		case old.state != barred && old.signature == p.Signature:
			return nil, nil
		case old.state == checked:
			return nil, c.refuse(p.Seat)
		default:
			if err := c.replace(p, old); err != nil {
				return nil, err
			}
		}
	} else {
		g = c.insert(p, at)
	}
	if g.count() < c.sharing.Threshold {
		return nil, nil
	}
	return c.recover(p.Statement, g)
}

func (c *Collector) fits(p *Partial) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.Epoch != c.sharing.Epoch {
		return fmt.Errorf("%w: %d, not %d", ErrEpoch, p.Epoch, c.sharing.Epoch)
	}
	if p.Seat < 0 || p.Seat >= len(c.sharing.Shares) {
		return fmt.Errorf("%w: %d", ErrSeat, p.Seat)
	}
	return nil
}

// find returns the statement's gathering, or nil, and where the seat's slot is or
// belongs.
func (c *Collector) find(p *Partial) (g *gathering, at int, known bool) {
	if g = c.open[p.Statement]; g == nil {
		return nil, 0, false
	}
	at, known = g.search(p.Seat)
	return g, at, known
}

func (g *gathering) search(seat int) (at int, known bool) {
	return slices.BinarySearchFunc(g.slots, seat, func(s slot, seat int) int { return cmp.Compare(s.seat, seat) })
}

// insert opens a slot for a seat that had none, after making room.
func (c *Collector) insert(p *Partial, at int) *gathering {
	if list := c.bySeat[p.Seat]; len(list) == maxOpen {
		c.displace(list[0], p.Seat)
		c.bySeat[p.Seat] = slices.Delete(list, 0, 1)
	}
	g := c.open[p.Statement]
	if g == nil {
		g = new(gathering)
		c.open[p.Statement] = g
	}
	g.slots = slices.Insert(g.slots, at, slot{seat: p.Seat, signature: p.Signature})
	c.bySeat[p.Seat] = append(c.bySeat[p.Seat], p.Statement)
	return g
}

// displace removes the seat's slot of a statement, and the gathering if it was the last.
func (c *Collector) displace(s Statement, seat int) {
	g := c.open[s]
	at, _ := g.search(seat)
	if g.slots = slices.Delete(g.slots, at, at+1); len(g.slots) == 0 {
		delete(c.open, s)
	}
}

// replace puts a differing partial into a slot if it verifies: there is only one that
// does, so what was held is then bad.
func (c *Collector) replace(p *Partial, old *slot) error {
	if err := p.Verify(c.genesis, c.sharing.Shares); err != nil {
		c.bad[p.Seat]++
		return err
	}
	if old.state == held {
		c.bad[p.Seat]++
	}
	old.state, old.signature = checked, p.Signature
	return nil
}

func (c *Collector) refuse(seat int) error {
	c.bad[seat]++
	return fmt.Errorf("%w: seat %d", ErrPartial, seat)
}

// count returns how many partials are there that are not known to be bad.
func (g *gathering) count() (n int) {
	for i := range g.slots {
		if g.slots[i].state != barred {
			n++
		}
	}
	return n
}

// partials returns those not known to be bad, ascending by seat.
func (g *gathering) partials() []bls.Partial {
	var out []bls.Partial
	for i := range g.slots {
		if s := &g.slots[i]; s.state != barred {
			out = append(out, bls.Partial{Index: uint32(s.seat) + 1, Signature: s.signature})
		}
	}
	return out
}

// recover makes the signature of a threshold of partials, or bars those that are bad.
func (c *Collector) recover(s Statement, g *gathering) (*Signed, error) {
	dst, msg := s.message(c.genesis)
	sig, err := bls.Recover(c.sharing.Threshold, g.partials()) // fails if one is no point of the group
	if err != nil || c.sharing.Key.verify(dst, msg, sig) != nil {
		return nil, c.weed(dst, msg, g)
	}
	c.finish(s, g)
	return &Signed{s, sig}, nil
}

// weed checks what is held and bars the bad, of which there must be one.
func (c *Collector) weed(dst string, msg []byte, g *gathering) error {
	partials := g.partials()
	bad, err := bls.BadPartials(c.sharing.Shares, dst, msg, partials)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPartial, err)
	}
	for _, i := range bad {
		seat := int(partials[i].Index) - 1
		at, _ := g.search(seat)
		g.slots[at] = slot{seat: seat, state: barred}
		c.bad[seat]++
	}
	if len(bad) == 0 {
		return fmt.Errorf("%w: good partials do not make the key's signature", ErrSharing)
	}
	for i := range g.slots {
		if g.slots[i].state == held {
			g.slots[i].state = checked
		}
	}
	return nil
}

// finish forgets a statement's partials and remembers that it is done.
func (c *Collector) finish(s Statement, g *gathering) {
	for i := range g.slots {
		seat := g.slots[i].seat
		at := slices.Index(c.bySeat[seat], s)
		c.bySeat[seat] = slices.Delete(c.bySeat[seat], at, at+1)
	}
	delete(c.open, s)
	if len(c.done) == maxDone {
		c.done = slices.Delete(c.done, 0, 1)
	}
	c.done = append(c.done, s)
}
