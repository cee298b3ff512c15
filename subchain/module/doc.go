// Package module lets plain Go methods be contracts: every exported method whose
// first parameter is *View, *Context or *Payable can be called by every Ethereum
// wallet and by Solidity at the module's address, in one journal with the EVM.
//
// Write a struct with collections as fields and methods on its pointer, give it to a
// chain as an [Entry], and take its interface from [ABI] or [Solidity]. [New] is what
// a chain calls. A module knows neither network nor disk; code that is no consensus
// logic does not belong here.
//
//   - Entry points: *View is view, *Context nonpayable, *Payable payable; results are
//     (T…, error). A plain transfer reverts unless there is Receive(*Payable) error.
//   - Names: the leading acronym is lowered (URLOf is urlOf). Signatures() may give the
//     names of parameters and results, and of the method.
//   - Types: bool, sized integers, uint256.Int, ledger.Address, [N≤32]byte as bytesN,
//     []byte, string, slices, arrays, structs as tuples. Fields keep their names; the
//     tag abi:"x" gives others.
//   - State: [Item], [Map], [List], [Set], [Outbox] as fields, exported or not, or in
//     embedded structs. A field tagged module:"config" is a constant of the chain; a
//     pointer may lead to another module of the chain, for [Do] and [Query]. Nothing
//     else is allowed, for Go memory is not state.
//   - Events: [Event]. Errors: any error reverts with Error(string) of at most 1 KiB,
//     one of a type that Errors() lists with its fields; a panic with Panic(0x01).
//   - Gas: a base per method from Gas(), by Go name, or [DefaultGas]; 1 for each byte of
//     arguments and results; storage, logs and calls as in the EVM; hashes and
//     signatures as there. Loops are free: call UseGas before heavy work.
//   - BeginBlock(*Context) error and EndBlock(*Context) error run in every block with
//     [HookGas]. OnReceive and OnAck take messages from the gateway alone.
//
// # Storage
//
// The base slot of a collection is Keccak-256("rootstem.slot.v1" ‖ name), where name is
// the field's or its tag slot:"name". From there everything lies as solc would lay it,
// but that no two values share a slot:
//
//   - bool, integers, address and bytesN take a slot: the word that abi.encode gives
//     (hence bytesN is left-aligned)
//   - a struct takes the slots of its fields one after another, an array those of its
//     elements
//   - string and bytes up to 31 bytes lie in the slot with twice their length in the
//     last byte; of longer ones the slot holds twice the length plus one, and the
//     content starts at Keccak(slot)
//   - a slice's slot holds its length, and its elements start at Keccak(slot)
//   - an Item's value lies at the base slot; a Map's at Keccak(key ‖ base), the key as a
//     word, or raw for string and bytes; a struct or array as key is a mapping of
//     mappings in the order of its parts; a List is a slice at the base slot; a [Set] is
//     a slice at the base slot and, at the next slot, a mapping from value to position
//     plus one
//
// The method Slot of each collection returns where a value begins, so that eth_getProof
// proves it.
//
// # Manifest
//
// Genesis stores the type of every collection. Verify, and New for several entries of
// one name, refuse a module with another layout.
//
// # Limits
//
// A module is expected to be deterministic: no clock, goroutine, float, randomness or
// range over a map. Go's stack is not metered: do not recurse by input. Entries of one
// name have one layout; a module that begins after genesis has its account, and an
// address that fails when called, from genesis on. The contract of [Registry] says more
// about what is bound when.
package module
