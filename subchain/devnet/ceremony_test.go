package devnet_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
)

// keyOf waits for a block of an epoch, as a validator serves it to devices, that the
// chain key has certified, checks the certificate and returns the key.
func keyOf(t *testing.T, net *devnet.Network, i int, epoch, length uint64) (key []byte) {
	t.Helper()
	n := validator(t, net, i)
	require.Eventually(t, func() bool {
		require.NoError(t, net.Failed())
		for h := (epoch-1)*length + 1; h <= min(epoch*length, height(t, net, i)); h++ {
			var answer struct{ Header, KeyCertificate, ChainKey hexBytes }
			call(t, n, &answer, "rootstem_getLight", fmt.Sprintf("0x%x", h))
			header, err := ledger.DecodeHeader(answer.Header)
			require.NoError(t, err)
			if len(answer.KeyCertificate) == 0 || header.Epoch != epoch {
				continue
			}
			cert, err := chainkey.DecodeCertificate(answer.KeyCertificate)
			require.NoError(t, err)
			opened, err := chainkey.Open(answer.ChainKey)
			require.NoError(t, err)
			require.NoError(t, cert.Verify(n.Chain().Genesis(), opened))
			require.Equal(t, [32]byte(header.Hash()), cert.Block)
			key = answer.ChainKey
			return true
		}
		return false
	}, 40*time.Second, 20*time.Millisecond, "validator %d, epoch %d", i, epoch)
	return key
}

// slow skips what misses its blocks under the race detector, which CI runs with -short:
// pairings take ten times as long there.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("key ceremonies do not keep up with their blocks under the race detector")
	}
}

func TestACommitteeMakesItsKeyOnTheChainKeepsItForAnEraAndHandsOver(t *testing.T) {
	slow(t)
	const length = 40
	net := stakingNet(t, 4, 4, 2, stakingRules(length, 7), func(i int, cfg *subchain.Config) {
		cfg.Operator = nodeKey(t, i)
	})
	reach(t, net, 3, 3*length+5)
	n := validator(t, net, 3)
	first := keyOf(t, net, 0, 2, length)
	for i := range 4 {
		require.Equal(t, first, keyOf(t, net, i, 3, length), "resharing keeps the key")
	}
	r, err := n.Chain().Block(2*length + 1)
	require.NoError(t, err)
	require.Equal(t, ledger.Keccak(first), r.Anchor.ChainKey)
	require.NotEmpty(t, events(t, n, module.AddressOf(staking.Name), "BeaconSubmitted(uint64,bytes32,bytes)"))

	second := keyOf(t, net, 3, 4, length)
	require.NotEqual(t, first, second)
	var answer []hexBytes
	call(t, n, &answer, "rootstem_getHandovers", "0x2")
	require.NotEmpty(t, answer)
	h, err := chainkey.DecodeHandover(answer[0])
	require.NoError(t, err)
	old, err := chainkey.Open(first)
	require.NoError(t, err)
	key, err := h.Verify(n.Chain().Genesis(), old)
	require.NoError(t, err)
	b := key.Bytes()
	require.Equal(t, second, b[:])
	require.EqualValues(t, 4, h.Epoch)
}

// files lists what a validator keeps of its shares, all of which only its owner reads.
func files(t *testing.T, net *devnet.Network, i int) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(net.Config(i).Dir, "shares"))
	require.NoError(t, err)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
		names = append(names, e.Name())
	}
	return names
}

func TestASeatThatRestartsInACeremonyGetsItsShareAndKeepsNoOlderOne(t *testing.T) {
	slow(t)
	const length = 40
	net := stakingNet(t, 4, 4, 0, stakingRules(length, 7), func(i int, cfg *subchain.Config) {
		cfg.Operator = nodeKey(t, i)
	})
	reach(t, net, 1, length/4+length/8+2) // while deals are brought
	require.NoError(t, net.StopValidator(1))
	require.NoError(t, net.StartValidator(1))
	reach(t, net, 1, length-1)
	require.Equal(t, []string{fmt.Sprintf("share-%020d", 2)}, files(t, net, 1), "the seed is gone")
	// It signs with it: without 1 and another there is no quorum of shares.
	require.NoError(t, net.StopValidator(0))
	keyOf(t, net, 1, 2, length)
	require.NoError(t, net.StartValidator(0))
	reach(t, net, 1, 2*length+3)
	require.NotContains(t, files(t, net, 1), fmt.Sprintf("share-%020d", 2))
	reach(t, net, 0, 2*length+3)
}

func TestACeremonyThatFailsLeavesTheChainWithCertificatesOfVotes(t *testing.T) {
	const length = 32
	net := stakingNet(t, 4, 4, 0, stakingRules(length, 7), func(i int, cfg *subchain.Config) {
		if i < 2 { // the others take no part, and a key takes three
			cfg.Operator = nodeKey(t, i)
		}
	})
	reach(t, net, 0, length+length/2)
	for h := uint64(length + 1); h <= length+length/2; h++ {
		var answer struct{ Certificate, KeyCertificate hexBytes }
		call(t, validator(t, net, 0), &answer, "rootstem_getLight", fmt.Sprintf("0x%x", h))
		require.NotEmpty(t, answer.Certificate)
		require.Empty(t, answer.KeyCertificate)
	}
}
