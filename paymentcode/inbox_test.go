package paymentcode

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// link is a payer and an inbox that has opened its notification.
func link(t testing.TB, cfg Config) (*Keys, *Payer, *Channel, *Inbox) {
	t.Helper()
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	p := pay(t, alice, bob.Code(), 0)
	c := open(t, bob.View(), p.Notification())
	b, err := NewInbox(cfg)
	require.NoError(t, err)
	require.NoError(t, b.Add(c))
	return bob, p, c, b
}

func next(t testing.TB, p *Payer) Payment {
	t.Helper()
	out, err := p.Next()
	require.NoError(t, err)
	return out
}

func found(t testing.TB, b *Inbox, tag Tag) (h Hit, ok bool) {
	t.Helper()
	hits := b.Find(nil, tag)
	require.LessOrEqual(t, len(hits), 1)
	if len(hits) == 0 {
		return h, false
	}
	return hits[0], true
}

func TestThePayeeSpendsWhatThePayerPaid(t *testing.T) {
	bob, p, c, b := link(t, Config{})
	for i := range uint32(5) {
		sent := next(t, p)
		h, ok := found(t, b, sent.Tag)
		require.True(t, ok)
		require.Equal(t, Hit{Channel: c, Index: i}, h)
		in, err := b.Incoming(h)
		require.NoError(t, err)
		address, err := sent.Address()
		require.NoError(t, err)
		require.NoError(t, in.Check(address))
		key, err := in.Key()
		require.NoError(t, err)
		require.Equal(t, sent.Key, key)
		require.Equal(t, sent.Tag, in.Tag())
		require.Equal(t, i, in.Index())
		require.Equal(t, p.to, in.payee)
		secret, err := bob.OneTime(in)
		require.NoError(t, err)
		require.Equal(t, sent.Key, secret.Public())
	}
}

func TestAGatewayFindsAndCannotSpend(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{Delegated: true})
	exported, err := bob.View().Export()
	require.NoError(t, err)
	gateway, err := ParseViewKey(exported)
	require.NoError(t, err)
	p := pay(t, alice, bob.Code(), 0)
	sent := next(t, p)
	in, err := open(t, gateway, p.Notification()).Incoming(0)
	require.NoError(t, err)
	require.Equal(t, sent.Tag, in.Tag())

	// The device derives again from the notification and the index that it is told.
	in, err = open(t, bob.View(), p.Notification()).Incoming(in.Index())
	require.NoError(t, err)
	key, err := bob.OneTime(in)
	require.NoError(t, err)
	require.Equal(t, sent.Key, key.Public())
	_, err = key.Export()
	require.ErrorIs(t, err, ErrExport, "with the gateway's key it would give the spend key")
	_, err = key.Sign([32]byte{1})
	require.NoError(t, err)
}

func TestOneTimeKeysOfAKeptCodeMayBeExported(t *testing.T) {
	bob, _, c, _ := link(t, Config{})
	in, err := c.Incoming(3)
	require.NoError(t, err)
	key, err := bob.OneTime(in)
	require.NoError(t, err)
	_, err = key.Export()
	require.NoError(t, err)
	_, err = derived(t, 2, Options{}).OneTime(in)
	require.ErrorIs(t, err, ErrNotOurs)
}

func TestACopiedTagBesideAnotherAddressFailsItsCheck(t *testing.T) {
	_, p, _, b := link(t, Config{})
	sent := next(t, p)
	h, ok := found(t, b, sent.Tag) // the thief's event comes first
	require.True(t, ok)
	in, err := b.Incoming(h)
	require.NoError(t, err)
	require.ErrorIs(t, in.Check([20]byte{1}), ErrAddress)
	h, ok = found(t, b, sent.Tag) // the true one is still found
	require.True(t, ok)
	require.True(t, h.Again)
	in, err = b.Incoming(h)
	require.NoError(t, err)
	address, err := sent.Address()
	require.NoError(t, err)
	require.NoError(t, in.Check(address))
}

func TestReplayedEventsAndNotificationsChangeNothing(t *testing.T) {
	bob, p, c, b := link(t, Config{})
	sent := next(t, p)
	_, ok := found(t, b, sent.Tag)
	require.True(t, ok)
	require.NoError(t, b.Add(open(t, bob.View(), p.Notification())))
	n, err := b.Next(c)
	require.NoError(t, err)
	require.Equal(t, uint32(1), n)
	h, ok := found(t, b, sent.Tag)
	require.True(t, ok)
	require.True(t, h.Again)
	n, err = b.Next(c)
	require.NoError(t, err)
	require.Equal(t, uint32(1), n)
	require.Len(t, b.table, 512+1)
}

func TestTheWindowSurvivesLossUpToAhead(t *testing.T) {
	_, p, c, b := link(t, Config{Ahead: 10, Behind: 20})
	p.Seek(9)
	_, ok := found(t, b, next(t, p).Tag)
	require.True(t, ok, "nine were lost")
	missing, err := b.Missing(c)
	require.NoError(t, err)
	require.Equal(t, []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8}, missing)
	p.Seek(20)
	_, ok = found(t, b, next(t, p).Tag)
	require.False(t, ok, "ten were lost")
	require.NoError(t, b.Seek(c, 20), "the two counters are brought together again")
	p.Seek(20)
	_, ok = found(t, b, next(t, p).Tag)
	require.True(t, ok)
}

// A payer that lost its counter pays to keys again, which shows; one that runs ahead of
// the window is met by its tags.
func TestCountersThatDisagreeMeetAgain(t *testing.T) {
	_, p, c, b := link(t, Config{Ahead: 8, Behind: 8})
	sent := next(t, p)
	_, ok := found(t, b, sent.Tag)
	require.True(t, ok)
	p.Seek(0)
	again := next(t, p)
	require.Equal(t, sent.Key, again.Key)
	h, ok := found(t, b, again.Tag)
	require.True(t, ok)
	require.True(t, h.Again)
	p.Seek(500)
	far := next(t, p)
	_, ok = found(t, b, far.Tag)
	require.False(t, ok)
	for i, tag := range c.Tags(8) {
		if tag == far.Tag {
			require.NoError(t, b.Seek(c, i))
			break
		}
		require.Less(t, i, uint32(501))
	}
	h, ok = found(t, b, far.Tag)
	require.True(t, ok)
	require.Equal(t, uint32(500), h.Index)
	require.False(t, h.Again)
}

func TestTheWindowSurvivesReorderingUpToBehind(t *testing.T) {
	_, p, c, b := link(t, Config{Ahead: 64, Behind: 16})
	var tags []Tag
	for range 1000 {
		tags = append(tags, next(t, p).Tag)
	}
	order := make([]int, len(tags))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < len(order); at += 16 {
		part := order[at:min(at+16, len(order))]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	for _, i := range order {
		h, ok := found(t, b, tags[i])
		require.True(t, ok, i)
		require.Equal(t, uint32(i), h.Index)
		require.False(t, h.Again)
	}
	missing, err := b.Missing(c)
	require.NoError(t, err)
	require.Empty(t, missing)
}

// What is too late for the window is still in the channel.
func TestALatePaymentIsFoundByItsIndex(t *testing.T) {
	_, p, c, b := link(t, Config{Ahead: 8, Behind: 4})
	late := next(t, p)
	for range 20 {
		_, ok := found(t, b, next(t, p).Tag)
		require.True(t, ok)
	}
	_, ok := found(t, b, late.Tag)
	require.False(t, ok)
	for i, tag := range c.Tags(0) {
		if tag == late.Tag {
			in, err := c.Incoming(i)
			require.NoError(t, err)
			key, err := in.Key()
			require.NoError(t, err)
			require.Equal(t, late.Key, key)
			break
		}
		require.Less(t, i, uint32(50))
	}
	_, err := b.Incoming(Hit{Channel: c, Index: 0})
	require.ErrorIs(t, err, ErrUnknown)
	_, err = b.Incoming(Hit{Channel: c, Index: 1000})
	require.ErrorIs(t, err, ErrUnknown)
}

func TestARestoreFromTheSeedFindsAllAgain(t *testing.T) {
	bob, p, _, b := link(t, Config{})
	var events []Tag
	for range 300 {
		events = append(events, next(t, p).Tag)
	}
	for _, tag := range events {
		found(t, b, tag)
	}
	// The payee has its seed, the chain's events and the notification.
	restored := derived(t, 1, Options{})
	require.Equal(t, bob.Code(), restored.Code())
	c := open(t, restored.View(), p.Notification())
	again, err := NewInbox(Config{})
	require.NoError(t, err)
	require.NoError(t, again.Add(c))
	for i, tag := range events {
		h, ok := found(t, again, tag)
		require.True(t, ok)
		require.Equal(t, uint32(i), h.Index)
	}
	// The payer has its seed and an index of events.
	payer := pay(t, derived(t, 0, Options{}), restored.Code(), 0)
	used := func(tag Tag) (bool, error) { return slices.Contains(events, tag), nil }
	require.NoError(t, payer.Resume(20, used))
	require.Equal(t, uint32(300), payer.Index())
	want, got := next(t, p), next(t, payer)
	require.Equal(t, want, got)

	broken := errors.New("index offline")
	payer.Seek(7)
	require.ErrorIs(t, payer.Resume(20, func(Tag) (bool, error) { return false, broken }), broken)
	require.Equal(t, uint32(7), payer.Index())
}

func TestARestartFromIndexAndNotification(t *testing.T) {
	bob, p, c, b := link(t, Config{Ahead: 16, Behind: 4})
	for range 100 {
		found(t, b, next(t, p).Tag)
	}
	at, err := b.Next(c)
	require.NoError(t, err)
	fresh, err := NewInbox(Config{Ahead: 16, Behind: 4})
	require.NoError(t, err)
	c2 := open(t, bob.View(), p.Notification())
	require.NoError(t, fresh.Add(c2))
	require.NoError(t, fresh.Seek(c2, at))
	require.Equal(t, b.table, fresh.table)
	require.Equal(t, b.windows[0].base, fresh.windows[0].base)
	require.Equal(t, b.windows[0].head, fresh.windows[0].head)
	require.NoError(t, fresh.Seek(c2, 3), "never down")
	require.Equal(t, b.table, fresh.table)
}

func TestACodeMayPayItself(t *testing.T) {
	bob := derived(t, 1, Options{})
	p := pay(t, bob, bob.Code(), 0)
	c := open(t, bob.View(), p.Notification())
	require.Equal(t, bob.Code(), c.Payer())
	sent := next(t, p)
	in, err := c.Incoming(0)
	require.NoError(t, err)
	key, err := bob.OneTime(in)
	require.NoError(t, err)
	require.Equal(t, sent.Key, key.Public())
}

// Two channels whose tags collide: forced, as nature does it once in 2^64 pairs.
func TestCollidingTagsAreBothFound(t *testing.T) {
	alice, bob, carol := derived(t, 0, Options{}), derived(t, 1, Options{}), derived(t, 2, Options{})
	b, err := NewInbox(Config{Ahead: 4, Behind: 2})
	require.NoError(t, err)
	p, q := pay(t, alice, bob.Code(), 0), pay(t, carol, bob.Code(), 0)
	c, d := open(t, bob.View(), p.Notification()), open(t, bob.View(), q.Notification())
	require.NoError(t, b.Add(c))
	require.NoError(t, b.Add(d))
	// Give d's index 1 the tag of c's index 1.
	x, y := b.windows[0].tags[1], b.windows[1].tags[1]
	delete(b.table, y)
	b.windows[1].tags[1] = x
	b.twins[x] = append(b.twins[x], slot{1, 1})
	var tag Tag
	binary.BigEndian.PutUint64(tag[:], x)
	hits := b.Find(nil, tag)
	require.Equal(t, []Hit{{Channel: c, Index: 1}, {Channel: d, Index: 1}}, hits)

	sent := []Payment{}
	for range 2 {
		sent = []Payment{next(t, p), next(t, q)}
	}
	for i, h := range hits {
		in, err := b.Incoming(h)
		require.NoError(t, err)
		own, err := sent[i].Address()
		require.NoError(t, err)
		require.NoError(t, in.Check(own))
		foreign, err := sent[1-i].Address()
		require.NoError(t, err)
		require.ErrorIs(t, in.Check(foreign), ErrAddress, "the address tells them apart")
	}
	b.Remove(c)
	require.Equal(t, []Hit{{Channel: d, Index: 1, Again: true}}, b.Find(nil, tag))
	b.Remove(d)
	require.Empty(t, b.table)
	require.Empty(t, b.twins)
}

func TestTheInboxIsBoundedAndForgets(t *testing.T) {
	bob := derived(t, 1, Options{})
	b, err := NewInbox(Config{Ahead: 4, Behind: -1, Channels: 2})
	require.NoError(t, err)
	var cs []*Channel
	for i := range uint32(3) {
		cs = append(cs, open(t, bob.View(), pay(t, derived(t, 0, Options{}), bob.Code(), i).Notification()))
	}
	require.NoError(t, b.Add(cs[0]))
	require.NoError(t, b.Add(cs[1]))
	require.ErrorIs(t, b.Add(cs[2]), ErrFull)
	require.NoError(t, b.Add(cs[1]), "known already")
	b.Remove(cs[0])
	b.Remove(cs[0])
	require.Len(t, b.table, 4)
	require.NoError(t, b.Add(cs[2]))
	require.Len(t, b.windows, 2, "the place is reused")
	_, err = b.Next(cs[0])
	require.ErrorIs(t, err, ErrUnknown)
	_, err = b.Missing(cs[0])
	require.ErrorIs(t, err, ErrUnknown)
	require.ErrorIs(t, b.Seek(cs[0], 1), ErrUnknown)
	for _, cfg := range []Config{{Ahead: -1}, {Ahead: maxWindow + 1}, {Behind: maxWindow + 1}, {Channels: -1}} {
		_, err := NewInbox(cfg)
		require.ErrorIs(t, err, ErrOptions)
	}
}

func TestAnEpochEndsAtItsLastIndex(t *testing.T) {
	_, p, c, b := link(t, Config{Ahead: 4, Behind: 2})
	p.next = maxIndex - 1
	_, err := p.Next()
	require.NoError(t, err)
	_, err = p.Next()
	require.ErrorIs(t, err, ErrExhausted)
	_, err = c.Incoming(maxIndex)
	require.ErrorIs(t, err, ErrExhausted)

	w := b.windows[0] // as if the window had come near the end
	for w.low < w.high {
		b.drop(0)
	}
	w.low, w.next, w.high = maxIndex-3, maxIndex-3, maxIndex-3
	b.move(0, maxIndex-3)
	require.Equal(t, uint32(maxIndex), w.high)
	b.move(0, maxIndex)
	require.Equal(t, uint32(maxIndex), w.high)
}

// Whatever comes in whatever order, the inbox agrees with a list of all tags.
func TestTheInboxAgreesWithAModel(t *testing.T) {
	_, p, _, _ := link(t, Config{})
	var tags []Tag
	for range 400 {
		tags = append(tags, next(t, p).Tag)
	}
	rapid.Check(t, func(rt *rapid.T) {
		ahead, behind := rapid.IntRange(1, 20).Draw(rt, "ahead"), rapid.IntRange(1, 20).Draw(rt, "behind")
		_, _, c, b := link(t, Config{Ahead: ahead, Behind: behind})
		expected, seen := 0, map[int]bool{}
		for range 60 {
			i := max(0, expected+rapid.IntRange(-25, 25).Draw(rt, "step"))
			if rapid.IntRange(0, 20).Draw(rt, "seek") == 0 {
				require.NoError(rt, b.Seek(c, uint32(i)))
				expected = max(expected, i)
				continue
			}
			if i >= len(tags) {
				return
			}
			h, ok := found(t, b, tags[i])
			require.Equal(rt, i >= expected-behind && i < expected+ahead, ok)
			if ok {
				require.Equal(rt, uint32(i), h.Index)
				require.Equal(rt, seen[i], h.Again)
				seen[i] = true
				expected = max(expected, i+1)
			}
			require.Len(rt, b.table, min(expected, behind)+ahead)
		}
	})
}

func TestPrefixesHaveFalsePositivesOnly(t *testing.T) {
	_, p, _, b := link(t, Config{Ahead: 64})
	f, err := b.Prefixes(12)
	require.NoError(t, err)
	wire := f.AppendBinary(nil)
	f, err = DecodePrefixes(wire)
	require.NoError(t, err)
	for range 64 {
		require.True(t, f.Match(next(t, p).Tag))
	}
	rng, wrong := rand.New(rand.NewPCG(1, 2)), 0
	for range 1 << 16 {
		var tag Tag
		binary.BigEndian.PutUint64(tag[:], rng.Uint64())
		if f.Match(tag) {
			wrong++
		}
	}
	require.InDelta(t, f.Len()<<4, wrong, 300, "Len·2^-12 of 2^16")
	require.False(t, Prefixes{}.Match(Tag{}))
	for _, bits := range []uint8{0, 33} {
		_, err = b.Prefixes(bits)
		require.ErrorIs(t, err, ErrOptions)
	}
	for _, bad := range [][]byte{nil, {0}, {33}, {8, 0}, {8, 0, 0, 1, 0}, {8, 0, 0, 0, 2, 0, 0, 0, 2}, {8, 0, 0, 0, 2, 0, 0, 0, 1}} {
		_, err = DecodePrefixes(bad)
		require.ErrorIs(t, err, ErrOptions)
	}
}

func TestATagReadsBackFromItsTopic(t *testing.T) {
	tag := Tag{1, 2, 3, 4, 5, 6, 7, 8}
	topic := tag.Topic()
	back, err := TagOf(topic)
	require.NoError(t, err)
	require.Equal(t, tag, back)
	for i := 8; i < 32; i++ {
		bent := topic
		bent[i] = 1
		_, err = TagOf(bent)
		require.ErrorIs(t, err, ErrTopic)
	}
}

func FuzzDecodePrefixes(f *testing.F) {
	f.Add([]byte{8, 0, 0, 0, 2, 0, 0, 0, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePrefixes(b)
		if err != nil {
			require.ErrorIs(t, err, ErrOptions)
			return
		}
		require.Equal(t, b, p.AppendBinary(nil))
	})
}

func TestFindingDoesNotAllocate(t *testing.T) {
	_, p, _, b := link(t, Config{})
	var tags []Tag
	for range 400 {
		tags = append(tags, next(t, p).Tag)
	}
	hits, i := make([]Hit, 0, 2), 0
	require.Zero(t, testing.AllocsPerRun(300, func() {
		hits = b.Find(hits[:0], tags[i])
		i++
	}))
}

// A year of payments at one a second is 31.5 million tags.
func BenchmarkTags(b *testing.B) {
	_, _, c, _ := link(b, Config{})
	b.ReportAllocs()
	n := 0
	b.ResetTimer()
	for range c.Tags(0) {
		if n++; n >= b.N {
			break
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)*365*86400/float64(time.Second), "s/year")
}

// Every event is the payee's and moves the window: the dearest case.
func BenchmarkFind(b *testing.B) {
	_, _, c, box := link(b, Config{})
	var tags []Tag
	for i, tag := range c.Tags(0) {
		if tags = append(tags, tag); i == 1<<17 {
			break
		}
	}
	for name, foreign := range map[string]bool{"ours": false, "others": true} {
		b.Run(name, func(b *testing.B) {
			var hits []Hit
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == len(tags) && !foreign {
					b.StopTimer()
					_, _, _, box = link(b, Config{})
					i = 0
					b.StartTimer()
				}
				tag := tags[i%len(tags)]
				if i++; foreign {
					tag[0] ^= 1
				}
				hits = box.Find(hits[:0], tag)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)*365*86400/float64(time.Second), "s/year")
		})
	}
}

func BenchmarkNext(b *testing.B) {
	_, p, _, _ := link(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		next(b, p)
	}
}

func BenchmarkOneTime(b *testing.B) {
	bob, _, c, _ := link(b, Config{})
	in, err := c.Incoming(3)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bob.OneTime(in); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzTagOf(f *testing.F) {
	topic := Tag{1, 2, 3}.Topic()
	f.Add(topic[:])
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 32 {
			return
		}
		tag, err := TagOf([32]byte(b))
		if err != nil {
			require.ErrorIs(t, err, ErrTopic)
			return
		}
		require.Equal(t, [32]byte(b), tag.Topic())
	})
}
