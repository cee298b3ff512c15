// Package state is the world state: accounts, their storage and their code, under
// the roots of Ethereum's secure Merkle Patricia tries.
//
// Open a State over a store, take the View of a root, and read. View.Apply gives a
// new View with its new root, whose nodes stay in memory until Commit puts them
// into a batch. So a chain keeps one view for each block that is not final, and
// writes only what became final, in one batch with the block.
//
// A View never changes and may be read by many goroutines, while others apply
// changes to it and one commits. A view holds on to its ancestors until they are
// committed; then it reads their nodes from the store.
//
// Nodes lie under their Keccak-256 and are never removed, so every root that was
// committed stays readable. Each is checked against its hash when it is read from
// the store.
package state
