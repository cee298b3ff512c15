package chain

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// seats are the keys of a committee and the accounts that its blocks pay.
type seats struct {
	keys   []ed25519.PublicKey
	payees []ledger.Address
	hash   ledger.Hash // of the committee
}

func newSeats(keys []ed25519.PublicKey, payees []ledger.Address) (*seats, error) {
	s := &seats{keys: keys}
	c := s.committee(0)
	if len(keys) != len(payees) {
		return nil, fmt.Errorf("%w: %d seats, %d payees", rolldpos.ErrCommittee, len(keys), len(payees))
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for i, payee := range payees {
		if payee.IsZero() {
			h := ledger.Keccak([]byte("rootstem.payee.v1"), keys[i])
			payee = ledger.Address(h[12:])
		}
		s.payees = append(s.payees, payee)
	}
	s.hash = c.Hash()
	return s, nil
}

func (s *seats) committee(epoch uint64) *rolldpos.Committee {
	return &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch), Keys: s.keys}
}

// same reports whether keys and payees are those of t.
func (s *seats) same(t *seats) bool {
	return s.hash == t.hash && slices.Equal(s.payees, t.payees)
}

// encode returns the RLP list [concatenated keys, concatenated payees].
func (s *seats) encode() []byte {
	var keys, payees []byte
	for i, k := range s.keys {
		keys = append(keys, k...)
		payees = append(payees, s.payees[i][:]...)
	}
	return rlp.AppendList(nil, rlp.AppendBytes(rlp.AppendBytes(nil, keys), payees))
}

func decodeSeats(b []byte) (*seats, error) {
	d := rlp.NewDecoder(b)
	keys, payees := bytes.Clone(d.Bytes()), d.Bytes()
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: committee: %w", ErrDamaged, err)
	}
	var k []ed25519.PublicKey
	for ; len(keys) >= ed25519.PublicKeySize; keys = keys[ed25519.PublicKeySize:] {
		k = append(k, keys[:ed25519.PublicKeySize])
	}
	var p []ledger.Address
	for ; len(payees) >= len(ledger.Address{}); payees = payees[len(ledger.Address{}):] {
		p = append(p, ledger.Address(payees[:len(ledger.Address{})]))
	}
	if len(keys) > 0 || len(payees) > 0 {
		return nil, fmt.Errorf("%w: committee: odd length", ErrDamaged)
	}
	s, err := newSeats(k, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

// roster is the table of committees: an entry for each epoch whose seats differ from
// those of the epoch before. It is written with the block that closes the epoch
// before, and kept for ever, because it is what old certificates are checked with.
type roster struct {
	space  store.Space // epoch (8 bytes, big-endian) → seats.encode
	first  *seats      // the genesis' committee
	epochs *lru.Cache[uint64, *seats]
	known  *lru.Cache[ledger.Hash, *seats] // by the hash of an election's keys and payees; nil: unfit
}

func newRoster(db *store.Store, first *seats) (*roster, error) {
	epochs, err := lru.New[uint64, *seats](64)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	known, err := lru.New[ledger.Hash, *seats](64)
	if err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	return &roster{space: committees(db), first: first, epochs: epochs, known: known}, nil
}

func committees(db *store.Store) store.Space { return db.Space("committees") }

// at returns the seats of an epoch that has begun or whose predecessor is final.
func (r *roster) at(epoch uint64) (s *seats, err error) {
	if s, ok := r.epochs.Get(epoch); ok {
		return s, nil
	}
	if s, err = newest(r.space, epoch); err != nil {
		return nil, err
	}
	if s == nil {
		s = r.first
	}
	r.epochs.Add(epoch, s)
	return s, nil
}

// newest reads the last entry up to an epoch; nil if there is none.
func newest(space store.Space, epoch uint64) (s *seats, err error) {
	it := space.Reverse(nil, binary.BigEndian.AppendUint64(nil, epoch+1))
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Next() {
		return nil, it.Err()
	}
	return decodeSeats(it.Value())
}

// set puts the seats of an epoch into a batch; the cache follows once that is
// written.
func (r *roster) set(batch *store.Batch, epoch uint64, s *seats) {
	batch.Set(r.space, binary.BigEndian.AppendUint64(nil, epoch), s.encode())
	batch.Then(func() { r.epochs.Add(epoch, s) })
}

// elected returns the committee that an election names; nil if it names none, or
// one that could not sit. Most blocks repeat the block before, so that the curve
// arithmetic of the check is remembered.
func (r *roster) elected(e *module.Election) *seats {
	if len(e.Next) == 0 || len(e.Next) > rolldpos.MaxSeats {
		return nil
	}
	var all []byte
	keys := make([]ed25519.PublicKey, len(e.Next))
	for i := range e.Next {
		keys[i] = bytes.Clone(e.Next[i][:])
		all = append(all, keys[i]...)
	}
	for i := range e.Payees {
		all = append(all, e.Payees[i][:]...)
	}
	id := ledger.Keccak(binary.BigEndian.AppendUint64(nil, uint64(len(keys))), all)
	if s, ok := r.known.Get(id); ok {
		return s
	}
	s, err := newSeats(keys, e.Payees)
	if err != nil {
		s = nil // an unfit committee leaves the election undecided, on every node alike
	}
	r.known.Add(id, s)
	return s
}
