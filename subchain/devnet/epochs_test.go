package devnet_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// terms elects the committees of epochs 2, 3, … by a fixed plan.
type terms struct {
	Length uint64       `module:"config"`
	Plan   [][][32]byte `module:"config"`
	height module.Item[uint64]
}

func (s *terms) EndBlock(ctx *module.Context) error {
	s.height.Set(ctx, ctx.Height())
	return nil
}

func (s *terms) Election(v *module.View) (e module.Election, err error) {
	height := s.height.Get(v)
	if i := (height - 1) / s.Length; height > 0 && i < uint64(len(s.Plan)) {
		e.Next = s.Plan[i]
		e.Payees = make([]ledger.Address, len(e.Next))
	}
	return e, nil
}

func TestSevenNodesTakeTheirSeatsAndLeaveThem(t *testing.T) {
	const length = 6
	dir := t.TempDir()
	var keys [][32]byte
	for i := range 7 {
		key, err := subchain.OpenKey(filepath.Join(dir, fmt.Sprintf("validator-%d", i), "validator.key"))
		require.NoError(t, err)
		keys = append(keys, [32]byte(key.Public().(ed25519.PublicKey)))
	}
	plan := [][][32]byte{keys, keys[3:], keys[:4]}
	net, err := devnet.StartSeats(dir, 7, 4, func(int) subchain.Config {
		return subchain.Config{
			Genesis: chain.Genesis{
				Name: "seven", BaseFee: *uint256.NewInt(1_000_000_000), EpochLength: length,
				Alloc: []chain.Allocation{{Address: payer(t).Address(), Balance: *uint256.NewInt(1e18)}},
			},
			Modules:   []module.Entry{{Name: "terms", Module: &terms{Length: length, Plan: plan}, Election: true}},
			BlockTime: 20 * time.Millisecond, Heartbeat: 50 * time.Millisecond, Delta: 150 * time.Millisecond,
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, net.Close())
		for i := range 7 {
			audit(t, filepath.Join(dir, fmt.Sprintf("validator-%d", i), "db"))
		}
	})
	reach(t, net, 6, length+1)
	transfer(t, net, 6, 0, ledger.Address{9}, 1)
	reach(t, net, 0, 2*length+1)
	// The third committee works without those that it does not hold.
	for i := range 3 {
		require.NoError(t, net.StopValidator(i))
	}
	reach(t, net, 6, 2*length+2)
	for i := range 3 {
		require.NoError(t, net.StartValidator(i))
	}
	reach(t, net, 0, 3*length+2)
	transfer(t, net, 0, 6, ledger.Address{9}, 1)

	c := validator(t, net, 5).Chain()
	for i, want := range append([][][32]byte{keys[:4]}, plan...) {
		rpc := jsonrpc.Client{URL: validator(t, net, 1).URL()}
		var answer struct{ Header, Certificate, Committee hexBytes }
		require.NoError(t, rpc.Call(t.Context(), &answer, "rootstem_getLight", fmt.Sprintf("0x%x", i*length+1)))
		committee, err := rolldpos.DecodeCommittee(answer.Committee)
		require.NoError(t, err)
		require.Len(t, committee.Keys, len(want))
		require.Equal(t, want[0][:], []byte(committee.Keys[0]))
		cert, err := rolldpos.DecodeCertificate(answer.Certificate)
		require.NoError(t, err)
		_, err = light.Verify(c.Genesis(), answer.Header, committee, cert)
		require.NoError(t, err)
	}
}

// hexBytes are bytes as JSON-RPC writes them.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	return err
}
