// Package ceremony is the module on whose log a chain's committees make their threshold
// key and hand it on: the on-chain side of rolldpos/dkg.
//
// Make a [Keys] with [New] and register it under [Name]. A module that elects
// committees, named by Config.Committees, answers committee(uint64) with the seats of
// an epoch; subchain/staking does, and in turn asks this module for chainKey() and
// group(). A chain with one committee for good gives it in Config.Committee. A chain
// that is content with certificates of votes does not need this package.
//
// # Course
//
// In every epoch e the hook of one block, at place Config.Place of the epoch, opens the
// ceremony for epoch e + 1 and emits [Opened]. It is a resharing among the committees
// of e and e + 1 if epoch e has a key and the era does not end with it; otherwise the
// committee of e + 1 makes a new key, of the next era. If the committee of e + 1 is not
// known by then, or has more than MaxSeats seats, there is no ceremony.
//
// From that block on the phases of Config follow one another by height. Enrol, Deal,
// Complain, Justify and Acknowledge each take one message of dkg, signed by the seat in
// it, so that any account may bring it and pay. What is accepted is emitted as [Said]:
// whoever replays these events into a dkg.Transcript gets the same result as everybody.
// The module itself keeps digests of deals, and who has enrolled, complained and
// answered.
//
// Publish brings the result, from the phase of acknowledgements to the epoch's end. The
// module does not compute it: a quorum of seats has acknowledged its digest, of which
// all but f are honest and have computed it. From the first block of e + 1 on it is
// what ChainKey and Group answer. If it is not there by then, epoch e + 1 has no key,
// and the ceremony in it makes a new one.
//
// Epochs must leave blocks between the last phase and their end for a handover
// certificate of the old key over the new one, which is rolldpos/chainkey's affair.
//
// # Gas
//
// A signature costs 3,000, an agreement on an encryption key 5,000, a point of a
// commitment or of a group 6,000, and a revealed share 20,000 and 800 for each
// coefficient of the deal, beside storage, bytes and logs. Opening costs some 31,000 a
// seat, the first Publish 80,000 a seat, and a deal 136,000 with 4 seats, 278,000 with
// 24 and 1,475,000 with 200: the phase of deals must have room for all of them.
package ceremony
