package module

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// HookGas is what a BeginBlock, an EndBlock and the gateway's Anchor may use each.
const HookGas = 10_000_000

// anchorFunc is the gateway's view that fills the headers.
type anchorFunc = func(*View) (messagesRoot, domain ledger.Hash, a ledger.Anchor, err error)

func beginSelector() [4]byte  { return abi.Selector("beginBlock()") }
func endSelector() [4]byte    { return abi.Selector("endBlock()") }
func anchorSelector() [4]byte { return abi.Selector("anchor()") }

// BeginBlock calls every module's BeginBlock(*Context) error in the order of
// registration, as ledger.SystemAddress. One that fails or runs out of gas is undone
// alone. The error is a fault of the host.
func (r *Registry) BeginBlock(s *vm.Session) error {
	return r.callHooks(s, beginSelector(), func(m *instance) bool { return m.spec.begin >= 0 })
}

// EndBlock calls every module's EndBlock(*Context) error; see BeginBlock.
func (r *Registry) EndBlock(s *vm.Session) error {
	return r.callHooks(s, endSelector(), func(m *instance) bool { return m.spec.end >= 0 })
}

func (r *Registry) callHooks(s *vm.Session, selector [4]byte, has func(*instance) bool) error {
	for _, d := range r.modules {
		for _, m := range d.entries {
			if !has(m) {
				continue
			}
			// The entry that executes at this height answers, if only by nothing.
			if _, err := s.System(d.address, selector[:], HookGas); err != nil {
				return fmt.Errorf("module %q: hook: %w", d.name, err)
			}
			break
		}
	}
	return nil
}

// Anchor asks the gateway's view Anchor(*View) for the header's messages root, for
// the domain of checkpoints and for the anchor. All are zero without a gateway, and
// if the call fails. The error is a fault of the host.
func (r *Registry) Anchor(s *vm.Session) (messagesRoot, domain ledger.Hash, a ledger.Anchor, err error) {
	if r.gateway == nil {
		return messagesRoot, domain, a, nil
	}
	selector := anchorSelector()
	res, err := s.System(r.gateway.address, selector[:], HookGas)
	if err != nil {
		return messagesRoot, domain, a, fmt.Errorf("module %q: anchor: %w", r.gateway.name, err)
	}
	if res.Status != vm.Success || Unpack(res.Return, &messagesRoot, &domain, &a) != nil {
		return ledger.Hash{}, ledger.Hash{}, ledger.Anchor{}, nil
	}
	return messagesRoot, domain, a, nil
}
