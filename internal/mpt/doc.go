// Package mpt is Ethereum's Merkle Patricia trie (Yellow Paper, appendix D): the
// coding of nodes, a persistent trie over a reader of nodes, roots of lists, and
// proofs.
//
// A Trie is an immutable value. Put and Delete return a new one that shares what
// did not change, so that many versions live side by side and readers need no
// lock. Commit hands out the encodings of the nodes that are new since New.
//
// A chain's state is a "secure" trie: its keys are Keccak hashes. Hashing a key is
// the caller's business.
//
// Decoding is strict: of all byte strings exactly one decodes to a given node, so
// that a proof cannot be bent, and hostile bytes give an error.
package mpt
