// Package dkg makes a committee's threshold key without anybody ever holding it, and
// hands it on to the next committee without changing it.
//
// # Use
//
// A Ceremony says who takes part and at which heights its phases lie. Everybody feeds
// a Transcript with the messages that consensus has ordered; it is a pure state machine,
// and equal logs give equal results. A node with a seat, old or new, makes a
// Participant: Enrol, Deal, Complain and Justify give the message for each phase, and
// Finish gives a Pending share, which Keep turns into a Member and its acknowledgement
// once it is durable. Transcript.Accepted returns the Group when a quorum holds durable
// shares; before that nobody may rely on it, and old shares must not be erased.
//
// A chain without room for a Transcript checks messages by the ceremony's Rules, as
// subchain/ceremony does.
//
// Do not use the key as randomness: see Bias. A ceremony that fails leaves the chain
// with certificates of individual votes; the next one starts afresh.
//
// # Protocol
//
// Feldman's verifiable secret sharing by every dealer at once (P. Feldman, FOCS 1987;
// T. Pedersen, EUROCRYPT 1991), over the log of a chain instead of a broadcast channel.
// There are n seats, f = ⌊(n−1)/3⌋, and the threshold is t = n − f.
//
//  1. Enrolling: each seat publishes a fresh X25519 key.
//  2. Dealing: dealer i draws a polynomial pᵢ of degree t−1 and publishes the points
//     pᵢₖ·g₂ of its coefficients, and for each seat j (index j + 1) that has enrolled
//     pᵢ(j+1), encrypted. In a resharing the dealers are the old seats, pᵢ(0) is the old
//     share, and its point must equal the old public share.
//  3. Complaining: a seat names the dealers whose share for it does not decrypt or does
//     not fit the points.
//  4. Justifying: an accused dealer reveals the shares of all its accusers, and the log
//     checks them. A seat takes a revealed share for its own.
//  5. Acknowledging: a seat whose share of the result is durable signs the group.
//
// A dealer qualifies if its deal was accepted, at most f seats complained of it, and it
// answered all complaints. A generation takes n − f qualified dealers and adds up all
// their polynomials. A resharing takes the first t′ of them, t′ being the old
// threshold, and interpolates at zero, which keeps the key. With fewer, the ceremony has
// failed.
//
// Why more than f complaints disqualify: honest seats do not complain of an honest
// dealer, so it never reveals more than the f shares that bad seats know already. The
// limit keeps a bad dealer from making its honest accusers' shares public without end.
//
// Why a quorum of acknowledgements: n − f acknowledge with honest seats alone, and of
// any n − f at most f lie. Shares that fewer hold could leave the key beyond use.
//
// # Bias
//
// A dealer that sees the others' deals first can bias the public key by choosing whether
// its own shall qualify (R. Gennaro, S. Jarecki, H. Krawczyk and T. Rabin, "Secure
// Distributed Key Generation for Discrete-Log Based Cryptosystems", EUROCRYPT 1999). We
// accept that, instead of a second round of commitments, since a threshold BLS key must
// be unforgeable, not uniform. Let h be the sum of the honest dealers' secrets, which is
// uniform and unknown, and b that of those of the bad dealers that qualify. They know b,
// since each must give shares of its polynomial to all honest seats. The key is
// (h + b)·g₂, and a forged signature (h + b)·H(m) less b·H(m) is a forged one under
// h·g₂: to choose b late, out of at most 2^f sums, gains nothing. The same authors show
// so much for Schnorr signatures ("Secure Applications of Pedersen's Distributed Key
// Generation Protocol", CT-RSA 2003), and R. Bacho and J. Loss treat threshold BLS with
// this very protocol ("On the Adaptive Security of the Threshold BLS Signature Scheme",
// CCS 2022). Whoever needs an unpredictable value uses a signature under the key, whose
// message is fixed before and which nobody can bend: the key is known by then.
//
// # Encryption
//
// ECIES from X25519, HKDF-SHA-256 and ChaCha20-Poly1305, one ephemeral key per deal. The
// cipher's key is HKDF(secret: the shared point; salt: the ceremony's ID; info:
// "rootstem/dkg/1 box" ‖ dealer ‖ seat ‖ ephemeral key ‖ seat's key), the nonce zero, no
// associated data. X25519 and not BLS12-381: the standard library's is constant time,
// ten times as fast, and bound to no key that signs. Complaints need no proof of wrong
// encryption, since the answer to them is public.
//
// All of a participant's secrets come from its seed by HKDF with the ceremony's ID as
// salt: it neither signs nor deals two different things, however often it restarts, and
// erasing the seed erases them all. Seed and old shares are to be erased once the new
// group is accepted: f bad seats of today and t − f old shares sign like the committee.
//
// # Encodings
//
// Messages are RLP lists, see AppendBinary of each; a signature is ed25519 over
// Rules.Statement, which binds genesis, era, epoch, heights, committees and the old
// group. Points are compressed, 96 bytes; scalars have 32 bytes, big-endian.
//
// # Secrecy
//
// Polynomials are evaluated in constant time; multiplications of points are those of
// package bls, hedged and not constant. What Go's runtime copies is not erased.
package dkg
