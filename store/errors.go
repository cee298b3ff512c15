package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Errors of this package.
var (
	ErrClosed  = errors.New("store: closed")
	ErrLocked  = errors.New("store: directory is in use")
	ErrCorrupt = errors.New("store: corrupt")
	ErrFormat  = errors.New("store: written by another version or backend")
	// ErrNoSpace and ErrIO tell that the file system refused to write (or, ErrIO, to
	// read). Nothing that was acknowledged is lost, and the next write tries to go on.
	ErrNoSpace = errors.New("store: no space left")
	ErrIO      = errors.New("store: input or output failed")
	// ErrRecovered ends iterators and snapshots from before the store recovered from
	// ErrNoSpace or ErrIO. Make new ones.
	ErrRecovered = errors.New("store: recovered from a failed write since this was made")
	ErrEmptyKey  = errors.New("store: empty key")
	ErrNilValue  = errors.New("store: nil value")
	// ErrBatch refuses a batch that was written or closed already.
	ErrBatch = errors.New("store: batch is used up")
)

// typed puts ErrNoSpace or ErrIO before an error of a file system. The end of a file
// and a missing file are answers, not failures.
func typed(op, name string, err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist),
		errors.Is(err, ErrNoSpace), errors.Is(err, ErrIO), errors.Is(err, ErrLocked), errors.Is(err, ErrCorrupt):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %s %s: %w", ErrNoSpace, op, name, err)
	}
	return fmt.Errorf("%w: %s %s: %w", ErrIO, op, name, err)
}
