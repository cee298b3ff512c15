package vm

import (
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Call executes a message on the state that r gives and forgets the effects. Nobody
// pays for gas: nonce, fees, limits of block and transaction and the sender's code
// are not checked, and prices may be zero. The sender must have the value that it
// sends, and Gas, where 0 means the block's gas limit, must cover the intrinsic gas.
// An error is a fault of the host.
func (vm *VM) Call(b Block, r Reader, m *ledger.Message) (Result, error) {
	res, _, err := vm.simulate(b, r, m, m.Gas)
	return res, err
}

func (vm *VM) simulate(b Block, r Reader, m *ledger.Message, gas uint64) (res Result, t transaction, err error) {
	s := vm.Begin(b, r)
	defer s.rescue(&res, &err)
	msg := *m
	msg.Gas = gas
	if gas == 0 {
		msg.Gas = b.GasLimit
	}
	t = transaction{s: s, m: &msg, simulated: true}
	res = t.run()
	return res, t, nil
}

// Estimate returns the least gas with which a message succeeds, found by bisection
// below m.Gas, where 0 means the block's gas limit, the limits of a transaction
// (EIP-7825) and what the payer can pay for if the message has a fee cap. If the
// message fails with the most gas, gas is 0 and res says why; otherwise res is the
// run with the gas returned. Bisection assumes that more gas never hurts, which code
// that asks for its gas can break. Checks are those of Call; an error is a fault of
// the host.
func (vm *VM) Estimate(b Block, r Reader, m *ledger.Message) (gas uint64, res Result, err error) {
	most, err := vm.mostGas(b, r, m)
	if err != nil {
		return 0, Result{}, err
	}
	res, t, err := vm.simulate(b, r, m, most)
	if err != nil || res.Status != Success {
		return 0, res, err
	}
	peak, fails, works := t.peak, max(t.intrinsic, t.floor)-1, most
	// What is used without refunds, with the 64th that each call keeps, is usually
	// close.
	if guess := (peak + gasStipend) / 63 * 64; peak < guess && guess < works {
		works, fails, err = vm.probe(b, r, m, guess, works, fails, &res)
	}
	// A message that passes no gas on needs exactly its peak.
	if err == nil && peak > fails && peak < works {
		works, fails, err = vm.probe(b, r, m, peak, works, fails, &res)
	}
	for err == nil && fails+1 < works {
		works, fails, err = vm.probe(b, r, m, fails+(works-fails)/2, works, fails, &res)
	}
	if err != nil {
		return 0, Result{}, err
	}
	return works, res, nil
}

// probe runs the message with gas and narrows the bounds.
func (vm *VM) probe(b Block, r Reader, m *ledger.Message, gas, works, fails uint64, best *Result) (uint64, uint64, error) {
	res, _, err := vm.simulate(b, r, m, gas)
	if err != nil {
		return works, fails, err
	}
	if res.Status == Success {
		*best = res
		return gas, fails, nil
	}
	return works, gas, nil
}

// mostGas is the upper bound of an estimate.
func (vm *VM) mostGas(b Block, r Reader, m *ledger.Message) (most uint64, err error) {
	most = b.GasLimit
	if m.Gas != 0 {
		most = m.Gas
	}
	if vm.rules.hasOsaka() {
		most = min(most, txGasCap)
	}
	if m.GasFeeCap.IsZero() {
		return most, nil
	}
	payer := m.GasPayer
	if payer.IsZero() {
		payer = m.From
	}
	a, err := r.Account(payer)
	if err != nil {
		return 0, err
	}
	funds := a.Balance
	if payer == m.From {
		if funds.Lt(&m.Value) {
			return most, nil // the run reports it
		}
		funds.Sub(&funds, &m.Value)
	}
	if funds.Div(&funds, &m.GasFeeCap); funds.IsUint64() {
		most = min(most, max(funds.Uint64(), 1))
	}
	return most, nil
}
