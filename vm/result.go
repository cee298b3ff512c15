package vm

import (
	"errors"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Status says how a message ended.
type Status uint8

// The ways a message can end.
const (
	// Success: all effects are in the session.
	Success Status = iota
	// Reverted: the code executed REVERT; gas is paid, effects are undone.
	Reverted
	// Halted: the code failed (out of gas, invalid opcode, …); all gas is paid,
	// effects are undone.
	Halted
	// Invalid: the message cannot be in a block; nothing changed, nothing is paid.
	Invalid
)

// String returns the status in lower case.
func (s Status) String() string {
	switch s {
	case Success:
		return "success"
	case Reverted:
		return "reverted"
	case Halted:
		return "halted"
	}
	return "invalid"
}

// Result is the outcome of one message.
type Result struct {
	Status   Status
	GasUsed  uint64      // after refunds
	GasPrice uint256.Int // wei per gas that the payer paid
	Return   []byte      // return data, or revert data; nil if halted
	Logs     []ledger.Log
	// Contract is the address of a creation, whether or not it succeeded; nil for
	// other messages.
	Contract *ledger.Address
	Err      error // why the status is not Success: a sentinel of this package
}

// Reasons for which a message is Invalid.
var (
	ErrNonceTooLow       = errors.New("vm: nonce too low")
	ErrNonceTooHigh      = errors.New("vm: nonce too high")
	ErrNonceMax          = errors.New("vm: nonce has its maximum value")
	ErrInsufficientFunds = errors.New("vm: insufficient funds for gas * price + value")
	ErrIntrinsicGas      = errors.New("vm: intrinsic gas too low")
	ErrFloorGas          = errors.New("vm: insufficient gas for the floor of the calldata cost")
	ErrFeeCapTooLow      = errors.New("vm: max fee per gas less than block base fee")
	ErrTipAboveFeeCap    = errors.New("vm: max priority fee per gas higher than max fee per gas")
	ErrGasLimit          = errors.New("vm: gas limit of the block reached")
	ErrTxGasCap          = errors.New("vm: gas exceeds the cap of a transaction")
	ErrInitCodeSize      = errors.New("vm: max initcode size exceeded")
	ErrSenderNotEOA      = errors.New("vm: sender not an eoa")
	ErrTxType            = errors.New("vm: transaction type not supported")
	ErrTxCreate          = errors.New("vm: transaction of this type cannot create a contract")
	ErrNoAuthorizations  = errors.New("vm: set-code transaction without authorizations")
	ErrNoBlobs           = errors.New("vm: blob transaction without blobs")
	ErrTooManyBlobs      = errors.New("vm: too many blobs")
	ErrBlobHash          = errors.New("vm: blob hash of an unknown version")
	ErrBlobFeeCapTooLow  = errors.New("vm: max fee per blob gas less than block blob base fee")
)

// Reasons for which code ends without success.
var (
	ErrReverted         = errors.New("vm: execution reverted")
	ErrOutOfGas         = errors.New("vm: out of gas")
	ErrStackUnderflow   = errors.New("vm: stack underflow")
	ErrStackOverflow    = errors.New("vm: stack overflow")
	ErrInvalidOpcode    = errors.New("vm: invalid opcode")
	ErrInvalidJump      = errors.New("vm: invalid jump destination")
	ErrWriteProtection  = errors.New("vm: write protection")
	ErrReturnData       = errors.New("vm: return data out of bounds")
	ErrCollision        = errors.New("vm: contract address collision")
	ErrCodeSize         = errors.New("vm: max code size exceeded")
	ErrCodePrefix       = errors.New("vm: invalid code: must not begin with 0xef")
	ErrDepth            = errors.New("vm: max call depth exceeded")
	ErrBalance          = errors.New("vm: insufficient balance for transfer")
	ErrBalanceOverflow  = errors.New("vm: balance above 2^256 - 1")
	ErrPrecompile       = errors.New("vm: precompiled contract failed")
	ErrNativeDelegation = errors.New("vm: a native contract cannot run for another account")
	ErrNativePanic      = errors.New("vm: native contract panicked")
	ErrFrame            = errors.New("vm: native contract misused a frame")
	ErrNoAccount        = errors.New("vm: native contract has no account in the state")
)

// ErrMissingCode reports a Reader that has no code for the hash of an account.
var ErrMissingCode = errors.New("vm: code is missing from the state")
