package ceremony

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Opening is what a node needs to know of a ceremony.
type Opening struct {
	Epoch   uint64     `abi:"epoch"` // that the shares are for
	Era     uint64     `abi:"era"`
	Start   uint64     `abi:"start"`   // height
	Lengths [5]uint64  `abi:"lengths"` // of the phases, in blocks
	Seats   [][32]byte `abi:"seats"`   // ed25519
	Dealers [][32]byte `abi:"dealers"` // none in a generation
	Old     []byte     `abi:"old"`     // dkg.Group of the dealers, none in a generation
}

// Ceremony returns it in dkg's form. Errors: those of dkg.DecodeGroup and
// dkg.Ceremony.Validate.
func (o *Opening) Ceremony(genesis ledger.Hash) (*dkg.Ceremony, error) {
	c := &dkg.Ceremony{
		Genesis: genesis, Era: o.Era, Seats: committee(o.Epoch, o.Seats),
		Plan: dkg.Plan{
			Start: o.Start, Enrol: o.Lengths[0], Deal: o.Lengths[1], Complain: o.Lengths[2],
			Justify: o.Lengths[3], Acknowledge: o.Lengths[4],
		},
	}
	if len(o.Old) > 0 {
		var err error
		if c.Old, err = dkg.DecodeGroup(o.Old); err != nil {
			return nil, err
		}
		c.Dealers = committee(o.Epoch-1, o.Dealers)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// CeremonyCall is the call data of Keys.Ceremony.
func CeremonyCall() ([]byte, error) { return module.Pack("ceremony()") }

// DecodeOpening reads what the call returns.
func DecodeOpening(data []byte) (Opening, error) {
	var o Opening
	if err := module.Unpack(data, &o); err != nil {
		return Opening{}, fmt.Errorf("ceremony: opening: %w", err)
	}
	return o, nil
}

// MessageCall is the call data of the method that takes m. For a justification deal is
// the encoded deal that it justifies; else nil.
func MessageCall(m dkg.Message, deal []byte) ([]byte, error) {
	b := m.AppendBinary(nil)
	switch m.(type) {
	case *dkg.Enrolment:
		return module.Pack("enrol(bytes)", b)
	case *dkg.Deal:
		return module.Pack("deal(bytes)", b)
	case *dkg.Complaint:
		return module.Pack("complain(bytes)", b)
	case *dkg.Justification:
		return module.Pack("justify(bytes,bytes)", b, deal)
	case *dkg.Acknowledgement:
		return module.Pack("acknowledge(bytes)", b)
	}
	return nil, ErrKind
}

// PublishCall is the call data of Keys.Publish.
func PublishCall(g *dkg.Group) ([]byte, error) { return module.Pack("publish(bytes)", g.Encode()) }

// SaidTopic is the first topic of the event Said.
func SaidTopic() ledger.Hash { return ledger.Keccak([]byte("Said(uint64,bytes)")) }

// DecodeSaid reads an event Said of the module: the epoch that the ceremony is for, and
// the message. ok is false for other events.
func DecodeSaid(log *ledger.Log) (epoch uint64, m dkg.Message, ok bool, err error) {
	if len(log.Topics) != 2 || log.Topics[0] != SaidTopic() {
		return 0, nil, false, nil
	}
	d := abi.NewDecoder(log.Topics[1][:])
	epoch = d.Uint(64)
	var raw []byte
	if d.Err() != nil || module.Unpack(log.Data, &raw) != nil {
		return 0, nil, false, ErrLog
	}
	if m, err = dkg.DecodeMessage(raw); err != nil {
		return 0, nil, false, fmt.Errorf("%w: %w", ErrLog, err)
	}
	return epoch, m, true, nil
}

// Signatures names the methods' parameters in the ABI.
func (k *Keys) Signatures() map[string]string {
	return map[string]string{
		"Enrol":       "enrol(bytes message)",
		"Deal":        "deal(bytes message)",
		"Complain":    "complain(bytes message)",
		"Justify":     "justify(bytes message,bytes original)",
		"Acknowledge": "acknowledge(bytes message)",
		"Publish":     "publish(bytes encoded)",
		"ChainKey":    "chainKey() returns (bytes key)",
		"Group":       "group() returns (bytes encoded)",
		"GroupOf":     "groupOf(uint64 epoch) returns (uint64 era,bytes encoded)",
	}
}
