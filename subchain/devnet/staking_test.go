package devnet_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/p2p"
	"github.com/rootstem/rootstem/subchain/staking"
)

// wallet is an account that talks to the chain over JSON-RPC alone.
type wallet struct {
	t   *testing.T
	key *ledger.Key
	via func() *subchain.Node
}

func newWallet(t *testing.T, net *devnet.Network, name string, via int) *wallet {
	t.Helper()
	return &wallet{t, accountKey(t, name), func() *subchain.Node { return validator(t, net, via) }}
}

func accountKey(t *testing.T, name string) *ledger.Key {
	t.Helper()
	k, err := ledger.ParseKey(ledger.Keccak([]byte("staking test"), []byte(name)))
	require.NoError(t, err)
	return k
}

// nodeKey is the account that a validator's node makes its transactions with. A wallet
// that used it too would compete with it for nonces.
func nodeKey(t *testing.T, i int) *ledger.Key { return accountKey(t, fmt.Sprint("node ", i)) }

// send calls a method of a contract and waits until that has succeeded.
func (w *wallet) send(to ledger.Address, wei uint64, signature string, args ...any) {
	w.t.Helper()
	data, err := module.Pack(signature, args...)
	require.NoError(w.t, err)
	n := w.via()
	var nonce, gas string
	call(w.t, n, &nonce, "eth_getTransactionCount", w.key.Address(), "pending")
	call(w.t, n, &gas, "eth_estimateGas", map[string]any{
		"from": w.key.Address(), "to": to, "value": fmt.Sprintf("0x%x", wei), "data": "0x" + hex.EncodeToString(data),
	})
	tx := &ledger.Transaction{Type: ledger.DynamicFeeTx, To: &to, Data: data}
	_, err = fmt.Sscanf(nonce+" "+gas, "0x%x 0x%x", &tx.Nonce, &tx.Gas)
	require.NoError(w.t, err)
	tx.Gas += tx.Gas / 2
	tx.ChainID.SetUint64(n.Chain().ChainID())
	tx.GasFeeCap.SetUint64(100_000_000_000)
	tx.Value.SetUint64(wei)
	tx.Sign(w.key)
	var hash ledger.Hash
	call(w.t, n, &hash, "eth_sendRawTransaction", "0x"+hex.EncodeToString(tx.Envelope()))
	require.Eventually(w.t, func() bool {
		var receipt map[string]any
		call(w.t, n, &receipt, "eth_getTransactionReceipt", hash)
		if receipt != nil {
			require.Equal(w.t, "0x1", receipt["status"], signature)
		}
		return receipt != nil
	}, 30*time.Second, 10*time.Millisecond, signature)
}

// ask calls a view on the newest block.
func ask(t *testing.T, n *subchain.Node, to ledger.Address, into []any, signature string, args ...any) {
	t.Helper()
	data, err := module.Pack(signature, args...)
	require.NoError(t, err)
	var out hexBytes
	call(t, n, &out, "eth_call", map[string]any{"to": to, "data": "0x" + hex.EncodeToString(data)}, "latest")
	require.NoError(t, module.Unpack(out, into...))
}

// register makes the wallet the operator of a validator's key.
func (w *wallet) register(key ed25519.PrivateKey, wei uint64) {
	w.t.Helper()
	at := module.AddressOf(staking.Name)
	seed := ledger.Keccak([]byte("bls"), key.Seed())
	secret, err := bls.GenerateKey(bytes.NewReader(bytes.Repeat(seed[:], 8)))
	require.NoError(w.t, err)
	public, possession := secret.Public().Bytes(), bls.Prove(secret)
	digest := staking.PossessionDigest(w.via().Chain().ChainID(), at, w.key.Address(), public[:])
	w.send(at, wei, "register(bytes32,bytes,bytes,bytes,uint64)",
		[32]byte(key.Public().(ed25519.PublicKey)), ed25519.Sign(key, digest[:]), public[:], possession[:], uint64(0))
}

// stakingRules are short: committees change a second or two after the votes.
func stakingRules(length, seats uint64) election.Params {
	return election.Params{
		EpochLength: length, Candidates: 12, Delegates: seats, Seats: seats, MinSeats: 4, Ranked: true,
		MinSelf: *uint256.NewInt(1000), MinVote: *uint256.NewInt(10), Leverage: 20,
		MaxLock: 100_000, Bonus: 500, Fade: 2, Slash: 500, Reporter: 100,
		Evidence: election.Window{Millis: 600_000, Blocks: 1000}, Unbond: election.Window{Millis: 700_000, Blocks: 1200},
	}
}

// ceremonyRules fill the epoch from a fourth on with the phases of a ceremony, but for
// an eighth that is left for a handover.
func ceremonyRules(length, era uint64) ceremony.Config {
	phase := (length*5/8 - 1) / 5
	return ceremony.Config{
		EpochLength: length, Place: length / 4, Enrol: phase, Deal: phase, Complain: phase, Justify: phase, Acknowledge: phase,
		Era: era, Committees: module.AddressOf(staking.Name),
	}
}

// stakingNet starts n validators, of which the first seats are the first committee. A
// key serves for era epochs; 0: for good.
func stakingNet(t *testing.T, n, seats int, era uint64, rules election.Params, change func(i int, cfg *subchain.Config)) *devnet.Network {
	t.Helper()
	dir := t.TempDir()
	var first []staking.Seat
	for i := range seats {
		key, err := subchain.OpenKey(filepath.Join(dir, fmt.Sprintf("validator-%d", i), "validator.key"))
		require.NoError(t, err)
		first = append(first, staking.Seat{Key: [32]byte(key.Public().(ed25519.PublicKey))})
	}
	net, err := devnet.StartSeats(dir, n, seats, func(i int) subchain.Config {
		s, err := staking.New(staking.Config{Params: rules, Committee: first, Keys: module.AddressOf(ceremony.Name)})
		require.NoError(t, err)
		keys, err := ceremony.New(ceremonyRules(rules.EpochLength, era))
		require.NoError(t, err)
		cfg := subchain.Config{
			Genesis:   chain.Genesis{Name: "staking-test", BaseFee: *uint256.NewInt(1_000_000_000), EpochLength: rules.EpochLength},
			Modules:   []module.Entry{{Name: staking.Name, Module: s, Election: true}, {Name: ceremony.Name, Module: keys}},
			BlockTime: 20 * time.Millisecond, Heartbeat: 70 * time.Millisecond, Delta: 200 * time.Millisecond,
		}
		for j := range n {
			cfg.Genesis.Alloc = append(cfg.Genesis.Alloc,
				chain.Allocation{Address: accountKey(t, fmt.Sprint(j)).Address(), Balance: *uint256.NewInt(1e18)},
				chain.Allocation{Address: nodeKey(t, j).Address(), Balance: *uint256.NewInt(1e18)})
		}
		if change != nil {
			change(i, &cfg)
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

// twin is a second machine with a seat's consensus key: it contradicts each prepare
// that the seat sends, until it is stopped.
func twin(t *testing.T, net *devnet.Network, key ed25519.PrivateKey) (stop func()) {
	t.Helper()
	c := validator(t, net, 0).Chain()
	genesis := c.Genesis()
	out := make(chan []byte, 64)
	host, err := p2p.New(p2p.Config{
		Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), Network: genesis.String()[2:],
		OnMessage: func(_ p2p.PeerID, msg []byte) {
			if len(msg) == 0 || msg[0] != 1 {
				return
			}
			m, err := rolldpos.DecodeMessage(msg[1:])
			v, ok := m.(*rolldpos.Vote)
			if err != nil || !ok || v.Kind != rolldpos.Prepare {
				return
			}
			committee, err := c.Committee(uint64(v.Epoch))
			if err != nil || committee.Seat(key.Public().(ed25519.PublicKey)) != v.Seat {
				return
			}
			v.Block[0] ^= 1
			digest := rolldpos.VoteDigest(genesis, v.Epoch, v.View, v.Kind, v.Block)
			copy(v.Sig[:], ed25519.Sign(key, digest[:]))
			select {
			case out <- v.AppendBinary([]byte{1}):
			default:
			}
		},
	})
	require.NoError(t, err)
	for i := range len(net.Keys()) {
		require.NoError(t, host.AddPeers(validator(t, net, i).Addrs()...))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- host.Run(ctx) }()
	go func() {
		for {
			select {
			case msg := <-out:
				if err := host.Broadcast(msg); err != nil {
					done <- err
					return
				}
			case <-ctx.Done():
				done <- nil
				return
			}
		}
	}()
	return func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.NoError(t, host.Close())
	}
}

func TestASeatThatVotesTwiceIsSlashedThroughEvidenceOfAThirdParty(t *testing.T) {
	const third = 4
	net := stakingNet(t, 5, 4, 0, stakingRules(20, 7), func(i int, cfg *subchain.Config) {
		if i == third { // a follower: it has no seat, only an account
			cfg.Operator = nodeKey(t, third)
		}
	})
	at := module.AddressOf(staking.Name)
	guilty := newWallet(t, net, "3", 0)
	guilty.register(net.Keys()[3], 100_000)
	before := credit(t, net, nodeKey(t, third).Address())
	require.True(t, before.IsZero())
	stop := twin(t, net, net.Keys()[3])
	require.Eventually(t, func() bool {
		require.NoError(t, net.Failed())
		return len(events(t, validator(t, net, 0), at, "CandidateSlashed(address,address,uint64,uint256,uint256)")) == 1
	}, 30*time.Second, 20*time.Millisecond)
	stop()
	reward := credit(t, net, nodeKey(t, third).Address())
	require.Equal(t, uint64(5_000), reward.Uint64(), "a tenth of the half that is slashed")
	h := height(t, net, 0)
	reach(t, net, 0, h+3)
}

func credit(t *testing.T, net *devnet.Network, of ledger.Address) (wei uint256.Int) {
	t.Helper()
	ask(t, validator(t, net, 0), module.AddressOf(staking.Name), []any{&wei}, "credit(address)", of)
	return wei
}

// events returns the logs of an event.
func events(t *testing.T, n *subchain.Node, of ledger.Address, signature string) (logs []map[string]any) {
	t.Helper()
	call(t, n, &logs, "eth_getLogs", map[string]any{
		"fromBlock": "0x0", "toBlock": "latest", "address": of, "topics": []any{ledger.Keccak([]byte(signature))},
	})
	return logs
}
