package ringsig

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Decoys chooses a ring of size members for the output own among population
// outputs, which are numbered from 0, the oldest, to population − 1, the newest that
// may be spent. It returns ascending indices, own among them, and own's place: the
// order tells nothing of the signer.
//
// An output's age is its rank from the newest, and the classes of age double: 1, 2 to
// 3, 4 to 7, and so on; the last one takes in what remains. Every decoy is a uniform output of a uniform class, so that
// ages are uniform on a logarithmic scale; the package's doc says what that hides
// and what not. The choice depends on 32 bytes of rand, on which the hiding rests,
// and which must be fresh: two rings for one output leave their intersection.
//
// Errors: ErrRing (size below MinRing or above the population or MaxRing, own
// outside), ErrRandom. Variable time: the choice is published with the ring.
func Decoys(rand io.Reader, population, own, size int) (members []int, place int, err error) {
	if size < MinRing || size > MaxRing || size > population || own < 0 || own >= population {
		return nil, 0, fmt.Errorf("%w: %d of %d, own %d", ErrRing, size, population, own)
	}
	d := draws{}
	if rand == nil {
		return nil, 0, fmt.Errorf("%w: decoys need entropy", ErrRandom)
	}
	if _, err := io.ReadFull(rand, d.seed[:]); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	classes := uint64(bits.Len(uint(population)+1)) - 1
	chosen := map[int]struct{}{own: {}}
	members = []int{own}
	for len(members) < size {
		class := d.below(classes)
		low, high := uint64(1)<<class, uint64(2)<<class
		if class == classes-1 {
			high = uint64(population) + 1
		}
		i := population - int(low+d.below(high-low))
		if _, ok := chosen[i]; !ok {
			chosen[i] = struct{}{}
			members = append(members, i)
		}
	}
	slices.Sort(members)
	place, _ = slices.BinarySearch(members, own)
	return members, place, nil
}

// draws is a stream of uniform numbers from a seed.
type draws struct {
	seed  [32]byte
	count uint64
}

// below returns a uniform number in [0, n), n > 0.
func (d *draws) below(n uint64) uint64 {
	for limit := -n % n; ; { // 2⁶⁴ modulo n: lower draws would be biased
		h := keccak.Sum256([]byte{kindDraw}, d.seed[:], be64(d.count))
		d.count++
		if v := binary.BigEndian.Uint64(h[:8]); v >= limit {
			return v % n
		}
	}
}
