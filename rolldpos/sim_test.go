package rolldpos

import (
	"bytes"
	"container/heap"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
)

type keySigner struct{ key ed25519.PrivateKey }

func (s keySigner) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

func testKey(i int) ed25519.PrivateKey {
	seed := keccak.Sum256([]byte("rolldpos test key"), []byte{byte(i)})
	return ed25519.NewKeyFromSeed(seed[:])
}

func testCommittee(n int) (*Committee, []Signer) {
	c := &Committee{Epoch: 1}
	var signers []Signer
	for i := range n {
		k := testKey(i)
		c.Keys = append(c.Keys, k.Public().(ed25519.PublicKey))
		signers = append(signers, keySigner{k})
	}
	return c, signers
}

// verifyOnce verifies each signature for real, but one that n seats receive only once.
func verifyOnce() func(ed25519.PublicKey, [32]byte, *[64]byte) bool {
	type statement struct {
		key, digest [32]byte
		sig         [64]byte
	}
	seen := make(map[statement]bool)
	return func(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool {
		at := statement{[32]byte(key), digest, *sig}
		ok, known := seen[at]
		if !known {
			ok = ed25519.Verify(key, digest[:], sig[:])
			seen[at] = ok
		}
		return ok
	}
}

var (
	testGenesis = keccak.Sum256([]byte("genesis"))
	testAnchor  = keccak.Sum256([]byte("anchor"))
)

// body is what the simulated driver knows of a block.
type body struct {
	hash, parent Hash
	epoch        Epoch
	height       int
	view         View
	bad, last    bool
}

// peer is one process: a driver and its cores. Twins share a seat.
type peer struct {
	id, seat int
	up       bool
	life     int
	cores    map[Epoch]*Core
	epoch    Epoch
	anchors  map[Epoch]Hash
	log      [][]byte
	disk     map[Hash]bool // bodies
	mem      map[Hash]bool
	executed map[Hash]bool
	final    Hash
	wake     map[Epoch]uint64
	demand   bool
	ends     map[Epoch]*Certificate // of the last blocks of past epochs, on disk
}

type event struct {
	at, seq uint64
	do      func()
}

type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// sim is a whole network in one goroutine: equal seeds give equal traces.
type sim struct {
	t         testing.TB
	seed      int64
	rng       *rand.Rand
	now, seq  uint64
	events    agenda
	committee *Committee
	signers   []Signer
	peers     []*peer
	bodies    map[Hash]*body
	chain     map[int]Hash // the one final block of a height
	top       int
	trace     hash.Hash64
	evidence  map[int]bool
	sent      int

	loss, dup          float64
	minDelay, maxDelay uint64
	cut                func(a, b *peer) bool
	torn               float64 // probability that a step ends in a crash
	lastHeight         int     // every so many blocks an epoch ends; 0: never
	badBlocks          map[int]bool
	onLine             func(string)
}

func newSim(t testing.TB, seed int64, n int, twins ...int) *sim {
	s := &sim{
		t: t, seed: seed, rng: rand.New(rand.NewSource(seed)),
		bodies: make(map[Hash]*body), chain: make(map[int]Hash), trace: fnv.New64a(),
		evidence: make(map[int]bool), minDelay: 1, maxDelay: 40,
		cut: func(a, b *peer) bool { return false },
	}
	s.committee, s.signers = testCommittee(n)
	s.committee = s.committee.Checking(verifyOnce())
	s.bodies[testAnchor] = &body{hash: testAnchor}
	s.chain[0] = testAnchor
	seats := twins
	for i := range n {
		seats = append(seats[:i:i], append([]int{i}, seats[i:]...)...)
	}
	for id, seat := range seats {
		s.peers = append(s.peers, &peer{
			id: id, seat: seat, epoch: 1, anchors: map[Epoch]Hash{1: testAnchor}, final: testAnchor,
			disk: map[Hash]bool{testAnchor: true}, ends: make(map[Epoch]*Certificate),
		})
	}
	return s
}

func (s *sim) failf(format string, args ...any) {
	s.t.Fatalf("seed %d at %d ms: %s", s.seed, s.now, fmt.Sprintf(format, args...))
}

func (s *sim) after(d uint64, do func()) {
	s.seq++
	heap.Push(&s.events, event{at: s.now + d, seq: s.seq, do: do})
}

func (s *sim) run(until uint64) {
	for len(s.events) > 0 && s.events[0].at <= until {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	s.now = until
}

func (s *sim) delay() uint64 {
	return s.minDelay + uint64(s.rng.Int63n(int64(s.maxDelay-s.minDelay+1)))
}

func (s *sim) boot(p *peer) {
	p.up = true
	p.life++
	p.cores, p.wake = make(map[Epoch]*Core), make(map[Epoch]uint64)
	p.mem, p.executed = make(map[Hash]bool), make(map[Hash]bool)
	for h := p.final; ; h = s.bodies[h].parent {
		p.executed[h] = true
		if s.bodies[h].height == 0 {
			break
		}
	}
	s.begin(p, p.epoch)
}

func (s *sim) begin(p *peer, e Epoch) {
	c, err := New(Config{
		Genesis: testGenesis, Committee: s.committee.At(e), Seat: p.seat, Signer: s.signers[p.seat],
		Anchor: p.anchors[e], Delta: 100, MaxDelta: 1600,
	})
	require.NoError(s.t, err)
	if err := c.Restore(p.log); err != nil {
		s.failf("restore: %v", err)
	}
	p.cores[e] = c
	s.step(p, e, Demand{p.demand})
	s.step(p, e, Start{})
}

func (s *sim) bootAll() {
	for _, p := range s.peers {
		s.boot(p)
	}
}

func (s *sim) crash(p *peer) {
	p.up = false
	p.life++
}

func (s *sim) setDemand(on bool) {
	for _, p := range s.peers {
		p.demand = on
		if p.up {
			s.step(p, p.epoch, Demand{on})
		}
	}
}

// step drives one core and does what its Ready says, in the order it promises.
func (s *sim) step(p *peer, e Epoch, in Input) {
	c := p.cores[e]
	if !p.up || c == nil {
		return
	}
	life := p.life
	r := c.Step(s.now, in)
	if s.twin(p) {
		c.abstain = 0 // a Byzantine seat does not care
	}
	tear := s.torn > 0 && len(r.Persist) > 0 && s.rng.Float64() < s.torn
	if tear && s.rng.Intn(3) == 0 {
		s.crash(p) // nothing durable, nothing sent
		return
	}
	p.log = append(p.log, r.Persist...)
	for _, h := range r.Bodies {
		p.disk[h] = true
	}
	s.checkSent(p, r.Send)
	for i, o := range r.Send {
		if tear && i >= s.rng.Intn(len(r.Send)+1) {
			break
		}
		s.transmit(p, o)
	}
	if tear {
		s.crash(p)
		return
	}
	for _, x := range r.Evidence {
		s.evidence[x.Seat] = true
		s.checkEvidence(x)
	}
	for _, err := range r.Faults {
		s.failf("peer %d: %v", p.id, err)
	}
	s.traceReady(p, e, &r)
	for _, x := range r.Build {
		s.after(uint64(1+s.rng.Intn(5)), func() { s.build(p, life, e, x) })
	}
	for _, x := range r.Verify {
		s.after(uint64(1+s.rng.Intn(5)), func() { s.verify(p, life, e, x) })
	}
	if r.Wake != 0 && p.wake[e] != r.Wake {
		p.wake[e] = r.Wake
		require.Greater(s.t, r.Wake, s.now)
		s.after(r.Wake-s.now, func() {
			if p.life == life && p.wake[e] == s.now {
				p.wake[e] = 0
				s.step(p, e, Tick{})
			}
		})
	}
	for _, f := range r.Final {
		s.finalize(p, e, f)
	}
}

func (s *sim) twin(p *peer) bool {
	for _, q := range s.peers {
		if q != p && q.seat == p.seat {
			return true
		}
	}
	return false
}

// checkSent is rule 5: own votes and proposals are in the log before they leave.
func (s *sim) checkSent(p *peer, send []Outgoing) {
	for _, o := range send {
		var want []byte
		switch m := o.Message.(type) {
		case *Vote:
			if m.Seat == p.seat {
				want = m.AppendBinary(nil)
			}
		case *Proposal:
			want = m.AppendBinary(nil)
		}
		if want == nil {
			continue
		}
		found := false
		for i := len(p.log) - 1; i >= 0 && !found; i-- {
			found = bytes.Contains(p.log[i], want)
		}
		if !found && !s.twin(p) {
			s.failf("peer %d sent %T before it was in its log", p.id, o.Message)
		}
	}
}

func (s *sim) checkEvidence(x Evidence) {
	c := s.committee.At(0)
	if x.Proposals[0] != nil {
		a, b := x.Proposals[0], x.Proposals[1]
		require.NoError(s.t, a.Verify(testGenesis, c.At(a.Epoch)))
		require.NoError(s.t, b.Verify(testGenesis, c.At(b.Epoch)))
		require.True(s.t, a.View == b.View && a.Epoch == b.Epoch && a.Block != b.Block)
		return
	}
	a, b := x.Votes[0], x.Votes[1]
	require.NoError(s.t, a.Verify(testGenesis, c.At(a.Epoch)))
	require.NoError(s.t, b.Verify(testGenesis, c.At(b.Epoch)))
	require.True(s.t, a.View == b.View && a.Epoch == b.Epoch && a.Seat == b.Seat && a.Seat == x.Seat)
	require.True(s.t, a.Kind == b.Kind && a.Block != b.Block || a.Kind == Commit && b.Kind == Nullify || a.Kind == Nullify && b.Kind == Commit)
}

func (s *sim) transmit(from *peer, o Outgoing) {
	raw := o.Message.AppendBinary(nil)
	for _, to := range s.peers {
		if to == from || o.To != Broadcast && to.seat != o.To || to.seat == from.seat {
			continue
		}
		copies := 1
		if s.rng.Float64() < s.dup {
			copies = 2
		}
		for range copies {
			s.sent++
			if s.cut(from, to) || s.rng.Float64() < s.loss {
				continue
			}
			s.after(s.delay(), func() { s.deliver(to, raw) })
		}
	}
}

func (s *sim) deliver(to *peer, raw []byte) {
	if !to.up {
		return
	}
	m, err := DecodeMessage(raw)
	require.NoError(s.t, err)
	require.Equal(s.t, raw, m.AppendBinary(nil))
	var e Epoch
	switch m := m.(type) {
	case *Proposal:
		e = m.Epoch
		to.mem[m.Block] = true
	case *Vote:
		e = m.Epoch
	case *Certificate:
		e = m.Epoch
	case *Status:
		e = m.Epoch
	}
	if e > to.epoch {
		s.sync(to)
	}
	s.step(to, e, Received{m})
}

// sync is what block sync does for a peer that is an epoch behind: nobody else's core
// of that epoch need be alive.
func (s *sim) sync(p *peer) {
	e, life := p.epoch, p.life
	for _, q := range s.peers {
		if x := q.ends[e]; x != nil && q.up && !s.cut(p, q) {
			s.after(s.delay(), func() {
				if p.life == life {
					s.step(p, e, FinalizedElsewhere{Certificate: x, Last: true})
				}
			})
			return
		}
	}
}

func (s *sim) build(p *peer, life int, e Epoch, x BuildRequest) {
	if p.life != life {
		return
	}
	if !p.executed[x.Parent] {
		s.failf("peer %d builds on a block that it has not executed", p.id)
	}
	parent := s.bodies[x.Parent]
	b := &body{parent: x.Parent, epoch: e, height: parent.height + 1, view: x.View, bad: s.badBlocks[p.seat]}
	b.last = s.lastHeight > 0 && b.height%s.lastHeight == 0
	id := binary.BigEndian.AppendUint64(nil, s.rng.Uint64())
	b.hash = keccak.Sum256(x.Parent[:], id)
	s.bodies[b.hash] = b
	p.mem[b.hash], p.executed[b.hash] = true, true
	s.step(p, e, Built{View: x.View, Parent: x.Parent, Block: b.hash, Last: b.last})
}

func (p *peer) holds(h Hash) bool { return p.disk[h] || p.mem[h] }

// fetch says whether the body is at hand, or could be had from a peer that is in reach.
func (s *sim) fetch(p *peer, h Hash) bool {
	if p.holds(h) {
		return true
	}
	for _, q := range s.peers {
		if q != p && q.up && q.holds(h) && !s.cut(p, q) && s.rng.Float64() >= s.loss {
			p.mem[h] = true
			return true
		}
	}
	return false
}

func (s *sim) verify(p *peer, life int, e Epoch, x VerifyRequest) {
	c := p.cores[e]
	if p.life != life || c.final.view > x.View {
		return
	}
	again := func() { s.after(20+s.delay(), func() { s.verify(p, life, e, x) }) }
	if !s.fetch(p, x.Block) {
		again()
		return
	}
	b := s.bodies[x.Block]
	ok := !b.bad
	if x.Notarised {
		for a := b; !p.executed[a.hash]; a = s.bodies[a.parent] {
			if !s.fetch(p, a.hash) {
				again()
				return
			}
		}
		for a := b; !p.executed[a.hash]; a = s.bodies[a.parent] {
			p.executed[a.hash] = true
		}
		ok = ok && b.view <= x.View
	} else {
		if !p.executed[x.Parent] {
			s.failf("peer %d verifies on a block that it has not executed", p.id)
		}
		ok = ok && b.view == x.View && b.parent == x.Parent
		p.executed[x.Block] = p.executed[x.Block] || ok
	}
	s.step(p, e, Verified{View: x.View, Block: x.Block, Valid: ok, Last: b.last})
}

// finalize checks safety: one final block for a height, all of them one chain.
func (s *sim) finalize(p *peer, e Epoch, f Finalized) {
	require.NoError(s.t, f.Certificate.Verify(testGenesis, s.committee.At(e)))
	require.Equal(s.t, f.Block, f.Certificate.Block)
	b := s.bodies[f.Block]
	if b.bad {
		s.failf("peer %d: an invalid block is final", p.id)
	}
	for a := b; ; a = s.bodies[a.parent] {
		if known, ok := s.chain[a.height]; ok {
			if known != a.hash {
				s.failf("peer %d: fork at height %d", p.id, a.height)
			}
		}
		s.chain[a.height] = a.hash
		if a.height == 0 || a.hash == p.final {
			break
		}
	}
	s.top = max(s.top, b.height)
	if b.height > s.bodies[p.final].height {
		p.final = b.hash
	}
	p.disk[b.hash], p.executed[b.hash] = true, true
	if b.last {
		p.ends[e] = f.Certificate
	}
	if b.last && e == p.epoch {
		life := p.life
		s.after(1, func() {
			if p.life != life || p.epoch != e {
				return
			}
			p.epoch = e + 1
			p.anchors[p.epoch] = f.Block
			s.begin(p, p.epoch)
		})
	}
	if s.rng.Intn(4) == 0 && e == p.epoch && !s.twin(p) {
		s.compact(p, e)
	}
}

// compact replaces the log; what it held is audited first.
func (s *sim) compact(p *peer, e Epoch) {
	if err := Audit(p.log); err != nil {
		s.failf("peer %d: %v", p.id, err)
	}
	p.log = p.cores[e].Records()
}

func (s *sim) height(p *peer) int { return s.bodies[p.final].height }

func (s *sim) lowest() int {
	low := s.top
	for _, p := range s.peers {
		if p.up && !s.twin(p) {
			low = min(low, s.height(p))
		}
	}
	return low
}

func (s *sim) audit() {
	for _, p := range s.peers {
		if err := Audit(p.log); err != nil && !s.twin(p) {
			s.failf("peer %d: %v", p.id, err)
		}
	}
	for seat := range s.evidence {
		guilty := false
		for _, p := range s.peers {
			guilty = guilty || p.seat == seat && s.twin(p)
		}
		if !guilty {
			s.failf("evidence against honest seat %d", seat)
		}
	}
}

func (s *sim) traceReady(p *peer, e Epoch, r *Ready) {
	line := describe(p.id, s.now, r)
	if line == "" {
		return
	}
	fmt.Fprintf(s.trace, "%d %s", e, line)
	for _, o := range r.Send {
		s.trace.Write(o.Message.AppendBinary(nil))
	}
	for _, b := range r.Persist {
		s.trace.Write(b)
	}
	if s.onLine != nil {
		s.onLine(line)
	}
}
