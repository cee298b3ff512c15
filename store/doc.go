// Package store keeps bytes: a key-value database with named spaces, atomic synced
// batches, iterators and append-only logs of checksummed records.
//
// Open first. Read through a Space, write through a Batch, which becomes durable as
// a whole in WriteSync or not at all. There is no unsynced write, because a backend
// may then keep a later batch and lose an earlier one. Records that must be on disk
// before a message leaves the process go into a Log.
//
// The backend is goleveldb behind cometbft-db's DB interface, or memory when the
// directory is empty. It keeps up to 8 MiB of blocks and 8 MiB of fresh writes in
// memory.
//
// # Lifetimes and ownership
//
// Get returns a slice that stays valid and that the caller must not change. Batch
// and Log copy what they are given. An Iterator's key and value are valid until its
// next call of Next.
//
// A Store and its spaces and logs are safe for concurrent use. A Batch and an
// Iterator belong to one goroutine. After Close every method returns ErrClosed, on
// open iterators too.
//
// # Isolation
//
// An iterator sees the database as it was when it was made: writes that come later
// neither show nor wait. In memory this costs a copy of the range's references when
// the iterator is made, since cometbft-db's memory iterators would otherwise block
// every write until they are closed, that of their own goroutine for ever. Two Gets
// may see two states. There are no snapshots across reads: what needs one is kept
// under keys that never change their value, as package state keeps the nodes of its
// tries under their hashes.
//
// # What a crash leaves
//
// The batches that WriteSync acknowledged and a prefix of nothing else. A flipped
// bit is found by goleveldb's checksums in its tables and by a Log's own checksums;
// goleveldb may drop damaged records at the end of its journal without a word, so
// that who must never forget (a signer) also keeps a watermark of its own.
package store
