package dkg

import "errors"

// Errors of this package. Hostile input leads to one of them, never to a panic.
var (
	ErrCeremony  = errors.New("dkg: ceremony is not valid")                    // committees, old group, plan
	ErrEncoding  = errors.New("dkg: not a canonical encoding")                 // messages, groups, records
	ErrSeat      = errors.New("dkg: no such seat in the ceremony")             // author or accused
	ErrSignature = errors.New("dkg: message is not signed by its seat")        // or for another ceremony
	ErrPhase     = errors.New("dkg: out of phase")                             // too early or too late
	ErrRepeated  = errors.New("dkg: the seat has said this already")           // the first one counts
	ErrKey       = errors.New("dkg: encryption key is of low order")           // enrolments and deals
	ErrDeal      = errors.New("dkg: deal is malformed")                        // lengths, points, empty boxes
	ErrConstant  = errors.New("dkg: constant term is not the old share's")     // resharing
	ErrComplaint = errors.New("dkg: complaint that nobody may bring")          // no key, no deal
	ErrReveal    = errors.New("dkg: justification does not answer")            // all complaints, with true shares
	ErrRole      = errors.New("dkg: the node has no such part")                // neither seat nor dealer
	ErrShare     = errors.New("dkg: share does not fit its group")             // old share, received share, record
	ErrFailed    = errors.New("dkg: too few qualified dealers for a key")      // the ceremony is void
	ErrErased    = errors.New("dkg: secrets of the ceremony have been erased") // Participant.Erase
)
