package paymentcode

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

const chain = 4690

func open(t testing.TB, v *ViewKey, note []byte) *Channel {
	t.Helper()
	c, err := v.Open(note, chain)
	require.NoError(t, err)
	return c
}

func pay(t testing.TB, from *Keys, to Code, epoch uint32) *Payer {
	t.Helper()
	p, err := from.View().Pay(to, epoch, chain)
	require.NoError(t, err)
	return p
}

func TestANotificationTellsThePayeeWhoPays(t *testing.T) {
	alice, bob := derived(t, 0, Options{BucketBits: 4}), derived(t, 1, Options{BucketBits: 7})
	note := pay(t, alice, bob.Code(), 9).Notification()
	require.Len(t, note, 127)
	c := open(t, bob.View(), note)
	require.Equal(t, alice.Code(), c.Payer())
	require.Equal(t, bob.Code(), c.Payee())
	require.Equal(t, uint32(9), c.Epoch())
	require.Equal(t, uint64(chain), c.Chain())
}

func TestANotificationIsIdempotentAndNeedsNoRandomness(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	a, b := pay(t, alice, bob.Code(), 1).Notification(), pay(t, alice, bob.Code(), 1).Notification()
	require.Equal(t, a, b)
	require.Equal(t, open(t, bob.View(), a), open(t, bob.View(), b))
	other := pay(t, alice, bob.Code(), 2).Notification()
	require.NotEqual(t, a[atR:atTag], other[atR:atTag], "the ephemeral key is one epoch's only")
}

func TestEveryChangedByteIsRefused(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{BucketBits: 12})
	note := pay(t, alice, bob.Code(), 0).Notification()
	for i := range note {
		for _, flip := range []byte{1, 0x80} {
			bent := append([]byte(nil), note...)
			bent[i] ^= flip
			_, err := bob.View().Open(bent, chain)
			switch {
			case i == 0:
				require.ErrorIs(t, err, ErrVersion)
			case i >= atCode:
				require.ErrorIs(t, err, ErrForged, i)
			default:
				require.True(t, isOneOf(err, ErrNotOurs, ErrNotification), "byte %d: %v", i, err)
			}
		}
	}
	for _, n := range []int{0, 1, 126} {
		_, err := bob.View().Open(note[:n], chain)
		require.ErrorIs(t, err, ErrNotification)
	}
	_, err := bob.View().Open(append(note, 0), chain)
	require.ErrorIs(t, err, ErrNotification)
}

func TestOthersCannotOpenANotification(t *testing.T) {
	alice, bob, eve := derived(t, 0, Options{}), derived(t, 1, Options{}), derived(t, 2, Options{})
	note := pay(t, alice, bob.Code(), 0).Notification()
	for _, k := range []*Keys{eve, alice} {
		_, err := k.View().Open(note, chain)
		require.ErrorIs(t, err, ErrNotOurs)
	}
}

// Eve encrypts to Bob as anybody can, but claims Alice's code.
func TestACodeCannotBeClaimedWithoutItsViewKey(t *testing.T) {
	alice, bob, eve := derived(t, 0, Options{}), derived(t, 1, Options{}), derived(t, 2, Options{})
	liar := &ViewKey{view: eve.View().view, code: alice.Code()}
	p, err := liar.Pay(bob.Code(), 0, chain)
	require.NoError(t, err)
	_, err = bob.View().Open(p.Notification(), chain)
	require.ErrorIs(t, err, ErrForged)
}

// Eve may put Alice's spend key into a code of her own. It opens as that code, which is
// not Alice's, and pays nobody but Alice.
func TestACodeWithAForeignSpendKeyIsAnotherCode(t *testing.T) {
	alice, bob, eve := derived(t, 0, Options{}), derived(t, 1, Options{}), derived(t, 2, Options{})
	mixed, err := newViewKey(eve.View().view, alice.Code().Spend(), 0, false)
	require.NoError(t, err)
	p, err := mixed.Pay(bob.Code(), 0, chain)
	require.NoError(t, err)
	c := open(t, bob.View(), p.Notification())
	require.NotEqual(t, alice.Code(), c.Payer())
	require.Equal(t, alice.Code().Spend(), c.Payer().Spend())
	back := pay(t, bob, c.Payer(), 0)
	in, err := func() (*Incoming, error) {
		c, err := mixed.Open(back.Notification(), chain)
		require.NoError(t, err)
		return c.Incoming(0)
	}()
	require.NoError(t, err)
	_, err = eve.OneTime(in)
	require.ErrorIs(t, err, ErrNotOurs)
}

// A relay cannot move a notification to another bucket, payee or epoch, nor splice
// two of one pair.
func TestNotificationsOfOnePairDoNotSplice(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	a, b := pay(t, alice, bob.Code(), 0).Notification(), pay(t, alice, bob.Code(), 1).Notification()
	for _, cut := range []int{atBucket, atR, atTag, atCode, atEpoch, NotificationSize - 16} {
		for _, parts := range [][2][]byte{{a, b}, {b, a}} {
			spliced := append(append([]byte{}, parts[0][:cut]...), parts[1][cut:]...)
			if cut == atBucket {
				require.Equal(t, parts[1], spliced, "the version alone is common")
				continue
			}
			_, err := bob.View().Open(spliced, chain)
			require.True(t, isOneOf(err, ErrNotOurs, ErrForged), "cut at %d: %v", cut, err)
		}
	}
}

// The same keys with other flags are another code: the transcript binds all of it.
func TestANotificationBindsBothWholeCodes(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{BucketBits: 1})
	note := pay(t, alice, bob.Code(), 0).Notification()
	_, err := derived(t, 1, Options{}).View().Open(note, chain)
	require.ErrorIs(t, err, ErrNotOurs)
	other := pay(t, derived(t, 0, Options{BucketBits: 1}), bob.Code(), 0).Notification()
	require.NotEqual(t, open(t, bob.View(), note).root, open(t, bob.View(), other).root)
}

func TestEveryPublicInputChangesTheChannel(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	roots := map[[32]byte]string{}
	add := func(name string, p *Payer, err error) {
		require.NoError(t, err)
		require.Empty(t, roots[p.root], name)
		roots[p.root] = name
	}
	p, err := alice.View().Pay(bob.Code(), 0, chain)
	add("plain", p, err)
	p, err = alice.View().Pay(bob.Code(), 1, chain)
	add("epoch", p, err)
	p, err = alice.View().Pay(bob.Code(), 0, chain+1)
	add("chain", p, err)
	p, err = bob.View().Pay(alice.Code(), 0, chain)
	add("direction", p, err)
	p, err = alice.View().Pay(derived(t, 1, Options{Account: 1}).Code(), 0, chain)
	add("payee", p, err)
	p, err = derived(t, 2, Options{}).View().Pay(bob.Code(), 0, chain)
	add("payer", p, err)
	p, err = alice.View().Pay(alice.Code(), 0, chain)
	add("self", p, err)
	p, err = alice.View().Pay(derived(t, 1, Options{BucketBits: 2}).Code(), 0, chain)
	add("flags", p, err)
}

func TestAFilterHasFalsePositivesOnly(t *testing.T) {
	bob := derived(t, 1, Options{BucketBits: 3})
	f := bob.Code().Filter()
	hits := 0
	for i := range uint32(64) {
		require.True(t, f.Match(pay(t, derived(t, 0, Options{}), bob.Code(), i).Notification()))
		note := pay(t, bob, derived(t, 0, Options{Account: i}).Code(), i).Notification()
		if f.Match(note) {
			hits++
		}
	}
	require.InDelta(t, 8, hits, 8, "one in eight of the others")
	require.NotZero(t, hits)
	require.False(t, f.Match(nil))
	back, err := DecodeFilter(f.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, f, back)
	for _, bad := range [][]byte{nil, {0, 0}, {13, 0, 0}, {3, 0x10, 0}, {0, 0, 1}, {3, 0, 0, 0}} {
		_, err = DecodeFilter(bad)
		require.ErrorIs(t, err, ErrOptions)
	}
	require.True(t, derived(t, 0, Options{}).Code().Filter().Match(pay(t, bob, bob.Code(), 0).Notification()))
}

func TestPayRefusesTheZeroCode(t *testing.T) {
	_, err := derived(t, 0, Options{}).View().Pay(Code{}, 0, chain)
	require.ErrorIs(t, err, ErrCode)
}

func TestWipedKeysDoNothing(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	p := pay(t, alice, bob.Code(), 0)
	in, err := open(t, bob.View(), p.Notification()).Incoming(0)
	require.NoError(t, err)
	bob.Wipe()
	_, err = bob.View().Open(p.Notification(), chain)
	require.ErrorIs(t, err, ErrNotOurs)
	_, err = bob.View().Pay(alice.Code(), 0, chain)
	require.Error(t, err)
	_, err = bob.OneTime(in)
	require.ErrorIs(t, err, ErrNotOurs)
}

func TestNothingSecretIsPrinted(t *testing.T) {
	alice, bob := derived(t, 0, Options{}), derived(t, 1, Options{})
	p := pay(t, alice, bob.Code(), 0)
	c := open(t, bob.View(), p.Notification())
	in, err := c.Incoming(0)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{bob, bob.View(), p, c, in} {
			require.NotContains(t, fmt.Sprintf(verb, x), "0x")
			require.Less(t, len(fmt.Sprintf(verb, x)), 140)
		}
	}
}

// Related view keys, v and v + 1, do not give related channels.
func TestRelatedCodesGiveUnrelatedChannels(t *testing.T) {
	bob := derived(t, 1, Options{})
	one, err := ec.ParseScalar(append(make([]byte, 31), 1))
	require.NoError(t, err)
	spend := derived(t, 0, Options{}).spend
	view := derived(t, 0, Options{}).view.view
	next, err := ec.Sum(view, one)
	require.NoError(t, err)
	a, err := newKeys(spend, view, Options{})
	require.NoError(t, err)
	b, err := newKeys(spend, next, Options{})
	require.NoError(t, err)
	x, y := pay(t, a, bob.Code(), 0), pay(t, b, bob.Code(), 0)
	p, err := x.Next()
	require.NoError(t, err)
	q, err := y.Next()
	require.NoError(t, err)
	require.NotEqual(t, p.Tag, q.Tag)
	require.NotEqual(t, p.Key, q.Key)
}

func FuzzOpen(f *testing.F) {
	alice, bob := derived(f, 0, Options{}), derived(f, 1, Options{})
	note := pay(f, alice, bob.Code(), 0).Notification()
	f.Add(note)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := bob.View().Open(b, chain)
		if err != nil {
			require.True(t, isOneOf(err, ErrNotification, ErrVersion, ErrNotOurs, ErrForged), err)
			return
		}
		require.Equal(t, alice.Code(), c.Payer())
	})
}

func BenchmarkNotify(b *testing.B) {
	alice, bob := derived(b, 0, Options{}), derived(b, 1, Options{})
	b.ReportAllocs()
	for b.Loop() {
		pay(b, alice, bob.Code(), 0)
	}
}

func BenchmarkOpen(b *testing.B) {
	alice, bob, eve, bucket := derived(b, 0, Options{}), derived(b, 1, Options{}), derived(b, 2, Options{}), derived(b, 3, Options{BucketBits: 12})
	note := pay(b, alice, bob.Code(), 0).Notification()
	for name, k := range map[string]*Keys{"ours": bob, "others": eve, "bucket": bucket} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.View().Open(note, chain); (err == nil) != (k == bob) {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzDecodeFilter(f *testing.F) {
	f.Add([]byte{3, 0x40, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := DecodeFilter(b)
		if err != nil {
			require.ErrorIs(t, err, ErrOptions)
			return
		}
		require.Equal(t, b, x.AppendBinary(nil))
		x.Match(b)
	})
}
