package rootrelay

import (
	"encoding/binary"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// The tags that separate what is hashed and signed here.
const (
	tagForward  = "rootrelay/forward/v1"
	tagAck      = "rootrelay/ack/v1"
	tagDomain   = "rootrelay/v1"
	tagRegister = "rootrelay/register/v1"
)

// Outcomes of a message, in Ack.Status. All but Done give the amount back.
const (
	Done     uint8 = 1 // delivered, and the receiver succeeded
	Failed   uint8 = 2 // the receiver reverted, or is not one that can receive
	Expired  uint8 = 3 // came at or after its deadline
	Bounced  uint8 = 4 // the root did not forward it
	TimedOut uint8 = 5 // the destination's checkpoint passed the deadline without it
)

// MaxResult bounds Ack.Result, bytes.
const MaxResult = 1024

// Ack says what became of a message. It travels from the destination, or from the
// root, to the source.
type Ack struct {
	Src     uint64      `abi:"src"` // of the message
	Dst     uint64      `abi:"dst"`
	Lane    uint32      `abi:"lane"`
	Nonce   uint64      `abi:"nonce"`
	Message ledger.Hash `abi:"message"` // the message's leaf
	Status  uint8       `abi:"status"`
	Result  []byte      `abi:"result"` // what onReceive returned, or the reason of the failure; at most MaxResult bytes
}

// Encode returns abi.encode of the acknowledgement as one Solidity struct (uint64
// src, uint64 dst, uint32 lane, uint64 nonce, bytes32 message, uint8 status, bytes
// result).
func (a *Ack) Encode() []byte { return a.appendTuple(abi.AppendUint(nil, 32)) }

func (a *Ack) appendTuple(out []byte) []byte {
	const heads = 7
	out = abi.AppendUint(out, a.Src)
	out = abi.AppendUint(out, a.Dst)
	out = abi.AppendUint(out, uint64(a.Lane))
	out = abi.AppendUint(out, a.Nonce)
	out = append(out, a.Message[:]...)
	out = abi.AppendUint(out, uint64(a.Status))
	out = abi.AppendUint(out, heads*32)
	return abi.AppendBytes(out, a.Result)
}

// Leaf is the acknowledgement's leaf in an outbox.
func (a *Ack) Leaf() ledger.Hash { return ledger.Keccak([]byte(tagAck), a.Encode()) }

// answers reports whether a speaks about m.
func (a *Ack) answers(m *module.Message) bool {
	return a.Src == m.Src && a.Dst == m.Dst && a.Lane == m.Lane && a.Nonce == m.Nonce && a.Message == m.Leaf()
}

func ackOf(m *module.Message, status uint8, result []byte) Ack {
	return Ack{
		Src: m.Src, Dst: m.Dst, Lane: m.Lane, Nonce: m.Nonce, Message: m.Leaf(),
		Status: status, Result: result[:min(len(result), MaxResult)],
	}
}

// ForwardLeaf is the leaf of a message in the root's outbox. order is its number in
// its lane among the messages that the root forwarded, from 0.
func ForwardLeaf(order uint64, message ledger.Hash) ledger.Hash {
	return ledger.Keccak([]byte(tagForward), u64(order), message[:])
}

// Domain separates the checkpoints of one subchain and revision on one root:
// Keccak-256 of abi.encodePacked("rootrelay/v1", uint256 rootChainID, address
// registry, uint64 subchain, uint64 revision).
func Domain(rootChainID uint64, registry ledger.Address, subchain, revision uint64) ledger.Hash {
	return ledger.Keccak([]byte(tagDomain), word(rootChainID), registry[:], u64(subchain), u64(revision))
}

// RegistrationDigest is what each key of a subchain's first committee signs with
// ed25519 to prove that it is held by its seat and that owner may register the
// subchain: Keccak-256 of abi.encodePacked("rootrelay/register/v1", uint256
// rootChainID, address registry, bytes32 genesisHash, address owner).
func RegistrationDigest(rootChainID uint64, registry ledger.Address, genesis ledger.Hash, owner ledger.Address) ledger.Hash {
	return ledger.Keccak([]byte(tagRegister), word(rootChainID), registry[:], genesis[:], owner[:])
}

// Lane names an ordered lane of messages.
type Lane struct {
	Src    uint64 `abi:"src"`
	Dst    uint64 `abi:"dst"`
	Number uint32 `abi:"number"`
}

// MessageID names a message: its lane and its number there.
type MessageID struct {
	Src   uint64 `abi:"src"`
	Dst   uint64 `abi:"dst"`
	Lane  uint32 `abi:"lane"`
	Nonce uint64 `abi:"nonce"`
}

func laneOf(m *module.Message) Lane { return Lane{m.Src, m.Dst, m.Lane} }

func idOf(m *module.Message) MessageID { return MessageID{m.Src, m.Dst, m.Lane, m.Nonce} }

func u64(x uint64) []byte { return binary.BigEndian.AppendUint64(nil, x) }

func word(x uint64) []byte { return abi.AppendUint(nil, x) }
