// Package staking elects a chain's committees: candidates put up stake, holders vote for
// them by locking coins, and the committee of every epoch follows from both and from a
// random beacon, by the rules of rolldpos/election.
//
// Make a [Staking] with [New] and register it with module.Entry.Election set (and Mint,
// if Config.Issue is): the chain then takes its committees from it. Every wallet calls
// it, and it calls nobody but the module of the keys. A chain with a fixed committee
// does not need it.
//
//   - A candidate registers with [Staking.Register]: an ed25519 key with a signature of
//     [PossessionDigest], a BLS key with rolldpos/bls's proof of possession, and at least
//     MinSelf wei of self-stake, which is what can be slashed. The account that
//     registers is the operator, who is paid and who may resign.
//   - A holder votes with [Staking.Vote], which returns the id of a ballot. The longer
//     the notice that he accepts, the more it weighs. [Staking.Withdraw] begins the
//     notice; [Staking.Claim] pays out after it, or after the unbonding time if that is
//     longer, and not before the vote's weight has faded.
//   - [Staking.Harvest] turns what a ballot has earned into credit, and
//     [Staking.Collect] pays the credit of an account out.
//   - Anyone proves guilt with [Staking.SubmitEvidence] and puts the beacon on chain
//     with [Staking.SubmitBeacon].
//
// # Epochs
//
// At the end of an epoch's last block the module puts unproductive seats on probation. At
// the beginning of the next block, before any transaction, it lets withdrawn votes fade
// and freezes the ranking for the committee two epochs ahead: what it freezes is the
// state of the last epoch's end. At the beginning of the second block it pays the last
// epoch's seats. During the epoch it decides the next committee as soon as the beacon of
// the last epoch is there, and after the first 2f + 1 blocks in any case; until then the
// committee of the next epoch is unknown. The first committee is Config.Committee, and
// the first election decides epoch 4. A seat that does not belong to a registered
// candidate is neither paid nor slashed.
//
// The work of a boundary is bounded by the largest parameters and stays below
// module.HookGas: votes are summed up by candidate, and there are at most
// Params.Candidates of them. If there are that many, a newcomer displaces the one that
// ranks last if he ranks before it. The displaced keeps stake and votes, and
// [Staking.Bond] puts him back as soon as he ranks higher.
//
// # Money
//
// The module holds self-stakes, stakes of votes, unbonding self-stake, what was earned
// and not collected, and the pool; [Staking.Books] tells each, and its balance is their
// sum and what was forced onto it. Rewards come from the pool, which anyone may fill by
// a plain transfer and to which slashed stake goes, and beyond it are minted if
// Config.Issue is set; else they shrink in proportion to what the pool holds. An epoch's
// reward of a candidate is shared by the votes that count when it is paid.
//
// Only self-stake is slashed. Votes are not, but they weigh at most Leverage times the
// self-stake. The reporter's part is smaller than what the guilty loses, so that nobody
// gains by reporting himself.
//
// # Unbonding
//
// Withdrawn self-stake can be slashed until it is paid out. It is paid out when the
// window Params.Unbond has passed both since it was withdrawn and since the end of the
// last epoch in which its owner had a seat, no ranking that names him is left to be
// decided, and he is not among the next committee. Evidence counts in the window
// Params.Evidence, which is shorter, after the end of the epoch in which the messages
// were signed.
//
// # Keys
//
// Config.Keys is the address of the contract or module that holds the threshold key. It
// answers the views chainKey() and group(), each with bytes: the key of the current
// epoch (96 bytes, or none) and the encoded dkg.Group. If it fails to answer there is
// no key. The beacon of round r is that of rolldpos/chainkey, verified by the key at the
// end of epoch r, or by the present one during epoch r.
package staking
