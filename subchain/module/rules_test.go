package module_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// Probe has a method for each rule.
type Probe struct {
	Peer  *Peer
	Other ledger.Address `module:"config"`

	count module.Item[uint64]
	log   module.List[string]
	kept  *keeper
}

// keeper is a module without methods: a reference needs no more.
type keeper struct{}

type Peer struct {
	callers module.List[ledger.Address]
	Secret  module.Item[uint64]
}

func (p *Peer) Note(ctx *module.Context) error {
	p.callers.Append(ctx, ctx.Sender())
	return nil
}
func (p *Peer) Notes(v *module.View) ([]ledger.Address, error) {
	var out []ledger.Address
	for _, a := range p.callers.All(v) {
		out = append(out, a)
	}
	return out, nil
}
func (p *Peer) Fail(ctx *module.Context) error {
	p.callers.Append(ctx, ctx.Sender())
	return errPeer
}

// Back calls the caller.
func (p *Peer) Back(ctx *module.Context, method string) error {
	data, err := module.Pack(method)
	if err != nil {
		return err
	}
	_, err = ctx.Call(ctx.Sender(), uint256.Int{}, data)
	return err
}

var errPeer = errors.New("peer says no")

type Busy struct{ Level uint64 }

func (*Busy) Error() string { return "busy" }

func (*Probe) Errors() []error { return []error{&Busy{}} }

func (p *Probe) Count(v *module.View) (uint64, error) { return p.count.Get(v), nil }
func (p *Probe) Bump(ctx *module.Context) error {
	p.count.Set(ctx, p.count.Get(ctx)+1)
	return nil
}
func (p *Probe) Pay(ctx *module.Payable) (uint256.Int, error) { return ctx.Value(), nil }
func (p *Probe) Where(v *module.View) (self, sender, origin ledger.Address, height, time, chain uint64, gen ledger.Hash, err error) {
	return v.Self(), v.Sender(), v.Origin(), v.Height(), v.Time(), v.ChainID(), v.GenesisHash(), nil
}
func (p *Probe) Panics(ctx *module.Context) error {
	p.count.Set(ctx, 9)
	var m map[string]int
	//lint:ignore SA5000 The panic is what is tested.
	m["x"] = 1
	return nil
}
func (p *Probe) Fails(ctx *module.Context, text string) error {
	p.count.Set(ctx, 9)
	return errors.New(text)
}
func (p *Probe) Wrapped(ctx *module.Context) error { return fmt.Errorf("outer: %w", &Busy{5}) }

// Swallow recovers from whatever ends the frame.
func (p *Probe) Swallow(ctx *module.Context, how string) error {
	func() {
		defer func() { recover() }()
		switch how {
		case "gas":
			ctx.UseGas(1 << 60)
		case "misuse":
			ctx.Mint(alice, *uint256.NewInt(1))
		case "store":
			for {
				p.log.Append(ctx, strings.Repeat("x", 100))
			}
		}
	}()
	return nil
}
func (p *Probe) SwallowAndWrite(ctx *module.Context) error {
	func() {
		defer func() { recover() }()
		ctx.Mint(alice, *uint256.NewInt(1))
	}()
	p.count.Set(ctx, 9)
	return nil
}
func (p *Probe) Index(v *module.View, i uint64) (string, error) { return p.log.Get(v, i), nil }
func (p *Probe) Pop(ctx *module.Context) (string, error)        { return p.log.Pop(ctx), nil }

func (p *Probe) Through(ctx *module.Context) error {
	return module.Do(ctx, p.Peer, func(c *module.Context) error { return p.Peer.Note(c) })
}
func (p *Probe) Bare(ctx *module.Context) error { return p.Peer.Note(ctx) }
func (p *Probe) OuterInside(ctx *module.Context) error {
	return module.Do(ctx, p.Peer, func(*module.Context) error { p.count.Set(ctx, 9); return nil })
}
func (p *Probe) TryPeer(ctx *module.Context) (string, error) {
	err := module.Do(ctx, p.Peer, func(c *module.Context) error { return p.Peer.Fail(c) })
	if !errors.Is(err, errPeer) {
		return "", errors.New("lost the error")
	}
	return err.Error(), nil
}
func (p *Probe) PeerOutOfGas(ctx *module.Context) error {
	err := module.Do(ctx, p.Peer, func(c *module.Context) error { c.UseGas(1 << 60); return nil })
	if !errors.Is(err, module.ErrCall) {
		return fmt.Errorf("got %v", err)
	}
	return nil
}
func (p *Probe) PeerPanics(ctx *module.Context) error {
	return module.Do(ctx, p.Peer, func(c *module.Context) error { panic("no") })
}
func (p *Probe) Notes(v *module.View) (out []ledger.Address, err error) {
	err = module.Query(v, p.Peer, func(in *module.View) error {
		out, err = p.Peer.Notes(in)
		return err
	})
	return out, err
}
func (p *Probe) Stranger(ctx *module.Context) error {
	return module.Do(ctx, &Peer{}, func(*module.Context) error { return nil })
}
func (p *Probe) Unbound(ctx *module.Context) error {
	var m module.Map[uint64, uint64]
	m.Set(ctx, 1, 2)
	return nil
}
func (p *Probe) Boomerang(ctx *module.Context, method string) error {
	data, err := module.Pack("back(string)", method)
	if err != nil {
		return err
	}
	_, err = ctx.Call(module.AddressOf("peer"), uint256.Int{}, data)
	return err
}
func (p *Probe) Peek(v *module.View, to ledger.Address, data []byte) ([]byte, error) {
	return v.StaticCall(to, data)
}
func (p *Probe) Give(ctx *module.Context, to ledger.Address, n uint256.Int) error {
	if !ctx.Transfer(to, n) {
		return errors.New("poor")
	}
	return nil
}
func (p *Probe) Issue(ctx *module.Context, to ledger.Address, n uint256.Int) error {
	ctx.Mint(to, n)
	if !ctx.Burn(to, *uint256.NewInt(1)) {
		return errors.New("poor")
	}
	return nil
}
func (p *Probe) Forge(v *module.View, how string) error {
	ctx := &module.Context{View: *v}
	switch how {
	case "store":
		p.count.Set(ctx, 9)
	case "transfer":
		ctx.Transfer(bob, uint256.Int{})
	case "call":
		_, _ = ctx.Call(bob, uint256.Int{}, nil)
	case "do":
		return module.Do(ctx, p.Peer, func(c *module.Context) error { return p.Peer.Note(c) })
	case "query":
		return module.Query(v, p.Peer, func(v *module.View) error { return p.Peer.Note(&module.Context{View: *v}) })
	}
	return nil
}
func (p *Probe) Keep(ctx *module.Context) error {
	leaked = ctx
	return nil
}
func (p *Probe) UseKept(ctx *module.Context) error {
	p.count.Set(leaked, 9)
	return nil
}

var leaked *module.Context

func (p *Probe) Hash(v *module.View, b []byte) (ledger.Hash, error) { return v.Keccak(b), nil }

type probes struct {
	*harness
	probe *Probe
	at    ledger.Address
}

func newProbe(t testing.TB, change ...func(*module.Entry)) probes {
	p := &Probe{Peer: &Peer{}, kept: &keeper{}}
	e := module.Entry{Name: "probe", Module: p}
	for _, f := range change {
		f(&e)
	}
	h := newHarness(t, e, module.Entry{Name: "peer", Module: p.Peer}, module.Entry{Name: "keeper", Module: p.kept})
	return probes{h, p, module.AddressOf("probe")}
}

func (p probes) call(method string, args ...any) tx {
	p.t.Helper()
	return tx{to: p.at, data: pack(p.t, method, args...)}
}

func TestContextTellsTheCall(t *testing.T) {
	p := newProbe(t)
	p.block.Number = 77
	out := p.ok(p.call("where()"))
	var self, sender, origin ledger.Address
	var height, time, chain uint64
	var gen ledger.Hash
	require.NoError(t, module.Unpack(out, &self, &sender, &origin, &height, &time, &chain, &gen))
	require.Equal(t, []any{p.at, alice, alice, uint64(77), uint64(1000_123), uint64(chainID), genesis},
		[]any{self, sender, origin, height, time, chain, gen})
}

func TestValueToNonpayableReverts(t *testing.T) {
	p := newProbe(t)
	for _, method := range []string{"bump()", "count()"} {
		x := p.call(method)
		x.value = 5
		p.refused(x, module.ErrCoins.Error())
	}
	x := p.call("pay()")
	x.value = 5
	require.Equal(t, *uint256.NewInt(5), unpack[uint256.Int](t, p.ok(x)))
	require.Equal(t, *uint256.NewInt(5), func() uint256.Int { a := p.world.accounts[p.at]; return a.Balance }())
}

func TestUnknownSelectorReverts(t *testing.T) {
	p := newProbe(t)
	p.refused(tx{to: p.at, data: []byte{1, 2, 3, 4}}, "no such method: 0x01020304")
	p.refused(tx{to: p.at, data: []byte{1, 2, 3}}, module.ErrSelector.Error())
}

func TestPlainTransferReverts(t *testing.T) {
	p := newProbe(t)
	p.refused(tx{to: p.at, value: 1}, module.ErrPlain.Error())
	p.refused(tx{to: p.at}, module.ErrPlain.Error())
}

func TestPanicRevertsWithPanic01(t *testing.T) {
	p := newProbe(t)
	res := p.send(p.call("panics()"))
	require.Equal(t, vm.Reverted, res.Status)
	require.Equal(t, abi.RevertPanic(1), res.Return)
	require.Zero(t, unpack[uint64](t, p.ok(p.call("count()"))))
}

func TestErrorTextIsCappedAtOneKibibyte(t *testing.T) {
	p := newProbe(t)
	res := p.send(p.call("fails(string)", "no more milk"))
	require.Equal(t, abi.RevertError("no more milk"), res.Return)
	text := strings.Repeat("a", 1023) + "é and more"
	res = p.send(p.call("fails(string)", text))
	require.Equal(t, abi.RevertError(text[:1023]), res.Return)
	res = p.send(p.call("fails(string)", "bad \xff text"))
	require.Equal(t, abi.RevertError("bad \ufffd text"), res.Return)
	require.Zero(t, unpack[uint64](t, p.ok(p.call("count()"))))
}

func TestWrappedStructErrorKeepsItsFields(t *testing.T) {
	p := newProbe(t)
	require.Equal(t, pack(t, "Busy(uint64)", uint64(5)), p.send(p.call("wrapped()")).Return)
}

func TestRecoverCannotSwallowOutOfGasOrMisuse(t *testing.T) {
	p := newProbe(t)
	for _, how := range []string{"gas", "store"} {
		res := p.send(p.call("swallow(string)", how))
		require.Equal(t, vm.Halted, res.Status, how)
		require.ErrorIs(t, res.Err, vm.ErrOutOfGas)
		require.Equal(t, uint64(1_000_000), res.GasUsed)
	}
	p.refused(p.call("swallow(string)", "misuse"), "may not mint")
	p.refused(p.call("swallowAndWrite()"), "may not mint")
	p.ok(p.call("swallow(string)", "nothing"))
}

// hostFault is a state whose storage cannot be read.
type hostFault struct{ *world }

var errDisk = errors.New("disk gone")

func (hostFault) Storage(ledger.Address, ledger.Hash) (ledger.Hash, error) {
	return ledger.Hash{}, errDisk
}

func TestRecoverCannotSwallowAHostFault(t *testing.T) {
	p := newProbe(t)
	x := p.call("swallow(string)", "store")
	s := p.vm().Begin(p.block, hostFault{p.world})
	_, err := s.Apply(&ledger.Message{From: alice, GasPayer: alice, To: &x.to, Gas: 1_000_000, Data: x.data})
	require.ErrorIs(t, err, errDisk)
}

func TestIndexBeyondAListRevertsAsInSolidity(t *testing.T) {
	p := newProbe(t)
	require.Equal(t, abi.RevertPanic(0x32), p.send(p.call("index(uint64)", uint64(0))).Return)
	require.Equal(t, abi.RevertPanic(0x31), p.send(p.call("pop()")).Return)
}

func TestDoOpensARealFrame(t *testing.T) {
	p := newProbe(t)
	p.ok(p.call("through()"))
	require.Equal(t, []ledger.Address{p.at}, unpack[[]ledger.Address](t, p.ok(p.call("notes()"))))
	require.NotEmpty(t, p.world.storage[module.AddressOf("peer")])
}

func TestBareCallOfAnotherModuleIsAnError(t *testing.T) {
	p := newProbe(t)
	p.refused(p.call("bare()"), "module: callers belongs to another module than the one that runs")
	p.refused(p.call("outerInside()"), "a context is used while a call that it made is running")
	p.refused(p.call("stranger()"), "is not a module of this chain")
	p.refused(p.call("unbound()"), "a collection is not bound")
}

func TestFailedDoUndoesTheChildAndKeepsItsError(t *testing.T) {
	p := newProbe(t)
	require.Equal(t, "peer says no", unpack[string](t, p.ok(p.call("tryPeer()"))))
	require.Empty(t, unpack[[]ledger.Address](t, p.ok(p.call("notes()"))))
	p.ok(p.call("peerOutOfGas()"))
	require.Equal(t, abi.RevertPanic(1), p.send(p.call("peerPanics()")).Return)
}

func TestReentryIsRefusedUnlessOptedIn(t *testing.T) {
	p := newProbe(t)
	p.refused(p.call("boomerang(string)", "bump()"), module.ErrReentered.Error())
	p.refused(p.call("boomerang(string)", "count()"), module.ErrReentered.Error())
	p = newProbe(t, func(e *module.Entry) { e.Reentrant = true })
	p.ok(p.call("boomerang(string)", "bump()"))
	require.Equal(t, uint64(1), unpack[uint64](t, p.ok(p.call("count()"))))
}

// forwarder is bytecode that passes its input to an address by an opcode and returns
// or reverts with what comes back.
func forwarder(op byte, to ledger.Address) []byte {
	const (
		call     = 0xf1
		callcode = 0xf2
	)
	code := []byte{0x36, 0x5f, 0x5f, 0x37, 0x5f, 0x5f, 0x36, 0x5f} // copy input; out size, out, in size, in
	if op == call || op == callcode {
		code = append(code, 0x5f) // value
	}
	code = append(append(code, 0x73), to[:]...) // PUSH20
	code = append(code, 0x5a, op)               // GAS, op
	code = append(code, 0x3d, 0x5f, 0x5f, 0x3e) // RETURNDATACOPY
	dest := byte(len(code) + 6)
	return append(code, 0x60, dest, 0x57, 0x3d, 0x5f, 0xfd, 0x5b, 0x3d, 0x5f, 0xf3)
}

func (h *harness) deploy(at ledger.Address, code []byte) {
	h.world.apply([]ledger.Change{{
		Address: at, Account: ledger.Account{Nonce: 1, CodeHash: ledger.Keccak(code)}, Code: code,
	}})
}

func TestSolidityReachesModulesByCallAndViewsByStaticCallOnly(t *testing.T) {
	p := newProbe(t)
	caller := ledger.Address{0xcc}
	with := func(op byte, method string) vm.Result {
		p.deploy(caller, forwarder(op, p.at))
		return p.send(tx{to: caller, data: pack(t, method)})
	}
	res := with(0xf1, "bump()") // CALL
	require.NoError(t, res.Err, reason(res))
	res = with(0xfa, "bump()") // STATICCALL
	require.Equal(t, abi.RevertError(module.ErrStatic.Error()), res.Return)
	res = with(0xfa, "count()")
	require.NoError(t, res.Err)
	require.Equal(t, word(1), ledger.Hash(res.Return))
	for _, op := range []byte{0xf2, 0xf4} { // CALLCODE, DELEGATECALL
		res = with(op, "count()")
		require.Equal(t, vm.Reverted, res.Status)
		require.Empty(t, res.Return)
	}
}

func TestFailedExternalCallBubblesItsRevertData(t *testing.T) {
	p := newProbe(t)
	data := pack(t, "wrapped()")
	// The inner call is a reentry, which reverts with its reason.
	res := p.send(p.call("peek(address,bytes)", p.at, data))
	require.Equal(t, abi.RevertError(module.ErrReentered.Error()), res.Return)
	res = p.send(p.call("peek(address,bytes)", module.AddressOf("peer"), pack(t, "note()")))
	require.Equal(t, abi.RevertError(module.ErrStatic.Error()), res.Return)
	out := unpack[[]byte](t, p.ok(p.call("peek(address,bytes)", module.AddressOf("peer"), pack(t, "notes()"))))
	require.Empty(t, unpack[[]ledger.Address](t, out))
}

func TestCoinsMoveOnlyByPrivilegeOrOwnBalance(t *testing.T) {
	p := newProbe(t)
	one := *uint256.NewInt(1)
	p.refused(p.call("give(address,uint256)", bob, one), "poor")
	x := p.call("pay()")
	x.value = 3
	p.ok(x)
	p.ok(p.call("give(address,uint256)", bob, one))
	p.refused(p.call("issue(address,uint256)", bob, one), "probe may not mint or burn")
	p = newProbe(t, func(e *module.Entry) { e.Mint = true })
	p.ok(p.call("issue(address,uint256)", ledger.Address{5: 5}, *uint256.NewInt(10)))
	a := p.world.accounts[ledger.Address{5: 5}]
	require.Equal(t, *uint256.NewInt(9), a.Balance)
}

func TestViewCannotWriteEvenThroughAForgedContext(t *testing.T) {
	p := newProbe(t)
	for _, how := range []string{"store", "transfer", "call", "do", "query"} {
		p.refused(p.call("forge(string)", how), "a view must not write")
	}
}

func TestContextIsUselessAfterItsCall(t *testing.T) {
	p := newProbe(t)
	p.ok(p.call("keep()"))
	p.refused(p.call("useKept()"), "a context is used after its call has returned")
}

func TestGasIsABasePlusBytesPlusHashes(t *testing.T) {
	p := newProbe(t)
	used := func(n int) uint64 { return p.send(p.call("hash(bytes)", bytes.Repeat([]byte{1}, n))).GasUsed }
	// 32 more bytes: calldata 16 each, 1 each for decoding, one more word to hash.
	require.Equal(t, uint64(32*16+32+6), used(64)-used(32))
	intrinsic := uint64(21_000 + 4*16)
	got := p.send(p.call("count()")).GasUsed
	require.Equal(t, intrinsic+module.DefaultGas+4+2100+32, got) // selector, cold SLOAD, a word returned
}
