package ceremony_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

func TestTheKeyIsMadeKeptByResharingAndReplacedByAnEra(t *testing.T) {
	w := newWorld(t, config())
	a, b := []int{1, 2, 3, 4}, []int{3, 4, 5, 6, 7, 8, 9}
	for epoch, nodes := range [][]int{a, a, b, b, a} {
		w.elect(uint64(epoch)+1, nodes...)
	}
	w.to(1, 10)

	// Nobody said a word in epoch 1: there is no key in epoch 2.
	w.to(2, 1)
	require.Empty(t, w.bytes("chainKey()"))

	r, first := w.phases(2, nil, b) // made for epoch 3
	require.Nil(t, r.c.Old)
	require.Equal(t, vm.Success, w.publish(first).Status)
	require.Empty(t, w.bytes("chainKey()"), "the key begins with its epoch")
	w.to(3, 1)
	w.signs(b)

	r, second := w.phases(3, b, b) // reshared for epoch 4
	require.EqualValues(t, 1, r.c.Era)
	require.NotNil(t, r.c.Old)
	require.True(t, first.Key.Equal(second.Key))
	require.Equal(t, vm.Success, w.publish(second).Status)
	w.to(4, 1)
	w.signs(b)

	r, third := w.phases(4, b, a) // the era of two epochs ends
	require.EqualValues(t, 2, r.c.Era)
	require.Nil(t, r.c.Old)
	require.False(t, first.Key.Equal(third.Key))
	require.Equal(t, vm.Success, w.publish(third).Status)
	data, err := module.Pack("groupOf(uint64)", uint64(5))
	require.NoError(t, err)
	var era uint64
	var next []byte
	require.NoError(t, module.Unpack(w.view(data), &era, &next))
	require.EqualValues(t, 2, era)
	require.Equal(t, third.Encode(), next)
	require.NotEqual(t, w.bytes("group()"), next, "the old key still serves")
	w.to(5, 1)
	w.signs(a)
	w.to(6, 1)
	require.Empty(t, w.bytes("chainKey()"), "a key ends with the epoch for which it was shared")
	require.Empty(t, w.bytes("group()"))
}

// static is a chain with one committee for good.
func static(nodes ...int) ceremony.Config {
	c := config()
	c.Committees = ledger.Address{}
	for _, node := range nodes {
		c.Committee = append(c.Committee, public(node))
	}
	return c
}

func from(first, n int) (out []int) {
	for i := range n {
		out = append(out, first+i)
	}
	return out
}

func TestAFixedCommitteeResharesToItself(t *testing.T) {
	nodes := from(0, 4)
	c := static(nodes...)
	c.Era = 0
	w := newWorld(t, c)
	_, first := w.phases(1, nil, nodes)
	require.Equal(t, vm.Success, w.publish(first).Status)
	for epoch := uint64(2); epoch < 5; epoch++ {
		r, g := w.phases(epoch, nodes, nodes)
		require.NotNil(t, r.c.Old)
		require.True(t, first.Key.Equal(g.Key))
		require.NotEqual(t, first.Encode(), g.Encode())
		require.Equal(t, vm.Success, w.publish(g).Status)
	}
	w.to(5, 1)
	w.signs(nodes)
}

func TestACeremonyThatFailsLeavesNoKeyAndTheNextBeginsAfresh(t *testing.T) {
	nodes := from(0, 4)
	w := newWorld(t, static(nodes...))
	_, first := w.phases(1, nil, nodes)
	require.Equal(t, vm.Success, w.publish(first).Status)
	w.to(3, 1) // nobody said a word in epoch 2
	require.Empty(t, w.bytes("chainKey()"))
	r, second := w.phases(3, nil, nodes)
	require.Nil(t, r.c.Old)
	require.EqualValues(t, 2, r.c.Era)
	require.Equal(t, vm.Success, w.publish(second).Status)
	w.to(4, 1)
	w.signs(nodes)
}

func (r *run) refused(want error, messages ...dkg.Message) {
	r.t.Helper()
	for _, x := range r.say(messages...) {
		require.Equal(r.t, vm.Reverted, x.Status, "%v", x.Err)
		require.Contains(r.t, reason(x), want.Error())
		require.Empty(r.t, x.Logs)
	}
}

func TestTheModuleRefusesWhatTheTranscriptRefuses(t *testing.T) {
	c := static(from(0, 7)...)
	c.Enrol, c.Deal, c.Complain, c.Justify, c.Acknowledge = 3, 3, 3, 3, 3
	w := newWorld(t, c)
	w.to(1, 5)
	r := w.begin(nil, from(0, 7))
	enrolments := r.enrolments()
	r.refused(dkg.ErrSignature, r.sign(3, &dkg.Enrolment{Seat: 0, Key: [32]byte{9}}))
	require.EqualValues(t, 5, w.height)
	results := r.say(append(enrolments, enrolments[0], r.sign(3, &dkg.Enrolment{Seat: 3}))...)
	r.all(results[:7])
	require.Contains(t, reason(results[7]), dkg.ErrRepeated.Error())
	require.Contains(t, reason(results[8]), dkg.ErrKey.Error())

	w.to(1, 7)
	deals := r.dealings()
	bad := *deals[2].(*dkg.Deal)
	bad.Commitment = bad.Commitment[1:]
	r.refused(dkg.ErrDeal, r.sign(2, &bad))
	broken := *deals[2].(*dkg.Deal)
	broken.Shares = append([]dkg.Sealed{}, broken.Shares...)
	broken.Shares[0][1] ^= 1 // seats 0 and 1 complain, and get their shares in the open
	broken.Shares[1][1] ^= 1
	worse := *deals[3].(*dkg.Deal)
	worse.Shares = append([]dkg.Sealed{}, worse.Shares...)
	for i := range 3 { // one complaint too many
		worse.Shares[i][1] ^= 1
	}
	deals[2], deals[3] = r.sign(2, &broken), r.sign(3, &worse)
	r.all(r.say(append(deals[:6:6], enrolments[:0]...)...)) // dealer 6 is silent
	r.refused(dkg.ErrRepeated, deals[0])

	w.to(1, 10)
	r.refused(dkg.ErrPhase, deals[6])
	r.refused(dkg.ErrComplaint, r.sign(0, &dkg.Complaint{Seat: 0, Dealers: []byte{6}}))
	complaints := r.complaints()
	require.Len(t, complaints, 3)
	results = r.say(append(complaints, complaints[0])...)
	r.all(results[:3])
	require.Contains(t, reason(results[3]), dkg.ErrRepeated.Error())

	w.to(1, 13)
	justifications := r.justifications()
	require.Len(t, justifications, 1, "the worse dealer has no answer")
	answer := justifications[0].(*dkg.Justification)
	r.refused(dkg.ErrReveal, r.sign(2, &dkg.Justification{Dealer: 2, Reveals: answer.Reveals[:1]}),
		r.sign(3, &dkg.Justification{Dealer: 3, Reveals: answer.Reveals}),
		r.sign(4, &dkg.Justification{Dealer: 4, Reveals: answer.Reveals}))
	whole := r.deals[2]
	r.deals[2] = r.deals[4]
	data, err := ceremony.MessageCall(answer, r.deals[4])
	require.NoError(t, err)
	require.Contains(t, reason(r.block(address, data)[0]), ceremony.ErrDeal.Error())
	r.deals[2] = whole
	r.all(r.say(answer))

	w.to(1, 16)
	g, err := r.log.Group(w.height + 1)
	require.NoError(t, err)
	require.Contains(t, reason(w.publish(g)), ceremony.ErrGroup.Error())
	acks := r.acknowledgements()
	r.all(r.say(acks[:5]...))
	lie := *g
	lie.Key = g.Shares[0]
	require.Contains(t, reason(w.publish(&lie)), ceremony.ErrGroup.Error())
	require.Equal(t, vm.Success, w.publish(g).Status)
	require.Contains(t, reason(w.publish(g)), ceremony.ErrPublished.Error())
	w.to(2, 1)
	w.signs(from(0, 7))
	require.Contains(t, reason(w.publish(g)), ceremony.ErrNone.Error())
}

func TestAMessageOfAnotherKindIsRefused(t *testing.T) {
	w := newWorld(t, static(from(0, 4)...))
	w.to(1, 5)
	r := w.begin(nil, from(0, 4))
	m := r.sign(0, &dkg.Complaint{Seat: 0, Dealers: []byte{1}})
	var calls [][]byte
	for _, b := range [][]byte{m.AppendBinary(nil), nil, {0xc0}} {
		call, err := module.Pack("enrol(bytes)", b)
		require.NoError(t, err)
		calls = append(calls, call)
	}
	results := w.block(address, calls...)
	for i, want := range []error{ceremony.ErrKind, dkg.ErrEncoding, dkg.ErrEncoding} {
		require.Contains(t, reason(results[i]), want.Error())
	}
}

func TestConfigurationsThatDoNotFitAreRefused(t *testing.T) {
	for name, change := range map[string]func(c *ceremony.Config){
		"no phase":         func(c *ceremony.Config) { c.Deal = 0 },
		"no place":         func(c *ceremony.Config) { c.Place = 0 },
		"ends too late":    func(c *ceremony.Config) { c.Place = 12 },
		"overflow":         func(c *ceremony.Config) { c.Enrol = 1 << 63 },
		"no committee":     func(c *ceremony.Config) { c.Committees = ledger.Address{} },
		"two committees":   func(c *ceremony.Config) { c.Committee = [][32]byte{public(1)} },
		"repeated member":  func(c *ceremony.Config) { *c = static(1, 1) },
		"too many members": func(c *ceremony.Config) { *c = static(from(0, ceremony.MaxSeats+1)...) },
		"an unusable seat": func(c *ceremony.Config) { *c = static(1); c.Committee[0] = [32]byte{} },
	} {
		c := config()
		change(&c)
		_, err := ceremony.New(c)
		require.ErrorIs(t, err, ceremony.ErrConfig, name)
	}
}

func TestGasStaysWithinBlocksAndHooks(t *testing.T) {
	for _, n := range []int{4, 24} {
		nodes := from(0, n)
		w := newWorld(t, static(nodes...))
		_, first := w.phases(1, nil, nodes)
		require.Equal(t, vm.Success, w.publish(first).Status)
		_, second := w.phases(2, nodes, nodes)
		require.Equal(t, vm.Success, w.publish(second).Status)
		line := fmt.Sprintf("n=%d", n)
		for _, name := range []string{"beginBlock", "*dkg.Enrolment", "*dkg.Deal", "*dkg.Acknowledgement", "publish"} {
			require.NotZero(t, w.gas[name], name)
			line += fmt.Sprintf(", %s %d", name, w.gas[name])
		}
		t.Log(line)
		require.Less(t, w.gas["beginBlock"], uint64(module.HookGas))
	}
}

// The module believes a quorum's acknowledgements, so that a group of any points will do
// to measure by.
func TestTwoHundredSeatsFitIntoTransactionsAndHooks(t *testing.T) {
	const n = ceremony.MaxSeats
	nodes := from(0, n)
	w := newWorld(t, static(nodes...))
	w.to(1, 5)
	r := w.begin(nil, nodes)
	r.all(r.say(r.enrolments()...))
	w.to(1, 7)
	m, err := r.dealers[0].Deal(r.log)
	require.NoError(t, err)
	r.all(r.say(m))
	d := m.Commitment
	g := &dkg.Group{Threshold: r.rules.Threshold}
	for i := range n + 1 {
		p, err := bls.DecodePublicKey(d[i%len(d)][:])
		require.NoError(t, err)
		g.Shares = append(g.Shares, p)
	}
	g.Key, g.Shares = g.Shares[n], g.Shares[:n]
	w.to(1, 12)
	var calls [][]byte
	for node := range r.rules.Threshold {
		data, err := ceremony.MessageCall(r.sign(node, &dkg.Acknowledgement{Seat: node, Group: g.Digest()}), nil)
		require.NoError(t, err)
		calls = append(calls, data)
	}
	w.block(address, calls...)
	published := w.publish(g)
	require.Equal(t, vm.Success, published.Status, "%v", published.Err)
	require.Less(t, published.GasUsed, uint64(1<<24), "EIP-7825")
	w.to(2, 5) // a resharing is open
	require.Len(t, w.opening().Dealers, n)
	require.Less(t, w.gas["beginBlock"], uint64(module.HookGas))
	t.Logf("beginBlock %d, deal %d, publish %d", w.gas["beginBlock"], w.gas["*dkg.Deal"], published.GasUsed)
}

// What a ceremony leaves in the state is what every chain holds: a change of it, or of
// the manifest that genesis stores, is a change of all chains.
func TestTheStateOfACeremonyIsFrozen(t *testing.T) {
	nodes := from(0, 4)
	w := newWorld(t, static(nodes...))
	_, g := w.phases(1, nil, nodes)
	require.Equal(t, vm.Success, w.publish(g).Status)
	slots := w.state.slots[address]
	keys := slices.SortedFunc(maps.Keys(slots), func(a, b ledger.Hash) int { return bytes.Compare(a[:], b[:]) })
	var all []byte
	for _, k := range keys {
		v := slots[k]
		all = append(append(all, k[:]...), v[:]...)
	}
	require.Equal(t, "0xa859f144a17ed8280b478e871eef515b885226c6358ad1d5b8cca0d9a6d206bf", ledger.Keccak(all).String())
}
