package ringsig

import "errors"

// Errors of this package. Hostile input leads to one of them, never to a panic.
var (
	ErrKey       = errors.New("ringsig: invalid key")                           // off the curve, identity, not canonical, zero, ≥ n
	ErrRing      = errors.New("ringsig: invalid ring")                          // size, padding
	ErrDuplicate = errors.New("ringsig: duplicate ring member")                 // the anonymity set would be a lie
	ErrStatement = errors.New("ringsig: invalid statement")                     // missing or contradictory parts
	ErrWitness   = errors.New("ringsig: witness does not fit the statement")    // the prover's secrets are not those of the statement
	ErrEncoding  = errors.New("ringsig: not a canonical encoding")              // length, points, scalars, zero values
	ErrSignature = errors.New("ringsig: signature does not verify")             // CLSAG
	ErrProof     = errors.New("ringsig: membership proof does not verify")      // Triptych
	ErrRange     = errors.New("ringsig: range proof does not verify")           // Bulletproofs
	ErrBalance   = errors.New("ringsig: inputs do not equal outputs and fee")   // balance proof
	ErrRandom    = errors.New("ringsig: reading entropy failed")                // the caller's reader
	ErrLimit     = errors.New("ringsig: more values than the limits allow")     // counts
	ErrTransient = errors.New("ringsig: a challenge or nonce came out as zero") // probability 2⁻²⁵⁶: try other entropy
)
