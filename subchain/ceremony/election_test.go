package ceremony_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/election"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/staking"
	"github.com/rootstem/rootstem/vm"
)

// elected returns a chain whose committees staking elects and whose keys are made here.
func elected(t *testing.T, nodes []int) *world {
	first := make([]staking.Seat, len(nodes))
	for i, node := range nodes {
		first[i] = staking.Seat{Key: public(node), Payee: ledger.Address{1, 19: byte(node)}}
	}
	s, err := staking.New(staking.Config{
		Committee: first, Keys: address,
		Params: election.Params{
			EpochLength: length, Candidates: 8, Delegates: 6, Seats: 6, MinSeats: 4,
			MinSelf: *uint256.NewInt(1000), MinVote: *uint256.NewInt(10), Leverage: 20,
			MaxLock: 100_000, Bonus: 500, Fade: 2, Threshold: 80, Probation: 2, Slash: 500, Reporter: 100,
			Evidence: election.Window{Millis: 40_000, Blocks: 40}, Unbond: election.Window{Millis: 60_000, Blocks: 60},
		},
	})
	require.NoError(t, err)
	c := config()
	c.Committees = module.AddressOf(staking.Name)
	return newWorld(t, c, module.Entry{Name: staking.Name, Module: s, Election: true})
}

// answer is what the chain reads after the newest block.
func (w *world) answer() module.Election {
	e, err := w.modules.Election(w.machine().Begin(w.environment(), w.state))
	require.NoError(w.t, err)
	return e
}

func TestStakingElectsWithTheKeyThatTheCommitteeMade(t *testing.T) {
	nodes := from(1, 4)
	w := elected(t, nodes)
	r, g := w.phases(1, nil, nodes)
	require.Len(t, r.c.Seats.Keys, 4)
	require.Equal(t, vm.Success, w.publish(g).Status)
	require.Empty(t, w.answer().ChainKey)
	w.to(2, 1)
	w.block(address)
	key := g.Key.Bytes()
	require.Equal(t, key[:], w.answer().ChainKey)
	require.Equal(t, g.Encode(), w.answer().Group)

	message := sha256.Sum256(binary.BigEndian.AppendUint64(nil, 2))
	var partials []bls.Partial
	for _, node := range nodes[:3] {
		partials = append(partials, w.members[node].Share.Sign(bls.DrandQuicknetDST, message[:]))
	}
	sig, err := bls.Recover(g.Threshold, partials)
	require.NoError(t, err)
	require.NoError(t, g.Key.Verify(bls.DrandQuicknetDST, message[:], sig))
	data, err := staking.BeaconCall(2, sig)
	require.NoError(t, err)
	res := w.block(module.AddressOf(staking.Name), data)[0]
	require.Equal(t, vm.Success, res.Status, reason(res))
	require.EqualValues(t, sha256.Sum256(sig[:]), w.answer().Beacon)

	r, again := w.phases(2, nodes, nodes)
	require.NotNil(t, r.c.Old)
	require.True(t, g.Key.Equal(again.Key))
	require.Equal(t, vm.Success, w.publish(again).Status)
	w.to(3, 2)
	require.Equal(t, again.Encode(), w.answer().Group)
	_, err = (&ceremony.Opening{}).Ceremony(genesis)
	require.Error(t, err)
}
