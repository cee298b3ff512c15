// Package store keeps bytes: a key-value database with named spaces, atomic synced
// batches, iterators, snapshots and append-only logs of checksummed records; and a
// watermark that guards a signing key.
//
// Open first. Read through a Space, write through a Batch, which becomes durable as
// a whole in WriteSync or not at all. Records that must be on disk before a message
// leaves the process go into a Log. What must never be signed twice goes through a
// Watermark. Code that was written for cometbft-db gets its interface from OpenDB.
//
// # Backends
//
// GoLevelDB is the default and light. Package store/pebble has another; only who
// imports it links pebble. An empty directory name means memory. Config.Budget bounds
// what a store holds; with the default it stays below 64 MiB. All files are reached
// through Config.FS.
//
//	                                goleveldb   pebble      memory
//	WriteSync survives power loss   yes         yes         no
//	Write, Set, Delete of DB        as WriteSync, everywhere
//	a batch is atomic               yes         yes         yes
//	readers may see a batch before
//	it is durable                   no          a moment    -
//	reads after a failed write      go on       fail until
//	                                            recovered   -
//	open iterators block writers    no          no          no
//	writes at the same time         share a sync
//
// There is no unsynced write, because a backend may then keep a later batch and lose
// an earlier one, and because pebble loses acknowledged ones already to kill -9.
//
// # Lifetimes and ownership
//
// Get returns a slice that belongs to the caller. Batch and Log copy what they are
// given; a Batch of DB refers to it until it is written. An Iterator's key and value
// are valid until its next call of Next; those of DB's iterators belong to the caller.
//
// Iterators and snapshots hold what they show on the disk, or in memory, until they
// are closed: close them. Iterators outlive the snapshot that they were made over.
//
// A Store and its spaces, logs and snapshots are safe for concurrent use. A Batch and
// an Iterator belong to one goroutine. After Close every method returns ErrClosed, on
// open iterators and snapshots too, and nothing panics.
//
// A directory belongs to one Store at a time, in one process: a second gets ErrLocked.
// It belongs to the backend that created it: another gets ErrFormat.
//
// # Isolation
//
// An iterator sees the database as it was when it was made: writes that come later
// neither show nor wait. Two Gets may see two states; a Snapshot gives one state to
// any number of reads, through Space.At.
//
// # What a crash leaves
//
// All batches that WriteSync acknowledged, in their order, and perhaps the last one
// that it did not: a prefix of what was written. This holds for the loss of power at
// every operation, on file systems that keep the order of names and on such that
// forget every name that was not synced; package store/crash shows it. The torn end
// of a journal or manifest is cut off. Damage before the end is ErrCorrupt, and so is
// damage at the end of what the operating system had written back: a file beside the
// backend's keeps the checksums of what was synced. Who must never forget (a signer)
// keeps a Watermark all the same.
//
// # What a failed write leaves
//
// When the file system refuses a write, WriteSync returns ErrNoSpace or ErrIO and
// nothing else reaches the disk: what follows a failed sync cannot be trusted. The
// process lives on. Every later write first tries to recover: it looks for room,
// takes off the files what was not acknowledged, and opens the backend again. It
// returns the same errors until that succeeds. Iterators and snapshots from before
// end with ErrRecovered.
package store
