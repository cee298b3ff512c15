package light_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

const (
	blockTime = 1000                      // ms
	birth     = uint64(1_700_000_000_000) // ms
	length    = 4                         // blocks of an epoch
	period    = 40 * blockTime
)

// seats is a committee with its secrets.
type seats struct {
	committee *rolldpos.Committee
	keys      []ed25519.PrivateKey
}

func newSeats(name string, n int) *seats {
	s := &seats{committee: &rolldpos.Committee{}}
	for i := range n {
		seed := ledger.Keccak([]byte(name), []byte{byte(i)})
		k := ed25519.NewKeyFromSeed(seed[:])
		s.keys = append(s.keys, k)
		s.committee.Keys = append(s.committee.Keys, k.Public().(ed25519.PublicKey))
	}
	return s
}

func newKey(t testing.TB, name string) *bls.SecretKey {
	t.Helper()
	k, err := bls.GenerateKey(&stream{name: name})
	require.NoError(t, err)
	return k
}

// stream is a reader of bytes that a name determines.
type stream struct {
	name string
	rest []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		if len(s.rest) == 0 {
			h := ledger.Keccak([]byte(s.name))
			s.name, s.rest = string(h[:]), h[:]
		}
		p[i], s.rest = s.rest[0], s.rest[1:]
	}
	return len(p), nil
}

// world is a chain of headers that its committees have made final. Epoch e's committee
// is named by terms[e], its key by eras[e].
type world struct {
	t       testing.TB
	genesis ledger.Hash
	terms   []string
	eras    []string
	headers []*ledger.Header
	anchors []*ledger.Anchor
}

const committeeSize = 4

func newWorld(t testing.TB, terms, eras []string) *world {
	w := &world{t: t, terms: terms, eras: eras}
	w.add()
	w.genesis = w.headers[0].Hash()
	for len(w.headers) <= length*(len(terms)-2) {
		w.add()
	}
	return w
}

func epochAt(height int) int { return (height + length - 1) / length }

func (w *world) seats(epoch int) *seats {
	return newSeats(w.terms[max(epoch, 1)], committeeSize)
}

func (w *world) key(epoch int) *bls.SecretKey { return newKey(w.t, w.eras[epoch]) }

func (w *world) add() {
	height := len(w.headers)
	epoch := epochAt(height)
	key := w.key(epoch).Public().Bytes()
	a := &ledger.Anchor{ChainKey: ledger.Keccak(key[:])}
	h := &ledger.Header{
		Height: uint64(height), View: uint64(height), Epoch: uint64(epoch), Time: birth + uint64(height)*blockTime,
		StateRoot: ledger.Keccak([]byte{byte(height)}), GasLimit: 30_000_000,
		Committee: w.seats(epoch).committee.Hash(), AnchorHash: a.Hash(),
	}
	if height%length != 1 { // decided in an epoch's second block
		h.NextCommittee = w.seats(epoch + 1).committee.Hash()
	}
	if height > 0 {
		h.Parent = w.headers[height-1].Hash()
	}
	w.headers, w.anchors = append(w.headers, h), append(w.anchors, a)
}

func (w *world) raw(height int) []byte { return w.headers[height].AppendRLP(nil) }

// now is the time of a block.
func (w *world) now(height int) uint64 { return w.headers[height].Time }

func (w *world) committee(height int) *rolldpos.Committee {
	epoch := epochAt(height)
	return w.seats(epoch).committee.At(rolldpos.Epoch(epoch))
}

func (w *world) votes(height int) *rolldpos.Certificate {
	h := w.headers[height]
	x := rolldpos.Certificate{Epoch: rolldpos.Epoch(h.Epoch), View: rolldpos.View(h.View), Kind: rolldpos.Commit, Block: h.Hash()}
	x.Signatures = sign(w.seats(int(h.Epoch)).keys, rolldpos.VoteDigest(w.genesis, x.Epoch, x.View, x.Kind, x.Block))
	return &x
}

func (w *world) keyed(height int) *chainkey.Certificate {
	return w.keyedBy(w.headers[height], w.eras[epochAt(height)])
}

func (w *world) keyedBy(h *ledger.Header, key string) *chainkey.Certificate {
	x := &chainkey.Certificate{Epoch: rolldpos.Epoch(h.Epoch), View: rolldpos.View(h.View), Block: h.Hash()}
	digest := chainkey.CommitDigest(w.genesis, x.Epoch, x.View, x.Block)
	x.Signature = newKey(w.t, key).Sign(chainkey.DSTCommit, digest[:])
	return x
}

// handover leads from the key of epoch − 1 to that of epoch.
func (w *world) handover(era uint64, epoch int) *chainkey.Handover {
	h := &chainkey.Handover{Era: era, Epoch: rolldpos.Epoch(epoch), Key: w.key(epoch).Public().Bytes()}
	digest := h.Digest(w.genesis)
	h.Signature = w.key(epoch-1).Sign(chainkey.DSTHandover, digest[:])
	return h
}

func (w *world) fromGenesis() *light.Client {
	w.t.Helper()
	c, err := light.FromHeader(w.genesis, w.genesis, w.raw(0), period)
	require.NoError(w.t, err)
	return c
}

func (w *world) fromKey() *light.Client {
	w.t.Helper()
	key := w.key(1).Public().Bytes()
	c, err := light.FromKey(w.genesis, light.KeyTrust{Key: key[:], Era: 1, Epoch: 1, Time: birth}, period)
	require.NoError(w.t, err)
	return c
}

// takeVotes and takeKeyed bring a header at the time of its block.
func (w *world) takeVotes(c *light.Client, height int) error {
	_, err := c.UpdateVotes(w.now(height), w.raw(height), w.committee(height), w.votes(height))
	return err
}

func (w *world) takeKeyed(c *light.Client, height int) error {
	_, err := c.UpdateKeyed(w.now(height), w.raw(height), w.keyed(height))
	return err
}

// unchanged runs f and checks that it fails as wanted and leaves the client alone, and
// that the client's state is read back as it was.
func unchanged(t testing.TB, c *light.Client, want error, f func() error) {
	t.Helper()
	before := c.AppendBinary(nil)
	require.ErrorIs(t, f(), want)
	require.True(t, bytes.Equal(before, c.AppendBinary(nil)), "a call that fails changes nothing")
	d, err := light.Decode(before)
	require.NoError(t, err)
	require.Equal(t, before, d.AppendBinary(nil))
}

func same(names ...string) []string { return names }

// spread repeats each name k times, after one for epoch 0.
func spread(k int, names ...string) []string {
	out := []string{names[0]}
	for _, n := range names {
		for range k {
			out = append(out, n)
		}
	}
	return out
}
