package staking

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

const tagPossession = "rootstem/staking/possession/1"

// Gas of what nothing else charges for.
const (
	gasEd25519 = 3_000   // a signature
	gasBLS     = 150_000 // a signature: the pairing of two points (EIP-2537) and hashing to the curve
)

// CandidateRegistered is emitted once for each candidate.
type CandidateRegistered struct {
	Operator ledger.Address `abi:"operator,indexed"`
	Key      [32]byte       `abi:"key"`
}

// CandidateLeft is emitted when a candidate resigns, is displaced or is barred.
type CandidateLeft struct {
	Operator ledger.Address `abi:"operator,indexed"`
}

// SelfStakeChanged is emitted when a candidate's bonded self-stake changes.
type SelfStakeChanged struct {
	Operator ledger.Address `abi:"operator,indexed"`
	Self     uint256.Int    `abi:"self"` // wei
}

// PossessionDigest is what a candidate's ed25519 key signs: Keccak-256 of the tag
// rootstem/staking/possession/1, the chain id (8 bytes, big-endian), the module's
// address, the operator's address and the BLS key (96 bytes).
func PossessionDigest(chainID uint64, module, operator ledger.Address, blsKey []byte) ledger.Hash {
	id := binary.BigEndian.AppendUint64(nil, chainID)
	return ledger.Keccak([]byte(tagPossession), id, module[:], operator[:], blsKey)
}

// Register makes the caller a candidate; the value is his self-stake, at least MinSelf.
// key is his seats' ed25519 key and proof its signature of PossessionDigest; blsKey and
// blsProof are as rolldpos/bls encodes them. commission is what he keeps of rewards
// before they are shared, in thousandths. An account registers once, for ever, and so does
// an ed25519 key. BLS keys may repeat: a proof of possession names no account, so that
// whoever sees one could otherwise take the key first.
func (s *Staking) Register(ctx *module.Payable, key [32]byte, proof, blsKey, blsProof []byte, commission uint64) error {
	operator, value := ctx.Sender(), ctx.Value()
	switch {
	case s.identities.Get(ctx, operator).Key != [32]byte{}:
		return ErrRegistered
	case value.Lt(&s.params.MinSelf):
		return fmt.Errorf("%w: self-stake of %s wei, at least %s", ErrAmount, value.Dec(), s.params.MinSelf.Dec())
	case commission > election.MaxCommission:
		return fmt.Errorf("%w: commission", ErrAmount)
	case !s.owners.Get(ctx, key).IsZero():
		return fmt.Errorf("%w: ed25519", ErrKey)
	}
	if err := checkKeys(ctx, key, proof, blsKey, blsProof); err != nil {
		return err
	}
	id := Identity{Key: key, Commission: commission}
	for i := range id.BLS {
		copy(id.BLS[i][:], blsKey[32*i:])
	}
	s.identities.Set(ctx, operator, id)
	s.owners.Set(ctx, key, operator)
	s.registered.Emit(ctx, CandidateRegistered{Operator: operator, Key: key})
	// The key may sit already, in the first committee.
	e, _ := s.epoch(ctx)
	for _, x := range []uint64{e, e + 1} {
		for _, seat := range s.seats(ctx, x) {
			if seat.Key == key {
				s.seated.Set(ctx, operator, x)
			}
		}
	}
	return s.bond(&ctx.Context, operator, value)
}

func checkKeys(ctx *module.Payable, key [32]byte, proof, blsKey, blsProof []byte) error {
	ctx.UseGas(2*gasEd25519 + gasBLS)
	one := rolldpos.Committee{Keys: []ed25519.PublicKey{key[:]}}
	if err := one.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	public, err := bls.DecodePublicKey(blsKey)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	digest := PossessionDigest(ctx.ChainID(), ctx.Self(), ctx.Sender(), blsKey)
	if len(proof) != ed25519.SignatureSize || !ed25519.Verify(key[:], digest[:], proof) {
		return fmt.Errorf("%w: ed25519", ErrPossession)
	}
	if len(blsProof) != len(bls.Signature{}) || bls.VerifyPossession(public, bls.Signature(blsProof)) != nil {
		return fmt.Errorf("%w: BLS", ErrPossession)
	}
	return nil
}

// Bond adds the value to the caller's self-stake. It puts who has left the candidates
// back among them, if the self-stake is at least MinSelf then and he is not barred.
func (s *Staking) Bond(ctx *module.Payable) error {
	if _, err := s.candidate(ctx, ctx.Sender()); err != nil {
		return err
	}
	return s.bond(&ctx.Context, ctx.Sender(), ctx.Value())
}

func (s *Staking) bond(ctx *module.Context, operator ledger.Address, value uint256.Int) error {
	if err := s.take(ctx, func(b *Books) { b.Bonded.Add(&b.Bonded, &value) }); err != nil {
		return err
	}
	x := s.standings.Get(ctx, operator)
	x.Self.Add(&x.Self, &value)
	switch {
	case x.Barred:
		return ErrBarred
	case x.Self.Lt(&s.params.MinSelf):
		return fmt.Errorf("%w: self-stake of %s wei, at least %s", ErrAmount, x.Self.Dec(), s.params.MinSelf.Dec())
	}
	s.standings.Set(ctx, operator, x)
	s.bonded.Emit(ctx, SelfStakeChanged{Operator: operator, Self: x.Self})
	if s.ranks.Has(ctx, operator) {
		return nil
	}
	return s.enter(ctx, operator, s.weight(&x))
}

// enter puts an operator among the candidates, in place of the one that ranks last if
// there are enough.
func (s *Staking) enter(ctx *module.Context, operator ledger.Address, weight uint256.Int) error {
	if s.ranks.Len(ctx) >= s.params.Candidates {
		var last election.Candidate
		for other := range s.ranks.All(ctx) {
			x := s.standings.Get(ctx, other)
			c := election.Candidate{Operator: other, Weight: s.weight(&x)}
			if last.Operator == [20]byte{} || election.Compare(last, c) < 0 {
				last = c
			}
		}
		if election.Compare(election.Candidate{Operator: operator, Weight: weight}, last) > 0 {
			return ErrRank
		}
		s.leave(ctx, last.Operator)
	}
	s.ranks.Add(ctx, operator)
	return nil
}

// leave takes an operator from the candidates; fading votes end.
func (s *Staking) leave(ctx *module.Context, operator ledger.Address) {
	if !s.ranks.Remove(ctx, operator) {
		return
	}
	x := s.standings.Get(ctx, operator)
	x.Fading = election.Fading{}
	x.Series++
	s.standings.Set(ctx, operator, x)
	s.left.Emit(ctx, CandidateLeft{Operator: operator})
}

// Unbond withdraws self-stake of the caller, of which at least MinSelf must remain.
// What he withdrew before and did not release waits anew.
func (s *Staking) Unbond(ctx *module.Context, amount uint256.Int) error {
	x := s.standings.Get(ctx, ctx.Sender())
	var rest uint256.Int
	if _, under := rest.SubOverflow(&x.Self, &amount); under || amount.IsZero() || rest.Lt(&s.params.MinSelf) {
		return fmt.Errorf("%w: of a self-stake of %s wei at least %s must remain", ErrAmount, x.Self.Dec(), s.params.MinSelf.Dec())
	}
	return s.unbond(ctx, amount)
}

// Resign ends the caller's candidature and withdraws all of his self-stake. If he has a
// seat, he keeps it until the epoch's end.
func (s *Staking) Resign(ctx *module.Context) error {
	if _, err := s.candidate(ctx, ctx.Sender()); err != nil {
		return err
	}
	s.leave(ctx, ctx.Sender())
	return s.unbond(ctx, s.standings.Get(ctx, ctx.Sender()).Self)
}

func (s *Staking) unbond(ctx *module.Context, amount uint256.Int) error {
	if amount.IsZero() {
		return ErrNothing
	}
	operator := ctx.Sender()
	x := s.standings.Get(ctx, operator)
	b := s.books.Get(ctx)
	if err := move(&b.Bonded, &b.Unbonding, &amount); err != nil {
		return err
	}
	s.books.Set(ctx, b)
	x.Self.Sub(&x.Self, &amount)
	s.standings.Set(ctx, operator, x)
	u := s.unbonding.Get(ctx, operator)
	u.Amount.Add(&u.Amount, &amount)
	u.Time, u.Height = ctx.Time(), ctx.Height()
	u.Epoch, _ = s.epoch(ctx)
	s.unbonding.Set(ctx, operator, u)
	s.bonded.Emit(ctx, SelfStakeChanged{Operator: operator, Self: x.Self})
	return nil
}

// Release pays the caller's withdrawn self-stake out, once it is free; see the package.
func (s *Staking) Release(ctx *module.Context) (uint256.Int, error) {
	operator := ctx.Sender()
	u := s.unbonding.Get(ctx, operator)
	if u.Amount.IsZero() {
		return uint256.Int{}, ErrNothing
	}
	if err := s.free(ctx, operator, &u); err != nil {
		return uint256.Int{}, err
	}
	b := s.books.Get(ctx)
	if err := move(&b.Unbonding, nil, &u.Amount); err != nil {
		return uint256.Int{}, err
	}
	s.books.Set(ctx, b)
	s.unbonding.Delete(ctx, operator)
	return u.Amount, s.pay(ctx, operator, u.Amount)
}

// free returns nil if withdrawn self-stake can no more be needed.
func (s *Staking) free(ctx module.Reader, operator ledger.Address, u *Unbonding) error {
	passed := func(time, height uint64) bool { return s.params.Unbond.Passed(time, height, ctx.Time(), ctx.Height()) }
	// The last ranking that may name him was frozen for epoch u.Epoch + 2 and is decided
	// by the end of the epoch before.
	if e, _ := s.epoch(ctx); e < u.Epoch+2 || !passed(u.Time, u.Height) {
		return fmt.Errorf("%w: withdrawn in epoch %d", ErrLocked, u.Epoch)
	}
	sat := s.seated.Get(ctx, operator)
	if sat == 0 || sat < s.oldest.Get(ctx) {
		return nil
	}
	if t := s.terms.Get(ctx, sat); t.EndHeight == 0 || !passed(t.EndTime, t.EndHeight) {
		return fmt.Errorf("%w: a seat in epoch %d", ErrLocked, sat)
	}
	return nil
}
