// Package rpc serves Ethereum's JSON-RPC 2.0 API over HTTP, so that wallets and
// libraries written for Ethereum work with a Rootstem chain unchanged, and a few
// rootstem_ methods for relayers and devices.
//
// Call New with a Config and a Backend, then Serve with a listener. Server is also
// an http.Handler for a host that runs its own HTTP server. The package stores
// nothing and decides nothing: it translates between JSON and the interfaces of
// Backend, which a node implements.
//
// # Blocks and tags
//
// A block that the API shows is final. The tags latest, safe, finalized and pending
// therefore name the same block; only the nonce of eth_getTransactionCount counts
// the pool for pending. A block's hash is the Keccak-256 of Rootstem's own header,
// not of the fields that Ethereum would hash; mixHash is the newest beacon after the
// block (its contracts read that of the parent), miner the proposer, and fields without a counterpart (difficulty, nonce, uncles, extraData)
// hold the constants of a proof-of-stake block. timestamp is in seconds, rounded
// down; timestampMillis has the exact time.
//
// # Methods of Rootstem
//
// rootstem_getLight(height or tag) answers {hash, header, anchor, certificate,
// committee, keyCertificate, chainKey} of the first block at or above the height that
// has a certificate of its own; the last two, in the encoding of rolldpos/chainkey and
// as 96 bytes, are null unless the chain key has signed the block too.
// rootstem_getCheckpoint(seq) answers {hash, header, anchor, committee, signatures}.
// rootstem_getABI(address) answers the JSON ABI of a module. Each of these is null if
// there is none. rootstem_getHandovers(era) answers a list: the handovers of the chain
// key, in the encoding of rolldpos/chainkey, from the one to that era on. header is RLP,
// certificate, committee and signatures are the encodings of package rolldpos, and
// anchor.encoded is the ABI encoding whose Keccak-256 the header holds; the other
// members of anchor are quantities and hashes.
//
// # Exposure
//
// Only POST of application/json is served. The Host header must be a loopback name
// or a configured one, which stops DNS rebinding; a request with an Origin is
// refused unless that origin is allowed, and no CORS header is sent otherwise.
// Bodies, nesting, batches, responses, simulated gas and time, blocks searched for logs and
// concurrent requests are bounded; Config has the defaults. There is no method that
// signs, unlocks, traces or administers.
package rpc
