package election

import (
	"encoding/binary"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
)

const tagRoll = "rootstem/election/roll/1"

// Roll returns the committee of an epoch: indices into delegates, distinct, in the order
// of the seats. The beacon is uniform and unknown to whoever could still change the
// delegates; the package's specification says how it is used. The sum of the weights must
// stay below 2^256, as it does for 100 candidates of [Params.Weight]. ErrCandidates
// reports fewer delegates than MinSeats, where the last committee stays, and one without
// weight, which [Top] never returns.
func (p *Params) Roll(delegates []Candidate, beacon [32]byte, epoch uint64) ([]int, error) {
	order, err := p.Rank(delegates)
	if err != nil {
		return nil, err
	}
	s := newStream(beacon, epoch)
	seats := min(len(order), int(p.Seats))
	if p.ByStake && seats < len(order) {
		order = s.byStake(delegates, seats)
	}
	s.shuffle(order)
	return order[:seats], nil
}

// Rank returns all delegates in their order: the committee of a chain without a beacon.
// ErrCandidates reports fewer than MinSeats, and one without weight.
func (p *Params) Rank(delegates []Candidate) ([]int, error) {
	if uint64(len(delegates)) < p.MinSeats {
		return nil, fmt.Errorf("%w: %d of %d", ErrCandidates, len(delegates), p.MinSeats)
	}
	order := make([]int, len(delegates))
	for i := range order {
		if delegates[i].Weight.IsZero() {
			return nil, fmt.Errorf("%w: delegate %d has no weight", ErrCandidates, i)
		}
		order[i] = i
	}
	return order, nil
}

// stream is the random bytes of one roll.
type stream struct {
	seed    []byte
	counter uint64
	rest    []byte
}

func newStream(beacon [32]byte, epoch uint64) *stream {
	seed := append([]byte(tagRoll), beacon[:]...)
	return &stream{seed: binary.BigEndian.AppendUint64(seed, epoch)}
}

func (s *stream) read(b []byte) {
	for len(b) > 0 {
		if len(s.rest) == 0 {
			block := keccak.Sum256(s.seed, binary.BigEndian.AppendUint64(nil, s.counter))
			s.counter++
			s.rest = block[:]
		}
		n := copy(b, s.rest)
		b, s.rest = b[n:], s.rest[n:]
	}
}

// below returns a uniform number below n, which is not zero.
func (s *stream) below(n *uint256.Int) (x uint256.Int) {
	top := new(uint256.Int).SubUint64(n, 1)
	bits := top.BitLen()
	b := make([]byte, (bits+7)/8)
	for {
		s.read(b)
		if bits%8 != 0 {
			b[0] &= 1<<(bits%8) - 1
		}
		if x.SetBytes(b); x.Lt(n) {
			return x
		}
	}
}

// shuffle is Fisher and Yates': every order is equally likely.
func (s *stream) shuffle(order []int) {
	for i := len(order) - 1; i > 0; i-- {
		x := s.below(uint256.NewInt(uint64(i + 1)))
		j := int(x.Uint64())
		order[i], order[j] = order[j], order[i]
	}
}

// byStake draws one delegate after the other by the weights of those that are left.
func (s *stream) byStake(delegates []Candidate, seats int) []int {
	var total uint256.Int
	left := make([]int, len(delegates))
	for i := range delegates {
		left[i] = i
		total.Add(&total, &delegates[i].Weight)
	}
	out := make([]int, 0, seats)
	for range seats {
		x := s.below(&total)
		i := 0
		for ; !x.Lt(&delegates[left[i]].Weight); i++ {
			x.Sub(&x, &delegates[left[i]].Weight)
		}
		out = append(out, left[i])
		total.Sub(&total, &delegates[left[i]].Weight)
		left = append(left[:i], left[i+1:]...)
	}
	return out
}
