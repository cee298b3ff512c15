package chainkey_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
)

func TestQuorumOfPartialsMakesTheKeysOwnSignature(t *testing.T) {
	for _, n := range []int{1, 4, 7, 24} {
		g := deal(t, "quorum", n)
		signed := g.all(t, commit(9))
		x, ok := signed.Certificate()
		require.True(t, ok)
		require.NoError(t, x.Verify(genesis, g.Key))
		digest := chainkey.CommitDigest(genesis, epoch, 9, block)
		require.Equal(t, g.secret.Sign(chainkey.DSTCommit, digest[:]), x.Signature)
	}
}

func TestAnyQuorumMakesTheSameSignature(t *testing.T) {
	g := deal(t, "any", 7)
	want := g.all(t, commit(2)).Signature
	r := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		c := g.collector(t)
		var got *chainkey.Signed
		for _, seat := range r.Perm(7) {
			signed, err := c.Add(g.sign(t, seat, commit(2)))
			require.NoError(t, err)
			if signed != nil {
				require.Nil(t, got, "it is returned once")
				got = signed
			}
		}
		require.Equal(t, want, got.Signature)
	}
}

func TestBadPartialsAreWeededAndCostNoCertificate(t *testing.T) {
	g := deal(t, "bad", 7)
	c := g.collector(t)
	other := g.sign(t, 0, commit(8)) // good, but of another view
	other.View = 2
	noPoint := g.sign(t, 3, commit(2))
	noPoint.Signature = bls.Signature{0: 0x80, 47: 1}
	for _, p := range []*chainkey.Partial{other, noPoint, g.sign(t, 1, commit(2)), g.sign(t, 2, commit(2)), g.sign(t, 4, commit(2))} {
		require.Zero(t, c.Bad(0), "nothing is checked before a threshold is there")
		signed, err := c.Add(p)
		require.NoError(t, err)
		require.Nil(t, signed)
	}
	require.EqualValues(t, 1, c.Bad(0))
	require.EqualValues(t, 1, c.Bad(3))
	require.Zero(t, c.Bad(1)+c.Bad(2)+c.Bad(4))
	_, err := c.Add(other)
	require.ErrorIs(t, err, chainkey.ErrPartial, "a barred seat is checked at once")
	signed, err := c.Add(g.sign(t, 0, commit(2)))
	require.NoError(t, err)
	require.Nil(t, signed, "its good partial counts, the fourth of five")
	require.EqualValues(t, 2, c.Bad(0))
	signed, err = c.Add(g.sign(t, 5, commit(2)))
	require.NoError(t, err)
	x, _ := signed.Certificate()
	require.NoError(t, x.Verify(genesis, g.Key))
}

func TestForeignPartialInASeatsNameDoesNotDisplaceItsOwn(t *testing.T) {
	g := deal(t, "spoof", 4)
	forged := g.sign(t, 1, commit(2))
	forged.Seat = 0
	c := g.collector(t)
	_, err := c.Add(forged)
	require.NoError(t, err)
	for range 2 { // replaces, then repeats
		_, err = c.Add(g.sign(t, 0, commit(2)))
		require.NoError(t, err)
	}
	for range 2 {
		_, err = c.Add(forged)
		require.ErrorIs(t, err, chainkey.ErrPartial)
	}
	_, err = c.Add(g.sign(t, 1, commit(2)))
	require.NoError(t, err)
	signed, err := c.Add(g.sign(t, 2, commit(2)))
	require.NoError(t, err)
	require.NotNil(t, signed)
	require.EqualValues(t, 3, c.Bad(0))
}

func TestLatePartialsAreIgnored(t *testing.T) {
	g := deal(t, "late", 4)
	c := g.collector(t)
	for seat := range 4 {
		signed, err := c.Add(g.sign(t, seat, commit(2)))
		require.NoError(t, err)
		require.Equal(t, seat == 2, signed != nil)
	}
	for seat := range 3 {
		signed, err := c.Add(g.sign(t, seat, commit(2)))
		require.NoError(t, err)
		require.Nil(t, signed)
	}
}

func TestFinishedStatementsAreForgottenInTheEnd(t *testing.T) {
	g := deal(t, "finished", 4)
	c := g.collector(t)
	finish := func(view rolldpos.View) (signed *chainkey.Signed) {
		for seat := range 3 {
			var err error
			signed, err = c.Add(g.sign(t, seat, commit(view)))
			require.NoError(t, err)
		}
		return signed
	}
	for view := range rolldpos.View(64) {
		require.NotNil(t, finish(view+1))
	}
	require.Nil(t, finish(1), "of the last 64 none is made twice")
	require.NotNil(t, finish(65))
	require.NotNil(t, finish(1))
	junk := g.sign(t, 0, commit(1)) // the places of finished statements are free
	for view := range rolldpos.View(100) {
		junk.View = view + 100
		_, err := c.Add(junk)
		require.NoError(t, err)
	}
}

func TestSeatDisplacesOnlyItsOwnStatements(t *testing.T) {
	g := deal(t, "flood", 4)
	c := g.collector(t)
	for seat := range 2 {
		_, err := c.Add(g.sign(t, seat, commit(1)))
		require.NoError(t, err)
	}
	junk := g.sign(t, 3, commit(1))
	for view := range rolldpos.View(1000) {
		junk.View = view + 2
		_, err := c.Add(junk)
		require.NoError(t, err)
	}
	signed, err := c.Add(g.sign(t, 2, commit(1)))
	require.NoError(t, err)
	require.NotNil(t, signed)
}

func TestSeatsOldestStatementGivesWay(t *testing.T) {
	g := deal(t, "displaced", 4)
	c := g.collector(t)
	add := func(p *chainkey.Partial) *chainkey.Signed {
		signed, err := c.Add(p)
		require.NoError(t, err)
		return signed
	}
	for _, seat := range []int{0, 3} {
		require.Nil(t, add(g.sign(t, seat, commit(1))))
	}
	junk := g.sign(t, 3, commit(1))
	for view := range rolldpos.View(32) {
		junk.View = view + 2
		require.Nil(t, add(junk))
	}
	require.Nil(t, add(g.sign(t, 1, commit(1))), "seat 3's partial has been displaced, those of others have not")
	require.NotNil(t, add(g.sign(t, 3, commit(1))))
}

func TestMemoryIsBoundedWhateverASeatSends(t *testing.T) {
	g := deal(t, "memory", 4)
	c := g.collector(t)
	p := g.sign(t, 3, commit(1))
	flood := func(from, n rolldpos.View) {
		for view := range n {
			p.View = from + view
			_, err := c.Add(p)
			require.NoError(t, err)
		}
	}
	flood(1, 100)
	before := heap()
	flood(1_000, 50_000)
	after := heap()
	runtime.KeepAlive(c)
	require.Less(t, after-before, int64(1_000_000))
}

func heap() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestPartialsOfOtherEpochsSeatsAndKindsAreRefused(t *testing.T) {
	g := deal(t, "refuse", 4)
	c := g.collector(t)
	for want, bend := range map[error]func(p *chainkey.Partial){
		chainkey.ErrEpoch:     func(p *chainkey.Partial) { p.Epoch++ },
		chainkey.ErrSeat:      func(p *chainkey.Partial) { p.Seat = 4 },
		chainkey.ErrStatement: func(p *chainkey.Partial) { p.Kind = 9 },
	} {
		p := g.sign(t, 1, commit(2))
		bend(p)
		_, err := c.Add(p)
		require.ErrorIs(t, err, want)
		require.ErrorIs(t, err, chainkey.ErrInvalid)
	}
	p := g.sign(t, 1, commit(2))
	p.Seat = -1
	_, err := c.Add(p)
	require.ErrorIs(t, err, chainkey.ErrSeat)
}

func TestSharesOfAnotherKeyAreReported(t *testing.T) {
	g := deal(t, "one", 4)
	g.Sharing.Key = deal(t, "two", 4).Key
	c := g.collector(t)
	var err error
	for seat := range 3 {
		_, err = c.Add(g.sign(t, seat, commit(2)))
	}
	require.ErrorIs(t, err, chainkey.ErrSharing)
}

func TestSharingWithAnotherThresholdThanTheQuorumIsRefused(t *testing.T) {
	g := deal(t, "threshold", 7)
	for _, threshold := range []int{0, 3, 4, 6, 7} {
		s := g.Sharing
		s.Threshold = threshold
		_, err := chainkey.NewCollector(genesis, s)
		require.ErrorIs(t, err, chainkey.ErrSharing, "%d of 7", threshold)
	}
	s := g.Sharing
	s.Key = nil
	_, err := chainkey.NewCollector(genesis, s)
	require.ErrorIs(t, err, chainkey.ErrSharing)
	_, err = chainkey.NewCollector(genesis, chainkey.Sharing{Key: g.Key})
	require.ErrorIs(t, err, chainkey.ErrSharing)
}

func TestEveryOrderOfGoodAndBadPartialsEndsWithTheCertificate(t *testing.T) {
	g := deal(t, "orders", 4)
	want := g.all(t, commit(2)).Signature
	var pool []*chainkey.Partial
	for seat := range 4 {
		good := g.sign(t, seat, commit(2))
		bad := *good
		bad.Signature = g.sign(t, seat, commit(5)).Signature
		pool = append(pool, good, &bad)
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := g.collector(t)
		var got []*chainkey.Signed
		for _, i := range r.Perm(len(pool)) {
			if signed, err := c.Add(pool[i]); err != nil {
				require.ErrorIs(t, err, chainkey.ErrPartial)
			} else if signed != nil {
				got = append(got, signed)
			}
		}
		require.Len(t, got, 1, "seed %d", seed)
		require.Equal(t, want, got[0].Signature)
	}
}

func BenchmarkCollect(b *testing.B) {
	for _, n := range []int{4, 24, 100} {
		g := deal(b, "bench", n)
		var partials []*chainkey.Partial
		for seat := range g.Threshold {
			partials = append(partials, g.sign(b, seat, commit(2)))
		}
		b.Run(name(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := g.collector(b)
				var signed *chainkey.Signed
				for _, p := range partials {
					var err error
					if signed, err = c.Add(p); err != nil {
						b.Fatal(err)
					}
				}
				if signed == nil {
					b.Fatal("no certificate")
				}
			}
		})
	}
}
