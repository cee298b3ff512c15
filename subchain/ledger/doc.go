// Package ledger holds the nouns that every part of Rootstem shares: hashes and
// addresses, accounts and changes of state, transactions and the messages they
// lower to, receipts and logs, headers, anchors and blocks, with their encodings
// (RLP where Ethereum says so) and the verification of Merkle proofs.
//
// It is a leaf: it imports only internal packages and uint256, so that a device
// can link it. Encodings are consensus: a change to one is a change of the chain.
// Decoders are strict, so that a value has one encoding, and never allocate by a
// length that the input merely claims.
package ledger
