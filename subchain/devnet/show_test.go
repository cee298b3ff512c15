package devnet_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/devnet"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
)

// seated waits for an epoch whose committee has the given validators, in any order, and
// returns the epoch.
func seated(t *testing.T, net *devnet.Network, length uint64, validators ...int) (epoch uint64) {
	t.Helper()
	c := validator(t, net, 0).Chain()
	var last string
	require.Eventually(t, func() bool {
		require.NoError(t, net.Failed())
		epoch = c.Head().Block.Header.Epoch
		committee, err := c.Committee(epoch)
		require.NoError(t, err)
		in := 0
		for _, i := range validators {
			if committee.Seat(net.Keys()[i].Public().(ed25519.PublicKey)) != rolldpos.Observer {
				in++
			}
		}
		last = fmt.Sprintf("epoch %d: %d of %d seats", epoch, in, committee.Size())
		return in == len(validators) && committee.Size() == in
	}, 60*time.Second, 20*time.Millisecond, "%v, %s", validators, &last)
	return epoch
}

// A chain of nine real nodes: four seats become seven, holders vote one delegate in and
// another out, a seat that votes twice is slashed by who saw it, and one chain key
// certifies blocks all along.
func TestCommitteesGrowChangeAndPunishUnderOneChainKey(t *testing.T) {
	slow(t)
	const length, follower = 40, 8
	rules := stakingRules(length, 7)
	net := stakingNet(t, 9, 4, 0, rules, func(i int, cfg *subchain.Config) {
		cfg.Operator = nodeKey(t, i)
	})
	at := module.AddressOf(staking.Name)
	for i, stake := range []uint64{100_000, 100_000, 100_000, 100_000, 100_000, 100_000, 50_000, 40_000} {
		newWallet(t, net, fmt.Sprint(i), i).register(net.Keys()[i], stake)
	}
	key := keyOf(t, net, 0, seated(t, net, length, 0, 1, 2, 3)+1, length)
	voter := newWallet(t, net, "8", follower)
	voter.send(at, 60_000, "vote(address,uint64)", accountKey(t, "7").Address(), uint64(1000))
	grown := seated(t, net, length, 0, 1, 2, 3, 4, 5, 6)
	t.Logf("seven seats from epoch %d", grown)
	require.Equal(t, key, keyOf(t, net, 6, grown, length), "resharing from four seats to seven keeps the key")

	guilty := accountKey(t, "5").Address()
	stop := twin(t, net, net.Keys()[5])
	var logs []map[string]any
	require.Eventually(t, func() bool {
		require.NoError(t, net.Failed())
		logs = events(t, validator(t, net, 0), at, "CandidateSlashed(address,address,uint64,uint256,uint256)")
		return len(logs) == 1
	}, 30*time.Second, 20*time.Millisecond)
	stop()
	topics := logs[0]["topics"].([]any)
	require.Equal(t, topic(guilty), topics[1])
	require.NotEqual(t, topic(nodeKey(t, 5).Address()), topics[2], "a third party reports")
	changed := seated(t, net, length, 0, 1, 2, 3, 4, 5, 7)
	t.Logf("voted in and out in epoch %d", changed)
	require.Equal(t, key, keyOf(t, net, 7, changed, length))
	cleaned := seated(t, net, length, 0, 1, 2, 3, 4, 6, 7)
	t.Logf("slashed and out in epoch %d", cleaned)
	require.Equal(t, key, keyOf(t, net, 6, cleaned, length))
	h := height(t, net, 0)
	for i := range 9 {
		reach(t, net, i, h+3)
	}
}

// topic is an address as an indexed argument of an event.
func topic(a ledger.Address) string { return "0x000000000000000000000000" + fmt.Sprintf("%x", a[:]) }
