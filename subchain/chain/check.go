package chain

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
)

// ErrDamaged reports that what a store holds does not fit together.
var ErrDamaged = errors.New("chain: damaged store")

// Check reads the whole store of a stopped node: every record and log, the final
// blocks against their hashes, indexes and policy, and the state against the root of
// the newest block. A store that holds no chain passes.
func Check(db *store.Store) error {
	if err := db.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	final, err := blocks.Open(db, blocks.Policy{})
	if err != nil {
		return err
	}
	if err := final.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	height, _, ok := final.Head()
	if !ok {
		return nil
	}
	head, err := final.Header(height)
	if err != nil {
		return err
	}
	states, err := state.Open(db)
	if err != nil {
		return err
	}
	if root, _ := states.Tip(); root != head.Block.Header.StateRoot {
		return fmt.Errorf("%w: the state is %s, block %d says %s", ErrDamaged, root, height, head.Block.Header.StateRoot)
	}
	if err := states.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
