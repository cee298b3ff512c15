package node

import (
	"crypto/ed25519"
	"sync"
	"sync/atomic"

	"github.com/rootstem/rootstem/rolldpos"
)

// verified remembers which signatures hold. The core asks it for every signature, so
// that a certificate costs only those of its votes that did not come by themselves; and
// while the core has a queue of messages, those who receive them verify ahead, each on
// a goroutine of its own.
type verified struct {
	now  atomic.Pointer[rolldpos.Committee] // of the epoch; nil before the first
	view atomic.Uint64                      // the core's

	mu         sync.Mutex
	young, old map[statement]struct{} // two generations, each of at most maxVerified
	ballots    map[ballotID]int       // votes that were verified ahead
}

// ballotID is what a quorum agrees on.
type ballotID struct {
	epoch rolldpos.Epoch
	view  rolldpos.View
	kind  rolldpos.Kind
	block rolldpos.Hash
}

type statement struct {
	key, digest [32]byte
	sig         [64]byte
}

const (
	maxVerified = 8192
	maxBallots  = 256
	// busyQueue is the number of waiting events from which on messages are verified
	// ahead, as many as some hundred seats send in a view. Below it the core does as
	// well, and leaves out what it does not need: where nodes share few cores, verifying
	// ahead costs a tenth of their throughput.
	busyQueue = 256
)

func (v *verified) turn(c *rolldpos.Committee) { v.now.Store(c) }

// check says whether a signature holds. It answers as rolldpos.VerifySignature does.
func (v *verified) check(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool {
	if len(key) != ed25519.PublicKeySize {
		return false
	}
	s := statement{[32]byte(key), digest, *sig}
	if v.known(s) {
		return true
	}
	if !rolldpos.VerifySignature(key, digest, sig) {
		return false
	}
	v.remember(s)
	return true
}

func (v *verified) remember(s statement) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.young == nil || len(v.young) >= maxVerified {
		v.young, v.old = make(map[statement]struct{}), v.young
	}
	v.young[s] = struct{}{}
}

// certificate verifies the signatures of a certificate together if most of its votes did
// not come by themselves, which takes half the time.
func (v *verified) certificate(genesis rolldpos.Hash, x *rolldpos.Certificate) {
	c := v.now.Load()
	if c == nil || x.Epoch != c.Epoch || x.View+1 < rolldpos.View(v.view.Load()) {
		return
	}
	seats, err := x.Seats(c)
	if err != nil {
		return
	}
	digest := rolldpos.VoteDigest(genesis, x.Epoch, x.View, x.Kind, x.Block)
	var fresh []statement
	for i, seat := range seats {
		if s := (statement{[32]byte(c.Keys[seat]), digest, x.Sigs[i]}); !v.known(s) {
			fresh = append(fresh, s)
		}
	}
	if 2*len(fresh) < len(seats) || x.Verify(genesis, &rolldpos.Committee{Epoch: c.Epoch, Keys: c.Keys}) != nil {
		return
	}
	for _, s := range fresh {
		v.remember(s)
	}
}

func (v *verified) known(s statement) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, young := v.young[s]
	_, old := v.old[s]
	return young || old
}

// ahead verifies a vote or a proposal of the epoch; the core then finds it done. It may
// be called from any goroutine. What the core will not look at is left out: votes of
// views that have passed, and of each ballot those beyond a quorum.
func (v *verified) ahead(genesis rolldpos.Hash, m rolldpos.Message) {
	c := v.now.Load()
	if c == nil || epochOf(m) != uint64(c.Epoch) {
		return
	}
	view := rolldpos.View(v.view.Load())
	switch m := m.(type) {
	case *rolldpos.Vote:
		if m.Seat >= c.Size() || m.View+1 < view || m.View < view && m.Kind != rolldpos.Commit ||
			!v.count(ballotID{m.Epoch, m.View, m.Kind, m.Block}, c.Quorum()) {
			return
		}
		v.check(c.Keys[m.Seat], rolldpos.VoteDigest(genesis, m.Epoch, m.View, m.Kind, m.Block), &m.Sig)
	case *rolldpos.Proposal:
		if m.View >= view {
			v.check(c.Keys[c.Leader(m.View)], rolldpos.ProposalDigest(genesis, m.Epoch, m.View, m.ParentView, m.Parent, m.Block), &m.Sig)
		}
	}
}

// count reports whether a ballot has had fewer than a quorum of votes.
func (v *verified) count(id ballotID, quorum int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ballots == nil || len(v.ballots) >= maxBallots {
		v.ballots = map[ballotID]int{}
	}
	v.ballots[id]++
	return v.ballots[id] <= quorum
}
