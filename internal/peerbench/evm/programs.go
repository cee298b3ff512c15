package main

import (
	_ "embed"
	"encoding/hex"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

//go:embed contracts/Token.hex
var tokenHex string

//go:embed contracts/Compute.hex
var computeHex string

//go:embed contracts/Hash.hex
var hashHex string

//go:embed contracts/Tracer.hex
var tracerHex string

func decodeHex(s string) ([]byte, error) { return hex.DecodeString(strings.TrimSpace(s)) }

// Opcodes that the programs use.
const (
	ADD, MUL, SUB, DIV, MOD, EXP                  = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0a
	AND, OR, XOR, NOT, SHL, SHR                   = 0x16, 0x17, 0x18, 0x19, 0x1b, 0x1c
	KECCAK256, POP, MLOAD, MSTORE                 = 0x20, 0x50, 0x51, 0x52
	SLOAD, SSTORE, JUMP, JUMPI, GAS, JUMPDEST     = 0x54, 0x55, 0x56, 0x57, 0x5a, 0x5b
	TLOAD, TSTORE, MCOPY, PUSH0, PUSH1, PUSH32    = 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x7f
	DUP1, DUP2, SWAP1, SWAP2, RETURN, STATICCALL  = 0x80, 0x81, 0x90, 0x91, 0xf3, 0xfa
	CALL, DELEGATECALL, REVERT, STOP, CALLER, LT_ = 0xf1, 0xf4, 0xfd, 0x00, 0x33, 0x10
)

// push is the shortest PUSH of x.
func push(x uint64) []byte {
	b := uint256.NewInt(x).Bytes()
	return append([]byte{byte(PUSH0 + len(b))}, b...)
}

// wide is a PUSH32 of a word without zero bytes.
func wide(seed byte) []byte {
	out := []byte{PUSH32}
	for i := range byte(32) {
		out = append(out, seed+7*i|1)
	}
	return out
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func repeat(n int, body []byte) (out []byte) {
	for range n {
		out = append(out, body...)
	}
	return out
}

// loop runs body times times; body leaves the stack as it found it, with the counter
// on top.
func loop(times uint64, body []byte) []byte {
	head := push(times)
	out := append(head, JUMPDEST)
	out = append(out, body...)
	out = append(out, PUSH1, 1, SWAP1, SUB, DUP1)
	out = append(out, push(uint64(len(head)))...)
	return append(out, JUMPI, STOP)
}

// call is calldata of a Solidity function with one number.
func call(selector string, x uint64) []byte {
	id, err := hex.DecodeString(selector)
	if err != nil {
		panic("evm: selector: " + err.Error())
	}
	word := uint256.NewInt(x).Bytes32()
	return append(id, word[:]...)
}

// row is one line of the table.
type row struct {
	name  string
	code  []byte
	input []byte
	slots []uint64 // storage slots that hold 1 before
	fresh bool     // the program changes state: every run gets its own
	pre   *world   // the state, unless code and slots say it
	to    ledger.Address
	micro bool    // so short that its time in µs says more
	least float64 // the ratio that is wanted
}

// rows are the programs of the table. Every loop body is unrolled as far as it takes
// to make the loop's own instructions a small part.
func rows() ([]row, error) {
	var solidity [4][]byte
	for i, s := range []string{tokenHex, computeHex, hashHex, tracerHex} {
		var err error
		if solidity[i], err = decodeHex(s); err != nil {
			return nil, err
		}
	}
	token, compute, hash, tracer := solidity[0], solidity[1], solidity[2], solidity[3]
	divide := func(op byte) []byte { return join(push(1<<40+3), push(0xfedcba98), wide(3), []byte{op, op, POP}) }
	bits := join(wide(3), wide(5), []byte{AND}, wide(9), []byte{OR, NOT}, wide(11), []byte{XOR, PUSH1, 13, SHL, PUSH1, 7, SHR, POP})
	target := join([]byte{0x73}, callee[:])
	return []row{
		{name: "ADD/MUL/JUMP", code: loop(50_000, []byte{PUSH1, 3, PUSH1, 5, MUL, PUSH1, 7, ADD, POP}), least: 1},
		{name: "counter", code: loop(100_000, nil), least: 1},
		{name: "stack ops", code: loop(10_000, repeat(8, []byte{DUP1, DUP2, SWAP1, DUP1 + 2, SWAP2, POP, POP, POP})), least: 1},
		{name: "bitwise", code: loop(5_000, repeat(4, bits)), least: 1},
		{name: "DIV/MOD", code: loop(5_000, join(divide(DIV), divide(MOD))), least: 1},
		{name: "EXP", code: loop(500, join(wide(7), wide(3), []byte{EXP, POP})), least: 1},
		{name: "keccak 64 B", code: loop(10_000, []byte{DUP1, PUSH0, MSTORE, PUSH1, 64, PUSH0, KECCAK256, POP}), least: 1},
		{name: "1,000 ERC-20 transfers", code: token, input: call("a3e7ca50", 1_000), fresh: true, least: 2.5},
		{name: "one call", code: []byte{PUSH1, 1, PUSH0, MSTORE, PUSH1, 32, PUSH0, RETURN}, micro: true, least: 2.5},
		{name: "MSTORE", code: loop(10_000, repeat(4, []byte{DUP1, PUSH1, 64, MSTORE, PUSH1, 64, MLOAD, POP})), least: 1},
		{name: "MCOPY 1 KB", code: loop(10_000, join(push(1024), push(2048), push(0), []byte{MCOPY})), least: 1},
		{name: "warm SLOAD", code: loop(10_000, repeat(4, []byte{PUSH1, 1, SLOAD, POP})), slots: []uint64{1}, least: 2.5},
		{name: "warm SSTORE", code: loop(10_000, repeat(2, []byte{DUP1, PUSH1, 1, SSTORE, PUSH1, 7, PUSH1, 1, SSTORE})), slots: []uint64{1}, fresh: true, least: 2.5},
		{name: "TLOAD+TSTORE", code: loop(10_000, repeat(4, []byte{DUP1, PUSH1, 1, TSTORE, PUSH1, 1, TLOAD, POP})), least: 1},
		{name: "STATICCALL", code: loop(5_000, join([]byte{PUSH0, PUSH0, PUSH0, PUSH0}, target, []byte{GAS, STATICCALL, POP})), least: 2.5},
		{name: "ray tracer (own Solidity)", code: tracer, input: call("86ccee62", 8), least: 1},
		{name: "blake2b, shifts (own Sol.)", code: hash, input: call("f77c1ea0", 20), least: 1},
		{name: "sha1, shifts (own Sol.)", code: compute, input: call("b2ed52ba", 100), least: 1},
		{name: "secp256k1 (own Solidity)", code: compute, input: call("4ec53932", 0xfedcba9876543211), least: 1},
	}, nil
}
