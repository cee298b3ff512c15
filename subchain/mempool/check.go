package mempool

import (
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Protocol limits.
const (
	MaxTxBytes  = 128 << 10 // of an envelope; a custom of Ethereum's nodes
	MaxTxGas    = 1 << 24   // EIP-7825
	MaxInitCode = 49152     // bytes, EIP-3860
)

// Errors of malformed transactions: no state makes them valid. See Faulty.
var (
	ErrFormat      = errors.New("mempool: malformed transaction")
	ErrType        = errors.New("mempool: transaction type not supported")
	ErrSize        = errors.New("mempool: oversized data")
	ErrUnprotected = errors.New("mempool: only replay-protected (EIP-155) transactions allowed")
	ErrChainID     = errors.New("mempool: invalid chain id")
	ErrSender      = errors.New("mempool: invalid sender")
	ErrIntrinsic   = errors.New("mempool: intrinsic gas too low")
	ErrFloor       = errors.New("mempool: intrinsic gas too low: below the floor for calldata (EIP-7623)")
	ErrInitCode    = errors.New("mempool: max initcode size exceeded")
	ErrTxGas       = errors.New("mempool: transaction gas limit too high")
	ErrTip         = errors.New("mempool: max priority fee per gas higher than max fee per gas")
	ErrNonceMax    = errors.New("mempool: nonce has max value")
)

// Errors that depend on the chain's settings, its state and the pool.
var (
	ErrKnown       = errors.New("mempool: already known")
	ErrBlockGas    = errors.New("mempool: exceeds block gas limit")
	ErrUnderpriced = errors.New("mempool: transaction underpriced")
	ErrReplacement = errors.New("mempool: replacement transaction underpriced")
	ErrNonceLow    = errors.New("mempool: nonce too low")
	ErrNonceHigh   = errors.New("mempool: nonce too high")
	ErrFunds       = errors.New("mempool: insufficient funds for gas * price + value")
	ErrDelegated   = errors.New("mempool: in-flight transaction limit reached for delegated accounts")
	ErrFull        = errors.New("mempool: txpool is full")
)

// Faulty reports whether err says that the transaction is malformed, so that a peer
// which forwards it is at fault.
func Faulty(err error) bool {
	for _, e := range []error{
		ErrFormat, ErrType, ErrSize, ErrUnprotected, ErrChainID, ErrSender, ErrIntrinsic, ErrFloor,
		ErrInitCode, ErrTxGas, ErrTip, ErrNonceMax,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// decode reads an envelope of at most MaxTxBytes.
func decode(raw []byte) (*ledger.Transaction, error) {
	if len(raw) > MaxTxBytes {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", ErrSize, len(raw), MaxTxBytes)
	}
	tx, err := ledger.DecodeTransaction(raw)
	switch {
	case errors.Is(err, ledger.ErrTxType):
		return nil, fmt.Errorf("%w: %w", ErrType, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return tx, nil
}

// check does what needs neither state nor lock, cheap checks first.
func (c *Config) check(tx *ledger.Transaction) (*entry, error) {
	switch tx.Type {
	case ledger.LegacyTx, ledger.AccessListTx, ledger.DynamicFeeTx, ledger.SetCodeTx:
	default:
		return nil, fmt.Errorf("%w: %d", ErrType, tx.Type)
	}
	size := len(tx.Envelope())
	switch {
	case size > MaxTxBytes:
		return nil, fmt.Errorf("%w: %d bytes, limit %d", ErrSize, size, MaxTxBytes)
	case !tx.Protected():
		return nil, ErrUnprotected
	case !tx.ChainID.Eq(uint256.NewInt(c.ChainID)):
		return nil, fmt.Errorf("%w: have %s, want %d", ErrChainID, tx.ChainID.Dec(), c.ChainID)
	case tx.Nonce == ^uint64(0):
		return nil, ErrNonceMax
	case tx.Gas > MaxTxGas:
		return nil, fmt.Errorf("%w: %d, cap %d", ErrTxGas, tx.Gas, MaxTxGas)
	case tx.Gas > c.BlockGas:
		return nil, fmt.Errorf("%w: %d, limit %d", ErrBlockGas, tx.Gas, c.BlockGas)
	case tx.GasTipCap.Gt(&tx.GasFeeCap):
		return nil, ErrTip
	case tx.GasFeeCap.Lt(&c.MinGasPrice):
		return nil, fmt.Errorf("%w: fee cap %s, minimum %s wei per gas", ErrUnderpriced, tx.GasFeeCap.Dec(), c.MinGasPrice.Dec())
	}
	if err := checkIntrinsic(tx); err != nil {
		return nil, err
	}
	e := &entry{tx: tx, hash: tx.Hash(), size: size}
	if !e.setCost() {
		return nil, ErrFunds
	}
	m, err := tx.Message()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSender, err)
	}
	e.sender = m.From
	if c.Intrinsic != nil {
		if err := c.Intrinsic(m); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIntrinsic, err)
		}
	}
	return e, nil
}

// setCost computes gas · fee cap + value. It reports false if that overflows.
func (e *entry) setCost() bool {
	_, over := e.cost.MulOverflow(uint256.NewInt(e.tx.Gas), &e.tx.GasFeeCap)
	if over {
		return false
	}
	_, over = e.cost.AddOverflow(&e.cost, &e.tx.Value)
	return !over
}

// checkIntrinsic applies EIP-2, 2028, 2930, 3860, 7623 and 7702.
func checkIntrinsic(tx *ledger.Transaction) error {
	var zeros, slots uint64
	for _, b := range tx.Data {
		if b == 0 {
			zeros++
		}
	}
	for i := range tx.AccessList {
		slots += uint64(len(tx.AccessList[i].Slots))
	}
	tokens := zeros + 4*(uint64(len(tx.Data))-zeros)
	gas := 21000 + 4*tokens + 2400*uint64(len(tx.AccessList)) + 1900*slots + 25000*uint64(len(tx.Authorizations))
	if tx.To == nil {
		if len(tx.Data) > MaxInitCode {
			return fmt.Errorf("%w: %d bytes, limit %d", ErrInitCode, len(tx.Data), MaxInitCode)
		}
		gas += 32000 + 2*((uint64(len(tx.Data))+31)/32)
	}
	if tx.Gas < gas {
		return fmt.Errorf("%w: gas %d, minimum needed %d", ErrIntrinsic, tx.Gas, gas)
	}
	if floor := 21000 + 10*tokens; tx.Gas < floor {
		return fmt.Errorf("%w: gas %d, minimum needed %d", ErrFloor, tx.Gas, floor)
	}
	return nil
}

// outbids reports whether a fee is at least a tenth above the old one, and above it.
func outbids(fee, old *uint256.Int) bool {
	if !fee.Gt(old) {
		return false
	}
	var more, tenth, rest uint256.Int
	more.Sub(fee, old)
	tenth.DivMod(old, uint256.NewInt(10), &rest)
	return more.Gt(&tenth) || rest.IsZero() && more.Eq(&tenth)
}
