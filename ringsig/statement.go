package ringsig

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/curve"
)

// Statement is what a signature of either scheme claims: the signer holds the
// secret key of a member of Ring, whose tag in Scope is the signature's, and agrees
// to Message. In the form with amounts it also claims that this member's commitment
// and Offset hide the same amount.
type Statement struct {
	Scope   *Scope
	Ring    *Ring
	Message []byte
	Offset  *Commitment // C′, a fresh commitment to the spent amount; nil in the key form
}

// Witness is what the signer knows.
type Witness struct {
	Index    int        // of the signer's member in the ring
	Key      *SecretKey // x with P = x·G
	Blinding *Blinding  // z = γ − γ′ with C − C′ = z·G; nil in the key form
}

// check validates the statement's shape and returns C′.
func (st *Statement) check() (offset curve.Point, err error) {
	if st == nil || st.Scope == nil || st.Ring == nil {
		return offset, fmt.Errorf("%w: it needs a scope and a ring", ErrStatement)
	}
	if (st.Offset != nil) != (len(st.Ring.commitments) != 0) {
		return offset, fmt.Errorf("%w: an offset needs a ring with commitments, and such a ring an offset", ErrStatement)
	}
	if st.Offset != nil {
		if offset, err = curve.DecodePoint(st.Offset[:]); err != nil {
			return offset, fmt.Errorf("%w: offset: %w", ErrStatement, err)
		}
	}
	return offset, nil
}

// amounts reports whether the statement is in the form with amounts.
func (st *Statement) amounts() bool { return st.Offset != nil }

func (st *Statement) transcript(protocol string) transcript {
	t := newTranscript(protocol)
	st.Scope.absorb(&t)
	t.append("ring", st.Ring.digest[:])
	t.append("message", st.Message)
	if st.Offset != nil {
		t.append("offset", st.Offset[:])
	} else {
		t.append("offset", nil)
	}
	return t
}

// checkWitness refuses secrets that are not those of the statement: to sign with
// them would publish scalars that an attacker could use.
func (st *Statement) checkWitness(w *Witness, offset *curve.Point) error {
	if w == nil || w.Key == nil || w.Index < 0 || w.Index >= st.Ring.members {
		return fmt.Errorf("%w: index or key missing", ErrWitness)
	}
	if (w.Blinding != nil) != st.amounts() {
		return fmt.Errorf("%w: a blinding belongs to the form with amounts, and only there", ErrWitness)
	}
	p := curve.MulBase(w.Key.x).Reveal()
	if w.Key.x.IsZero() || !p.Equal(&st.Ring.keys[w.Index]) {
		return fmt.Errorf("%w: the key is not the member's", ErrWitness)
	}
	if st.amounts() {
		z := curve.MulBase(w.Blinding.s).Reveal()
		var diff curve.Point
		diff.Sub(&st.Ring.commitments[w.Index], offset)
		if w.Blinding.s.IsZero() || !z.Equal(&diff) {
			return fmt.Errorf("%w: the blinding does not open the difference", ErrWitness)
		}
	}
	return nil
}
