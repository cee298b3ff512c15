// Command storecheck opens a store that no process uses and reads all of it: every
// record, and if it is a node's (the folder db in its directory) the final blocks
// against their indexes, the state against its root, and the votes for conflicts.
//
//	go run ./internal/storecheck DIR
//
// It prints how much there is in each space and log, and ends with status 1 if
// anything is damaged. Opening recovers from a crash, as a node would: it writes to
// the directory.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/node"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: storecheck DIR")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "storecheck:", err)
		os.Exit(1)
	}
}

var errNoStore = errors.New("no store in this directory")

func run(out io.Writer, dir string) (err error) {
	backend, err := backendOf(dir)
	if err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: dir, Backend: backend})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	contents, err := s.Survey()
	if err != nil {
		return err
	}
	for _, c := range contents {
		fmt.Fprintf(out, "%-5s %-20s %10d keys %14d bytes\n", c.Kind, c.Name, c.Keys, c.Bytes)
	}
	if err := errors.Join(chain.Check(s), node.Audit(s)); err != nil {
		return err
	}
	fmt.Fprintf(out, "ok: %s, backend %s\n", dir, backend.Name())
	return nil
}

// backendOf tells the backend by the directory that it keeps its files in.
func backendOf(dir string) (store.Backend, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, b := range []store.Backend{store.GoLevelDB(), pebble.Backend()} {
		for _, e := range entries {
			if e.IsDir() && e.Name() == b.Name() {
				return b, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoStore, dir)
}
