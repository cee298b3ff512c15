// Package abi is the codec of Solidity's contract ABI: types, encoding, strict
// decoding, selectors and topics, revert data, the JSON description of a contract
// and a Solidity interface of it.
//
// It knows no Go types: a caller walks its own values and calls Append functions
// for each word, or reads words from a Decoder. Encodings follow the Contract ABI
// Specification, version 2.
//
// Decoding deviates by being stricter than solc: the padding of bytes, strings and
// bytesN must be zero and present, booleans are 0 or 1, integers and addresses fit
// their type, offsets point forward, and all values together take no more words than
// the input has. Hence what a decoder reads, and what its caller allocates, is bounded
// by the length of the input. Bytes after the last value are allowed, as solc allows
// them.
package abi
