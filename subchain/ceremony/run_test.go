package ceremony_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ceremony"
	"github.com/rootstem/rootstem/vm"
)

// run is one ceremony as the nodes see it.
type run struct {
	*world
	c       *dkg.Ceremony
	log     *dkg.Transcript
	rules   dkg.Rules
	dealers map[int]*dkg.Participant
	seats   map[int]*dkg.Participant
	order   []int // nodes in the order of seats
	before  []int // in the order of dealers
	deals   map[int][]byte
}

// begin makes the nodes join the ceremony that is open.
func (w *world) begin(before, seats []int) *run {
	o := w.opening()
	c, err := o.Ceremony(genesis)
	require.NoError(w.t, err)
	r := &run{world: w, c: c, rules: c.Rules(), order: seats, before: before,
		dealers: map[int]*dkg.Participant{}, seats: map[int]*dkg.Participant{}, deals: map[int][]byte{}}
	if c.Old == nil {
		r.before = seats
	}
	r.log, err = dkg.NewTranscript(c)
	require.NoError(w.t, err)
	join := func(node int) *dkg.Participant {
		var old *bls.Share
		if m := w.members[node]; c.Old != nil && m != nil {
			old = &m.Share
		}
		k := identity(node)
		seed := sha256.Sum256([]byte(fmt.Sprint("seed ", node, o.Start)))
		p, err := dkg.Join(c, k.Public().(ed25519.PublicKey), signer{k}, seed, old)
		require.NoError(w.t, err)
		return p
	}
	for _, node := range r.before {
		r.dealers[node] = join(node)
	}
	for _, node := range seats {
		if r.seats[node] = r.dealers[node]; r.seats[node] == nil {
			r.seats[node] = join(node)
		}
	}
	return r
}

// say has messages brought in one block and replays what the chain accepted.
func (r *run) say(messages ...dkg.Message) []vm.Result {
	var calls [][]byte
	for _, m := range messages {
		var deal []byte
		if j, ok := m.(*dkg.Justification); ok {
			deal = r.deals[j.Dealer]
		}
		data, err := ceremony.MessageCall(m, deal)
		require.NoError(r.t, err)
		calls = append(calls, data)
	}
	results := r.block(address, calls...)
	for i, x := range results {
		name := fmt.Sprintf("%T", messages[i])
		r.gas[name] = max(r.gas[name], x.GasUsed)
		if x.Status == vm.Success {
			require.Len(r.t, x.Logs, 1)
			epoch, m, ok, err := ceremony.DecodeSaid(&x.Logs[0])
			require.NoError(r.t, err)
			require.True(r.t, ok)
			require.EqualValues(r.t, r.c.Seats.Epoch, epoch)
			require.NoError(r.t, r.log.Add(r.height, m), "the transcript takes what the module took")
			if d, ok := m.(*dkg.Deal); ok {
				r.deals[d.Dealer] = m.AppendBinary(nil)
			}
			continue
		}
		require.Error(r.t, r.log.Add(r.height, messages[i]), "the module took what the transcript takes: %s", reason(x))
	}
	return results
}

func (r *run) all(results []vm.Result) {
	for _, x := range results {
		require.Equal(r.t, vm.Success, x.Status, "%s %v", reason(x), x.Err)
	}
}

func (r *run) enrolments() (out []dkg.Message) {
	for _, node := range r.order {
		m, err := r.seats[node].Enrol()
		require.NoError(r.t, err)
		out = append(out, m)
	}
	return out
}

func (r *run) dealings() (out []dkg.Message) {
	for _, node := range r.before {
		m, err := r.dealers[node].Deal(r.log)
		require.NoError(r.t, err)
		out = append(out, m)
	}
	return out
}

func (r *run) complaints() (out []dkg.Message) {
	for _, node := range r.order {
		m, err := r.seats[node].Complain(r.log)
		require.NoError(r.t, err)
		if m != nil {
			out = append(out, m)
		}
	}
	return out
}

func (r *run) justifications() (out []dkg.Message) {
	for _, node := range r.before {
		m, err := r.dealers[node].Justify(r.log)
		require.NoError(r.t, err)
		if m != nil {
			out = append(out, m)
		}
	}
	return out
}

func (r *run) acknowledgements() (out []dkg.Message) {
	for _, node := range r.order {
		pending, err := r.seats[node].Finish(r.log, r.height+1)
		require.NoError(r.t, err)
		m, a, err := pending.Keep(func([]byte) error { return nil })
		require.NoError(r.t, err)
		r.members[node] = m
		out = append(out, a)
	}
	return out
}

// phases runs the ceremony that opens in an epoch up to the acknowledgements, and returns
// the group.
func (w *world) phases(epoch uint64, before, seats []int) (*run, *dkg.Group) {
	w.to(epoch, 5) // the block at place 4 has opened it
	r := w.begin(before, seats)
	r.all(r.say(r.enrolments()...))
	w.to(epoch, 6)
	r.all(r.say(r.dealings()...))
	w.to(epoch, 8)
	r.all(r.say(r.complaints()...))
	w.to(epoch, 10)
	r.all(r.say(r.justifications()...))
	w.to(epoch, 12)
	r.all(r.say(r.acknowledgements()...))
	g, err := r.log.Accepted(w.height)
	require.NoError(w.t, err)
	return r, g
}

func (w *world) publish(g *dkg.Group) vm.Result {
	data, err := ceremony.PublishCall(g)
	require.NoError(w.t, err)
	r := w.block(address, data)[0]
	w.gas["publish"] = max(w.gas["publish"], r.GasUsed)
	return r
}

// signs demands that the nodes sign under the chain's key.
func (w *world) signs(nodes []int) {
	g, err := dkg.DecodeGroup(w.bytes("group()"))
	require.NoError(w.t, err)
	key := g.Key.Bytes()
	require.Equal(w.t, key[:], w.bytes("chainKey()"))
	var partials []bls.Partial
	for _, node := range nodes[len(nodes)-g.Threshold:] {
		partials = append(partials, w.members[node].Share.Sign(tag, []byte("m")))
	}
	sig, err := bls.Recover(g.Threshold, partials)
	require.NoError(w.t, err)
	require.NoError(w.t, g.Key.Verify(tag, []byte("m"), sig))
}

func (r *run) sign(node int, m dkg.Message) dkg.Message {
	sig := signer{identity(node)}.Sign(r.rules.Statement(m))
	switch m := m.(type) {
	case *dkg.Enrolment:
		m.Sig = sig
	case *dkg.Deal:
		m.Sig = sig
	case *dkg.Complaint:
		m.Sig = sig
	case *dkg.Justification:
		m.Sig = sig
	case *dkg.Acknowledgement:
		m.Sig = sig
	}
	return m
}
