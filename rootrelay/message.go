package rootrelay

import (
	"errors"
	"fmt"
	"math"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Bounds of a message. They let every message be delivered in a block of a modest
// gas limit, so that none can block the head of a lane.
const (
	Lanes         = 16         // lanes from one chain to another, numbered from 0
	MaxLanes      = 256        // lanes that a gateway accepts; a message on a further one times out, unless it is from the root
	MaxPayload    = 8 << 10    // bytes
	MinMessageGas = 10_000     // for the call of a receiver
	MaxMessageGas = 10_000_000 // for the call of a receiver
)

// NoDeadline is a deadline that never comes.
const NoDeadline = math.MaxUint64

// Errors of messages that a chain refuses to send, deliver or settle.
var (
	ErrBounds      = errors.New("rootrelay: message out of bounds")
	ErrReceiver    = errors.New("rootrelay: not an account that can receive messages")
	ErrDestination = errors.New("rootrelay: unknown, suspended or unfit destination")
	ErrOrder       = errors.New("rootrelay: message is not the next of its lane")
	ErrProof       = errors.New("rootrelay: leaf is not proven")
	ErrCommitment  = errors.New("rootrelay: message is not awaiting an acknowledgement")
	ErrAck         = errors.New("rootrelay: acknowledgement does not fit the message")
	ErrEscrow      = errors.New("rootrelay: escrow is too low")
	ErrDeadline    = errors.New("rootrelay: deadline")
	ErrLanes       = errors.New("rootrelay: the gateway takes no further lane")
)

// checkBounds refuses a message that some chain on its way could not carry.
func checkBounds(m *module.Message) error {
	switch {
	case m.Lane >= Lanes:
		return fmt.Errorf("%w: lane %d", ErrBounds, m.Lane)
	case m.Asset != 0:
		return fmt.Errorf("%w: asset %d", ErrBounds, m.Asset)
	case len(m.Payload) > MaxPayload:
		return fmt.Errorf("%w: %d bytes of payload", ErrBounds, len(m.Payload))
	case m.Dst == 0 && len(m.Payload) > 0:
		return fmt.Errorf("%w: the root takes no payload", ErrBounds)
	case len(m.Payload) > 0 && (m.GasLimit < MinMessageGas || m.GasLimit > MaxMessageGas):
		return fmt.Errorf("%w: gas limit %d", ErrBounds, m.GasLimit)
	case m.Src == m.Dst:
		return fmt.Errorf("%w: %d sends to itself", ErrDestination, m.Src)
	}
	return checkReceiver(m.Receiver)
}

// checkReceiver refuses accounts that no message may reach: nobody's, the system's
// and those of the relay itself.
func checkReceiver(a ledger.Address) error {
	if a.IsZero() || a == ledger.SystemAddress || a == GatewayAddress() || a == RootAddress() {
		return fmt.Errorf("%w: %s", ErrReceiver, a)
	}
	return nil
}

// The names under which the modules are registered.
const (
	RootName    = "rootrelay"
	GatewayName = "gateway"
)

// RootAddress is the registry's address on a root chain that runs Root as RootName.
func RootAddress() ledger.Address { return module.AddressOf(RootName) }

// GatewayAddress is the address of Gateway on a subchain.
func GatewayAddress() ledger.Address { return module.AddressOf(GatewayName) }

// attachment is the payload of a subchain's first message, from which its gateway
// learns who it is.
type attachment struct {
	genesis     ledger.Hash
	subchain    uint64
	revision    uint64
	registry    ledger.Address
	rootChainID uint64
}

// encode returns abi.encode(bytes32 genesis, uint64 subchain, uint64 revision,
// address registry, uint256 rootChainID).
func (a *attachment) encode() []byte {
	out := append([]byte(nil), a.genesis[:]...)
	out = abi.AppendUint(out, a.subchain)
	out = abi.AppendUint(out, a.revision)
	out = abi.AppendAddress(out, a.registry)
	return abi.AppendUint(out, a.rootChainID)
}

func decodeAttachment(b []byte) (a attachment, err error) {
	if len(b) != 5*32 {
		return a, fmt.Errorf("%w: %d bytes of attachment", ErrBounds, len(b))
	}
	d := abi.NewDecoder(b)
	a = attachment{d.Word(), d.Uint(64), d.Uint(64), d.Address(), d.Uint(64)}
	return a, d.Err()
}

func attachMessage(a attachment) module.Message {
	return module.Message{
		Dst: a.subchain, Deadline: NoDeadline,
		Sender: a.registry, Receiver: GatewayAddress(), Payload: a.encode(),
	}
}
