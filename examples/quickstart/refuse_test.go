package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// flipEvidence flips single bytes of all that a device gets.
func flipEvidence(t *testing.T, q *quickstart) {
	e, err := q.meters.rpc.evidence(t.Context(), q.device.module, q.device.slot(q.newest.Seq))
	require.NoError(t, err)
	_, err = q.device.verify(q.newest, e)
	require.NoError(t, err)
	parts := map[string][]byte{"header": e.Header, "certificate": e.Certificate}
	for i, node := range e.Account {
		parts[fmt.Sprintf("account node %d", i)] = node
	}
	for i, node := range e.Slot {
		parts[fmt.Sprintf("slot node %d", i)] = node
	}
	for name, part := range parts {
		for i := range part {
			part[i] ^= 1 << (i % 8)
			_, err := q.device.verify(q.newest, e)
			require.Error(t, err, "%s, byte %d", name, i)
			part[i] ^= 1 << (i % 8)
		}
	}
	changed := *q.newest
	changed.Values = append([]int64(nil), changed.Values...)
	changed.Values[0]++
	_, err = q.device.verify(&changed, e)
	require.ErrorIs(t, err, errNotRecorded)

	elsewhere := *q.device
	elsewhere.genesis = q.billing.genesis
	_, err = elsewhere.verify(q.newest, e)
	require.Error(t, err, "another genesis")
	elsewhere = *q.device
	elsewhere.committee = q.billing.committee
	_, err = elsewhere.verify(q.newest, e)
	require.Error(t, err, "another committee")
}

// relayed is a transaction of the relayer, with the state on which it was executed.
type relayed struct {
	from, to ledger.Address
	input    []byte
	parent   uint64
}

// relayedTo lists the transactions of a chain that call a module, by selector.
func relayedTo(t *testing.T, p *place, to, from ledger.Address) map[[4]byte][]relayed {
	t.Helper()
	head, err := p.rpc.newest(t.Context())
	require.NoError(t, err)
	found := map[[4]byte][]relayed{}
	for height := uint64(1); height <= uint64(head.Number); height++ {
		var b struct {
			Transactions []struct {
				From  ledger.Address  `json:"from"`
				To    *ledger.Address `json:"to"`
				Input hexBytes        `json:"input"`
			} `json:"transactions"`
		}
		require.NoError(t, p.rpc.call(t.Context(), &b, "eth_getBlockByNumber", quantity(height), true))
		for _, tx := range b.Transactions {
			if tx.To != nil && *tx.To == to && tx.From == from && len(tx.Input) > 4 {
				selector := [4]byte(tx.Input)
				found[selector] = append(found[selector], relayed{tx.From, to, tx.Input, height - 1})
			}
		}
	}
	return found
}

// flipRelayed replays what the relayer sent on the state that it met, as it was and
// with single bytes flipped.
func flipRelayed(t *testing.T, q *quickstart) {
	seen := map[[4]byte]bool{}
	for _, c := range []struct {
		place *place
		to    ledger.Address
	}{{q.root, rootrelay.RootAddress()}, {q.meters, rootrelay.GatewayAddress()}, {q.billing, rootrelay.GatewayAddress()}} {
		for selector, all := range relayedTo(t, c.place, c.to, q.relayKey.Address()) {
			if seen[selector] {
				continue
			}
			for _, r := range all {
				if simulate(t, c.place, r, r.input) != nil {
					continue // it followed another transaction of its block
				}
				seen[selector] = true
				for i := 4; i < len(r.input); i += 11 {
					flipped := append([]byte(nil), r.input...)
					flipped[i] ^= 1 << (i % 8)
					require.Error(t, simulate(t, c.place, r, flipped), "%s %x, byte %d of %d", c.place.name, selector, i, len(flipped))
				}
				break
			}
		}
	}
	require.GreaterOrEqual(t, len(seen), 5, "checkpoint, relay, settle, deliver, acknowledge")
}

// simulate returns the refusal of the chain, or nil.
func simulate(t *testing.T, p *place, r relayed, input []byte) error {
	t.Helper()
	var out hexBytes
	err := p.rpc.call(t.Context(), &out, "eth_call",
		map[string]any{"from": r.from, "to": r.to, "data": hexBytes(input), "gas": quantity(10_000_000)}, quantity(r.parent))
	var refused *rpcError
	if err != nil {
		require.ErrorAs(t, err, &refused)
	}
	return err
}

// badReadings sends readings that the module must refuse, directly and through the
// contract.
func badReadings(t *testing.T, q *quickstart) {
	stranger, err := newDevice([]byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	stranger.chainID, stranger.module = q.device.chainID, q.device.module
	next := Reading{Device: q.device.id, Seq: q.newest.Seq + 1, Time: q.newest.Time + 1, Values: []int64{1, 2}}
	replayed, crowded, empty, foreign := *q.newest, next, next, next
	crowded.Values, empty.Values = make([]int64, maxValues+1), nil
	foreign.Device = stranger.id
	sign := func(d *device, r Reading) []byte {
		sig, err := d.sign(&r)
		require.NoError(t, err)
		return sig
	}
	elsewhere := *q.device
	elsewhere.chainID++
	for _, c := range []struct {
		name      string
		reading   Reading
		signature []byte
		want      error
	}{
		{"unregistered", foreign, sign(stranger, foreign), errUnregistered},
		{"another key", next, sign(stranger, next), errSignature},
		{"another chain", next, sign(&elsewhere, next), errSignature},
		{"another reading's signature", next, sign(q.device, replayed), errSignature},
		{"short signature", next, make([]byte, 63), errSignature},
		{"zero signature", next, make([]byte, 64), errSignature},
		{"replayed", replayed, sign(q.device, replayed), errReplayed},
		{"too many values", crowded, sign(q.device, crowded), errValues},
		{"no values", empty, sign(q.device, empty), errValues},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := state(t, q)
			act := action{
				name: c.name, to: &q.device.module, gas: 1_000_000,
				data: pack(recordSignature, &c.reading, c.signature),
			}
			if c.name == "replayed" || c.name == "unregistered" {
				act.to = &q.alarm
			}
			err := q.meters.dev.ensure(t.Context(), func() (bool, error) { return false, nil }, func() (action, error) { return act, nil })
			require.ErrorContains(t, err, "reverted: ")
			require.ErrorContains(t, err, c.want.Error())
			require.Equal(t, before, state(t, q))
		})
	}
}

// state is all that a refused reading could have changed.
func state(t *testing.T, q *quickstart) []string {
	t.Helper()
	var out []string
	for _, view := range [][]byte{
		pack("count()"), pack("latest(bytes32)", q.device.id), pack("used(bytes32)", q.device.id),
		pack("proven(bytes32,uint64)", q.device.id, q.newest.Seq+1),
	} {
		w, err := q.meters.rpc.view(t.Context(), q.device.module, view)
		require.NoError(t, err)
		out = append(out, fmt.Sprintf("%x", []byte(w)))
	}
	w, err := q.meters.rpc.view(t.Context(), q.alarm, pack("raised()"))
	require.NoError(t, err)
	var proof struct {
		Storage ledger.Hash `json:"storageHash"`
	}
	require.NoError(t, q.meters.rpc.call(t.Context(), &proof, "eth_getProof", q.device.module, []string{}, "latest"))
	return append(out, fmt.Sprintf("%x", []byte(w)), proof.Storage.String())
}

func forgedReport(t *testing.T, q *quickstart) {
	m := module.Message{
		Src: q.meters.id, Dst: q.billing.id, Sender: q.meters.modules["meters"],
		Receiver: q.billing.modules["billing"], Payload: encodeReport(q.device.id, Usage{1 << 40, 1 << 40}),
	}
	selector := abi.Selector("onReceive((uint64,uint64,uint32,uint64,uint64,address,address,uint64,uint256,uint64,bytes))")
	call := map[string]any{"from": q.devKey.Address(), "to": m.Receiver, "data": hexBytes(append(selector[:], m.Encode()...))}
	var out hexBytes
	err := q.billing.rpc.call(t.Context(), &out, "eth_call", call, "latest")
	require.ErrorContains(t, err, "from the gateway only")
	call["from"] = rootrelay.GatewayAddress()
	require.NoError(t, q.billing.rpc.call(t.Context(), &out, "eth_call", call, "latest"), "the same from the gateway")
	m.Sender[0]++
	call["data"] = hexBytes(append(selector[:], m.Encode()...))
	err = q.billing.rpc.call(t.Context(), &out, "eth_call", call, "latest")
	require.ErrorContains(t, err, errSource.Error())

	_, _, err = decodeReport(make([]byte, 95))
	require.True(t, errors.Is(err, errReport))
}
