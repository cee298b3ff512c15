// Package rolldpos lets a committee of seats agree on one block after another,
// each final at once, although up to a third of the seats lie, crash or are cut off.
//
// # Use
//
// New makes a Core for one seat and one epoch; Restore replays its log; then one
// goroutine feeds it with Step and obeys the Ready that comes back. The core is a
// pure state machine over opaque block hashes: it has no clock, network, disk or
// randomness, and equal inputs yield equal bytes. Who only checks finality, a
// device or another chain, uses rolldpos/light and no Core at all.
//
// # Specification
//
// Simplex (B. Chan and R. Pass, "Simplex Consensus: A Simple and Fast Consensus
// Protocol", TCC 2023), with n seats of equal weight, f = ⌊(n−1)/3⌋ and quorums of
// q = n − f. A view has one leader, a proposal, and at most one certificate of each
// kind: a notarisation (q prepares of one block), a nullification (q nullifies) and
// a commit certificate (q commits). The code labels its branches with these rules:
//
//  1. prepare(b, v) at most once, never after nullify(v); the parent of b is
//     notarised in some view u < v and every view between is nullified; b is valid.
//  2. nullify(v) after a timeout or an invalid proposal; allowed after prepare,
//     never after commit(v).
//  3. commit(b, v) only with the notarisation of (b, v), never after nullify(v).
//  4. The next view begins with either certificate, at once; a commit certificate
//     of view w moves to w + 1. The proposal has 2Δ to arrive, the view 3Δ to end;
//     Δ doubles with each nullified view up to a cap and halves with each
//     certified block.
//  5. Persist before send: Ready.Persist and the bodies of Ready.Bodies are durable
//     before anything in Ready.Send leaves.
//
// Why there is no fork: a commit quorum and a nullify quorum of one view would share
// an honest seat, which signs only one of the two; so a view with a final block is
// never nullified, and every later notarised block descends from that block.
//
// # Additions
//
//   - Idle chains: the timers of a view run only while there is demand, a notarised
//     block is not final, a proposal has arrived or f + 1 seats nullify. Without
//     demand a leader waits Δ for the parent's finality before it proposes an
//     empty block, since otherwise each empty block would call for the next.
//   - End of an epoch: nothing is built on a block that the driver calls the last.
//     Leaders propose that same block again, as its own parent, until it is final.
//   - Catching up: seats sign a Status on a timer; a seat that is ahead answers with
//     certificates and with the asker's own votes. A seat that is shown a vote of
//     its own that its log lacks has lost its log's end, and signs nothing up to
//     the view after that vote.
//   - A lost log: a seat that cannot know whether its log is whole (Config.Query) signs
//     nothing before q − 1 others have answered with the views that they are in, and
//     then nothing up to the view after the highest of them.
//
// # Deviations
//
//   - A seat may commit to a block that it has not executed yet: the notarisation
//     says that f + 1 honest seats have. It never prepares one.
//   - A proposal carries at most MaxNullifications nullifications, the newest; a
//     receiver that lacks older ones asks for them.
//   - A restarted seat waits for q − 1 answers before it votes only with Config.Query.
//     Without, it honours what it is shown and what its watermark says
//     (Config.Abstain); a log that was rolled back unknown to its driver while every
//     peer is silent is not noticed.
package rolldpos
