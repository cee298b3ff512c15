package statetest

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// Forks are the forks whose cases a Runner executes, in the order of their age.
func Forks() []string { return []string{"Cancun", "Prague", "Osaka"} }

// Runner executes cases. Its zero value is ready; it is safe for concurrent use.
type Runner struct {
	// Tracer, unless nil, gives each case a tracer, and with it the loop for tracing.
	Tracer func() vm.Tracer

	mu  sync.Mutex
	vms map[machine]*vm.VM
}

// machine is what a VM is built for.
type machine struct {
	fork  string
	chain uint64
	blobs uint64
}

func (r *Runner) machine(m machine) *vm.VM {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.vms[m]; v != nil {
		return v
	}
	rules := vm.Osaka()
	switch m.fork {
	case "Cancun":
		rules = vm.Cancun()
	case "Prague":
		rules = vm.Prague()
	}
	v := vm.New(vm.Config{Rules: rules, ChainID: m.chain, Blobs: true, BlobsPerBlock: m.blobs})
	if r.vms == nil {
		r.vms = make(map[machine]*vm.VM)
	}
	r.vms[m] = v
	return v
}

// Run executes case i of a fork. An error says how the outcome differs from what the
// test demands.
func (r *Runner) Run(t *Test, fork string, i int) error {
	p := &t.Post[fork][i]
	st, err := newState(t.Pre)
	if err != nil {
		return err
	}
	m := machine{fork: fork, chain: 1}
	if t.Config.ChainID != nil {
		m.chain = t.Config.ChainID.Uint64()
	}
	schedule := t.Config.BlobSchedule[fork]
	m.blobs = schedule.Max.Uint64()
	msg, err := t.message(p, m.chain)
	var res vm.Result
	if err != nil {
		res = vm.Result{Status: vm.Invalid, Err: err}
	} else {
		var changes []ledger.Change
		if res, changes, err = r.apply(r.machine(m).Begin(t.block(fork), st), msg); err != nil {
			return err
		}
		if err := st.Apply(changes); err != nil {
			return err
		}
	}
	return compare(p, st, &res)
}

func (r *Runner) apply(s *vm.Session, m *ledger.Message) (vm.Result, []ledger.Change, error) {
	if r.Tracer == nil {
		res, err := s.Apply(m)
		return res, s.Changes(), err
	}
	trace, err := s.Trace(m, r.Tracer())
	if err != nil {
		return vm.Result{}, nil, err
	}
	return trace.Result, trace.Changes, nil
}

func compare(p *post, st *State, res *vm.Result) error {
	if invalid := res.Status == vm.Invalid; invalid != (p.Exception != "") {
		return fmt.Errorf("transaction: %v (%v), want exception %q", res.Status, res.Err, p.Exception)
	}
	if h := ledger.LogsHash(res.Logs); h != p.Logs {
		return fmt.Errorf("logs hash %s, want %s", h, p.Logs)
	}
	root, err := st.Root()
	if err != nil || root == p.Hash {
		return err
	}
	want, err := newState(p.State)
	if err != nil {
		return err
	}
	return fmt.Errorf("state root %s, want %s (%v, gas %d, %v)\n  %s", root, p.Hash, res.Status, res.GasUsed, res.Err, st.diff(want))
}

// block is the test's environment for a fork.
func (t *Test) block(fork string) vm.Block {
	e := &t.Env
	b := vm.Block{
		Number: e.Number.clamp(), Time: e.Timestamp.clamp(), Millis: e.Timestamp.clamp() * 1000,
		GasLimit: e.GasLimit.clamp(), Coinbase: e.Coinbase, BlockHash: blockHash,
		Random: e.Difficulty.Bytes32(),
	}
	if e.Random != nil {
		b.Random = e.Random.Bytes32()
	}
	if e.BaseFee != nil {
		b.BaseFee = e.BaseFee.word()
	} else {
		b.BaseFee.SetUint64(10)
	}
	fraction := t.Config.BlobSchedule[fork].Fraction.word()
	if fraction.IsZero() {
		fraction.SetUint64(3_338_477)
		if fork != "Cancun" {
			fraction.SetUint64(5_007_716)
		}
	}
	b.BlobBaseFee = fakeExponential(e.ExcessBlobGas.word(), fraction)
	return b
}

// blockHash is the hash that state tests give to a block: that of its number.
func blockHash(number uint64) ledger.Hash {
	return ledger.Keccak([]byte(strconv.FormatUint(number, 10)))
}

// fakeExponential approximates e^(numerator/denominator) as EIP-4844 does.
func fakeExponential(numerator, denominator uint256.Int) (out uint256.Int) {
	term := denominator
	for i := uint64(1); !term.IsZero(); i++ {
		out.Add(&out, &term)
		var d uint256.Int
		d.Mul(&denominator, uint256.NewInt(i))
		term.Mul(&term, &numerator)
		term.Div(&term, &d)
	}
	out.Div(&out, &denominator)
	return out
}
