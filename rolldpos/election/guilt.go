package election

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
)

// Guilty returns the seat whose guilt two messages prove: in one epoch and view, which
// are those of the committee, two proposals, two prepares or two commits that name
// different blocks, or a commit and a nullify. What justifies a proposal is not looked
// at and may be left out. Errors wrap ErrNotGuilty, or rolldpos.ErrInvalid for what is
// not signed as it should be. It checks two signatures.
func Guilty(genesis rolldpos.Hash, c *rolldpos.Committee, first, second rolldpos.Message) (seat int, err error) {
	switch a := first.(type) {
	case *rolldpos.Vote:
		b, ok := second.(*rolldpos.Vote)
		if !ok || !conflict(a, b) {
			return 0, fmt.Errorf("%w: votes", ErrNotGuilty)
		}
		if err := a.Verify(genesis, c); err != nil {
			return 0, err
		}
		if err := b.Verify(genesis, c); err != nil {
			return 0, err
		}
		return a.Seat, nil
	case *rolldpos.Proposal:
		b, ok := second.(*rolldpos.Proposal)
		if !ok || a.Epoch != b.Epoch || a.View != b.View || a.Block == b.Block {
			return 0, fmt.Errorf("%w: proposals", ErrNotGuilty)
		}
		if err := a.Verify(genesis, c); err != nil {
			return 0, err
		}
		if err := b.Verify(genesis, c); err != nil {
			return 0, err
		}
		return c.Leader(a.View), nil
	}
	return 0, fmt.Errorf("%w: neither votes nor proposals", ErrNotGuilty)
}

func conflict(a, b *rolldpos.Vote) bool {
	if a.Epoch != b.Epoch || a.View != b.View || a.Seat != b.Seat {
		return false
	}
	both := func(k rolldpos.Kind) bool { return a.Kind == k && b.Kind == k }
	switch {
	case both(rolldpos.Prepare), both(rolldpos.Commit):
		return a.Block != b.Block
	case a.Kind == rolldpos.Commit && b.Kind == rolldpos.Nullify, a.Kind == rolldpos.Nullify && b.Kind == rolldpos.Commit:
		return true
	}
	return false
}

// Epoch returns the epoch in which two messages of one kind were signed. It proves
// nothing: it says which committee Guilty needs.
func Epoch(first rolldpos.Message) (rolldpos.Epoch, error) {
	switch a := first.(type) {
	case *rolldpos.Vote:
		return a.Epoch, nil
	case *rolldpos.Proposal:
		return a.Epoch, nil
	}
	return 0, fmt.Errorf("%w: neither a vote nor a proposal", ErrNotGuilty)
}
