// Package rootrelay moves value and data between subchains through a root chain.
//
// # Use
//
// A root chain built with this SDK runs [Root] as a module, a subchain runs
// [Gateway]; both are registered with module.Entry.Gateway set, because they own the
// chain's outbox and speak for it in the anchor of its headers. Gateway also needs
// Entry.Mint, and both need Entry.Reentrant, because a contract may send a message
// while it receives one. Package rootrelay/relayer carries headers, proofs and
// messages between them. It needs no permission: who does not trust it runs another.
//
// # Specification
//
// Every chain has one append-only tree of leaves, the outbox, whose root and count
// are in its certified headers (the count through the anchor). A leaf is one of
//
//	message       on a subchain: what Send emitted (module.Message.Leaf)
//	forward       on the root: H("rootrelay/forward/v1" ‖ order ‖ message leaf)
//	acknowledgement, on both: H("rootrelay/ack/v1" ‖ abi.encode(Ack))
//
// Value and data: A's Gateway burns the amount, remembers the message's leaf (its
// commitment) and appends it. Root proves the leaf under a checkpoint of A that a
// quorum of A's committee signed, in the order of the nonces of the lane (src, dst,
// lane), moves escrow from A to B, numbers the message in its lane (its order, see
// below), remembers the forward leaf and appends it. B's Gateway proves the forward
// leaf under a final header of the root, in the order of the root's numbers, mints
// the amount, runs the receiver, and appends the acknowledgement. That goes back the
// same way; each chain deletes its commitment before anything else, so whichever of
// acknowledgement and timeout comes first is the only one. A failed acknowledgement
// moves the escrow back on the root, and A mints the amount back to the sender.
//
// A message that the root cannot forward (destination unknown or suspended, escrow
// too low, deadline not after the time of the destination's last checkpoint, out of
// bounds) is bounced: its nonce is consumed, no escrow moves, and the root itself
// appends a failed acknowledgement for the source. Since such a nonce never reaches
// the destination, the root numbers what it forwards anew, without gaps: this order,
// not the nonce, is what a receiver's cursor and a checkpoint's cursors count.
// Messages to chain 0 end on the root: the amount becomes claimable by the receiver.
//
// The native coin of a subchain is the root's coin. It exists on the subchain only as
// far as Gateway minted it for an amount that the root had put into the subchain's
// escrow; genesis must allocate none. The escrow is therefore the most that a
// subchain can ever take out, whoever holds its keys.
//
// A message reaches exactly one entry point, onReceive, with the Gateway as the
// sender, and exactly the gas that the message names. A relayer who offers less
// fails to deliver; the message does not fail.
//
// # Deviations
//
//   - Acknowledgements are unordered. The commitment that each of them deletes makes
//     it count once, so that one which the root cannot honour yet (a refund above
//     the escrow that a hostile destination has emptied) holds up no other.
//   - A message to the root carries value only. The root runs no payload.
//   - A message to a receiver without code and with a payload succeeds without a
//     call, as a transaction to such an account does.
//   - The committee of the root that a Gateway trusts follows the headers' next
//     committee. Only the latest two epochs are accepted, so that keys of long past
//     committees prove nothing; cumulative trees make older headers superfluous.
//   - A subchain that has shown no checkpoint for longer than MaxInterval is
//     suspended: it takes part again with its next checkpoint. The other stages of a
//     subchain's end (halted, exiting, closed), evidence, data challenges, exits and
//     the release of the bond are not part of this package: a bond stays locked.
package rootrelay
