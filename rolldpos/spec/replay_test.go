package spec

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// network is real cores with real signatures, to which a trace delivers what it says
// and nothing else.
type network struct {
	t         testing.TB
	m         *model
	committee *rolldpos.Committee
	keys      [seats]ed25519.PrivateKey
	hashes    []rolldpos.Hash // by block
	cores     [honest]*rolldpos.Core
	logs      [honest][][]byte
	now       [honest]uint64
	final     [honest]*rolldpos.Certificate // what the drivers have stored
	votes     map[statement]*rolldpos.Vote  // that honest seats have sent
	proposals map[rolldpos.View]*rolldpos.Proposal
	judging   [honest]*rolldpos.VerifyRequest // of a proposal
	unsynced  bool                            // the step's effects are lost
	shown     int                             // evidence against the liar
}

type statement struct {
	seat  int
	view  rolldpos.View
	kind  rolldpos.Kind
	block rolldpos.Hash
}

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

// Times in ms: Δ is the default; a view's timers are over long before patience is.
const (
	smallDelta = 500
	patience   = 1_000_000
)

var genesis = keccak.Sum256([]byte("rolldpos specification"))

func newNetwork(t testing.TB, m *model) *network {
	n := &network{
		t: t, m: m, committee: &rolldpos.Committee{Epoch: rolldpos.Epoch(m.epoch)},
		votes: make(map[statement]*rolldpos.Vote), proposals: make(map[rolldpos.View]*rolldpos.Proposal),
	}
	for i := range n.keys {
		seed := keccak.Sum256([]byte("rolldpos specification seat"), []byte{byte(i)})
		n.keys[i] = ed25519.NewKeyFromSeed(seed[:])
		n.committee.Keys = append(n.committee.Keys, n.keys[i].Public().(ed25519.PublicKey))
	}
	for b := range m.blocks {
		n.hashes = append(n.hashes, keccak.Sum256([]byte(m.name(block(b)))))
	}
	n.hashes[0] = rolldpos.Hash{}
	require.Equal(t, quorum, n.committee.Quorum())
	for v := 1; v <= m.views; v++ {
		require.Equal(t, m.leader(v), n.committee.Leader(rolldpos.View(v)))
	}
	for i := range n.cores {
		n.boot(i)
	}
	return n
}

// boot starts seat i from its log and from the final block that its driver has stored.
func (n *network) boot(i int) {
	c, err := rolldpos.New(rolldpos.Config{
		Genesis: genesis, Committee: n.committee, Seat: i, Signer: signer{n.keys[i]}, Anchor: n.hashes[anchor],
	})
	require.NoError(n.t, err)
	require.NoError(n.t, c.Restore(n.logs[i]))
	n.cores[i], n.judging[i] = c, nil
	if x := n.final[i]; x != nil {
		n.step(i, rolldpos.FinalizedElsewhere{Certificate: x, Last: n.m.isLast(n.block(x.Block))})
	}
	n.step(i, rolldpos.Demand{Pending: true})
	n.step(i, rolldpos.Start{})
}

func (n *network) block(h rolldpos.Hash) block {
	for b, x := range n.hashes {
		if x == h {
			return block(b)
		}
	}
	n.t.Fatalf("no block %x", h)
	return 0
}

// step feeds a core and obeys it: rule 5's order, and an answer to every request for a
// certified block. Requests to judge a proposal wait for the trace.
func (n *network) step(i int, in rolldpos.Input) {
	c := n.cores[i]
	r := c.Step(n.now[i], in)
	require.Empty(n.t, r.Faults)
	for _, e := range r.Evidence {
		require.Equal(n.t, liar, e.Seat, "evidence against an honest seat")
		n.shown++
	}
	if n.unsynced {
		return
	}
	n.sync(i, &r)
	for _, f := range r.Final {
		n.final[i] = f.Certificate
	}
	for _, q := range r.Verify {
		if q.Notarised {
			n.step(i, rolldpos.Verified{View: q.View, Block: q.Block, Valid: true, Last: n.m.isLast(n.block(q.Block))})
		} else {
			n.judging[i] = &q
		}
	}
}

// sync persists, then sends, and fails if something signed is sent that the log does
// not hold, or a prepare whose body is not in the same sync: rule 5.
func (n *network) sync(i int, r *rolldpos.Ready) {
	n.logs[i] = append(n.logs[i], r.Persist...)
	held := make(map[statement]bool)
	for k, raw := range n.logs[i] {
		rec, err := rolldpos.DecodeRecord(raw)
		require.NoError(n.t, err)
		x := rec.Vote
		held[statement{x.Seat, x.View, x.Kind, x.Block}] = true
		if k >= len(n.logs[i])-len(r.Persist) && x.Kind == rolldpos.Prepare {
			require.Contains(n.t, r.Bodies, x.Block, "rule 5: the body is not in the sync")
		}
	}
	require.NoError(n.t, rolldpos.Audit(n.logs[i]))
	for _, o := range r.Send {
		switch x := o.Message.(type) {
		case *rolldpos.Vote:
			at := statement{x.Seat, x.View, x.Kind, x.Block}
			if x.Seat == i {
				require.True(n.t, held[at], "rule 5: sent before it was persisted")
				n.votes[at] = x
			}
		case *rolldpos.Proposal:
			if n.committee.Leader(x.View) == i {
				require.True(n.t, held[statement{i, x.View, rolldpos.Prepare, x.Block}], "rule 5: sent before it was persisted")
				n.proposals[x.View] = x
			}
		}
	}
}

// vote returns what a seat has sent, or what the liar signs; nil if an honest seat has
// not said so.
func (n *network) vote(seat int, k kind, v int, b block) *rolldpos.Vote {
	at := statement{seat, rolldpos.View(v), rolldpos.Kind(k), n.hashes[b]}
	if seat != liar {
		return n.votes[at]
	}
	return n.sign(liar, at)
}

// sign makes a vote in the name of at.seat with the key of another.
func (n *network) sign(key int, at statement) *rolldpos.Vote {
	sig := signer{n.keys[key]}.Sign(rolldpos.VoteDigest(genesis, n.committee.Epoch, at.view, at.kind, at.block))
	return &rolldpos.Vote{Epoch: n.committee.Epoch, View: at.view, Kind: at.kind, Block: at.block, Seat: at.seat, Sig: sig}
}

// quorum returns votes for a certificate, those of honest seats first.
func (n *network) quorum(k kind, v int, b block) (out []*rolldpos.Vote) {
	for i := range seats {
		if x := n.vote(i, k, v, b); x != nil && len(out) < quorum {
			out = append(out, x)
		}
	}
	return out
}

func (n *network) certificate(k kind, v int, b block) *rolldpos.Certificate {
	var sigs [seats]*[64]byte
	for _, x := range n.quorum(k, v, b) {
		sigs[x.Seat] = &x.Sig
	}
	return &rolldpos.Certificate{
		Epoch: n.committee.Epoch, View: rolldpos.View(v), Kind: rolldpos.Kind(k), Block: n.hashes[b],
		Signatures: rolldpos.Collect(sigs[:]),
	}
}
