package mempool

import (
	"errors"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

const chainID = 1337

// accounts is a State in memory.
type accounts map[ledger.Address]ledger.Account

func (a accounts) Account(x ledger.Address) (ledger.Account, error) { return a[x], nil }

// with returns a copy in which one account is another.
func (a accounts) with(x ledger.Address, nonce, balance uint64) accounts {
	out := accounts{}
	for k, v := range a {
		out[k] = v
	}
	out[x] = ledger.Account{Nonce: nonce, Balance: *uint256.NewInt(balance), CodeHash: ledger.EmptyCodeHash}
	return out
}

type brokenState struct{}

var errBroken = errors.New("broken")

func (brokenState) Account(ledger.Address) (ledger.Account, error) {
	return ledger.Account{}, errBroken
}

func testKey(t require.TestingT, n byte) *ledger.Key {
	k, err := ledger.ParseKey([32]byte{31: n})
	require.NoError(t, err)
	return k
}

func user(t require.TestingT, n byte) ledger.Address { return testKey(t, n).Address() }

// rich is a state in which users 1 to n own 10^18 wei.
func rich(t require.TestingT, n byte) accounts {
	a := accounts{}
	for i := byte(1); i <= n; i++ {
		a = a.with(user(t, i), 0, 1e18)
	}
	return a
}

// transfer makes a signed transaction of user n with a tip cap and a fee cap.
func transfer(t require.TestingT, n byte, nonce, tip, feeCap uint64, change ...func(*ledger.Transaction)) *ledger.Transaction {
	tx := &ledger.Transaction{
		Type: ledger.DynamicFeeTx, ChainID: *uint256.NewInt(chainID), Nonce: nonce, Gas: 21000,
		GasTipCap: *uint256.NewInt(tip), GasFeeCap: *uint256.NewInt(feeCap), To: &ledger.Address{9},
	}
	for _, f := range change {
		f(tx)
	}
	tx.Sign(testKey(t, n))
	return tx
}

func newPool(t require.TestingT, s State, change ...func(*Config)) *Pool {
	cfg := Config{ChainID: chainID}
	for _, f := range change {
		f(&cfg)
	}
	p, err := New(cfg, s)
	require.NoError(t, err)
	return p
}

func next(t require.TestingT, p *Pool, baseFee, gas uint64) []*ledger.Transaction {
	txs, err := p.Next(nil, uint256.NewInt(baseFee), gas)
	require.NoError(t, err)
	return txs
}

func TestMalformedTransactionsAreRefusedWithTheTextsThatClientsMatch(t *testing.T) {
	p := newPool(t, rich(t, 1), func(c *Config) { c.MinGasPrice.SetUint64(5) })
	for name, c := range map[string]struct {
		change func(*ledger.Transaction)
		err    error
		text   string
		faulty bool
	}{
		"chain id":    {func(tx *ledger.Transaction) { tx.ChainID.SetUint64(1) }, ErrChainID, "invalid chain id", true},
		"unprotected": {func(tx *ledger.Transaction) { tx.Type = 0; tx.ChainID.Clear() }, ErrUnprotected, "only replay-protected", true},
		"blob": {func(tx *ledger.Transaction) { tx.Type = 3; tx.BlobHashes = make([]ledger.Hash, 1) },
			ErrType, "transaction type not supported", true},
		"size":       {func(tx *ledger.Transaction) { tx.Data = make([]byte, MaxTxBytes); tx.Gas = MaxTxGas }, ErrSize, "oversized data", true},
		"nonce":      {func(tx *ledger.Transaction) { tx.Nonce = ^uint64(0) }, ErrNonceMax, "nonce has max value", true},
		"tx gas":     {func(tx *ledger.Transaction) { tx.Gas = MaxTxGas + 1 }, ErrTxGas, "gas limit too high", true},
		"intrinsic":  {func(tx *ledger.Transaction) { tx.Gas = 20999 }, ErrIntrinsic, "intrinsic gas too low", true},
		"floor":      {func(tx *ledger.Transaction) { tx.Data = []byte{1}; tx.Gas = 21039 }, ErrFloor, "intrinsic gas too low", true},
		"init code":  {func(tx *ledger.Transaction) { tx.To = nil; tx.Data = make([]byte, MaxInitCode+1); tx.Gas = MaxTxGas }, ErrInitCode, "max initcode size exceeded", true},
		"tip":        {func(tx *ledger.Transaction) { tx.GasTipCap.SetUint64(11) }, ErrTip, "max priority fee per gas higher than max fee per gas", true},
		"price":      {func(tx *ledger.Transaction) { tx.GasFeeCap.SetUint64(4) }, ErrUnderpriced, "transaction underpriced", false},
		"funds":      {func(tx *ledger.Transaction) { tx.Value.SetUint64(1e18) }, ErrFunds, "insufficient funds for gas * price + value", false},
		"overflow":   {func(tx *ledger.Transaction) { tx.Value.SetAllOne() }, ErrFunds, "insufficient funds", false},
		"nonce high": {func(tx *ledger.Transaction) { tx.Nonce = 65 }, ErrNonceHigh, "nonce too high", false},
	} {
		t.Run(name, func(t *testing.T) {
			tx := transfer(t, 1, 0, 1, 10, c.change)
			err := p.Add(tx)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.faulty, Faulty(err))
			require.Zero(t, p.Stats())
		})
	}
	small := newPool(t, rich(t, 1), func(c *Config) { c.BlockGas = 30000 })
	require.ErrorContains(t, small.Add(transfer(t, 1, 0, 0, 0, func(tx *ledger.Transaction) { tx.Gas = 30001 })), "exceeds block gas limit")
	bad := transfer(t, 1, 0, 1, 10)
	unsigned := *bad.To
	forged := &ledger.Transaction{Type: 2, ChainID: bad.ChainID, GasFeeCap: bad.GasFeeCap, Gas: 21000, To: &unsigned}
	require.ErrorIs(t, p.Add(forged), ErrSender)
}

func TestRawTransactionsAreDecodedWithinBounds(t *testing.T) {
	p := newPool(t, rich(t, 1))
	tx := transfer(t, 1, 0, 0, 0)
	got, err := p.AddRaw(tx.Envelope())
	require.NoError(t, err)
	require.Equal(t, tx.Hash(), got.Hash())
	got, err = p.AddRaw(tx.Envelope())
	require.ErrorContains(t, err, "already known")
	require.Equal(t, tx.Hash(), got.Hash())
	_, err = p.AddRaw(make([]byte, MaxTxBytes+1))
	require.ErrorIs(t, err, ErrSize)
	_, err = p.AddRaw([]byte{5, 0xc0})
	require.ErrorContains(t, err, "transaction type not supported")
	_, err = p.AddRaw(append(tx.Envelope(), 0))
	require.ErrorIs(t, err, ErrFormat)
	require.True(t, Faulty(err))
}

func TestAllSupportedTypesAreTaken(t *testing.T) {
	p := newPool(t, rich(t, 4))
	require.NoError(t, p.Add(transfer(t, 1, 0, 1, 1, func(tx *ledger.Transaction) { tx.Type = ledger.LegacyTx })))
	require.NoError(t, p.Add(transfer(t, 2, 0, 1, 1, func(tx *ledger.Transaction) { tx.Type = ledger.AccessListTx })))
	require.NoError(t, p.Add(transfer(t, 3, 0, 1, 1)))
	setCode := func(tx *ledger.Transaction) {
		tx.Type, tx.Gas, tx.Authorizations = ledger.SetCodeTx, 46000, make([]ledger.Authorization, 1)
	}
	require.NoError(t, p.Add(transfer(t, 4, 0, 1, 1, setCode)))
	require.Len(t, next(t, p, 1, 1e6), 4)
}

func TestNonceBelowTheAccountsIsRefused(t *testing.T) {
	p := newPool(t, rich(t, 1).with(user(t, 1), 5, 1e18))
	require.ErrorContains(t, p.Add(transfer(t, 1, 4, 0, 0)), "nonce too low")
	require.NoError(t, p.Add(transfer(t, 1, 5, 0, 0)))
	n, err := p.Nonce(user(t, 1))
	require.NoError(t, err)
	require.EqualValues(t, 6, n)
}

func TestGapHoldsTransactionsBackUntilItCloses(t *testing.T) {
	p := newPool(t, rich(t, 1))
	for _, n := range []uint64{2, 64, 1} {
		require.NoError(t, p.Add(transfer(t, 1, n, 0, 0)))
	}
	require.Empty(t, next(t, p, 0, 1e6))
	require.Equal(t, 3, p.Stats().Gapped)
	require.ErrorIs(t, p.Add(transfer(t, 1, 65, 0, 0)), ErrNonceHigh)
	require.NoError(t, p.Add(transfer(t, 1, 0, 0, 0)))
	require.Len(t, next(t, p, 0, 1e6), 3)
	require.Equal(t, 1, p.Stats().Gapped)
	n, err := p.Nonce(user(t, 1))
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.NoError(t, p.Add(transfer(t, 1, 65, 0, 0)), "the bound counts from the first missing nonce")
}

func TestReplacementNeedsATenthMoreOfBothFees(t *testing.T) {
	p := newPool(t, rich(t, 1))
	require.NoError(t, p.Add(transfer(t, 1, 0, 100, 1000)))
	for _, fees := range [][2]uint64{{100, 1001}, {110, 1000}, {109, 1100}, {110, 1099}} {
		err := p.Add(transfer(t, 1, 0, fees[0], fees[1]))
		require.ErrorContains(t, err, "replacement transaction underpriced")
		require.False(t, Faulty(err))
	}
	better := transfer(t, 1, 0, 110, 1100)
	require.NoError(t, p.Add(better))
	require.Equal(t, []*ledger.Transaction{better}, next(t, p, 0, 1e6))
	require.Equal(t, 1, p.Stats().Executable)

	free := newPool(t, rich(t, 1))
	require.NoError(t, free.Add(transfer(t, 1, 0, 0, 0)))
	other := func(tx *ledger.Transaction) { tx.Value.SetUint64(1) }
	require.ErrorIs(t, free.Add(transfer(t, 1, 0, 0, 0, other)), ErrReplacement)
	require.NoError(t, free.Add(transfer(t, 1, 0, 1, 1)))
}

func TestSenderMustAffordAllItHasPending(t *testing.T) {
	p := newPool(t, accounts{}.with(user(t, 1), 0, 2*21000))
	require.NoError(t, p.Add(transfer(t, 1, 0, 1, 1)))
	require.NoError(t, p.Add(transfer(t, 1, 1, 1, 1)))
	require.ErrorIs(t, p.Add(transfer(t, 1, 2, 1, 1)), ErrFunds)
	require.ErrorIs(t, p.Add(transfer(t, 1, 0, 2, 2)), ErrFunds)
	require.NoError(t, p.Reset(accounts{}.with(user(t, 1), 0, 3*21000)))
	require.NoError(t, p.Add(transfer(t, 1, 0, 2, 2)), "what is replaced need not be paid")
	require.NoError(t, p.Reset(accounts{}.with(user(t, 1), 0, 2*21000)))
	require.Len(t, next(t, p, 0, 1e6), 1)
}

func TestAccountWithCodeHasOnePendingTransaction(t *testing.T) {
	s := rich(t, 1)
	a := s[user(t, 1)]
	a.CodeHash = ledger.Hash{1}
	s[user(t, 1)] = a
	p := newPool(t, s)
	require.ErrorIs(t, p.Add(transfer(t, 1, 1, 0, 0)), ErrDelegated)
	require.NoError(t, p.Add(transfer(t, 1, 0, 1, 1)))
	require.ErrorIs(t, p.Add(transfer(t, 1, 1, 0, 0)), ErrDelegated)
	require.NoError(t, p.Add(transfer(t, 1, 0, 2, 2)), "replacing is allowed")

	p = newPool(t, rich(t, 1))
	require.NoError(t, p.Add(transfer(t, 1, 0, 0, 0)))
	require.NoError(t, p.Add(transfer(t, 1, 1, 0, 0)))
	require.NoError(t, p.Reset(s))
	require.Equal(t, Stats{Executable: 1, Senders: 1, Bytes: p.Stats().Bytes}, p.Stats())
}

func TestNextOrdersByEffectiveTipAndNonce(t *testing.T) {
	p := newPool(t, rich(t, 3))
	a0, a1 := transfer(t, 1, 0, 1, 100), transfer(t, 1, 1, 90, 100)
	b0 := transfer(t, 2, 0, 50, 60) // effective 40 above a base fee of 20
	c0 := transfer(t, 3, 0, 45, 100)
	for _, tx := range []*ledger.Transaction{a1, a0, b0, c0} {
		require.NoError(t, p.Add(tx))
	}
	require.Equal(t, []*ledger.Transaction{c0, b0, a0, a1}, next(t, p, 20, 1e6))
	require.Equal(t, []*ledger.Transaction{b0, c0, a0, a1}, next(t, p, 0, 1e6))
	require.Equal(t, []*ledger.Transaction{a0, a1, c0}, byHash(next(t, p, 61, 1e6), a0, a1, c0), "b cannot pay 61")
	require.Len(t, next(t, p, 20, 2*21000), 2)
	require.Empty(t, next(t, p, 20, 20999))
}

// byHash returns those of want that are in got.
func byHash(got []*ledger.Transaction, want ...*ledger.Transaction) (out []*ledger.Transaction) {
	in := map[ledger.Hash]bool{}
	for _, tx := range got {
		in[tx.Hash()] = true
	}
	for _, tx := range want {
		if in[tx.Hash()] {
			out = append(out, tx)
		}
	}
	return out
}

func TestSendersTakeTurnsWithoutFees(t *testing.T) {
	p := newPool(t, rich(t, 3))
	var want [9]*ledger.Transaction
	for n := range uint64(3) { // user 1 floods before the others come
		want[3*n] = transfer(t, 1, n, 0, 0)
		require.NoError(t, p.Add(want[3*n]))
	}
	for u := byte(2); u <= 3; u++ {
		for n := range uint64(3) {
			tx := transfer(t, u, n, 0, 0)
			want[3*n+uint64(u)-1] = tx
			require.NoError(t, p.Add(tx))
		}
	}
	require.Equal(t, want[:], next(t, p, 0, 1e6))
}

func TestNextFollowsTheStateOfTheParent(t *testing.T) {
	s := rich(t, 1)
	p := newPool(t, s)
	txs := make([]*ledger.Transaction, 4)
	for n := range txs {
		txs[n] = transfer(t, 1, uint64(n), 1, 1)
		require.NoError(t, p.Add(txs[n]))
	}
	ahead, err := p.Next(s.with(user(t, 1), 2, 1e18), uint256.NewInt(0), 1e6)
	require.NoError(t, err)
	require.Equal(t, txs[2:], ahead)
	poor, err := p.Next(s.with(user(t, 1), 1, 21000), uint256.NewInt(0), 1e6)
	require.NoError(t, err)
	require.Equal(t, txs[1:2], poor)
	require.Len(t, next(t, p, 0, 1e6), 4, "the pool itself has not moved")
}

func TestNextIsBoundedByBytes(t *testing.T) {
	p := newPool(t, rich(t, 4), func(c *Config) { c.BlockBytes = MaxTxBytes })
	for u := byte(1); u <= 4; u++ {
		big := func(tx *ledger.Transaction) { tx.Data, tx.Gas = make([]byte, 60<<10), 2e6 }
		require.NoError(t, p.Add(transfer(t, u, 0, 0, 0, big)))
	}
	require.Len(t, next(t, p, 0, 30e6), 2)
}

func TestResetDropsWhatTheChainHasUsed(t *testing.T) {
	p := newPool(t, rich(t, 2))
	for n := range uint64(3) {
		require.NoError(t, p.Add(transfer(t, 1, n, 1, 1)))
	}
	require.NoError(t, p.Add(transfer(t, 2, 1, 1, 1)))
	require.NoError(t, p.Reset(rich(t, 2).with(user(t, 1), 2, 1e18).with(user(t, 2), 1, 1e18)))
	require.Equal(t, Stats{Executable: 2, Senders: 2, Bytes: p.Stats().Bytes}, p.Stats())
	require.ErrorIs(t, p.Reset(brokenState{}), errBroken)
	require.Len(t, next(t, p, 0, 1e6), 2)
	require.NoError(t, p.Reset(rich(t, 2).with(user(t, 1), 3, 0).with(user(t, 2), 9, 0)))
	require.Zero(t, p.Stats())
}

func TestRemoveLeavesAGap(t *testing.T) {
	p := newPool(t, rich(t, 1))
	txs := make([]*ledger.Transaction, 3)
	for n := range txs {
		txs[n] = transfer(t, 1, uint64(n), 1, 1)
		require.NoError(t, p.Add(txs[n]))
	}
	p.Remove(txs[1].Hash(), ledger.Hash{1})
	require.Equal(t, txs[:1], next(t, p, 0, 1e6))
	require.Equal(t, 1, p.Stats().Gapped)
	require.Nil(t, p.Get(txs[1].Hash()))
	require.Same(t, txs[2], p.Get(txs[2].Hash()))
}

func TestFullPoolKeepsTheDearest(t *testing.T) {
	p := newPool(t, rich(t, 5), func(c *Config) { c.MaxCount = 3 })
	gapped := transfer(t, 1, 1, 99, 99)
	require.NoError(t, p.Add(gapped))
	require.NoError(t, p.Add(transfer(t, 2, 0, 2, 2)))
	require.NoError(t, p.Add(transfer(t, 3, 0, 3, 3)))
	require.NoError(t, p.Add(transfer(t, 4, 0, 1, 1)), "displaces the one behind a gap")
	require.Nil(t, p.Get(gapped.Hash()))
	require.ErrorContains(t, p.Add(gapped), "txpool is full")
	require.ErrorIs(t, p.Add(transfer(t, 5, 0, 1, 1)), ErrFull, "not better than the newest of the cheapest")
	require.NoError(t, p.Add(transfer(t, 5, 0, 2, 2)))
	require.Len(t, next(t, p, 0, 1e6), 3)
}

func TestFloodWithoutFeesDisplacesOnlyItself(t *testing.T) {
	p := newPool(t, rich(t, 3), func(c *Config) { c.MaxCount = 10 })
	for n := range uint64(10) {
		require.NoError(t, p.Add(transfer(t, 1, n, 0, 0)))
	}
	require.ErrorIs(t, p.Add(transfer(t, 1, 10, 0, 0)), ErrFull)
	for n := range uint64(3) {
		require.NoError(t, p.Add(transfer(t, 2, n, 0, 0)))
		require.NoError(t, p.Add(transfer(t, 3, n, 0, 0)))
	}
	require.Equal(t, Stats{Executable: 10, Senders: 3, Bytes: p.Stats().Bytes}, p.Stats())
	n, err := p.Nonce(user(t, 1))
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
}

func TestRefusedLargeTransactionDisplacesNothing(t *testing.T) {
	p := newPool(t, rich(t, 6), func(c *Config) { c.MaxBytes = MaxTxBytes })
	data := func(n int) func(*ledger.Transaction) {
		return func(tx *ledger.Transaction) { tx.Data, tx.Gas = make([]byte, n), MaxTxGas }
	}
	require.NoError(t, p.Add(transfer(t, 1, 0, 1, 1, data(40<<10))))
	require.NoError(t, p.Add(transfer(t, 2, 0, 9, 9, data(40<<10))))
	require.NoError(t, p.Add(transfer(t, 3, 0, 9, 9, data(40<<10))))
	before := next(t, p, 0, 1<<40)
	require.ErrorIs(t, p.Add(transfer(t, 4, 0, 5, 5, data(100<<10))), ErrFull)
	require.Equal(t, before, next(t, p, 0, 1<<40))
}

func TestFaultOfTheStateIsReturned(t *testing.T) {
	p := newPool(t, brokenState{})
	err := p.Add(transfer(t, 1, 0, 0, 0))
	require.ErrorIs(t, err, errBroken)
	require.False(t, Faulty(err))
	_, err = p.Nonce(user(t, 1))
	require.ErrorIs(t, err, errBroken)
}

func TestIntrinsicRuleOfTheMachineApplies(t *testing.T) {
	p := newPool(t, rich(t, 1), func(c *Config) { c.Intrinsic = func(*ledger.Message) error { return errBroken } })
	err := p.Add(transfer(t, 1, 0, 0, 0))
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, ErrIntrinsic)
}

func TestInvalidConfigurationIsRefused(t *testing.T) {
	for _, c := range []Config{{}, {ChainID: 1, MaxCount: -1}, {ChainID: 1, MaxBytes: 1}, {ChainID: 1, BlockBytes: 1}} {
		_, err := New(c, accounts{})
		require.ErrorIs(t, err, ErrConfig)
	}
}
