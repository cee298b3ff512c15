// Package bls signs with BLS12-381, alone and as a group of which any threshold of
// members can sign: 48-byte signatures in G1 under 96-byte keys in G2.
//
// # Use
//
// GenerateKey or DecodeSecretKey, SecretKey.Sign, PublicKey.Verify; who checks many
// signatures of one key makes a Verifier. A group's members hold Shares, which
// rolldpos/dkg deals out: Share.Sign gives a Partial, Recover makes the group's
// signature of any threshold of partials, and only then is it verified, once. If it
// does not verify, BadPartials names the partials to drop.
//
// The domain separation tag (DST) is the caller's: every purpose has its own, 1 to
// 255 bytes long. DrandQuicknetDST serves beacons that drand's tools verify.
// KeyG1 verifies the other orientation, of drand's chained beacons.
//
// Do not use this package for votes that must be attributable: any threshold of
// shares makes the partials of all others. Do not aggregate signatures of keys
// without a proof of possession: a rogue key cancels the others out.
//
// # Specification
//
// Signatures are those of draft-irtf-cfrg-bls-signature-05, minimal-signature-size,
// with hash_to_curve of RFC 9380 (BLS12381G1_XMD:SHA-256_SSWU_RO_; G2 for KeyG1).
// Points have the compressed encoding of Zcash, scalars 32 bytes big-endian. Decoding
// refuses other lengths, uncompressed forms, coordinates not below the field's prime,
// points off the curve or outside the subgroup of prime order, and the identity.
//
// A group of n with threshold t shares a polynomial p of degree t−1: the secret is
// p(0), member i (1 … n) holds p(i) (A. Boldyreva, "Threshold Signatures … Based on the
// Gap-Diffie-Hellman-Group Signature Scheme", PKC 2003).
//
// BadPartials checks Σ rᵢ·σᵢ against Σ rᵢ·Pᵢ with 128-bit rᵢ from SHA-256 over all
// that the batch consists of, so that equal batches give equal answers, and a
// forger who wants two errors to cancel has 2⁻¹²⁸ a try.
//
// # Secrecy
//
// Field arithmetic of gnark-crypto is constant time; its multiplication of a point by
// a scalar is not. Sign and Public therefore split the secret into two addends that a
// hash of secret and message draws, and multiply by each: the time depends on both
// addends, neither of which is the secret. That is a hedge, not a proof: do not let
// an adversary on the same machine watch these functions. Verification is variable
// time and handles nothing secret.
package bls
