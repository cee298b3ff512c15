package module_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// Poll elects one seat more at every call of BeginBlock.
type Poll struct {
	count module.Item[uint64]
}

func (p *Poll) BeginBlock(ctx *module.Context) error {
	p.count.Set(ctx, p.count.Get(ctx)+1)
	return nil
}

func (p *Poll) Election(v *module.View) (e module.Election, err error) {
	n := p.count.Get(v)
	if n == 3 {
		return e, errors.New("no quorum of voters")
	}
	for i := range n {
		e.Next = append(e.Next, [32]byte{byte(i + 1)})
		e.Payees = append(e.Payees, ledger.Address{byte(i + 1)})
	}
	e.Beacon = ledger.Hash{31: byte(n)}
	e.ChainKey, e.Group = []byte{1, 2}, make([]byte, 10_000)
	return e, nil
}

func TestTheElectionIsReadAfterEveryBlockAndUndecidedIfItFails(t *testing.T) {
	h := newHarness(t, module.Entry{Name: "poll", Module: &Poll{}, Election: true})
	require.True(t, h.reg.Elects(0))
	for n := range 5 {
		h.session(func(s *vm.Session) {
			e, err := h.reg.Election(s)
			require.NoError(t, err)
			if n == 3 {
				require.Zero(t, e)
			} else {
				require.Len(t, e.Next, n)
				require.Len(t, e.Payees, n)
				require.Equal(t, ledger.Hash{31: byte(n)}, e.Beacon)
				require.Equal(t, []byte{1, 2}, e.ChainKey)
				require.Len(t, e.Group, 10_000)
			}
			require.NoError(t, h.reg.BeginBlock(s))
		})
	}
	h = newHarness(t, module.Entry{Name: "peer", Module: &Peer{}})
	require.False(t, h.reg.Elects(1))
	h.session(func(s *vm.Session) {
		e, err := h.reg.Election(s)
		require.NoError(t, err)
		require.Zero(t, e)
	})
}

// quiet has no method Election, loud one of another type.
type (
	quiet struct{ callers module.List[ledger.Address] }
	loud  struct{ callers module.List[ledger.Address] }
)

func (l *loud) Election(v *module.View) (uint64, error) { return l.callers.Len(v), nil }

func TestOneModuleElectsAndHasTheView(t *testing.T) {
	for want, entries := range map[string][]module.Entry{
		`"a" elects already`:                {{Name: "a", Module: &Poll{}, Election: true}, {Name: "b", Module: &Poll{}, Election: true}},
		"needs a method Election":           {{Name: "a", Module: &quiet{}, Election: true}},
		"Election that is a func(*module.V": {{Name: "a", Module: &loud{}, Election: true}},
		"one that elects, in some":          {{Name: "a", Module: &Poll{}, Election: true}, {Name: "a", From: 5, Module: &Poll{}}},
	} {
		_, err := module.New(module.Chain{}, entries)
		require.ErrorContains(t, err, want)
	}
	later, err := module.New(module.Chain{}, []module.Entry{{Name: "a", From: 5, Module: &Poll{}, Election: true}})
	require.NoError(t, err)
	require.False(t, later.Elects(4))
	require.True(t, later.Elects(5))
}
