package main

import (
	"errors"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// What Meters refuses. The texts are the revert reasons.
var (
	errUnregistered = errors.New("unregistered device")
	errRegistered   = errors.New("device is registered already")
	errSignature    = errors.New("wrong signature")
	errReplayed     = errors.New("replayed sequence number")
	errValues       = errors.New("a reading has 1 to 32 values")
	errReported     = errors.New("nothing new to report")
)

// Meters is the module of the subchain of the same name: it keeps readings that
// devices have signed. Whoever brings a reading, the device's signature decides.
// A device's sequence numbers grow; it may leave some out, as one does that lost
// its power while it counted.
type Meters struct {
	Gateway ledger.Address `module:"config"`
	Billing ledger.Address `module:"config"` // receiver of reports on the other subchain

	keys     module.Map[ledger.Hash, publicKey] // by device
	last     module.Map[ledger.Hash, Reading]   // by device
	digests  module.Map[readingID, ledger.Hash] // what the device signed: eth_getProof proves it
	usage    module.Map[ledger.Hash, Usage]     // by device
	reported module.Map[destination, Usage]     // what the last report said
	readings module.Item[uint64]                // of all devices

	registered module.Event[Registered]
	recorded   module.Event[Recorded]
}

type publicKey struct{ X, Y ledger.Hash } // of P-256, big-endian

type readingID struct {
	Device ledger.Hash
	Seq    uint64
}

type destination struct {
	Chain  uint64 // id that the root gave
	Device ledger.Hash
}

// Usage counts what a device has delivered.
type Usage struct {
	Readings uint64 `abi:"readings"`
	Values   uint64 `abi:"values"`
}

// Registered is emitted for every new device.
type Registered struct {
	Device ledger.Hash `abi:"device,indexed"`
	X      ledger.Hash `abi:"x"`
	Y      ledger.Hash `abi:"y"`
}

// Recorded is emitted for every reading.
type Recorded struct {
	Device ledger.Hash `abi:"device,indexed"`
	Seq    uint64      `abi:"seq"`
	Time   uint64      `abi:"time"`
	Values []int64     `abi:"values"`
}

// Signatures names the parameters for wallets and Solidity.
func (m *Meters) Signatures() map[string]string {
	const reading = "(bytes32 device,uint64 seq,uint64 time,int64[] values) reading"
	return map[string]string{
		"Register": "register(bytes32 x,bytes32 y) returns (bytes32 device)",
		"Record":   "record(" + reading + ",bytes signature)",
		"Digest":   "digest(" + reading + ") returns (bytes32 digest)",
		"Latest":   "latest(bytes32 device) returns (" + reading + ")",
		"Proven":   "proven(bytes32 device,uint64 seq) returns (bytes32 digest)",
		"Used":     "used(bytes32 device) returns ((uint64 readings,uint64 values) usage)",
		"Unsent":   "unsent(uint64 chain,bytes32 device) returns (bool due)",
		"Report":   "report(uint64 chain,bytes32 device,uint64 deadline)",
	}
}

// Register adds a device: the P-256 key (x, y) names it.
func (m *Meters) Register(ctx *module.Context, x, y ledger.Hash) (ledger.Hash, error) {
	device := ctx.Keccak(append(x[:], y[:]...))
	if m.keys.Get(ctx, device) != (publicKey{}) {
		return ledger.Hash{}, errRegistered
	}
	m.keys.Set(ctx, device, publicKey{x, y})
	m.registered.Emit(ctx, Registered{device, x, y})
	return device, nil
}

// Record keeps a reading that its device has signed (r ‖ s over Digest).
func (m *Meters) Record(ctx *module.Context, r Reading, signature []byte) error {
	if err := m.check(ctx, &r, signature); err != nil {
		return err
	}
	digest := m.digest(&ctx.View, &r)
	m.last.Set(ctx, r.Device, r)
	m.digests.Set(ctx, readingID{r.Device, r.Seq}, digest)
	used := m.usage.Get(ctx, r.Device)
	used.Readings++
	used.Values += uint64(len(r.Values))
	m.usage.Set(ctx, r.Device, used)
	m.readings.Set(ctx, m.readings.Get(ctx)+1)
	m.recorded.Emit(ctx, Recorded(r))
	return nil
}

func (m *Meters) check(ctx *module.Context, r *Reading, signature []byte) error {
	key := m.keys.Get(ctx, r.Device)
	switch {
	case key == (publicKey{}):
		return errUnregistered
	case len(r.Values) == 0 || len(r.Values) > maxValues:
		return errValues
	case r.Seq <= m.last.Get(ctx, r.Device).Seq:
		return errReplayed
	case len(signature) != 64:
		return errSignature
	}
	public := [64]byte(append(key.X[:], key.Y[:]...))
	if !ctx.VerifyP256(public, m.digest(&ctx.View, r), [64]byte(signature)) {
		return errSignature
	}
	return nil
}

// digest charges for the hash as the EVM's SHA-256 does.
func (m *Meters) digest(ctx *module.View, r *Reading) ledger.Hash {
	ctx.UseGas(60 + 12*uint64(9+len(r.Values)))
	return r.digest(ctx.ChainID(), ctx.Self())
}

// Digest returns what a device signs.
func (m *Meters) Digest(ctx *module.View, r Reading) (ledger.Hash, error) {
	return m.digest(ctx, &r), nil
}

// Latest returns the newest reading of a device.
func (m *Meters) Latest(ctx *module.View, device ledger.Hash) (Reading, error) {
	return m.last.Get(ctx, device), nil
}

// Proven returns the digest of a recorded reading, or zero.
func (m *Meters) Proven(ctx *module.View, device ledger.Hash, seq uint64) (ledger.Hash, error) {
	return m.digests.Get(ctx, readingID{device, seq}), nil
}

// Known reports whether a device is registered.
func (m *Meters) Known(ctx *module.View, device ledger.Hash) (bool, error) {
	return m.keys.Get(ctx, device) != (publicKey{}), nil
}

// Count returns the number of readings of all devices.
func (m *Meters) Count(ctx *module.View) (uint64, error) { return m.readings.Get(ctx), nil }

// Used returns what a device has delivered.
func (m *Meters) Used(ctx *module.View, device ledger.Hash) (Usage, error) {
	return m.usage.Get(ctx, device), nil
}

// Unsent reports whether a chain has not been told of the device's newest readings.
func (m *Meters) Unsent(ctx *module.View, chain uint64, device ledger.Hash) (bool, error) {
	return m.usage.Get(ctx, device) != m.reported.Get(ctx, destination{chain, device}), nil
}

// Report sends a device's usage to the billing module of another subchain. Anyone
// may ask for it; the message says what the state says. deadline is in ms on the
// other chain's clock.
func (m *Meters) Report(ctx *module.Context, chain uint64, device ledger.Hash, deadline uint64) error {
	used, to := m.usage.Get(ctx, device), destination{chain, device}
	if used == m.reported.Get(ctx, to) {
		return errReported
	}
	m.reported.Set(ctx, to, used)
	const gas = 300_000
	send := rootrelay.SendCall(chain, reportLane, m.Billing, deadline, gas, encodeReport(device, used))
	_, err := ctx.Call(m.Gateway, uint256.Int{}, send)
	return err
}

// OnAck forgets a report that did not arrive, so that it can be sent anew.
func (m *Meters) OnAck(ctx *module.Context, msg module.Message, _ []byte, ok bool) error {
	device, _, err := decodeReport(msg.Payload)
	if err != nil || ok {
		return err
	}
	m.reported.Delete(ctx, destination{msg.Dst, device})
	return nil
}
