package rootrelay

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// The ABI types of the structs that calls and events carry.
const (
	messageType = "(uint64,uint64,uint32,uint64,uint64,address,address,uint64,uint256,uint64,bytes)"
	ackType     = "(uint64,uint64,uint32,uint64,bytes32,uint8,bytes)"
)

// RegisterCall is the call data of Root.Register.
func RegisterCall(header, committee, proofs []byte) []byte {
	return pack("register(bytes,bytes,bytes)", blob(header), blob(committee), blob(proofs))
}

// SubmitCheckpointCall is the call data of Root.SubmitCheckpoint.
func SubmitCheckpointCall(header, anchor, committee, signatures []byte) []byte {
	return pack("submitCheckpoint(bytes,bytes,bytes,bytes)", blob(header), blob(anchor), blob(committee), blob(signatures))
}

// FollowSubchainCall is the call data of Root.Follow.
func FollowSubchainCall(subchain uint64, header, committee, certificate []byte) []byte {
	return pack("follow(uint64,bytes,bytes,bytes)", number(subchain), blob(header), blob(committee), blob(certificate))
}

// DepositCall is the call data of Root.Deposit.
func DepositCall(dst uint64, receiver ledger.Address, deadline, gasLimit uint64, payload []byte) []byte {
	return pack("deposit(uint64,address,uint64,uint64,bytes)",
		number(dst), account(receiver), number(deadline), number(gasLimit), blob(payload))
}

// RelayCall is the call data of Root.Relay.
func RelayCall(seq uint64, m *module.Message, index uint64, proof []ledger.Hash) []byte {
	return pack("relay(uint64,"+messageType+",uint64,bytes32[])", number(seq), messageArg(m), number(index), hashes(proof))
}

// SettleCall is the call data of Root.Settle.
func SettleCall(seq uint64, m *module.Message, order uint64, a *Ack, index uint64, proof []ledger.Hash) []byte {
	return pack("settle(uint64,"+messageType+",uint64,"+ackType+",uint64,bytes32[])",
		number(seq), messageArg(m), number(order), ackArg(a), number(index), hashes(proof))
}

// TimeoutCall is the call data of Root.Timeout.
func TimeoutCall(m *module.Message, order uint64) []byte {
	return pack("timeout("+messageType+",uint64)", messageArg(m), number(order))
}

// ClaimCall is the call data of Root.Claim.
func ClaimCall() []byte { return pack("claim()") }

// SendCall is the call data of Gateway.Send.
func SendCall(dst uint64, lane uint32, receiver ledger.Address, deadline, gasLimit uint64, payload []byte) []byte {
	return pack("send(uint64,uint32,address,uint64,uint64,bytes)",
		number(dst), number(uint64(lane)), account(receiver), number(deadline), number(gasLimit), blob(payload))
}

// RootProof is a final header of the root with what proves it: what
// rootstem_getLight of a root node answers.
type RootProof struct {
	Header, Anchor, Committee, Certificate []byte
}

// DeliverCall is the call data of Gateway.Deliver.
func DeliverCall(p *RootProof, m *module.Message, order, index uint64, proof []ledger.Hash) []byte {
	return pack("deliver(bytes,bytes,bytes,bytes,"+messageType+",uint64,uint64,bytes32[])",
		blob(p.Header), blob(p.Anchor), blob(p.Committee), blob(p.Certificate),
		messageArg(m), number(order), number(index), hashes(proof))
}

// AcknowledgeCall is the call data of Gateway.Acknowledge.
func AcknowledgeCall(p *RootProof, m *module.Message, a *Ack, index uint64, proof []ledger.Hash) []byte {
	return pack("acknowledge(bytes,bytes,bytes,bytes,"+messageType+","+ackType+",uint64,bytes32[])",
		blob(p.Header), blob(p.Anchor), blob(p.Committee), blob(p.Certificate),
		messageArg(m), ackArg(a), number(index), hashes(proof))
}

// FollowRootCall is the call data of Gateway.Follow.
func FollowRootCall(p *RootProof) []byte {
	return pack("follow(bytes,bytes,bytes)", blob(p.Header), blob(p.Committee), blob(p.Certificate))
}

// ViewCall is the call data of a view whose parameters are words.
func ViewCall(signature string, words ...ledger.Hash) []byte {
	args := make([]argument, len(words))
	for i, w := range words {
		args[i] = argument{data: w[:]}
	}
	return pack(signature, args...)
}

// Number is a word for ViewCall.
func Number(x uint64) ledger.Hash { return uint256.NewInt(x).Bytes32() }

// argument is an encoded parameter: a word, or the tail of a dynamic value.
type argument struct {
	dynamic bool
	data    []byte
}

func number(x uint64) argument          { return argument{data: abi.AppendUint(nil, x)} }
func account(a ledger.Address) argument { return argument{data: abi.AppendAddress(nil, a)} }
func blob(b []byte) argument            { return argument{true, abi.AppendBytes(nil, b)} }
func messageArg(m *module.Message) argument {
	return argument{true, m.Encode()[32:]}
}
func ackArg(a *Ack) argument { return argument{true, a.appendTuple(nil)} }

func hashes(list []ledger.Hash) argument {
	out := abi.AppendUint(nil, uint64(len(list)))
	for _, h := range list {
		out = append(out, h[:]...)
	}
	return argument{true, out}
}

func pack(signature string, args ...argument) []byte {
	selector := ledger.Keccak([]byte(signature))
	out := append([]byte(nil), selector[:4]...)
	var tail []byte
	for _, a := range args {
		if a.dynamic {
			out = abi.AppendUint(out, uint64(32*len(args)+len(tail)))
			tail = append(tail, a.data...)
		} else {
			out = append(out, a.data...)
		}
	}
	return append(out, tail...)
}

func readMessage(d *abi.Decoder) (m module.Message) {
	m.Src, m.Dst, m.Lane, m.Nonce, m.Deadline = d.Uint(64), d.Uint(64), uint32(d.Uint(32)), d.Uint(64), d.Uint(64)
	m.Sender, m.Receiver = d.Address(), d.Address()
	m.Asset = d.Uint(64)
	amount := d.Word()
	m.Amount.SetBytes32(amount[:])
	m.GasLimit = d.Uint(64)
	m.Payload = append([]byte(nil), d.Tail().Bytes()...)
	return m
}

func readAck(d *abi.Decoder) (a Ack) {
	a.Src, a.Dst, a.Lane, a.Nonce = d.Uint(64), d.Uint(64), uint32(d.Uint(32)), d.Uint(64)
	a.Message, a.Status = d.Word(), uint8(d.Uint(8))
	a.Result = append([]byte(nil), d.Tail().Bytes()...)
	return a
}
