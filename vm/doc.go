// Package vm executes transactions: an Ethereum virtual machine (Cancun, Prague,
// Osaka) with contracts written in Go beside contracts of bytecode, in one journal.
//
// Build a VM with New, open a Session with Begin on the state before a block, Apply
// the block's messages in order and hand Changes to the store; Execute does this for
// a whole block, and package vm/parallel on several cores. Call, Estimate and
// AccessList simulate one message. Trace shows a message to a Tracer: package
// vm/trace has those of Ethereum's debug API. The package is pure: the same messages on the same state
// give the same results, and nothing is written anywhere: state comes from a Reader
// and leaves as []ledger.Change. A transaction that reverts is a Result; an error is
// a fault of the host, such as a Reader that failed, and leaves the session as it
// was before the call.
//
// A VM may be shared by goroutines. A Session belongs to one.
//
// Specification: the Ethereum Yellow Paper and the EIPs that Osaka includes, with
// EIP-7610. Deviations: blob transactions are refused unless Config.Blobs; a message
// may name another account as the payer of its gas; accounts listed in
// Config.Natives run Go code; DELEGATECALL, CALLCODE and delegations (EIP-7702) into
// them fail as if they executed INVALID.
package vm
