package module

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Prices of a P-256 verification (EIP-7951) and of BLOCKHASH.
const (
	gasP256      = 6900
	gasBlockHash = 20
)

// Reader is any context: *View, *Context or *Payable. Collections read through it,
// and helpers of modules that are shared by views and other methods take it.
type Reader interface {
	Self() ledger.Address
	Sender() ledger.Address
	Height() uint64
	Time() uint64
	ChainID() uint64
	GenesisHash() ledger.Hash
	Balance(ledger.Address) uint256.Int
	Keccak([]byte) ledger.Hash
	UseGas(uint64)

	view() *call
}

// Writer is a context that may write: *Context or *Payable.
type Writer interface {
	Reader
	write() *call
}

// View is the context of a method that only reads. A context belongs to the one
// call that it was given to and must not be kept.
type View struct{ c *call }

// Context is the context of a method that may write and takes no coins.
type Context struct{ View }

// Payable is the context of a method that may be sent coins.
type Payable struct{ Context }

func (v *View) view() *call     { return v.c }
func (x *Context) write() *call { return x.c }

// Self is the module's own address.
func (v *View) Self() ledger.Address { return v.c.open().Self() }

// Sender is the account or contract that made this call.
func (v *View) Sender() ledger.Address { return v.c.open().Caller() }

// Origin is the account that signed the transaction. Do not authorise by it.
func (v *View) Origin() ledger.Address { return v.c.open().Origin() }

// Height is the number of the block.
func (v *View) Height() uint64 { return v.c.open().Block().Number }

// Time is the block's time in milliseconds since 1970.
func (v *View) Time() uint64 { return v.c.open().Block().Millis }

// Proposer is the account that the block pays: the payee of the seat that proposed it.
func (v *View) Proposer() ledger.Address { return v.c.open().Block().Coinbase }

// ChainID is the id that transactions of this chain are signed for.
func (v *View) ChainID() uint64 { return v.c.open().ChainID() }

// GenesisHash is the hash of the chain's first block.
func (v *View) GenesisHash() ledger.Hash {
	v.c.open()
	return v.c.m.registry.chain.Genesis()
}

// Gas is what is left to this call.
func (v *View) Gas() uint64 { return v.c.open().Gas() }

// UseGas charges n, before work that nothing else charges for: loops, hashing.
func (v *View) UseGas(n uint64) { v.c.use(n) }

// Keccak hashes b at the EVM's price.
func (v *View) Keccak(b []byte) ledger.Hash { return v.c.hash(b) }

// Balance is the account's coins in wei.
func (v *View) Balance(a ledger.Address) uint256.Int { return v.c.open().Balance(a) }

// CodeSize is the length of the account's code, zero without any.
func (v *View) CodeSize(a ledger.Address) int { return v.c.open().CodeSize(a) }

// BlockHash is the hash of one of the 256 blocks before this one, zero for others.
func (v *View) BlockHash(height uint64) (h ledger.Hash) {
	v.c.use(gasBlockHash)
	b := v.c.frame.Block()
	if height < b.Number && b.Number-height <= 256 && b.BlockHash != nil {
		h = b.BlockHash(height)
	}
	return h
}

// StaticCall calls a contract, or a view of a module, that cannot write. It leaves
// 1/64 of the gas to the caller. The error of a failed call is a *RevertError.
func (v *View) StaticCall(to ledger.Address, data []byte) ([]byte, error) {
	var out []byte
	var ok bool
	v.c.leave(func(f *vm.Frame) { out, ok = f.StaticCall(to, data, 0) })
	return outcome(out, ok)
}

// VerifyP256 reports whether sig (r ‖ s) is a signature of digest by the P-256 key
// pub (x ‖ y), all big-endian, by the rules of EIP-7951: the key is a point of the
// curve, 0 < r, s < n, and s may be high. It charges 6,900 gas.
func (v *View) VerifyP256(pub [64]byte, digest ledger.Hash, sig [64]byte) bool {
	v.c.use(gasP256)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, pub[:]...))
	if err != nil {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// Transfer moves coins from the module to an account and reports false if it has
// less. No code of the receiver runs.
func (x *Context) Transfer(to ledger.Address, amount uint256.Int) bool {
	return x.c.mutable().Transfer(to, amount)
}

// Call calls a contract or a module with coins of this module. It leaves 1/64 of
// the gas to the caller. The error of a failed call is a *RevertError.
func (x *Context) Call(to ledger.Address, value uint256.Int, data []byte) ([]byte, error) {
	return outcome(x.c.call(to, value, data, 0))
}

// CallGas is Call with at most gas, which must not be zero. Where too little gas
// may not decide, compare Gas before: a call gets at most 63/64 of what is left.
func (x *Context) CallGas(to ledger.Address, value uint256.Int, data []byte, gas uint64) ([]byte, error) {
	if gas == 0 {
		x.c.misuse("a call with a limit of no gas")
	}
	return outcome(x.c.call(to, value, data, gas))
}

// Mint creates coins. The call ends with an error unless the module's Entry allows
// it to mint.
func (x *Context) Mint(to ledger.Address, amount uint256.Int) {
	x.c.issuer().Mint(to, amount)
}

// Burn destroys coins of any account and reports false if it has less. The call ends
// with an error unless the module's Entry allows it to mint.
func (x *Context) Burn(from ledger.Address, amount uint256.Int) bool {
	return x.c.issuer().Burn(from, amount)
}

// Value is what the sender sent along, in wei; it is already the module's.
func (p *Payable) Value() uint256.Int { return p.c.open().Value() }
