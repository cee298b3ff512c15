// Package state is the world state: accounts, their storage and their code, under
// the roots of Ethereum's secure Merkle Patricia tries.
//
// Open a State over a store, take the View of a root, and read. View.Apply gives a
// new View with its new root, which stays in memory until Commit puts it into a
// batch. So a chain keeps one view for each block that is not final, drops the views
// of blocks that lost, and writes only what became final, in one batch with the
// block.
//
// A View never changes and may be read by many goroutines, while others apply
// changes to it and one commits. Views of committed states answer for as long as
// their block is within Config.History of the newest; then they fail with ErrPruned.
//
// # In the store
//
// Flat tables hold the accounts and slots of the newest state under the hashes of
// their addresses and keys. The branches of the tries lie under their paths, each
// with the extension before it, and are replaced in place; leaves are only in the
// flat tables. Each block leaves a reverse diff: the flat values that it replaced,
// and the records of branches, most of them as what differs. An older state is read
// through the diffs since. Code lies under its hash and is never removed.
//
// What a block changes in the flat tables and its diff are in its batch; the records
// of branches follow, many blocks' together, when they take Config.Dirty. Open
// computes those that wait from the diffs, so that an end at any time loses nothing.
//
// Nodes are checked against their hash when they are read from the store. Check
// holds the flat tables, the nodes and the history against each other.
//
// # Snapshots
//
// View.Chunk exports a state in chunks of bounded size, in an order that the
// receiver's cursor gives. Each carries a proof, so that an Import verifies it on
// arrival against nothing but the state root.
package state
