// Package light checks, on a device or on another chain, that a block is final, and
// proves what such a block holds.
//
// # Use
//
// A device makes a [Client] from what it is given at its factory or by its owner: the
// genesis hash with a header that is trusted ([FromHeader]), or a chain key ([FromKey]).
// It then takes headers from anybody, with [Client.UpdateVotes] or [Client.UpdateKeyed],
// and asks the [Header] that comes back for accounts, slots, transactions, receipts and
// messages. It stores [Client.AppendBinary] before it sleeps. Who holds the committee or
// the key by other means needs no client: [Verify] is one function for both forms.
//
// It is not for a node, which follows the votes themselves with rolldpos.Core.
//
// # Two forms
//
//	committee form  q ed25519 votes, checked against the committee's keys, of which the
//	                client keeps a hash, and each header names the next epoch's
//	chain-key form  one BLS signature of 48 bytes, checked against one key of 96 bytes
//	                that stays for an era; a handover of 165 bytes leads to the next
//
// The committee form is the faster one up to about 20 votes; the chain-key form is
// shorter from 4 seats on and needs no committee. A client may hold both kinds of trust:
// a header taken in either form also tells it the committee and, with [Client.LearnKey],
// the key.
//
// # Trust
//
// A client moves forward only: by height, and by epoch and time with it.
//
//   - Committee form: in an epoch the committee that the newest header named for it; in
//     a later epoch also an unchanged committee, so that a device may sleep while its
//     committee stays. Epochs in which the committee changes are taken one by one.
//   - Chain-key form: any header from the key's first epoch on. After a sleep of k eras,
//     k handovers come first. An era that ended without a handover, because its
//     ceremony failed, is passed in the committee form and with LearnKey.
//   - Trust period: seats that have left and got their stake back risk nothing, and q of
//     them, or q old shares, can sign what they like. Who trusted a committee or a key
//     at the time of some header therefore believes it only until the period has
//     passed since then. It must be shorter than the time that stake takes to unbond,
//     less an era. Later, [ErrTrustExpired]: the client is made anew from a configured
//     header, or [Client.Reanchor] takes one that the root chain, followed by another
//     client, holds as the subchain's checkpoint.
//   - A second block at the trusted height is [ErrFork]: a quorum has signed twice.
//
// The clock is the caller's: now is ms since 1970. One that runs late makes trust last
// longer by as much; headers more than [MaxDrift] ahead of it are refused.
//
// # Cost
//
// The package is pure, and links no network, database or JSON. Package rolldpos is free
// of gnark-crypto; this one needs it for the chain-key form, and the linker leaves some
// 0.3 MB of it in a device that uses votes alone. Whole programs that read, update
// and write a client, built with -trimpath -ldflags="-s -w" (TestSizeOnDevices):
//
//	                     votes    chain key
//	linux/arm, GOARM=6   3.5 MB   3.7 MB
//	linux/riscv64        3.2 MB   3.3 MB
//	wasip1/wasm          5.2 MB   5.3 MB
//
// A client keeps 240 bytes, 56 more for each seat of a committee that it holds in full,
// and 48 KB for a chain key that is ready to verify. A header costs 5 KB of garbage
// with 17 votes and 8 KB with a chain key, a handover 130 KB.
package light
