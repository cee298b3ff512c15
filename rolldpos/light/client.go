package light

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of a Client.
var (
	ErrTrustExpired = errors.New("light: the trust period has passed")
	ErrFuture       = errors.New("light: header is ahead of the clock")
	ErrRollback     = errors.New("light: header does not come after the trusted one")
	ErrFork         = errors.New("light: another block of this height is trusted: a quorum has signed twice")
	ErrStale        = errors.New("light: handover to an era that has begun already")
	ErrGap          = errors.New("light: handovers of eras between are missing")
	ErrKey          = errors.New("light: not the chain key that the header commits to")
)

// MaxDrift is how far a header's time may be ahead of now, in ms. Nodes allow 15 s;
// a device's clock is worse.
const MaxDrift = 10 * 60 * 1000

// Head is the newest trusted header. Block is zero while there is none.
type Head struct {
	Height, Epoch uint64
	Time          uint64 // ms since 1970
	Block         ledger.Hash
}

// trust is what a client believes, and all that it stores besides the committee.
type trust struct {
	genesis ledger.Hash
	period  uint64 // ms; 0: for ever
	head    Head

	committee, next ledger.Hash // of the head's epoch and the one after; zero: unknown
	anchor          ledger.Hash // of the head

	era     uint64 // of the key; 0: unknown, or no key
	since   uint64 // the key's first epoch that is believed
	keyTime uint64 // of the newest header that the key signed or that named it
}

// Client follows a chain's headers. It is a value machine: equal calls lead to equal
// states, and a call that fails changes nothing. It is for one goroutine.
type Client struct {
	trust
	seats *rolldpos.Committee // with the hash trust.committee, or nil
	key   *chainkey.Key       // or nil
}

// FromHeader returns a client that trusts a header because its hash is block, which the
// caller knows: the genesis hash for block 0, or a checkpoint that somebody it trusts
// has configured. period is the trust period in ms, 0 for a chain whose seats are
// trusted for ever. The error is ErrBlock, or wraps ledger's.
func FromHeader(genesis, block ledger.Hash, headerRLP []byte, period uint64) (*Client, error) {
	h, err := decode(headerRLP)
	if err != nil {
		return nil, err
	}
	if h.Hash() != block || (h.Height == 0) != (block == genesis) {
		return nil, ErrBlock
	}
	c := &Client{trust: trust{genesis: genesis, period: period}}
	c.accept(h)
	return c, nil
}

// KeyTrust is a chain key that is trusted, as of a time.
type KeyTrust struct {
	Key   []byte // 96 bytes compressed
	Era   uint64 // 0: unknown
	Epoch uint64 // the first whose headers it signed; 0: unknown
	Time  uint64 // ms since 1970: when it was known to be the chain's key
}

// FromKey returns a client that trusts a chain key and no header yet. See FromHeader
// for the period. Errors wrap chainkey.ErrKey.
func FromKey(genesis ledger.Hash, k KeyTrust, period uint64) (*Client, error) {
	key, err := chainkey.Open(k.Key)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	t := trust{genesis: genesis, period: period, era: k.Era, since: k.Epoch, keyTime: k.Time}
	return &Client{trust: t, key: key}, nil
}

// Head returns the newest trusted header.
func (c *Client) Head() Head { return c.head }

// Key returns the trusted chain key and its era, 0 if that is unknown; ok is false if
// there is no key.
func (c *Client) Key() (key [96]byte, era uint64, ok bool) {
	if c.key == nil {
		return key, 0, false
	}
	return c.key.Bytes(), c.era, true
}

// Committee returns the hashes of the committee of the head's epoch and of the one
// after it, zero if unknown or not decided.
func (c *Client) Committee() (current, next ledger.Hash) { return c.committee, c.next }

// expired says whether what was believed at a time is to be believed no more.
func (c *Client) expired(now, since uint64) bool {
	return c.period != 0 && now > since && now-since > c.period
}

// follows checks that a header may come after the head.
func (c *Client) follows(now uint64, h *Header) error {
	switch {
	case h.Time > now && h.Time-now > MaxDrift:
		return fmt.Errorf("%w: by %d ms", ErrFuture, h.Time-now)
	case h.Height == c.head.Height && h.Hash() != c.head.Block:
		return fmt.Errorf("%w: %d", ErrFork, h.Height)
	case h.Height < c.head.Height:
		return fmt.Errorf("%w: height %d, not %d", ErrRollback, h.Height, c.head.Height)
	case h.Height > c.head.Height && (h.Time <= c.head.Time || h.Epoch < c.head.Epoch):
		return fmt.Errorf("%w: epoch or time runs back", ErrRollback)
	}
	return nil
}

// accept makes h the head.
func (c *Client) accept(h *Header) {
	c.head = Head{h.Height, h.Epoch, h.Time, h.Hash()}
	if h.Committee != c.committee {
		c.seats = nil
	}
	c.committee, c.next, c.anchor = h.Committee, h.NextCommittee, h.AnchorHash
}
