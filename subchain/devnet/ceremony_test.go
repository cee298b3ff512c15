package devnet_test

import (
	"fmt"
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

func TestACommitteeMakesItsKeyOnTheChainAndKeepsIt(t *testing.T) {
	const length = 40
	net := stakingNet(t, 4, 4, stakingRules(length, 7), func(i int, cfg *subchain.Config) {
		cfg.Operator = accountKey(t, fmt.Sprint(i))
	})
	reach(t, net, 0, 2*length+5)
	key := keyOf(t, net, 0, 2, length)
	for i := range 4 {
		require.Equal(t, key, keyOf(t, net, i, 3, length), "resharing keeps the key")
	}
	r, err := validator(t, net, 0).Chain().Block(2*length + 1)
	require.NoError(t, err)
	require.Equal(t, ledger.Keccak(key), r.Anchor.ChainKey)
	at := module.AddressOf(staking.Name)
	require.Eventually(t, func() bool {
		return len(events(t, validator(t, net, 0), at, "BeaconSubmitted(uint64,bytes32,bytes)")) > 0
	}, 20*time.Second, 20*time.Millisecond)
}
