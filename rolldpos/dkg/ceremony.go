package dkg

import (
	"encoding/binary"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// Tags of what is signed and hashed; see the package's doc.
const (
	tagCeremony  = "rootstem/dkg/ceremony/1"
	tagStatement = "rootstem/dkg/statement/1"
	tagGroup     = "rootstem/dkg/group/1"
)

// maxNumber bounds heights, eras and lengths of phases, so that sums fit.
const maxNumber = 1 << 60

// Phase is a stretch of blocks in which one kind of message is taken.
type Phase uint8

// The phases, in order.
const (
	Waiting       Phase = iota // before the start
	Enrolling                  // seats publish encryption keys
	Dealing                    // dealers deal
	Complaining                // seats accuse dealers
	Justifying                 // dealers reveal the shares of their accusers
	Acknowledging              // seats say that their share is durable
	Over
)

// Plan says at which heights the phases begin: Start is the first height of Enrolling,
// the others are lengths in blocks, none of them zero.
type Plan struct {
	Start                                       uint64
	Enrol, Deal, Complain, Justify, Acknowledge uint64
}

// At returns the phase of a height.
func (p *Plan) At(height uint64) Phase {
	if height < p.Start {
		return Waiting
	}
	passed := height - p.Start
	for i, length := range p.lengths() {
		if passed < length {
			return Enrolling + Phase(i)
		}
		passed -= length
	}
	return Over
}

// End returns the first height at which the ceremony is over.
func (p *Plan) End() uint64 {
	end := p.Start
	for _, length := range p.lengths() {
		end += length
	}
	return end
}

func (p *Plan) lengths() [5]uint64 {
	return [5]uint64{p.Enrol, p.Deal, p.Complain, p.Justify, p.Acknowledge}
}

// Ceremony is what everybody knows before it begins. It is not changed after its first
// use.
type Ceremony struct {
	Genesis rolldpos.Hash
	Era     uint64              // of the key, from 1 on
	Seats   *rolldpos.Committee // who receives shares; its epoch is the one that the shares are for
	Plan    Plan
	// Of a resharing: who deals, and the group of which the dealers hold the shares.
	// Both nil in a generation, in which the seats deal.
	Dealers *rolldpos.Committee
	Old     *Group
}

// dealers returns who deals.
func (c *Ceremony) dealers() *rolldpos.Committee {
	if c.Old == nil {
		return c.Seats
	}
	return c.Dealers
}

// Threshold returns how many shares of the result make its key: the quorum of the
// seats.
func (c *Ceremony) Threshold() int { return c.Seats.Quorum() }

// needed returns how many qualified dealers the result takes: a quorum in a
// generation, the old threshold in a resharing.
func (c *Ceremony) needed() int {
	if c.Old == nil {
		return c.Seats.Quorum()
	}
	return c.Old.Threshold
}

// Validate returns nil if a ceremony can be held; errors wrap ErrCeremony.
func (c *Ceremony) Validate() error {
	if c.Seats == nil || (c.Dealers == nil) != (c.Old == nil) {
		return fmt.Errorf("%w: parts are missing", ErrCeremony)
	}
	if err := c.Seats.Validate(); err != nil {
		return fmt.Errorf("%w: seats: %w", ErrCeremony, err)
	}
	if c.Era == 0 || c.Era >= maxNumber || c.Plan.Start >= maxNumber {
		return fmt.Errorf("%w: era %d from height %d", ErrCeremony, c.Era, c.Plan.Start)
	}
	for _, length := range c.Plan.lengths() {
		if length == 0 || length >= maxNumber {
			return fmt.Errorf("%w: a phase of %d blocks", ErrCeremony, length)
		}
	}
	if c.Old == nil {
		return nil
	}
	if err := c.Dealers.Validate(); err != nil {
		return fmt.Errorf("%w: dealers: %w", ErrCeremony, err)
	}
	if len(c.Old.Shares) != c.Dealers.Size() || c.Old.Threshold != c.Dealers.Quorum() || c.Old.Key == nil {
		return fmt.Errorf("%w: %d old shares, threshold %d, %d dealers",
			ErrCeremony, len(c.Old.Shares), c.Old.Threshold, c.Dealers.Size())
	}
	return nil
}

// ID binds all messages of a ceremony to it: Keccak-256 of the tag, the genesis hash,
// era, epoch, start and the five lengths (8 bytes each, big-endian), the hashes of the
// seats and of the dealers, and the digest of the old group (both zero in a
// generation).
func (c *Ceremony) ID() [32]byte {
	b := append([]byte{}, c.Genesis[:]...)
	b = binary.BigEndian.AppendUint64(b, c.Era)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Seats.Epoch))
	b = binary.BigEndian.AppendUint64(b, c.Plan.Start)
	for _, length := range c.Plan.lengths() {
		b = binary.BigEndian.AppendUint64(b, length)
	}
	seats := c.Seats.Hash()
	var dealers, old [32]byte
	if c.Old != nil {
		dealers, old = c.Dealers.Hash(), c.Old.Digest()
	}
	return keccak.Sum256([]byte(tagCeremony), b, seats[:], dealers[:], old[:])
}
