package chain

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/blocks"
	"github.com/rootstem/rootstem/store/state"
	"github.com/rootstem/rootstem/subchain/ledger"
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
	if err := checkRoster(db, &head.Block.Header); err != nil {
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

// checkRoster reads the table of committees and compares that of the head.
func checkRoster(db *store.Store, head *ledger.Header) (err error) {
	it := committees(db).Iterate(nil, nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		if len(it.Key()) != 8 {
			return fmt.Errorf("%w: committee of epoch %x", ErrDamaged, it.Key())
		}
		s, err := decodeSeats(it.Value())
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint64(it.Key()) == head.Epoch && s.hash != head.Committee {
			return fmt.Errorf("%w: committee of epoch %d", ErrDamaged, head.Epoch)
		}
	}
	return it.Err()
}
