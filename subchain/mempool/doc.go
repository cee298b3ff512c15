// Package mempool holds transactions that wait for a block. Call [New] with the rules
// of the chain and the latest final state, [Pool.Add] for what users and peers send,
// [Pool.Next] to fill a block, and [Pool.Reset] after each final block.
//
// It is a pure core behind a mutex: no goroutine, no clock, no randomness. Whatever it
// returns is a function of the calls before. It keeps nothing on disk.
//
// # Rules
//
// A sender's transactions are ordered by nonce. Those whose nonces follow the account's
// without a gap are executable; others wait, at most [Config.MaxGap] nonces ahead. The
// sender must be able to pay for all that it has here. An account with code (a
// delegation of EIP-7702, which others can make spend its balance) may have one
// transaction here at a time. A transaction replaces one of the same sender and nonce
// if both its fee cap and its tip cap are at least a tenth higher, and higher at all.
//
// When the pool is full, a transaction that waits behind a gap goes first (lowest tip
// cap, then oldest), then the last one of a sender (lowest tip cap, then of the sender
// with most, then newest); if that is the new one, it is refused. So no gap opens, and
// on a chain without fees a sender that floods displaces only itself.
//
// # Errors
//
// Error texts contain what ethers and viem look for in JSON-RPC messages. [Faulty]
// tells errors of malformed transactions, which no honest peer forwards, from those
// that depend on this node's state.
package mempool
