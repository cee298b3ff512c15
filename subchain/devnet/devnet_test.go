package devnet_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/node"
)

// payer holds the coins of the test chains.
func payer(t *testing.T) *ledger.Key {
	t.Helper()
	k, err := ledger.ParseKey(ledger.Keccak([]byte("devnet test payer")))
	require.NoError(t, err)
	return k
}

func start(t *testing.T, n int, change func(*subchain.Config)) *devnet.Network {
	t.Helper()
	return startIn(t, t.TempDir(), n, change)
}

func startIn(t *testing.T, dir string, n int, change func(*subchain.Config)) *devnet.Network {
	t.Helper()
	net, err := devnet.Start(dir, n, func(int) subchain.Config {
		cfg := subchain.Config{
			Genesis: chain.Genesis{
				Name: "devnet-test", BaseFee: *uint256.NewInt(1_000_000_000),
				Alloc: []chain.Allocation{{Address: payer(t).Address(), Balance: *uint256.NewInt(1e18)}},
			},
			BlockTime: 20 * time.Millisecond, Heartbeat: 300 * time.Millisecond, Delta: 150 * time.Millisecond,
		}
		if change != nil {
			change(&cfg)
		}
		return cfg
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, net.Close())
		for i := range n {
			audit(t, filepath.Join(dir, fmt.Sprintf("validator-%d", i), "db"))
		}
	})
	return net
}

// audit checks what a stopped validator has signed.
func audit(t *testing.T, dir string) {
	t.Helper()
	db, err := store.Open(store.Config{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, node.Audit(db))
	require.NoError(t, chain.Check(db))
	require.NoError(t, db.Close())
}

func validator(t *testing.T, net *devnet.Network, i int) *subchain.Node {
	t.Helper()
	n, err := net.Node(i)
	require.NoError(t, err)
	return n
}

func height(t *testing.T, net *devnet.Network, i int) uint64 {
	return validator(t, net, i).Chain().Head().Block.Header.Height
}

// reach waits until a validator's head is at a height.
func reach(t *testing.T, net *devnet.Network, i int, h uint64) {
	t.Helper()
	require.Eventually(t, func() bool {
		require.NoError(t, net.Failed())
		return height(t, net, i) >= h
	}, 30*time.Second, 10*time.Millisecond, "validator %d does not reach height %d", i, h)
}

// call makes one JSON-RPC call.
func call(t *testing.T, n *subchain.Node, result any, method string, params ...any) {
	t.Helper()
	rpc := jsonrpc.Client{URL: n.URL()}
	err := rpc.Call(t.Context(), result, method, params...)
	if want, ok := result.(*jsonrpc.Error); ok {
		var refused *jsonrpc.Error
		require.ErrorAs(t, err, &refused, "%s", method)
		*want = *refused
		return
	}
	require.NoError(t, err)
}

// transfer sends coins and waits for the receipt on another validator.
func transfer(t *testing.T, net *devnet.Network, via, read int, to ledger.Address, wei uint64) {
	t.Helper()
	key := payer(t)
	var nonce string
	call(t, validator(t, net, via), &nonce, "eth_getTransactionCount", key.Address(), "pending")
	var n uint64
	_, err := fmt.Sscanf(nonce, "0x%x", &n)
	require.NoError(t, err)
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: n, Gas: 21000, To: &to}
	tx.ChainID.SetUint64(validator(t, net, via).Chain().ChainID())
	tx.GasFeeCap.SetUint64(100_000_000_000)
	tx.Value.SetUint64(wei)
	tx.Sign(key)
	var hash ledger.Hash
	call(t, validator(t, net, via), &hash, "eth_sendRawTransaction", "0x"+hex.EncodeToString(tx.Envelope()))
	require.Equal(t, tx.Hash(), hash)
	require.Eventually(t, func() bool {
		var receipt map[string]any
		call(t, validator(t, net, read), &receipt, "eth_getTransactionReceipt", hash)
		return receipt != nil && receipt["status"] == "0x1"
	}, 30*time.Second, 10*time.Millisecond)
}

func TestOneValidatorFinalisesAloneAndResumes(t *testing.T) {
	dir := t.TempDir()
	net := startIn(t, dir, 1, nil)
	transfer(t, net, 0, 0, ledger.Address{7}, 5)
	h := height(t, net, 0)
	root := validator(t, net, 0).Chain().Head().Block.Header.StateRoot
	require.NoError(t, net.StopValidator(0))
	require.NoError(t, net.StartValidator(0))
	r, err := validator(t, net, 0).Chain().Block(h)
	require.NoError(t, err)
	require.Equal(t, root, r.Block.Header.StateRoot)
	transfer(t, net, 0, 0, ledger.Address{7}, 6)
	var balance string
	call(t, validator(t, net, 0), &balance, "eth_getBalance", ledger.Address{7}, "latest")
	require.Equal(t, "0xb", balance)
}

func TestFourValidatorsAgree(t *testing.T) {
	net := start(t, 4, nil)
	for i := range 4 {
		transfer(t, net, i, (i+1)%4, ledger.Address{byte(i + 1)}, 1)
	}
	low := height(t, net, 0)
	for i := range 4 {
		reach(t, net, i, low)
		want, err := validator(t, net, 0).Chain().Block(low)
		require.NoError(t, err)
		got, err := validator(t, net, i).Chain().Block(low)
		require.NoError(t, err)
		require.Equal(t, want.Hash, got.Hash)
	}
}

func TestOneOfFourMayStopAndCatchesUp(t *testing.T) {
	net := start(t, 4, nil)
	transfer(t, net, 0, 0, ledger.Address{9}, 1)
	require.NoError(t, net.StopValidator(3))
	for range 3 {
		transfer(t, net, 0, 1, ledger.Address{9}, 1)
	}
	h := height(t, net, 0)
	reach(t, net, 0, h+3)
	require.NoError(t, net.StartValidator(3))
	reach(t, net, 3, h+3)
	// The returned seat votes again: without it and one other there is no quorum.
	require.NoError(t, net.StopValidator(0))
	transfer(t, net, 3, 1, ledger.Address{9}, 1)
}

func TestWithTwoOfFourStoppedTheChainHaltsAndResumesWhenOneReturns(t *testing.T) {
	net := start(t, 4, nil)
	transfer(t, net, 0, 0, ledger.Address{9}, 1)
	require.NoError(t, net.StopValidator(2))
	require.NoError(t, net.StopValidator(3))
	time.Sleep(500 * time.Millisecond) // what was under way may still become final
	h := height(t, net, 0)
	time.Sleep(2 * time.Second)
	require.Equal(t, h, height(t, net, 0))
	require.Equal(t, h, height(t, net, 1))
	require.NoError(t, net.StartValidator(2))
	reach(t, net, 0, h+2)
	transfer(t, net, 0, 2, ledger.Address{9}, 1)
}

func TestAllValidatorsStoppedAtOnceResumeAcrossEpochs(t *testing.T) {
	dir := t.TempDir()
	short := func(c *subchain.Config) { c.Genesis.EpochLength = 5; c.Heartbeat = 50 * time.Millisecond }
	net := startIn(t, dir, 4, short)
	reach(t, net, 0, 12)
	roots := map[uint64]ledger.Hash{}
	for h := uint64(0); h <= 12; h++ {
		r, err := validator(t, net, 0).Chain().Block(h)
		require.NoError(t, err)
		roots[h] = r.Hash
		require.Equal(t, (h+4)/5, r.Block.Header.Epoch)
	}
	for i := range 4 {
		require.NoError(t, net.StopValidator(i))
	}
	for i := range 4 {
		require.NoError(t, net.StartValidator(i))
	}
	reach(t, net, 3, 18)
	for h, want := range roots {
		r, err := validator(t, net, 3).Chain().Block(h)
		require.NoError(t, err)
		require.Equal(t, want, r.Hash)
	}
}

func TestATransactionSentWhileTheOthersAreAwayReachesThemLater(t *testing.T) {
	net := start(t, 4, nil)
	reach(t, net, 0, 2)
	for i := 1; i < 4; i++ {
		require.NoError(t, net.StopValidator(i))
	}
	key, to := payer(t), ledger.Address{77}
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Gas: 21000, To: &to}
	tx.ChainID.SetUint64(validator(t, net, 0).Chain().ChainID())
	tx.GasFeeCap.SetUint64(100_000_000_000)
	tx.Value.SetUint64(3)
	tx.Sign(key)
	var hash ledger.Hash
	call(t, validator(t, net, 0), &hash, "eth_sendRawTransaction", "0x"+hex.EncodeToString(tx.Envelope()))
	for i := 1; i < 4; i++ {
		require.NoError(t, net.StartValidator(i))
	}
	require.Eventually(t, func() bool {
		var pending map[string]any
		call(t, validator(t, net, 2), &pending, "eth_getTransactionByHash", hash)
		return pending != nil
	}, 20*time.Second, 10*time.Millisecond)
}

func TestAFollowerSyncsManyBlocksThroughRangesOfFinalBlocks(t *testing.T) {
	net := start(t, 1, func(c *subchain.Config) { c.Heartbeat = time.Millisecond; c.BlockTime = time.Millisecond })
	reach(t, net, 0, 200)
	cfg := net.Config(0)
	cfg.Dir, cfg.Key, cfg.Peers = t.TempDir(), nil, validator(t, net, 0).Addrs()
	n, err := subchain.New(cfg)
	require.NoError(t, err)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- n.Run(ctx) }()
	require.Eventually(t, func() bool { return n.Chain().Head().Block.Header.Height >= 200 }, 20*time.Second, 10*time.Millisecond)
	want, err := validator(t, net, 0).Chain().Block(200)
	require.NoError(t, err)
	got, err := n.Chain().Block(200)
	require.NoError(t, err)
	require.Equal(t, want.Hash, got.Hash)
	cancel()
	require.NoError(t, <-done)
}

func TestBadTransactionsGetTheErrorsThatEthereumClientsExpect(t *testing.T) {
	net := start(t, 1, nil)
	n := validator(t, net, 0)
	base := func() *ledger.Transaction {
		tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Gas: 200_000, To: &ledger.Address{5}}
		tx.ChainID.SetUint64(n.Chain().ChainID())
		tx.GasFeeCap.SetUint64(100_000_000_000)
		return tx
	}
	send := func(tx *ledger.Transaction) string {
		tx.Sign(payer(t))
		return "0x" + hex.EncodeToString(tx.Envelope())
	}
	blob := base()
	blob.Type, blob.BlobHashes = ledger.BlobTx, []ledger.Hash{{1}}
	chain, gap, cheap, big, tip, gas, block := base(), base(), base(), base(), base(), base(), base()
	chain.ChainID.SetUint64(1)
	gap.Nonce = 1
	cheap.GasFeeCap.SetUint64(1)
	big.Data, big.Gas = make([]byte, 130<<10), 10_000_000
	tip.GasTipCap.SetUint64(200_000_000_000)
	gas.Gas = 20_999
	block.Gas = 31_000_000
	poor := base()
	poor.Value.SetAllOne()
	for _, c := range []struct{ name, raw, want string }{
		{"unknown type", "0x05c0", "transaction type not supported"},
		{"blob", send(blob), "transaction type not supported"},
		{"chain id", send(chain), "invalid chain id"},
		{"nonce gap", send(gap), "nonce too high"},
		{"underpriced", send(cheap), "transaction underpriced"},
		{"oversized", send(big), "oversized data"},
		{"tip above fee cap", send(tip), "max priority fee per gas higher than max fee per gas"},
		{"intrinsic gas", send(gas), "intrinsic gas too low"},
		{"gas limit", send(block), "transaction gas limit too high"},
		{"funds", send(poor), "insufficient funds for gas * price + value"},
		{"garbage", "0xc0", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err jsonrpc.Error
			call(t, n, &err, "eth_sendRawTransaction", c.raw)
			require.Contains(t, err.Message, c.want)
			require.Negative(t, err.Code)
		})
	}
	transfer(t, net, 0, 0, ledger.Address{5}, 1)
	var err jsonrpc.Error
	call(t, n, &err, "eth_sendRawTransaction", send(base()))
	require.Contains(t, err.Message, "nonce too low")
}

func TestATransactionThatOvertookItsPredecessorIsTaken(t *testing.T) {
	net := start(t, 1, nil)
	n := validator(t, net, 0)
	raw := func(nonce uint64) string {
		tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Nonce: nonce, Gas: 21_000, To: &ledger.Address{5}}
		tx.ChainID.SetUint64(n.Chain().ChainID())
		tx.GasFeeCap.SetUint64(100_000_000_000)
		tx.Sign(payer(t))
		return "0x" + hex.EncodeToString(tx.Envelope())
	}
	second := raw(1)
	done := make(chan ledger.Hash)
	go func() {
		var hash ledger.Hash
		call(t, n, &hash, "eth_sendRawTransaction", second)
		done <- hash
	}()
	time.Sleep(50 * time.Millisecond)
	var first ledger.Hash
	call(t, n, &first, "eth_sendRawTransaction", raw(0))
	require.NotEqual(t, first, <-done)
}

// A seat whose database was replaced by an old copy must not sign again what it may
// have signed: its watermark lies apart from the database.
func TestAValidatorOnAnOldCopyOfItsDatabaseAbstains(t *testing.T) {
	dir := t.TempDir()
	net := startIn(t, dir, 1, nil)
	reach(t, net, 0, 2)
	require.NoError(t, net.StopValidator(0))
	home := filepath.Join(dir, "validator-0")
	require.NoError(t, os.CopyFS(filepath.Join(dir, "copy"), os.DirFS(filepath.Join(home, "db"))))
	require.NoError(t, net.StartValidator(0))
	reach(t, net, 0, height(t, net, 0)+3)
	require.NoError(t, net.StopValidator(0))
	require.NoError(t, os.RemoveAll(filepath.Join(home, "db")))
	require.NoError(t, os.CopyFS(filepath.Join(home, "db"), os.DirFS(filepath.Join(dir, "copy"))))
	require.NoError(t, net.StartValidator(0))
	old := height(t, net, 0)
	time.Sleep(2 * time.Second)
	require.NoError(t, net.Failed())
	require.Equal(t, old, height(t, net, 0), "nobody else can carry the only seat past its mark")
}

func TestASecondNodeOnTheSameDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	startIn(t, dir, 1, nil)
	_, err := devnet.Start(dir, 1, func(int) subchain.Config { return subchain.Config{} })
	require.ErrorIs(t, err, store.ErrLocked)
}

func TestAFollowerWithoutASeatSyncsAndRelaysTransactions(t *testing.T) {
	net := start(t, 4, nil)
	reach(t, net, 0, 5)
	cfg := net.Config(0)
	cfg.Dir, cfg.Key, cfg.Peers = t.TempDir(), nil, validator(t, net, 1).Addrs()
	ready := make(chan *subchain.Node, 1)
	cfg.Ready = func(n *subchain.Node) { ready <- n }
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	n, err := subchain.New(cfg)
	require.NoError(t, err)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	<-ready
	require.Eventually(t, func() bool { return n.Chain().Head().Block.Header.Height >= 5 }, 20*time.Second, 10*time.Millisecond)
	key := payer(t)
	to := ledger.Address{42}
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, Gas: 21000, To: &to}
	tx.ChainID.SetUint64(n.Chain().ChainID())
	tx.GasFeeCap.SetUint64(100_000_000_000)
	tx.Value.SetUint64(3)
	tx.Sign(key)
	var hash ledger.Hash
	call(t, n, &hash, "eth_sendRawTransaction", "0x"+hex.EncodeToString(tx.Envelope()))
	require.Eventually(t, func() bool {
		var receipt map[string]any
		call(t, n, &receipt, "eth_getTransactionReceipt", hash)
		return receipt != nil
	}, 20*time.Second, 10*time.Millisecond)
}
