// Package blocks keeps final blocks and finds them: headers, bodies, receipts and
// certificates by number and by hash, transactions by hash, checkpoints by number,
// logs by address and topic.
//
// Open first. Append adds blocks to a batch of the store, so that a block with all
// its indexes becomes durable together with whatever else the batch holds, or not
// at all. There is no way back: blocks are final. A block must name the one before
// as its parent, or Append refuses it.
//
// A Store is safe for concurrent use, but for Append and the write of its batch,
// which belong to one goroutine: the batch must be written, or dropped for good,
// before the next Append. Records are shared and must not be changed.
//
// # Pruning
//
// Headers and anchors are kept for ever. A Policy says for how many of the newest
// blocks bodies, receipts and indexes of transactions and logs are kept, and for how
// many certificates; checkpoints keep theirs. Append prunes a few old blocks for
// each new one, so that a policy that became stricter takes hold gradually.
//
// # Logs
//
// Each block contributes one posting for each distinct address, and for each topic
// together with its position, that its logs have. An item is the first eight bytes
// of a Keccak-256, so two of them may collide: Search yields candidates, never leaves
// one out, and the caller looks at the logs. It also yields blocks in which the
// conditions of a filter hold for different logs.
//
// Postings of the newest blocks, the tail, are in memory only; Open makes them anew
// from the receipts. When the tail holds 32,768 postings or spans 65,536 blocks, it
// becomes a section: one value for each item with the heights as differences, keyed
// by the section's end and then the item. Sections are written once, behind the
// blocks that they cover, and are removed as a whole. A search reads one value for each section and item, so that its cost
// grows with the number of postings in the range and not with that of blocks, and
// has a bound of its own, ErrWide.
//
// # Damage
//
// Every value ends with a CRC-32C over its table, key and content; what fails it is
// store.ErrCorrupt and never an answer. Check compares everything with everything.
package blocks
