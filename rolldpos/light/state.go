package light

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrState refuses bytes that no client has stored, or that have changed since.
var ErrState = errors.New("light: malformed client state")

const (
	stateVersion = 1
	checksumSize = 8
)

// AppendBinary appends the client's state: the RLP list [1, genesis, period, height,
// epoch, time, block, committee, next committee, anchor, era, key's first epoch, key's
// time, key, seats' keys] and the first 8 bytes of its Keccak-256. The checksum tells of
// damage, not of forgery: who can write the device's memory decides what it believes.
func (c *Client) AppendBinary(dst []byte) []byte {
	t := &c.trust
	p := rlp.AppendUint(nil, stateVersion)
	p = rlp.AppendBytes(p, t.genesis[:])
	for _, x := range []uint64{t.period, t.head.Height, t.head.Epoch, t.head.Time} {
		p = rlp.AppendUint(p, x)
	}
	for _, x := range []*ledger.Hash{&t.head.Block, &t.committee, &t.next, &t.anchor} {
		p = rlp.AppendBytes(p, x[:])
	}
	for _, x := range []uint64{t.era, t.since, t.keyTime} {
		p = rlp.AppendUint(p, x)
	}
	var key, seats []byte
	if c.key != nil {
		k := c.key.Bytes()
		key = k[:]
	}
	if c.seats != nil {
		for _, k := range c.seats.Keys {
			seats = append(seats, k...)
		}
	}
	list := rlp.AppendList(nil, rlp.AppendBytes(rlp.AppendBytes(p, key), seats))
	sum := ledger.Keccak(list)
	return append(append(dst, list...), sum[:checksumSize]...)
}

// Decode reads a client that fills b exactly. Errors wrap ErrState.
func Decode(b []byte) (*Client, error) {
	if len(b) < checksumSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrState, len(b))
	}
	list, check := b[:len(b)-checksumSize], b[len(b)-checksumSize:]
	if sum := ledger.Keccak(list); !bytes.Equal(sum[:checksumSize], check) {
		return nil, fmt.Errorf("%w: checksum", ErrState)
	}
	d := rlp.NewDecoder(list)
	version := d.Uint()
	c := new(Client)
	t := &c.trust
	d.Fixed(t.genesis[:])
	t.period, t.head.Height, t.head.Epoch, t.head.Time = d.Uint(), d.Uint(), d.Uint(), d.Uint()
	for _, x := range []*ledger.Hash{&t.head.Block, &t.committee, &t.next, &t.anchor} {
		d.Fixed(x[:])
	}
	t.era, t.since, t.keyTime = d.Uint(), d.Uint(), d.Uint()
	key, seats := d.Bytes(), d.Bytes()
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if version != stateVersion {
		return nil, fmt.Errorf("%w: version %d", ErrState, version)
	}
	if err := c.restore(key, seats); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return c, nil
}

// restore opens the key and the seats, both of which may be empty.
func (c *Client) restore(key, seats []byte) (err error) {
	if len(key) > 0 {
		if c.key, err = chainkey.Open(key); err != nil {
			return err
		}
	}
	if len(seats) == 0 {
		return nil
	}
	if len(seats)%ed25519.PublicKeySize != 0 || len(seats) > rolldpos.MaxSeats*ed25519.PublicKeySize {
		return fmt.Errorf("%d bytes of seats", len(seats))
	}
	c.seats = &rolldpos.Committee{Epoch: rolldpos.Epoch(c.head.Epoch)}
	for ; len(seats) > 0; seats = seats[ed25519.PublicKeySize:] {
		c.seats.Keys = append(c.seats.Keys, bytes.Clone(seats[:ed25519.PublicKeySize]))
	}
	if ledger.Hash(c.seats.Hash()) != c.committee {
		return ErrCommittee
	}
	return c.seats.Validate()
}
