// Package chainkey is what a committee says with one key: certificates of 48 bytes
// whatever the committee's size, the random beacon, and the handover from one era's
// key to the next.
//
// # Use
//
// A seat with a share signs with [Sign] and sends the [Partial] to the other seats
// beside its commit vote. Every node feeds partials to a [Collector], off the critical
// path, and takes what comes out: a [Certificate], a [Beacon] or the signature of a
// [Handover]. Who checks those opens the chain key once with [Open]; a device uses
// rolldpos/light, which takes this form and the votes of a committee alike.
//
// Partials are no evidence: any threshold of shares forges all others. Guilt is proven
// with the seats' ed25519 signatures alone.
//
// # Specification
//
// BLS12-381, signatures in G1 (48 bytes compressed), the key in G2 (96 bytes
// compressed); RFC 9380's hash to the curve; threshold q = n − f for n seats, where
// f = ⌊(n−1)/3⌋: as many partials make a certificate as votes do, and fewer make
// nothing. Share i belongs to seat i − 1.
//
//	what        signed message                                                     suite
//	certificate Keccak-256(tag ‖ genesis ‖ epoch ‖ view ‖ block)                   DSTCommit
//	handover    Keccak-256(tag ‖ genesis ‖ era ‖ epoch ‖ new key)                  DSTHandover
//	beacon      SHA-256(round)                                                     bls.DrandQuicknetDST
//
// Numbers have 8 bytes, big-endian. The three suites differ, so no signature passes
// for one of another sort.
//
// # Certificate
//
// It stands beside the quorum of ed25519 commit votes (rolldpos.Certificate) and says
// the same: the block is final. The view is that of the votes. Until a key exists, and
// where partials are missing, the votes are the certificate.
//
// # Beacon
//
// Round e is signed in epoch e only, by epoch e's committee. The message and the
// suite are those of drand's unchained networks (quicknet), and so is the randomness,
// SHA-256 of the signature: drand's tools verify our beacons, and [Beacon.Verify]
// theirs. f seats that collude need q − f honest partials to learn it early; therefore
// all that round e decides is frozen when epoch e begins: it rolls the committee of
// epoch e + 2 out of the candidates, stakes and probation at the end of epoch e − 1.
// Its signature must be on the chain within the first 2f + 1 leader slots of epoch
// e + 1. Failing that, or without a key, the committee of epoch e + 1 stays for epoch
// e + 2; nothing is rolled later, and no other value takes the beacon's place: that of
// a block or a certificate could be ground by a leader.
//
// # Eras
//
// Within an era each epoch's committee gets shares of the same key. A new era has a
// fresh key, and the last committee of the old era signs the handover to it. q shares
// of a key that has gone can be gathered later and forge a handover; so a handover is
// believed only by who trusted its signer's key within the trust period, which is
// shorter than the unbonding time less an era (rolldpos/light counts it).
//
// The package is pure: no clock, network, disk or randomness.
package chainkey
