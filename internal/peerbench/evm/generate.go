package main

import (
	"math/rand/v2"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// scenario is a random state and random messages for one block on it.
type scenario struct {
	rules    vm.Rules
	world    *world
	block    vm.Block
	messages []*ledger.Message
	keys     []*ledger.Key
}

// players are the addresses that random code and messages name.
func players(keys []*ledger.Key) []ledger.Address {
	out := []ledger.Address{contract, callee, {0xcc, 3}, {0xdd, 0xee}, coinbase, {}}
	for i := range 17 {
		out = append(out, ledger.Address{19: byte(i + 1)})
	}
	out = append(out, ledger.Address{18: 1})
	for _, k := range keys {
		out = append(out, k.Address())
	}
	return out
}

// generator draws from one seed.
type generator struct {
	*rand.Rand
	players []ledger.Address
}

// number is mostly small, sometimes at an edge of 256 bits, sometimes random.
func (g *generator) number() uint256.Int {
	var w uint256.Int
	switch g.IntN(12) {
	case 0:
		w.SetAllOne()
	case 1:
		w.Lsh(uint256.NewInt(1), uint(g.IntN(256)))
	case 2:
		w = uint256.Int{g.Uint64(), g.Uint64(), g.Uint64(), g.Uint64()}
	case 3:
		w.Lsh(uint256.NewInt(1), uint(g.IntN(256)))
		w.SubUint64(&w, 1)
	case 4:
		w.SetUint64(g.Uint64())
	default:
		w.SetUint64(g.Uint64N(70))
	}
	return w
}

func (g *generator) player() ledger.Address {
	if g.IntN(3) > 0 {
		return g.players[g.IntN(6)]
	}
	return g.players[g.IntN(len(g.players))]
}

// operand is code that pushes one word.
func (g *generator) operand() []byte {
	switch g.IntN(10) {
	case 0:
		a := g.player()
		return append([]byte{PUSH1 + 19}, a[:]...)
	case 1:
		return []byte{GAS}
	case 2:
		return []byte{"\x30\x32\x33\x34\x36\x38\x3a\x3d\x41\x42\x43\x44\x45\x46\x47\x48\x4a\x58\x59\x5f"[g.IntN(20)]}
	default:
		w := g.number()
		b := w.Bytes()
		return append([]byte{byte(PUSH0 + len(b))}, b...)
	}
}

// code is a random program. Most instructions find operands on the stack, calls find
// plausible ones, and jumps mostly go to a JUMPDEST.
func (g *generator) code(depth int) (out []byte) {
	var dests []int
	for range 1 + g.IntN(40) {
		switch g.IntN(16) {
		case 0: // a call
			op := []byte{CALL, 0xf2, DELEGATECALL, STATICCALL}[g.IntN(4)]
			for range 4 {
				out = append(out, push(g.Uint64N(100))...)
			}
			if op == CALL || op == 0xf2 {
				out = append(out, push(g.Uint64N(3)*g.Uint64N(2))...)
			}
			a := g.player()
			out = append(append(out, PUSH1+19), a[:]...)
			out = append(out, GAS, op)
		case 1: // storage
			out = append(out, push(g.Uint64N(3))...)
			out = append(out, push(g.Uint64N(4))...)
			out = append(out, []byte{SSTORE, SSTORE, TSTORE}[g.IntN(3)])
		case 2:
			out = append(out, push(g.Uint64N(4))...)
			out = append(out, []byte{SLOAD, SLOAD, TLOAD}[g.IntN(3)])
		case 3: // a creation
			if depth < 2 && g.IntN(2) == 0 {
				out = append(out, g.creation(depth)...)
			}
		case 4:
			dests = append(dests, len(out))
			out = append(out, JUMPDEST)
		case 5: // a jump, back or to anywhere
			to := uint64(g.IntN(len(out) + 30))
			if len(dests) > 0 && g.IntN(5) > 0 {
				to = uint64(dests[g.IntN(len(dests))])
			}
			out = append(append(out, g.operand()...), push(to)...)
			out = append(out, []byte{JUMPI, JUMPI, JUMPI, JUMP}[g.IntN(4)])
		case 6: // a forward jump over some bytes
			skip := g.IntN(8)
			at := len(out) + 4
			out = append(out, PUSH1+1, byte((at+skip)>>8), byte(at+skip), JUMP)
			for range skip {
				out = append(out, byte(g.Uint32()))
			}
			dests = append(dests, len(out))
			out = append(out, JUMPDEST)
		case 7: // the end, perhaps
			if g.IntN(4) == 0 {
				out = append(append(out, push(g.Uint64N(80))...), push(g.Uint64N(80))...)
				out = append(out, []byte{RETURN, REVERT, RETURN, REVERT, 0xfe, 0xff, STOP}[g.IntN(7)])
			}
		case 8: // anything
			for range g.IntN(8) {
				out = append(out, g.operand()...)
			}
			if g.IntN(8) == 0 {
				out = append(out, byte(g.Uint32()))
			}
		case 9, 10, 11: // memory, data and logs
			k := &memoryOps[g.IntN(len(memoryOps))]
			for range k.operands {
				out = append(out, push(g.Uint64N(130)*g.Uint64N(2))...)
			}
			out = append(out, k.op)
		default:
			k := &wordOps[g.IntN(len(wordOps))]
			for range k.operands {
				out = append(out, g.operand()...)
			}
			out = append(out, k.op)
		}
	}
	return out
}

// arity is an opcode with the words that it takes.
type arity struct {
	op       byte
	operands int
}

var (
	wordOps   = arities(2, "\x01\x02\x03\x04\x05\x06\x07\x0a\x0b\x10\x11\x12\x13\x14\x16\x17\x18\x1a\x1b\x1c\x1d", 3, "\x08\x09", 1, "\x15\x19\x1e\x31\x35\x3b\x3f\x40\x49", 4, "\x80\x81\x82\x83\x90\x91\x92")
	memoryOps = arities(2, "\x20\x52\x53\xa0", 1, "\x35\x51", 3, "\x37\x39\x3e\x5e\xa1", 4, "\x3c\xa2", 5, "\xa3", 6, "\xa4", 0, "\x3d\x59")
)

// arities lists opcodes: a number of words and the opcodes that take it, in turn.
func arities(pairs ...any) (out []arity) {
	for i := 0; i < len(pairs); i += 2 {
		for _, op := range []byte(pairs[i+1].(string)) {
			out = append(out, arity{op, pairs[i].(int)})
		}
	}
	return out
}

// creation is code that copies random init code to memory and creates with it.
func (g *generator) creation(depth int) (out []byte) {
	init := g.code(depth + 1)
	if len(init) > 60 || g.IntN(3) == 0 {
		init = append([]byte{}, init[:min(len(init), 24)]...)
	}
	if g.IntN(2) == 0 { // return something that can be code
		init = append(init, join(push(g.Uint64N(40)), push(0), []byte{RETURN})...)
	}
	for i := 0; i < len(init); i += 32 {
		var word [32]byte
		copy(word[:], init[i:])
		out = append(append(append(out, PUSH32), word[:]...), push(uint64(i))...)
		out = append(out, MSTORE)
	}
	op := byte(0xf0)
	if g.IntN(2) == 0 {
		op = 0xf5
		out = append(out, push(g.Uint64N(3))...)
	}
	out = append(append(out, push(uint64(len(init)))...), push(0)...)
	return append(append(out, push(g.Uint64N(2))...), op)
}

// newScenario draws the state, the block and the messages of a seed.
func newScenario(seed uint64, keys []*ledger.Key) (*scenario, error) {
	g := &generator{rand.New(rand.NewPCG(seed, 7)), players(keys)}
	s := &scenario{world: newWorld(), keys: keys}
	s.rules = []vm.Rules{vm.Osaka(), vm.Osaka(), vm.Prague(), vm.Cancun()}[g.IntN(4)]
	s.block = vm.Block{
		Number: blockNumber, Time: blockTime, GasLimit: 30_000_000, Coinbase: coinbase,
		BaseFee: *uint256.NewInt(g.Uint64N(3) * 5), Random: ledger.Hash{1, 2, 3}, BlobBaseFee: *uint256.NewInt(1),
		BlockHash: func(n uint64) ledger.Hash { return ledger.Hash{0xb1, 31: byte(n)} },
	}
	for i, k := range keys {
		code := []byte(nil)
		if i == 1 && s.rules != vm.Cancun() && g.IntN(2) == 0 {
			target := g.player()
			code = append([]byte{0xef, 1, 0}, target[:]...)
		}
		if err := s.world.add(k.Address(), ledger.Account{Balance: *uint256.NewInt(1 << 60)}, code, nil); err != nil {
			return nil, err
		}
	}
	for _, addr := range g.players[:3] {
		slots := map[ledger.Hash]ledger.Hash{}
		for i := range byte(3) {
			if v := byte(g.IntN(3)); v > 0 {
				slots[ledger.Hash{31: i}] = ledger.Hash{31: v}
			}
		}
		a := ledger.Account{Nonce: 1 + g.Uint64N(2), Balance: *uint256.NewInt(g.Uint64N(5))}
		if err := s.world.add(addr, a, g.code(0), slots); err != nil {
			return nil, err
		}
	}
	for range 1 + g.IntN(3) {
		s.messages = append(s.messages, g.message(s))
	}
	return s, nil
}

// message draws a transaction; now and then one that is not valid.
func (g *generator) message(s *scenario) *ledger.Message {
	m := &ledger.Message{
		Type: uint8(g.IntN(3)), From: s.keys[0].Address(), CheckNonce: true, Gas: 21_000 + g.Uint64N(400_000),
		GasFeeCap: *uint256.NewInt(10 + g.Uint64N(5)), GasTipCap: *uint256.NewInt(g.Uint64N(3)),
	}
	if g.IntN(3) == 0 {
		m.Gas += g.Uint64N(3_000_000)
	}
	for _, before := range s.messages {
		if before.From == m.From {
			m.Nonce++
		}
	}
	if g.IntN(40) == 0 {
		m.Nonce += g.Uint64N(2)
		m.GasFeeCap.SetUint64(g.Uint64N(12))
		m.Gas = g.Uint64N(60_000)
	}
	if m.Type < ledger.DynamicFeeTx {
		m.GasTipCap = m.GasFeeCap
	}
	m.GasPayer = m.From
	to := g.players[g.IntN(4)]
	m.To = &to
	switch g.IntN(12) {
	case 0:
		m.To, m.Data = nil, g.code(0)
	case 1:
		*m.To = g.player()
	}
	if m.To != nil {
		m.Data = make([]byte, g.IntN(100))
		for i := range m.Data {
			m.Data[i] = byte(g.Uint32()) * byte(g.IntN(2))
		}
	}
	if g.IntN(4) == 0 {
		m.Value = *uint256.NewInt(g.Uint64N(4))
	}
	if m.Type > 0 {
		for range g.IntN(3) {
			m.AccessList = append(m.AccessList, ledger.AccessTuple{Address: g.player(), Slots: []ledger.Hash{{}, {31: byte(g.IntN(4))}}})
		}
	}
	if m.To != nil && m.Type == ledger.DynamicFeeTx {
		g.extend(m, s)
	}
	return m
}

// extend turns some messages into blob or set-code transactions.
func (g *generator) extend(m *ledger.Message, s *scenario) {
	switch g.IntN(6) {
	case 0:
		m.Type = ledger.BlobTx
		m.BlobHashes = []ledger.Hash{{1, byte(g.Uint32())}}
		m.BlobFeeCap.SetUint64(1 + g.Uint64N(3))
	case 1, 2:
		if s.rules == vm.Cancun() {
			return
		}
		m.Type = ledger.SetCodeTx
		for range 1 + g.IntN(2) {
			a := ledger.Authorization{Address: g.player(), Nonce: g.Uint64N(2)}
			a.ChainID.SetUint64(g.Uint64N(3))
			ledger.SignAuthorization(&a, s.keys[g.IntN(len(s.keys))])
			if g.IntN(10) == 0 {
				a.S = g.number()
			}
			m.Authorizations = append(m.Authorizations, a)
		}
	}
}
