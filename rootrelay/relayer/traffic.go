package relayer

import (
	"context"
	"errors"
	"time"

	"github.com/rootstem/rootstem/rootrelay"
)

// traffic remembers which leaves of an outbox are done, so that each is asked about
// only until then.
type traffic struct {
	first uint64 // all leaves below are done
	done  map[uint64]bool
	tries map[uint64]*retryState
}

// outcome of an attempt to carry a leaf.
type outcome int

const (
	finished outcome = iota // done, by us or by somebody else
	early                   // not its turn yet
)

// carry calls try for all leaves below count that are not done. A leaf that fails
// waits; leaves of its lane behind it stay early by themselves, because the chain
// takes them in order.
func (r *Relayer) carry(ctx context.Context, t *traffic, entries []rootrelay.Entry, try func(*rootrelay.Entry) (outcome, error)) error {
	if t.done == nil {
		t.done, t.tries = map[uint64]bool{}, map[uint64]*retryState{}
	}
	for i := t.first; i < uint64(len(entries)); i++ {
		retry := t.tries[i]
		if t.done[i] || retry != nil && !retry.due(time.Now()) {
			continue
		}
		result, err := try(&entries[i])
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case refused(err) || errors.Is(err, ErrReverted) || errors.Is(err, ErrMirror):
			if retry == nil {
				retry = new(retryState)
				t.tries[i] = retry
			}
			wait := retry.failed(time.Now(), r.cfg.Interval, r.cfg.MaxPause)
			r.cfg.Logger.Warn("leaf not carried", "index", i, "error", err, "pause", wait)
		case err != nil:
			return err
		case result == finished:
			t.done[i] = true
			delete(t.tries, i)
		}
	}
	for t.done[t.first] {
		delete(t.done, t.first)
		t.first++
	}
	return nil
}
