package light

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// UpdateVotes takes a header in the committee form. committee is the epoch's, in full;
// nil stands for that of the newest header, if the client has had it in full. The
// header before may come once more. Errors: ErrTrustExpired, ErrCommittee, ErrMissing,
// those of Verify, and ErrFuture, ErrRollback, ErrFork.
func (c *Client) UpdateVotes(now uint64, headerRLP []byte, committee *rolldpos.Committee, cert *rolldpos.Certificate) (*Header, error) {
	if cert == nil || committee == nil && c.seats == nil {
		return nil, ErrMissing
	}
	if committee == nil {
		committee = c.seats.At(cert.Epoch)
	} else if err := committee.Validate(); err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	if !c.believes(committee) {
		return nil, fmt.Errorf("%w: epoch %d", ErrCommittee, committee.Epoch)
	}
	if c.expired(now, c.head.Time) {
		return nil, ErrTrustExpired
	}
	h, err := Verify(c.genesis, headerRLP, committee, cert)
	if err != nil {
		return nil, err
	}
	if err := c.follows(now, h); err != nil {
		return nil, err
	}
	c.accept(h)
	c.seats = committee
	return h, nil
}

// believes says whether a committee may speak for its epoch: in the head's epoch the
// head's, in the next the one that the head has named, and later either, because a
// committee that is unchanged keeps its hash. Earlier epochs are follows' to refuse.
func (c *Client) believes(committee *rolldpos.Committee) bool {
	hash, epoch := ledger.Hash(committee.Hash()), uint64(committee.Epoch)
	switch {
	case epoch == c.head.Epoch:
		return hash == c.committee
	case epoch == c.head.Epoch+1 && !c.next.IsZero():
		return hash == c.next
	}
	return hash == c.committee || hash == c.next
}

// UpdateKeyed takes a header in the chain-key form. The header before may come once
// more. Errors: ErrTrustExpired, ErrMissing without a key, ErrEpoch for a header from
// before the key, those of Verify, and ErrFuture, ErrRollback, ErrFork.
func (c *Client) UpdateKeyed(now uint64, headerRLP []byte, cert *chainkey.Certificate) (*Header, error) {
	if c.key == nil || cert == nil {
		return nil, ErrMissing
	}
	if c.expired(now, c.keyTime) {
		return nil, ErrTrustExpired
	}
	if uint64(cert.Epoch) < c.since {
		return nil, fmt.Errorf("%w: %d, and the key holds from %d", ErrEpoch, cert.Epoch, c.since)
	}
	h, err := Verify(c.genesis, headerRLP, c.key, cert)
	if err != nil {
		return nil, err
	}
	if err := c.follows(now, h); err != nil {
		return nil, err
	}
	c.accept(h)
	c.keyTime = max(c.keyTime, h.Time)
	return h, nil
}

// Handover moves from the key of one era to that of the next. It does not extend the
// trust: a header under the new key does. The same handover may come twice. Errors:
// ErrTrustExpired, ErrMissing without a key, ErrStale, ErrGap, and those of
// chainkey.Handover.Verify.
func (c *Client) Handover(now uint64, h *chainkey.Handover) error {
	switch {
	case c.key == nil || h == nil:
		return ErrMissing
	case c.expired(now, c.keyTime):
		return ErrTrustExpired
	case h.Key == c.key.Bytes() && h.Era == c.era:
		return nil
	case h.Era <= c.era || uint64(h.Epoch) <= c.since:
		return fmt.Errorf("%w: %d from epoch %d", ErrStale, h.Era, h.Epoch)
	case c.era != 0 && h.Era != c.era+1:
		return fmt.Errorf("%w: era %d after %d", ErrGap, h.Era, c.era)
	}
	key, err := h.Verify(c.genesis, c.key)
	if err != nil {
		return fmt.Errorf("light: era %d: %w", h.Era, err)
	}
	c.key, c.era, c.since = key, h.Era, uint64(h.Epoch)
	return nil
}

// LearnKey takes the chain key that the newest header commits to through its anchor;
// anchor is ledger.Anchor.Encode. It replaces a key of before, and its era counts as
// unknown unless it is the same key. Errors: ErrStale if the client holds a later key
// than the newest header can name, ErrKey, and those that wrap ledger.ErrProof or
// chainkey.ErrKey.
func (c *Client) LearnKey(anchor, key []byte) error {
	if c.key != nil && c.head.Epoch < c.since {
		return fmt.Errorf("%w: the key is of epoch %d", ErrStale, c.since)
	}
	a, err := openAnchor(c.anchor, anchor)
	if err != nil {
		return err
	}
	if len(key) != 96 || ledger.Keccak(key) != a.ChainKey {
		return ErrKey
	}
	if c.key != nil && [96]byte(key) == c.key.Bytes() {
		c.keyTime = max(c.keyTime, c.head.Time)
		return nil
	}
	k, err := chainkey.Open(key)
	if err != nil {
		return fmt.Errorf("light: %w", err)
	}
	c.key, c.era, c.since, c.keyTime = k, 0, c.head.Epoch, c.head.Time
	return nil
}
