// Package rootstem is the map of an SDK with which anyone assembles their own
// blockchain for connected devices, a subchain, anchored to a shared root chain.
// It holds no code; the packages below do.
//
//	store        keep: a database, batches, logs, the signing watermark
//	  state        world state, roots, proofs, history, snapshots
//	  blocks       final blocks, their indexes, pruning
//	vm           execute: an EVM with native contracts in the same journal
//	rolldpos     agree: pure consensus with instant finality
//	  light        check a block on a device
//	  election     delegates, committees, rewards and the risk of a bad committee
//	  bls, dkg     threshold signatures, and how a committee makes its key
//	  chainkey     certificates of 48 bytes, the beacon, handovers
//	  sim, spec    a seeded simulator; the rules as a model
//	subchain     assemble: one Config, one Run
//	  ledger       the shared nouns: hashes, transactions, receipts, headers, proofs
//	  module       custom logic: exported Go methods are contracts
//	  chain        one node's copy: build, execute, finalise, read
//	  mempool      transactions that wait
//	  p2p          libp2p transport
//	  rpc          Ethereum's JSON-RPC
//	  node         one running node: consensus over the network
//	  staking      the election as a native contract
//	  ceremony     the committees' key ceremonies as another
//	  duty         what an operator's node does for both
//	  devnet       several validators in one process, each with its own directory
//	rootrelay    anchor: the root's module, the subchain's gateway, the relayer
//	ringsig      hide the sender: ring signatures, range proofs
//	paymentcode  hide the receiver: codes, notifications, stealth addresses
//	examples     quickstart, privatepay
//
// # Where to begin
//
// To run a chain, start with subchain.Config and subchain.Run. To write its logic,
// read module. To check a block on a small device, import rolldpos/light and
// subchain/ledger alone: they link neither network nor database.
//
// # The way of one transaction
//
// A wallet sends it to rpc, which hands it to mempool; p2p gossips it. The leader
// of a view asks chain for a block: vm executes the transactions over a pending
// state, and the roots go into the header. Every seat executes the block again,
// compares the roots and votes through rolldpos, which sees nothing but the
// header's hash; a vote is in the log before it is on the wire. A quorum of commit
// votes is finality: one synced batch writes block, receipts, indexes, state and
// certificate. A device that knows the committee checks header, certificate and a
// Merkle proof of its own reading.
//
// # The way of one message from subchain A to subchain B
//
// A contract or module on A calls A's gateway, which appends a leaf to the tree
// under the header's messages root. At a checkpoint every seat of A signs the
// block's hash once more, for the root. The relayer, which can delay and nothing
// else, carries header, anchor and signatures to the root's module, which verifies
// them, moves escrow from A to B and appends the message to the root's own tree.
// It then carries the root's header, certificate and proof to B's gateway, which
// delivers the message once and in order. The acknowledgement returns the same
// way.
package rootstem
