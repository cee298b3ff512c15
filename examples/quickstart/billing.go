package main

import (
	"encoding/binary"
	"errors"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// The lanes from meters to billing. Messages of one lane arrive in order, those of
// different lanes do not wait for each other.
const (
	valueLane  = 0
	reportLane = 1
)

// What Billing refuses. The texts are the revert reasons.
var (
	errReport = errors.New("malformed usage report")
	errSource = errors.New("report is not from the meters")
	errOwed   = errors.New("more than is owed")
)

// Billing is the module of the subchain of the same name: it books what the module
// Meters on another subchain reports, and takes payment in the root's coin.
type Billing struct {
	Source uint64         `module:"config"` // the meters' subchain
	Meters ledger.Address `module:"config"`
	Price  uint256.Int    `module:"config"` // wei per value

	usage   module.Map[ledger.Hash, Usage]       // by device
	paid    module.Map[ledger.Hash, uint256.Int] // by device, wei
	reports module.Item[uint64]

	booked  module.Event[Booked]
	settled module.Event[Paid]
}

// Booked is emitted for every report.
type Booked struct {
	Device   ledger.Hash `abi:"device,indexed"`
	Readings uint64      `abi:"readings"`
	Values   uint64      `abi:"values"`
}

// Paid is emitted for every payment.
type Paid struct {
	Device ledger.Hash    `abi:"device,indexed"`
	Payer  ledger.Address `abi:"payer,indexed"`
	Amount uint256.Int    `abi:"amount"`
}

// Signatures names the parameters for wallets and Solidity.
func (b *Billing) Signatures() map[string]string {
	return map[string]string{
		"Used": "used(bytes32 device) returns ((uint64 readings,uint64 values) usage)",
		"Owed": "owed(bytes32 device) returns (uint256 amount)",
		"Pay":  "pay(bytes32 device)",
	}
}

// OnReceive books a usage report. The SDK lets nobody but the gateway call it, which
// has proven where the message comes from. Reports are totals: one that arrives
// after a newer one changes nothing.
func (b *Billing) OnReceive(ctx *module.Context, m module.Message) ([]byte, error) {
	if m.Src != b.Source || m.Sender != b.Meters {
		return nil, errSource
	}
	device, used, err := decodeReport(m.Payload)
	if err != nil {
		return nil, err
	}
	if used.Readings > b.usage.Get(ctx, device).Readings {
		b.usage.Set(ctx, device, used)
	}
	b.reports.Set(ctx, b.reports.Get(ctx)+1)
	b.booked.Emit(ctx, Booked{device, used.Readings, used.Values})
	return nil, nil
}

// Pay settles a part of what is owed for a device, or all of it.
func (b *Billing) Pay(ctx *module.Payable, device ledger.Hash) error {
	amount, owed := ctx.Value(), b.owed(ctx, device)
	if amount.Gt(&owed) {
		return errOwed
	}
	paid := b.paid.Get(ctx, device)
	b.paid.Set(ctx, device, *paid.Add(&paid, &amount))
	b.settled.Emit(ctx, Paid{device, ctx.Sender(), amount})
	return nil
}

// Owed returns what is to be paid for a device, in wei.
func (b *Billing) Owed(ctx *module.View, device ledger.Hash) (uint256.Int, error) {
	return b.owed(ctx, device), nil
}

func (b *Billing) owed(ctx module.Reader, device ledger.Hash) uint256.Int {
	price, paid := b.Price, b.paid.Get(ctx, device)
	values := uint256.NewInt(b.usage.Get(ctx, device).Values)
	return *price.Sub(price.Mul(&price, values), &paid)
}

// Used returns what a device has delivered, as far as reports say.
func (b *Billing) Used(ctx *module.View, device ledger.Hash) (Usage, error) {
	return b.usage.Get(ctx, device), nil
}

// Reports returns the number of reports that were booked.
func (b *Billing) Reports(ctx *module.View) (uint64, error) { return b.reports.Get(ctx), nil }

// encodeReport returns abi.encode(bytes32 device, uint64 readings, uint64 values).
func encodeReport(device ledger.Hash, u Usage) []byte {
	return appendWord(appendWord(device[:], u.Readings), u.Values)
}

func decodeReport(b []byte) (device ledger.Hash, u Usage, err error) {
	if len(b) != 3*32 || [24]byte(b[32:56]) != [24]byte{} || [24]byte(b[64:88]) != [24]byte{} {
		return device, u, errReport
	}
	u = Usage{binary.BigEndian.Uint64(b[56:]), binary.BigEndian.Uint64(b[88:])}
	return ledger.Hash(b), u, nil
}
