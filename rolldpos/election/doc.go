// Package election decides who sits: it ranks candidates by stake, rolls an epoch's
// committee and the order of its proposers from a random beacon, counts what the seats
// did, shares rewards, sizes slashes, and computes how likely a rolled committee is
// unsafe.
//
// It is arithmetic over values: it knows no accounts, no keys' meaning and no chain.
// Module subchain/staking keeps the stakes and calls it; read [Params] first, then
// [Top] and [Roll]. An operator who wants fewer seats than delegates reads [Rolled] and
// [Drawn] before.
//
// # Specification
//
// A candidate's weight is its self-stake plus the weights of the votes for it plus what
// is left of withdrawn ones, but at most Leverage times the self-stake: of all weight
// that counts, at least one part in Leverage can be slashed. A vote of a stake s with a
// notice of d milliseconds weighs s·(1 + Bonus·d/MaxLock), rounded down. A withdrawn
// vote stops earning at once, and its weight falls in equal steps to nothing within Fade
// epochs, during all of which the stake stays locked.
//
// The Delegates candidates of the highest weight are the delegates; of equals the lower
// operator address, read as a number, comes first. Candidates without weight, on
// probation or barred are none.
//
// The committee of an epoch are Seats of the delegates, or all of them if they are not
// more. Seats are distinct delegates, because a committee needs distinct keys: rolling is
// without replacement, also if it is by stake. By stake means one draw after the other,
// each with probability proportional to weight among those not drawn yet. The order of
// the seats is a permutation from the same beacon. rolldpos gives view v of epoch e to
// seat (v + e) mod n: a sub-epoch is n views, in each of which every seat proposes once,
// and an epoch is as many sub-epochs as its views hold.
//
// Numbers come from a stream of Keccak-256 blocks, of (tag, beacon, epoch, counter) with
// epoch and counter in 8 bytes, big-endian. A number below n is taken from it by
// rejection, so that it is uniform: the shortest string of whole bytes that n − 1 fits
// in, big-endian, with the bits above n − 1's length cleared, drawn again while it is not
// below n.
//
// # When what is decided
//
// Committee e + 1 is decided in epoch e, early enough to be reshared to. It follows from
// the ranking frozen at the end of epoch e − 2 (candidates, stakes, probation) and from
// the beacon of round e − 1.
//
//   - Nobody can choose a ranking that suits the beacon. Honest seats sign round e − 1
//     only in epoch e − 1, and q partials are needed, so that a coalition of f seats lacks
//     q − f > 0 of them until then. When the round can first be known, everything that it
//     decides is frozen: stake that moves later counts for later epochs only.
//   - Nobody can choose the beacon. A threshold signature is unique: one key and one round
//     have one signature, whoever contributes.
//   - Nobody can drop a beacon that he dislikes. The n − f honest seats are q and recover
//     it without the others, and it may be put on chain in epoch e − 1 and in the first
//     2f + 1 blocks of e. Those have f + 1 honest proposers at least, while honest
//     proposers' views succeed; should it be missing all the same, committee e stays.
//   - Nobody can have it rolled again. Who is barred after the freeze keeps his seat, which
//     counts as one of the f that may fail and earns nothing.
//
// Without a key there is no beacon, and the committee stays, unless Params.Ranked is set
// and all delegates sit: then nothing is drawn, the seats stand in the order of the
// ranking, and the first key generation finds an elected committee. The order of the
// proposers is then known for ever ahead, and a delegate can choose a place in it by its
// stake; safety does not rest on the order.
//
// A frozen ranking of fewer than MinSeats leaves the committee as it is. Fewer delegates
// than seats make a smaller committee. Neither stops a chain.
//
// # Deviations
//
// Productivity is counted in blocks, not in views: with B blocks in an epoch of n seats
// every seat led at least ⌊B/n⌋ views, and is held to a share of that. It costs no state
// for views that pass, which an idle chain has none of, and errs in favour of the seat.
package election
