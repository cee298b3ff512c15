package bls

import "errors"

// Errors of this package. Hostile input leads to one of them, never to a panic.
var (
	ErrSecretKey  = errors.New("bls: invalid secret key")                 // length, zero, not below the group's order
	ErrPublicKey  = errors.New("bls: invalid public key")                 // encoding, curve, subgroup, identity
	ErrEncoding   = errors.New("bls: not the encoding of a signature")    // the same of signatures
	ErrSignature  = errors.New("bls: signature does not verify")          // another key, message or DST
	ErrPossession = errors.New("bls: proof of possession is not valid")   // VerifyPossession
	ErrDST        = errors.New("bls: domain separation tag is not valid") // empty or longer than 255 bytes
	ErrEmpty      = errors.New("bls: nothing to aggregate")               // no signature, no key
	ErrIndex      = errors.New("bls: index of a share is zero or repeated")
	ErrThreshold  = errors.New("bls: fewer partials than the threshold")
	ErrRandom     = errors.New("bls: reading entropy failed") // the caller's reader
)
