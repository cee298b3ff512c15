package rootrelay_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/rootrelay/relayer"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// node serves a chain in memory as JSON-RPC.
type node struct {
	*chain
	endorse func(*block) []byte
	mu      sync.Mutex
	mined   map[ledger.Hash]vm.Result
	reject  func(method string) bool // breaks methods
}

func serve(t *testing.T, c *chain, endorse func(*block) []byte) (*node, string) {
	n := &node{chain: c, endorse: endorse, mined: map[ledger.Hash]vm.Result{}}
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	return n, s.URL
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req struct {
		ID     json.RawMessage
		Method string
		Params []json.RawMessage
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := map[string]any{"jsonrpc": "2.0", "id": req.ID}
	result, err := any(nil), error(nil)
	if n.reject != nil && n.reject(req.Method) {
		err = fmt.Errorf("%s is broken", req.Method)
	} else {
		result, err = n.answer(req.Method, req.Params)
	}
	if err != nil {
		out["error"] = map[string]any{"code": -32000, "message": err.Error()}
	} else {
		out["result"] = result
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		n.t.Errorf("answer %s: %v", req.Method, err)
	}
}

type callView struct {
	From, To        ledger.Address
	Data, FromBlock string
	ToBlock         string
	Address         ledger.Address
	Topics          [][]ledger.Hash
}

func (n *node) answer(method string, p []json.RawMessage) (any, error) {
	var text string
	var c callView
	if len(p) > 0 && json.Unmarshal(p[0], &text) != nil {
		if err := json.Unmarshal(p[0], &c); err != nil {
			return nil, err
		}
	}
	switch method {
	case "eth_chainId":
		return quantity(n.id), nil
	case "eth_blockNumber":
		return quantity(n.head().header.Height), nil
	case "eth_maxPriorityFeePerGas":
		return "0x0", nil
	case "eth_getTransactionCount":
		a, err := ledger.ParseAddress(text)
		return quantity(n.state.accounts[a].Nonce), err
	case "eth_getBlockByNumber":
		b := n.head()
		if text == "0x0" {
			b = n.blocks[0]
		}
		return map[string]any{"hash": b.hash, "baseFeePerGas": "0x0", "gasLimit": quantity(gasLimit)}, nil
	case "eth_call", "eth_estimateGas":
		return n.simulate(method, &c)
	case "eth_getLogs":
		return n.logs(&c), nil
	case "eth_sendRawTransaction":
		tx, err := ledger.DecodeTransaction(unhex(text))
		if err != nil {
			return nil, err
		}
		m, err := tx.Message()
		if err != nil {
			return nil, err
		}
		n.mined[tx.Hash()] = n.do(m).results[0]
		return tx.Hash(), nil
	case "eth_getTransactionReceipt":
		h, err := ledger.ParseHash(text)
		if r, ok := n.mined[h]; ok && r.Status == vm.Success {
			return map[string]any{"status": "0x1"}, err
		}
		return map[string]any{"status": "0x0"}, err
	case "rootstem_getLight":
		b := n.blocks[number(text)]
		p := n.proof(b)
		return map[string]any{"header": hexed(p.Header), "anchor": map[string]any{"encoded": hexed(p.Anchor)},
			"certificate": hexed(p.Certificate), "committee": hexed(p.Committee)}, nil
	case "rootstem_getCheckpoint":
		for _, b := range n.blocks {
			if b.anchor.Seq != 0 && b.anchor.Seq == number(text) {
				return map[string]any{"header": hexed(b.raw), "anchor": map[string]any{"encoded": hexed(b.anchor.Encode())},
					"committee": hexed(n.proof(b).Committee), "signatures": hexed(n.endorse(b))}, nil
			}
		}
		return nil, nil
	}
	return nil, fmt.Errorf("no method %s", method)
}

func (n *node) simulate(method string, c *callView) (any, error) {
	h := n.head().header
	h.Height, h.Time = h.Height+1, h.Time+1
	machine := vm.New(vm.Config{Rules: vm.Osaka(), ChainID: n.id, Natives: n.modules.Natives(h.Height)})
	m := &ledger.Message{From: c.From, GasPayer: c.From, To: &c.To, Data: unhex(c.Data), Gas: 1 << 24}
	if method == "eth_call" {
		r, err := machine.Call(n.environment(&h), n.state, m)
		if err == nil && r.Status != vm.Success {
			err = fmt.Errorf("execution reverted: %s", reason(r))
		}
		return hexed(r.Return), err
	}
	gas, r, err := machine.Estimate(n.environment(&h), n.state, m)
	if err == nil && r.Status != vm.Success {
		err = fmt.Errorf("execution reverted: %s", reason(r))
	}
	return quantity(gas), err
}

func (n *node) logs(c *callView) any {
	out := []any{}
	for height := number(c.FromBlock); height <= number(c.ToBlock); height++ {
		for _, r := range n.blocks[height].results {
			for _, l := range r.Logs {
				if l.Address != c.Address {
					continue
				}
				out = append(out, map[string]any{"address": l.Address, "topics": l.Topics, "data": hexed(l.Data)})
			}
		}
	}
	return out
}

func quantity(x uint64) string { return "0x" + strconv.FormatUint(x, 16) }
func hexed(b []byte) string    { return "0x" + hex.EncodeToString(b) }

func number(s string) uint64 {
	x, ok := new(big.Int).SetString(strings.TrimPrefix(s, "0x"), 16)
	if !ok {
		return 0
	}
	return x.Uint64()
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		return nil
	}
	return b
}

// wired is a world of two subchains behind RPC.
func wired(t *testing.T) (w *world, nodes []*node, cfg relayer.Config) {
	w = newWorld(t, 2)
	key, err := ledger.ParseKey([32]byte{31: 7})
	require.NoError(t, err)
	cfg = relayer.Config{Key: key, Interval: time.Nanosecond, MaxPause: time.Nanosecond, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	n, url := serve(t, w.root, nil)
	nodes, cfg.Root = []*node{n}, url
	for _, s := range w.subs {
		n, url := serve(t, s.chain, func(b *block) []byte { return s.sub(b) })
		nodes, cfg.Subchains = append(nodes, n), append(cfg.Subchains, url)
	}
	return w, nodes, cfg
}

func (s *sub) sub(b *block) []byte { return s.endorse(b, 3) }

func passes(t *testing.T, cfg relayer.Config, n int) {
	r, err := relayer.New(cfg)
	require.NoError(t, err)
	for range n {
		r.Pass(t.Context())
	}
}

func TestRelayerCarriesEverythingAndStartsAgainWithoutState(t *testing.T) {
	w, _, cfg := wired(t)
	a, b := w.subs[0], w.subs[1]
	passes(t, cfg, 2)
	require.Equal(t, a.number, a.head().anchor.Subchain, "attached")
	w.deposit(a, alice, alice, 500)
	passes(t, cfg, 1)
	require.EqualValues(t, 500, a.balance(alice))
	send(a, 100, b.number, bob, never, "")
	send(a, 20, b.number, at("receiver"), never, "fine")
	send(a, 30, b.number, at("receiver"), never, "x")
	send(a, 40, 0, bob, never, "")
	for range 4 {
		passes(t, cfg, 1) // a new relayer each time
	}
	require.EqualValues(t, 100, b.balance(bob))
	require.EqualValues(t, 20, b.balance(at("receiver")))
	require.EqualValues(t, 40, w.claimable(bob))
	require.EqualValues(t, 340, a.balance(alice))
	w.balanced()
	heights := [3]int{len(w.root.blocks), len(a.blocks), len(b.blocks)}
	passes(t, cfg, 3)
	require.Equal(t, heights, [3]int{len(w.root.blocks), len(a.blocks), len(b.blocks)}, "what is done is not done again")
}

func TestRelayerGivesBackWhatTimedOut(t *testing.T) {
	w, nodes, cfg := wired(t)
	a, b := w.subs[0], w.subs[1]
	passes(t, cfg, 2)
	w.deposit(a, alice, alice, 500)
	passes(t, cfg, 1)
	send(a, 100, b.number, bob, b.now+1000, "")
	nodes[2].reject = func(method string) bool { return method == "eth_estimateGas" }
	passes(t, cfg, 2) // forwarded, but b takes no transactions
	require.EqualValues(t, 100, w.escrow(b))
	b.now += 2000
	must(b.chain, alice, atGate(), 0, rootrelay.SendCall(0, 5, bob, never, 0, nil))
	passes(t, cfg, 4)
	require.Zero(t, b.balance(bob))
	require.EqualValues(t, 500, a.balance(alice))
	require.Zero(t, w.escrow(b))
	nodes[2].reject = nil
	passes(t, cfg, 4)
	require.Zero(t, b.balance(bob), "delivered late, it expires")
	require.EqualValues(t, 500, a.balance(alice))
	w.balanced()
}

func TestRelayerFollowsCommitteesOverEpochsWithoutMessages(t *testing.T) {
	w, _, cfg := wired(t)
	a := w.subs[0]
	for range 3 { // before a is attached
		w.root.announce(w.root.keys)
		a.announce(a.keys)
		w.root.do()
		a.do()
		w.root.turn()
		a.turn()
		w.root.do()
		a.do()
	}
	w.deposit(a, alice, alice, 500)
	passes(t, cfg, 4)
	require.EqualValues(t, 500, a.balance(alice))
	send(a, 100, 0, bob, never, "")
	passes(t, cfg, 3)
	require.EqualValues(t, 100, w.claimable(bob))
}

func TestRelayerThatIsLiedToCarriesNothing(t *testing.T) {
	w, nodes, cfg := wired(t)
	a := w.subs[0]
	passes(t, cfg, 2)
	w.deposit(a, alice, alice, 500)
	last := w.root.head().results[0].Logs
	last[len(last)-1].Data[40] ^= 1 // the event says another message than the outbox holds
	before := len(a.blocks)
	passes(t, cfg, 2)
	require.Len(t, a.blocks, before)
	last[len(last)-1].Data[40] ^= 1
	_ = nodes
	passes(t, cfg, 1)
	require.EqualValues(t, 500, a.balance(alice))
}

func TestRelayerRefusesAnUnfitConfiguration(t *testing.T) {
	_, err := relayer.New(relayer.Config{})
	require.ErrorIs(t, err, relayer.ErrConfig)
	_, err = relayer.New(relayer.Config{Root: "http://x", Subchains: []string{"http://y"}})
	require.ErrorIs(t, err, relayer.ErrConfig)
}
