package staking

import (
	"crypto/ed25519"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// ahead is how many epochs lie between the end at which a ranking is frozen and the
// epoch that it elects: the end of e − 2 elects e + 1.
const ahead = 3

// OnProbation is emitted when a delegate proposed too few blocks.
type OnProbation struct {
	Operator ledger.Address `abi:"operator,indexed"`
	Until    uint64         `abi:"until"` // first epoch whose end ranks him again
}

// CommitteeDecided is emitted once for every epoch.
type CommitteeDecided struct {
	Epoch   uint64 `abi:"epoch,indexed"`
	Seats   uint64 `abi:"seats"`
	Elected bool   `abi:"elected"` // false: the last committee stays
}

// BeginBlock opens epochs and counts the block for its proposer. The work of a boundary
// is spread over the hooks of an epoch's last and first two blocks, so that each
// stays below module.HookGas.
func (s *Staking) BeginBlock(ctx *module.Context) error {
	e, place := s.epoch(ctx)
	if s.terms.Get(ctx, e).Generation == 0 {
		s.open(ctx, e)
	}
	switch place {
	case 1:
		s.freeze(ctx, e-1)
	case 2:
		if err := s.reward(ctx, e-1); err != nil {
			return err
		}
	}
	at := tallyOf(e, ctx.Proposer())
	s.proposed.Set(ctx, at, s.proposed.Get(ctx, at)+1)
	return nil
}

// open begins an epoch that no block decided: the module's first, or one before which
// the hooks were undone. Without a committee before it, it has the first one.
func (s *Staking) open(ctx *module.Context, e uint64) {
	t := Term{Generation: s.terms.Get(ctx, e-1).Generation}
	if t.Generation == 0 {
		t.Generation = 1
		s.committees.Set(ctx, 1, s.committee)
		s.oldest.Set(ctx, e)
	}
	s.terms.Set(ctx, e, t)
	s.seat(ctx, e, s.committees.Get(ctx, t.Generation))
}

// EndBlock decides the next committee and closes epochs.
func (s *Staking) EndBlock(ctx *module.Context) error {
	e, place := s.epoch(ctx)
	if err := s.decide(ctx, e, place); err != nil {
		return err
	}
	if place < s.params.EpochLength {
		return nil
	}
	s.judge(ctx, e)
	s.prune(ctx)
	t := s.terms.Get(ctx, e)
	t.EndTime, t.EndHeight = ctx.Time(), ctx.Height()
	s.terms.Set(ctx, e, t)
	s.lastKey.Set(ctx, s.currentKey(&ctx.View))
	return nil
}

// seats returns the committee of an epoch, none if it is unknown.
func (s *Staking) seats(v module.Reader, epoch uint64) []Seat {
	if g := s.terms.Get(v, epoch).Generation; g != 0 {
		return s.committees.Get(v, g)
	}
	return nil
}

// decide fixes the committee of epoch e + 1 if that is possible or due.
func (s *Staking) decide(ctx *module.Context, e, place uint64) error {
	if s.terms.Get(ctx, e+1).Generation != 0 {
		return nil
	}
	now := s.terms.Get(ctx, e)
	seats := s.committees.Get(ctx, now.Generation)
	next, ok, err := s.elect(ctx, e)
	if err != nil {
		return err
	}
	if !ok && place < election.Slots(len(seats)) && s.awaits(ctx, e) {
		return nil
	}
	if ok && !slices.Equal(next, seats) {
		seats = next
		now.Generation++
		s.committees.Set(ctx, now.Generation, seats)
	}
	s.terms.Set(ctx, e+1, Term{Generation: now.Generation})
	s.seat(ctx, e+1, seats)
	s.decided.Emit(ctx, CommitteeDecided{Epoch: e + 1, Seats: uint64(len(seats)), Elected: ok})
	return nil
}

// awaits reports whether a beacon could still elect the committee of e + 1.
func (s *Staking) awaits(ctx *module.Context, e uint64) bool {
	return uint64(len(s.ranking(ctx, e+1))) >= s.params.MinSeats && s.lastKey.Get(ctx).known()
}

// elect returns the committee that ranking and beacon give for epoch e + 1; ok is false
// without a ranking or a beacon.
func (s *Staking) elect(ctx *module.Context, e uint64) (seats []Seat, ok bool, err error) {
	ranked := s.ranking(ctx, e+1)
	if uint64(len(ranked)) < s.params.MinSeats {
		return nil, false, nil
	}
	delegates := make([]election.Candidate, len(ranked))
	for i, d := range ranked {
		delegates[i] = election.Candidate{Operator: d.Operator, Weight: d.Weight}
	}
	var order []int
	b, drawn := s.beaconOf(ctx, e-1)
	switch {
	case drawn:
		ctx.UseGas(200 * uint64(len(delegates)))
		order, err = s.params.Roll(delegates, b, e+1)
	case s.params.Ranked && !s.lastKey.Get(ctx).known():
		order, err = s.params.Rank(delegates)
	default:
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, i := range order {
		operator := ledger.Address(delegates[i].Operator)
		seats = append(seats, Seat{Key: s.identities.Get(ctx, operator).Key, Payee: operator})
	}
	return seats, true, nil
}

// seat notes that the candidates among seats sit in an epoch.
func (s *Staking) seat(ctx *module.Context, epoch uint64, seats []Seat) {
	for _, x := range seats {
		if operator := s.owners.Get(ctx, x.Key); !operator.IsZero() {
			s.seated.Set(ctx, operator, epoch)
		}
	}
}

// ranking returns the delegates that were frozen for an epoch.
func (s *Staking) ranking(v module.Reader, epoch uint64) []Delegate {
	r := s.frozen.Get(v, epoch%ahead)
	if r.Epoch != epoch {
		return nil
	}
	return r.Delegates
}

// freeze passes the end of epoch e for all candidates and fixes the ranking that it
// elects by.
func (s *Staking) freeze(ctx *module.Context, e uint64) {
	var all []election.Candidate
	for operator := range s.ranks.All(ctx) {
		x := s.standings.Get(ctx, operator)
		if !x.Fading.Slope.IsZero() {
			at := Ending{Operator: operator, Series: x.Series, Epoch: e}
			x.Fading.Step(s.endings.Get(ctx, at))
			s.endings.Delete(ctx, at)
			s.standings.Set(ctx, operator, x)
		}
		if e >= x.Until {
			all = append(all, election.Candidate{Operator: operator, Weight: s.weight(&x)})
		}
	}
	r := Ranking{Epoch: e + ahead}
	for _, c := range election.Top(all, s.params.Delegates) {
		r.Delegates = append(r.Delegates, Delegate{Operator: c.Operator, Weight: c.Weight})
	}
	s.frozen.Set(ctx, r.Epoch%ahead, r)
}

// Tally names the blocks that a payee proposed in an epoch, taken modulo two.
type Tally struct {
	Epoch uint64
	Payee ledger.Address
}

func tallyOf(epoch uint64, payee ledger.Address) Tally { return Tally{epoch % 2, payee} }

// tally returns how many blocks each seat of an epoch proposed.
func (s *Staking) tally(v module.Reader, epoch uint64, seats []Seat) []uint64 {
	out := make([]uint64, len(seats))
	for i, x := range seats {
		out[i] = s.proposed.Get(v, tallyOf(epoch, x.Payee))
	}
	return out
}

// judge puts the unproductive seats of epoch e on probation. Who has no payee of his own
// cannot be told from others.
func (s *Staking) judge(ctx *module.Context, e uint64) {
	seats := s.seats(ctx, e)
	for i, lazy := range s.params.Unproductive(s.tally(ctx, e, seats)) {
		if !lazy || s.params.Probation == 0 || seats[i].Payee.IsZero() {
			continue
		}
		operator := s.owners.Get(ctx, seats[i].Key)
		if operator.IsZero() {
			continue
		}
		x := s.standings.Get(ctx, operator)
		x.Until = e + s.params.Probation
		s.standings.Set(ctx, operator, x)
		s.probation.Emit(ctx, OnProbation{Operator: operator, Until: x.Until})
	}
}

// reward pays the seats of epoch e, which is over.
func (s *Staking) reward(ctx *module.Context, e uint64) error {
	seats := s.seats(ctx, e)
	proposed := s.tally(ctx, e, seats)
	operators := make([]ledger.Address, len(seats))
	standings := make([]Standing, len(seats))
	none := make([]bool, len(seats))
	for i, x := range seats {
		s.proposed.Delete(ctx, tallyOf(e, x.Payee))
		operators[i] = s.owners.Get(ctx, x.Key)
		if !operators[i].IsZero() {
			standings[i] = s.standings.Get(ctx, operators[i])
		}
		none[i] = operators[i].IsZero() || standings[i].Barred
	}
	rewards := s.params.Rewards(proposed, none)
	b := s.books.Get(ctx)
	s.fund(ctx, &b, rewards)
	for i := range seats {
		if rewards[i].IsZero() {
			continue
		}
		if err := s.share(ctx, &b, operators[i], &standings[i], rewards[i]); err != nil {
			return err
		}
	}
	s.books.Set(ctx, b)
	return nil
}

// fund makes the pool hold the rewards, or the rewards fit what the pool holds.
func (s *Staking) fund(ctx *module.Context, b *Books, rewards []uint256.Int) {
	var sum, lack uint256.Int
	for i := range rewards {
		sum.Add(&sum, &rewards[i])
	}
	if !b.Pool.Lt(&sum) {
		return
	}
	lack.Sub(&sum, &b.Pool)
	total, most := b.total(), election.MaxStake()
	if s.issue && !most.Lt(total.Add(&total, &lack)) {
		ctx.Mint(ctx.Self(), lack)
		b.Pool.Add(&b.Pool, &lack)
		return
	}
	for i := range rewards {
		rewards[i].MulDivOverflow(&rewards[i], &b.Pool, &sum)
	}
}

// share gives a reward of the pool to an operator and to the votes for him.
func (s *Staking) share(ctx *module.Context, b *Books, operator ledger.Address, x *Standing, reward uint256.Int) error {
	own, voters := election.Split(reward, s.identities.Get(ctx, operator).Commission, x.Self, x.Votes)
	paid := own
	if !voters.IsZero() {
		raise, given := election.Index(voters, x.Votes)
		x.Index.Add(&x.Index, &raise)
		s.standings.Set(ctx, operator, *x)
		paid.Add(&paid, &given)
	}
	s.credit(ctx, operator, &own)
	return move(&b.Pool, &b.Owed, &paid)
}

// prune forgets the oldest epoch, two at a boundary at most, once no stake waits for its
// end any more; evidence has been too late for longer.
func (s *Staking) prune(ctx *module.Context) {
	for range 2 {
		e := s.oldest.Get(ctx)
		t := s.terms.Get(ctx, e)
		if t.EndHeight == 0 || !s.params.Unbond.Passed(t.EndTime, t.EndHeight, ctx.Time(), ctx.Height()) {
			return
		}
		s.terms.Delete(ctx, e)
		s.oldest.Set(ctx, e+1)
		if next := s.terms.Get(ctx, e+1); next.Generation != t.Generation {
			s.committees.Delete(ctx, t.Generation)
		}
	}
}

// committeeOf makes the core's form of a committee.
func committeeOf(epoch uint64, seats []Seat) *rolldpos.Committee {
	c := &rolldpos.Committee{Epoch: rolldpos.Epoch(epoch)}
	for i := range seats {
		c.Keys = append(c.Keys, ed25519.PublicKey(seats[i].Key[:]))
	}
	return c
}
