package module

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Errors of registration.
var (
	ErrModule   = errors.New("module: not a valid module")
	ErrSchedule = errors.New("module: not a valid schedule of modules")
	ErrManifest = errors.New("module: stored state has another layout than the module")
)

// Chain is what modules are told of the chain that they run on.
type Chain struct {
	ID uint64 // of transactions (EIP-155)
	// Genesis returns the genesis hash. It is called while modules run.
	Genesis func() ledger.Hash
}

// Entry puts a module on a chain.
type Entry struct {
	Name    string
	From    uint64          // the first height at which this entry executes; 0 from genesis on
	Module  any             // a pointer to a struct
	Address *ledger.Address // nil: AddressOf(Name)

	Reentrant bool // the module may be called while it runs
	Mint      bool // may mint and burn coins
	// Gateway marks the one module that delivers messages: no other sender reaches
	// OnReceive and OnAck, and its view Anchor fills the headers.
	Gateway bool
	// Election marks the one module that elects the committees: see [Election].
	Election bool
}

// AddressOf returns the address of a module: the last 20 bytes of
// Keccak-256("rootstem.module.v1" ‖ name).
func AddressOf(name string) ledger.Address {
	h := ledger.Keccak([]byte("rootstem.module.v1"), []byte(name))
	return ledger.Address(h[12:])
}

// ABI returns the JSON description of a module, a pointer to a struct.
func ABI(m any) ([]byte, error) {
	s, err := inspect(m)
	if err != nil {
		return nil, err
	}
	return s.contract.JSON()
}

// Solidity returns the source of an interface named name through which Solidity
// calls the module m.
func Solidity(name string, m any) (string, error) {
	s, err := inspect(m)
	if err != nil {
		return "", err
	}
	return s.contract.Solidity(name)
}

// spec is all that the Go types say about a module.
type spec struct {
	contract abi.Contract
	methods  []*method
	fields   []*field // collections and events
	config   []*field
	refs     []*field // pointers to other modules
	errors   []*customErrorOf
	begin    int // index of BeginBlock, -1 without it
	end      int
	receive  int
}

type customErrorOf struct {
	rt reflect.Type
	customError
}

// method is an entry point.
type method struct {
	abi.Function
	goName   string
	index    int
	context  reflect.Type
	gas      uint64
	args     tuple
	results  tuple
	relayed  bool // OnReceive or OnAck: for the gateway only
	selector [4]byte
}

// inspect reads a module's types. It binds nothing.
func inspect(m any) (*spec, error) {
	rt := reflect.TypeOf(m)
	if rt == nil || rt.Kind() != reflect.Pointer || rt.Elem().Kind() != reflect.Struct || reflect.ValueOf(m).IsNil() {
		return nil, fmt.Errorf("%w: %T is not a pointer to a struct", ErrModule, m)
	}
	s := &spec{begin: -1, end: -1, receive: -1}
	for _, step := range []func(any, reflect.Type) error{s.readFields, s.readErrors, s.readMethods} {
		if err := step(m, rt); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrModule, rt, err)
		}
	}
	if err := s.contract.Check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModule, rt, err)
	}
	return s, nil
}
