package module

import (
	"math/bits"
	"reflect"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Message is what one chain sends another. A chain is the id that the root gave to
// a subchain, or 0 for the root itself.
type Message struct {
	Src      uint64         `abi:"src"`
	Dst      uint64         `abi:"dst"`
	Lane     uint32         `abi:"lane"`
	Nonce    uint64         `abi:"nonce"`
	Deadline uint64         `abi:"deadline"` // ms since 1970 by the clock of dst
	Sender   ledger.Address `abi:"sender"`
	Receiver ledger.Address `abi:"receiver"`
	Asset    uint64         `abi:"asset"`    // 0: the root's native coin
	Amount   uint256.Int    `abi:"amount"`   // in the asset's smallest unit
	GasLimit uint64         `abi:"gasLimit"` // for the receiver's onReceive
	Payload  []byte         `abi:"payload"`
}

// Encode returns abi.encode of the message as one Solidity struct: a word that says
// 32, and the tuple.
func (m *Message) Encode() []byte {
	b := abi.AppendUint(nil, 32)
	for _, x := range []uint64{m.Src, m.Dst, uint64(m.Lane), m.Nonce, m.Deadline} {
		b = abi.AppendUint(b, x)
	}
	b = abi.AppendAddress(b, m.Sender)
	b = abi.AppendAddress(b, m.Receiver)
	b = abi.AppendUint(b, m.Asset)
	amount := m.Amount.Bytes32()
	b = append(b, amount[:]...)
	b = abi.AppendUint(b, m.GasLimit)
	b = abi.AppendUint(b, 11*32)
	return abi.AppendBytes(b, m.Payload)
}

// Leaf is what the outbox takes for the message: the Keccak-256 of Encode.
func (m *Message) Leaf() ledger.Hash { return ledger.Keccak(m.Encode()) }

// Signatures of what a receiver of messages has.
const (
	messageTypes = "(uint64,uint64,uint32,uint64,uint64,address,address,uint64,uint256,uint64,bytes)"
	sigOnReceive = "onReceive(" + messageTypes + ")"
	sigOnAck     = "onAck(" + messageTypes + ",bytes,bool)"
)

// Receive calls onReceive of the message's receiver, a module or contract, with the
// message's gas limit, which must not be zero. It returns what onReceive returned, or
// the revert data with ok false. Result is nil if the receiver returned anything but
// bytes. For the gateway only.
func (x *Context) Receive(m *Message) (result []byte, ok bool) {
	s := abi.Selector(sigOnReceive)
	out, ok := x.deliver(m.Receiver, append(s[:], m.Encode()...), m.GasLimit)
	if !ok {
		return out, false
	}
	d := abi.NewDecoder(out)
	if b := d.Tail().Bytes(); d.Err() == nil {
		result = b
	}
	return result, true
}

// Acknowledge calls onAck of the message's sender with gas, which must not be zero,
// and reports whether it succeeded. For the gateway only.
func (x *Context) Acknowledge(m *Message, result []byte, ok bool, gas uint64) bool {
	s := abi.Selector(sigOnAck)
	// Three heads: the offsets of message and result, and ok.
	body := m.Encode()[32:]
	data := abi.AppendUint(s[:], 96)
	data = abi.AppendUint(data, uint64(96+len(body)))
	data = abi.AppendBool(data, ok)
	data = abi.AppendBytes(append(data, body...), result)
	_, done := x.deliver(m.Sender, data, gas)
	return done
}

func (x *Context) deliver(to ledger.Address, data []byte, gas uint64) ([]byte, bool) {
	x.c.use(gasByte * uint64(len(data)))
	if !x.c.m.entry.Gateway {
		x.c.misuse("%s is not the gateway and delivers no messages", x.c.m.entry.Name)
	}
	if gas == 0 {
		x.c.misuse("a message without gas")
	}
	return x.c.call(to, uint256.Int{}, data, gas)
}

// Outbox is an append-only Merkle tree of which the state keeps what is needed to
// append and to know the root (internal/merkle.Frontier). The base slot holds the
// number of leaves, slot base + 1 + k the last full subtree of 2^k leaves.
type Outbox struct{ binding }

func (*Outbox) shape() (string, reflect.Type, reflect.Type) { return "outbox", nil, nil }

// Count returns the number of leaves.
func (o *Outbox) Count(v Reader) uint64 {
	c, p := o.use(v)
	return c.count(p.base)
}

// Append adds a leaf and returns its index.
func (o *Outbox) Append(w Writer, leaf ledger.Hash) uint64 {
	c, p := o.use(w)
	n := c.count(p.base)
	c.use(36)
	h := merkle.Leaf(leaf)
	level := uint64(bits.TrailingZeros64(^n))
	for k := range level {
		c.use(48)
		h = merkle.Node(c.load(add(p.base, 1+k)), h)
	}
	c.store(add(p.base, 1+level), h)
	c.store(p.base, wordOf(n+1))
	return n
}

// Root returns the root over all leaves, which binds their number. It is not zero.
func (o *Outbox) Root(v Reader) ledger.Hash {
	c, p := o.use(v)
	n := c.count(p.base)
	c.use(48)
	var top ledger.Hash
	for rest := n; rest != 0; rest &= rest - 1 {
		peak := c.load(add(p.base, 1+uint64(bits.TrailingZeros64(rest))))
		if rest == n {
			top = peak
			continue
		}
		c.use(48)
		top = merkle.Node(peak, top)
	}
	return merkle.Seal(n, top)
}
