// Package relayer carries checkpoints, messages and acknowledgements between a root
// chain and its subchains.
//
// # Use
//
// New with the JSON-RPC addresses of one node per chain and a key that pays for gas,
// then Run. Any number of relayers may run side by side; each of them can delay what
// it carries and nothing else, because the modules of package rootrelay check every
// proof themselves. It holds no state of its own: after a restart it reads the events
// of the chains again.
//
// # How it works
//
// For each chain it mirrors the leaves of the outbox from the events that announce
// them, and compares the root of the mirrored tree with that of a certified header
// before it proves a leaf. One pass over a subchain submits its checkpoints to the
// root, then the leaves under the last one, then what the root holds for it. Views of
// the modules say what is done already. What fails is tried again after a pause that
// doubles from pass to pass up to a bound, and holds up only its own lane.
package relayer
