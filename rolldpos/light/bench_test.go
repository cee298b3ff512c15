package light_test

import (
	"fmt"
	"testing"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// BenchmarkLight is what a device receives and computes for one header: bytes is header
// and certificate, with-committee also the committee, which a device needs once for each
// epoch that changes it. The last row of each size takes a handover first.
func BenchmarkLight(b *testing.B) {
	for _, n := range []int{4, 24, 100} {
		s := newSeats("bench", n)
		committee := s.committee.At(3)
		h := header(committee)
		raw := h.AppendRLP(nil)
		benchVotes(b, n, committee, raw, s, h)
		benchKeyed(b, n, raw, h)
	}
}

func benchVotes(b *testing.B, n int, committee *rolldpos.Committee, raw []byte, s *seats, h *ledger.Header) {
	x := &rolldpos.Certificate{Epoch: 3, View: 5, Kind: rolldpos.Commit, Block: h.Hash()}
	x.Signatures = quorum(s, committee, rolldpos.VoteDigest(genesis, 3, 5, rolldpos.Commit, h.Hash()))
	cert := x.AppendBinary(nil)
	b.Run(fmt.Sprintf("n=%d/votes", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x, err := rolldpos.DecodeCertificate(cert)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := light.Verify(genesis, raw, committee, x); err != nil {
				b.Fatal(err)
			}
		}
		size := float64(len(raw) + len(cert))
		b.ReportMetric(size, "bytes")
		b.ReportMetric(size+float64(len(committee.AppendBinary(nil))), "with-committee")
	})
}

func benchKeyed(b *testing.B, n int, raw []byte, h *ledger.Header) {
	secret, next := newKey(b, "bench"), newKey(b, "next")
	digest := chainkey.CommitDigest(genesis, 3, 5, h.Hash())
	x := &chainkey.Certificate{Epoch: 3, View: 5, Block: h.Hash(), Signature: next.Sign(chainkey.DSTCommit, digest[:])}
	cert := x.AppendBinary(nil)
	hop := &chainkey.Handover{Era: 2, Epoch: 3, Key: next.Public().Bytes()}
	digest = hop.Digest(genesis)
	hop.Signature = secret.Sign(chainkey.DSTHandover, digest[:])
	old, key := chainkey.NewKey(secret.Public()), chainkey.NewKey(next.Public())
	verify := func(b *testing.B, key *chainkey.Key) {
		x, err := chainkey.DecodeCertificate(cert)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := light.Verify(genesis, raw, key, x); err != nil {
			b.Fatal(err)
		}
	}
	b.Run(fmt.Sprintf("n=%d/key", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verify(b, key)
		}
		b.ReportMetric(float64(len(raw)+len(cert)), "bytes")
	})
	b.Run(fmt.Sprintf("n=%d/handover-and-key", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k, err := hop.Verify(genesis, old)
			if err != nil {
				b.Fatal(err)
			}
			verify(b, k)
		}
		b.ReportMetric(float64(len(raw)+len(cert)+len(hop.AppendBinary(nil))), "bytes")
	})
}

// quorum signs with as many seats as are needed, and no more.
func quorum(s *seats, c *rolldpos.Committee, digest [32]byte) rolldpos.Signatures {
	all := sign(s.keys, digest) // all but seat 1
	sigs := make([]*[64]byte, c.Size())
	for i := range c.Quorum() {
		seat := i
		if i >= 1 {
			seat++
		}
		sigs[seat] = &all.Sigs[i]
	}
	return rolldpos.Collect(sigs)
}
