// Package sim runs whole committees of rolldpos in one goroutine and in virtual time,
// under faults that a seed decides, and says at once when a promise is broken.
//
// # Use
//
// New makes a network of the seats that Config asks for; Run advances it, and Chaos
// upsets and heals it. Both return the first broken promise. A test may also drop,
// cut, crash and restore by hand. Equal configurations and calls give equal runs:
// Result.Hash tells. Nothing here belongs in a node.
//
// A user's own chain runs in it as an App, with one copy per process.
//
// # What a run is
//
// Events wait in a heap, ordered by time and then by age. A process is a core with the
// driver that the rolldpos package asks for: it makes records and bodies durable in one
// step, sends, builds, fetches, verifies and finalises, each with a delay of its own.
// Time counts in milliseconds. The network loses, repeats, delays and so reorders
// messages, and is cut in any direction. A process crashes between any two steps and
// inside one: before the sync, after a part of its records, or with a part of its
// messages sent. Its disk keeps what was synced, unless it is replaced by an old copy:
// then a watermark that survived elsewhere, or the other seats' answers, keep the seat
// from signing twice. Clocks drift, differ and jump.
//
// # Promises checked
//
//   - All final blocks are one chain (ErrFork), of valid blocks only (ErrInvalidBlock).
//   - What a seat signs is in its log before it leaves (ErrUnlogged), and the log is
//     free of contradictions (ErrEquivocation).
//   - An honest seat never signs two statements of which it may sign one, whatever
//     happens to its disk (ErrEquivocation).
//   - Evidence is true and names Byzantine seats only (ErrEvidence).
//   - A core keeps a bounded number of views (ErrMemory), reports no fault of its own,
//     and restores what it logged (ErrCore).
//   - Within 10 block times after the network heals, and from then on, every honest seat
//     finalises new blocks as long as its App has work for them (ErrStall).
//
// # Signatures
//
// By default a signature is a mask of the digest and the public key: anybody could make
// it, and a run is ten times faster. This proves as much as real ones do while no
// Byzantine seat signs for another, and those of this package do not. Config.Real signs
// with ed25519.
//
// # Campaigns
//
// The tests of this package take their size from flags; a failure prints the command
// that replays it.
//
//	go test ./rolldpos/sim -run Safety -count=1 -timeout 0 -args -seeds=200 -hours=10 -first=1 -n=4,7,10 -block=1s
//	go test ./rolldpos/sim -run Twins -count=1 -timeout 0 -args -twins=1000000
//	go test ./rolldpos/sim -run NoEquivocation -count=1 -timeout 0 -args -crashseeds=100
//
// # Limits
//
// At most 64 processes. Where messages of one sender and one receiver keep their order,
// as on a stream, is not modelled: every pair may change places. Bodies arrive with
// proposals or in one piece from a peer in reach.
package sim
