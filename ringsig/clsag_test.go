package ringsig

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/curve"
)

func TestASignatureVerifiesForEveryIndexAndForm(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		for _, n := range []int{2, 3, 11} {
			for _, i := range []int{0, 1, n - 1} {
				s := testSpend(t, n, 0, i, amounts)
				sig, err := Sign(newSeeded(1), s.st, s.w)
				require.NoError(t, err)
				require.NoError(t, Verify(s.st, sig))
				require.NoError(t, Verify(s.st, sig), "Verify twice gives the same answer")
				require.Equal(t, s.w.Key.Tag(s.st.Scope), sig.Tag())
				b := binaryOf(t, sig)
				want := 65 + 32*n
				if amounts {
					want += 33
				}
				require.Len(t, b, want)
				again, err := ParseSignature(b)
				require.NoError(t, err)
				require.NoError(t, Verify(s.st, again))
				require.Equal(t, b, binaryOf(t, again))
			}
		}
	}
}

func TestTheLargestRingSigns(t *testing.T) {
	s := testSpend(t, MaxSignatureRing, 0, 77, false)
	sig, err := Sign(newSeeded(1), s.st, s.w)
	require.NoError(t, err)
	require.NoError(t, Verify(s.st, sig))
	_, err = ParseSignature(binaryOf(t, sig))
	require.NoError(t, err)
	s = testSpend(t, MaxSignatureRing+1, 0, 77, false)
	_, err = Sign(newSeeded(1), s.st, s.w)
	require.ErrorIs(t, err, ErrRing)
}

// mutations changes every public input of a statement, one at a time.
func mutations(t *testing.T, s spend) map[string]*Statement {
	n, size := s.st.Ring.Members(), s.st.Ring.Size()
	secret, public := testKeys(t, "ring", n)
	var commitments []Commitment
	for i := range s.st.Ring.commitments[:min(n, len(s.st.Ring.commitments))] {
		commitments = append(commitments, curve.Encode(&s.st.Ring.commitments[i]))
	}
	ring := func(keys []PublicKey, cs []Commitment) *Ring {
		r, err := NewRing(keys, cs, size)
		require.NoError(t, err)
		return r
	}
	with := func(change func(*Statement)) *Statement {
		c := *s.st
		change(&c)
		return &c
	}
	swapped := append([]PublicKey{public[1], public[0]}, public[2:]...)
	foreign := append([]PublicKey{testKey(t, "foreign", 0).Public()}, public[1:]...)
	lastForeign := append(append([]PublicKey{}, public[:n-1]...), testKey(t, "foreign", 0).Public())
	var negated curve.Scalar
	x := secret[1].x.Reveal()
	negated.Neg(&x)
	nb := curve.EncodeScalar(&negated)
	mirror, err := ParseSecretKey(nb[:])
	require.NoError(t, err)
	mirrored := append([]PublicKey{public[0], mirror.Public()}, public[2:]...)
	out := map[string]*Statement{
		"message":             with(func(c *Statement) { c.Message = []byte("another message") }),
		"empty message":       with(func(c *Statement) { c.Message = nil }),
		"message with a tail": with(func(c *Statement) { c.Message = append([]byte("a message"), 0) }),
		"scope":               with(func(c *Statement) { c.Scope = testScope(t, "test/pooh", 7) }),
		"chain":               with(func(c *Statement) { c.Scope = testScope(t, "test/pool", 8) }),
		"reordered ring":      with(func(c *Statement) { c.Ring = ring(swapped, commitments) }),
		"another first key":   with(func(c *Statement) { c.Ring = ring(foreign, commitments) }),
		"another last key":    with(func(c *Statement) { c.Ring = ring(lastForeign, commitments) }),
		"x becomes n - x":     with(func(c *Statement) { c.Ring = ring(mirrored, commitments) }),
	}
	if len(commitments) > 0 {
		swappedC := append([]Commitment{commitments[1], commitments[0]}, commitments[2:]...)
		out["reordered commitments"] = with(func(c *Statement) { c.Ring = ring(public, swappedC) })
		otherOffset := shared().Commit(1001, testBlinding(t, "other", 0))
		out["offset"] = with(func(c *Statement) { c.Offset = &otherOffset })
		richer := shared().Commit(1_000_000, testBlinding(t, "pseudo", s.w.Index))
		out["offset of another amount"] = with(func(c *Statement) { c.Offset = &richer })
	}
	return out
}

func TestASignatureIsBoundToEveryPublicInput(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		s := testSpend(t, 5, 0, 2, amounts)
		sig, err := Sign(newSeeded(1), s.st, s.w)
		require.NoError(t, err)
		for name, st := range mutations(t, s) {
			require.ErrorIs(t, Verify(st, sig), ErrSignature, name)
		}
	}
}

func TestASignatureHasNoSecondEncoding(t *testing.T) {
	for _, amounts := range []bool{false, true} {
		s := testSpend(t, 3, 0, 1, amounts)
		sig, err := Sign(newSeeded(1), s.st, s.w)
		require.NoError(t, err)
		good := binaryOf(t, sig)
		for i := range good {
			for _, flip := range []byte{1, 0x80} {
				b := bytes.Clone(good)
				b[i] ^= flip
				bad, err := ParseSignature(b)
				if err != nil {
					require.ErrorIs(t, err, ErrEncoding)
					continue
				}
				require.ErrorIs(t, Verify(s.st, bad), ErrSignature, "byte %d", i)
			}
		}
	}
}

func TestParseSignatureRefusesWhatIsNotCanonical(t *testing.T) {
	s := testSpend(t, 3, 0, 1, false)
	sig, err := Sign(newSeeded(1), s.st, s.w)
	require.NoError(t, err)
	good := binaryOf(t, sig)
	order := []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41")
	put := func(at int, with []byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	for name, b := range map[string][]byte{
		"empty":             {},
		"a trailing byte":   append(bytes.Clone(good), 0),
		"a trailing scalar": append(bytes.Clone(good), make([]byte, 32)...),
		"short":             good[:len(good)-1],
		"a ring of one":     good[:33+64],
		"an empty ring":     good[:33+32],
		"tag only":          good[:33],
		"zero tag":          put(0, make([]byte, 33)),
		"tag off the curve": put(0, append([]byte{2}, append(make([]byte, 31), 5)...)),
		"hybrid tag":        put(0, []byte{6}),
		"zero challenge":    put(33, make([]byte, 32)),
		"challenge = n":     put(33, order),
		"zero scalar":       put(65, make([]byte, 32)),
		"scalar = n":        put(97, order),
		"scalar = 2^256-1":  put(97, bytes.Repeat([]byte{0xff}, 32)),
		"too large a ring":  append(bytes.Clone(good), bytes.Repeat([]byte{1}, 32*MaxSignatureRing)...),
		"two tags":          append(bytes.Clone(good[:33]), good...),
	} {
		_, err := ParseSignature(b)
		if name == "two tags" { // reads as the form with amounts, and does not fit
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrEncoding, name)
	}
}

func TestASignatureDoesNotFitAnotherForm(t *testing.T) {
	key, amount := testSpend(t, 3, 0, 1, false), testSpend(t, 3, 0, 1, true)
	a, err := Sign(nil, key.st, key.w)
	require.NoError(t, err)
	b, err := Sign(nil, amount.st, amount.w)
	require.NoError(t, err)
	require.ErrorIs(t, Verify(key.st, b), ErrSignature)
	require.ErrorIs(t, Verify(amount.st, a), ErrSignature)
	require.ErrorIs(t, Verify(key.st, nil), ErrSignature)
	require.ErrorIs(t, Verify(nil, a), ErrStatement)
	require.ErrorIs(t, Verify(&Statement{Scope: key.st.Scope, Ring: amount.st.Ring}, a), ErrStatement)
	require.ErrorIs(t, Verify(&Statement{Scope: key.st.Scope, Ring: key.st.Ring, Offset: amount.st.Offset}, a), ErrStatement)
	zero := Commitment{}
	require.ErrorIs(t, Verify(&Statement{Scope: key.st.Scope, Ring: amount.st.Ring, Offset: &zero}, b), ErrStatement)
}

func TestOneKeyLinksAcrossRingsAndMessages(t *testing.T) {
	secret, public := testKeys(t, "ring", 9)
	scope := testScope(t, "pool", 1)
	var tags []Tag
	for _, members := range [][]PublicKey{public[:4], public[2:9], public[1:3]} {
		ring, err := NewRing(members, nil, 0)
		require.NoError(t, err)
		for i, m := range members {
			if m != public[2] {
				continue
			}
			st := &Statement{Scope: scope, Ring: ring, Message: []byte(fmt.Sprint(len(members)))}
			sig, err := Sign(newSeeded(3), st, &Witness{Index: i, Key: secret[2]})
			require.NoError(t, err)
			require.NoError(t, Verify(st, sig))
			tags = append(tags, sig.Tag())
		}
	}
	require.Len(t, tags, 3)
	require.Equal(t, tags[0], tags[1])
	require.Equal(t, tags[0], tags[2])
}

func TestOneKeyDoesNotLinkAcrossScopes(t *testing.T) {
	k := testKey(t, "ring", 0)
	seen := map[Tag]bool{}
	for _, name := range []string{"a", "b", "ab", "a\x00"} {
		for _, chain := range []uint64{0, 1, 256} {
			tag := k.Tag(testScope(t, name, chain))
			require.False(t, seen[tag])
			seen[tag] = true
		}
	}
}

func TestASignatureCannotCarryTheTagOfAnotherKey(t *testing.T) {
	s := testSpend(t, 4, 0, 1, false)
	sig, err := Sign(newSeeded(1), s.st, s.w)
	require.NoError(t, err)
	for name, tag := range map[string]Tag{
		"an honest member's":  testKey(t, "ring", 2).Tag(s.st.Scope),
		"another scope's":     s.w.Key.Tag(testScope(t, "elsewhere", 7)),
		"the base's own":      curve.Encode(&s.st.Scope.u),
		"the negated tag":     negate(t, sig.Tag()),
		"the member's key":    Tag(s.w.Key.Public()),
		"the curve generator": curveGenerator(),
	} {
		forged := *sig
		forged.tag, err = curve.DecodePoint(tag[:])
		require.NoError(t, err)
		require.ErrorIs(t, Verify(s.st, &forged), ErrSignature, name)
	}
}

func negate(t *testing.T, tag Tag) Tag {
	p, err := curve.DecodePoint(tag[:])
	require.NoError(t, err)
	p.Neg(&p)
	return curve.Encode(&p)
}

func curveGenerator() Tag {
	g := curve.Generator()
	return curve.Encode(&g)
}

// Stealth keys of one payee differ by a scalar k that the payer knows. The tag
// x·U would link them, since (x + k)·U − x·U = k·U; x⁻¹·U does not.
func TestTagsOfRelatedStealthKeysDoNotLink(t *testing.T) {
	scope := testScope(t, "pool", 1)
	x, k := testKey(t, "spend", 0), testKey(t, "shift", 0)
	sum := new(curve.SecretScalar).Add(x.x, k.x).Bytes()
	y, err := ParseSecretKey(sum[:])
	require.NoError(t, err)
	tx, err := curve.DecodePoint(sliceOf(x.Tag(scope)))
	require.NoError(t, err)
	ty, err := curve.DecodePoint(sliceOf(y.Tag(scope)))
	require.NoError(t, err)
	ks := k.x.Reveal()
	kU := curve.Mul(k.x, curve.HiddenPoint(&scope.u)).Reveal()
	kInv := new(curve.SecretScalar).Invert(k.x)
	kInvU := curve.Mul(kInv, curve.HiddenPoint(&scope.u)).Reveal()
	var diff, sumP curve.Point
	diff.Sub(&ty, &tx)
	sumP.Add(&ty, &tx)
	for _, known := range []curve.Point{kU, kInvU, scope.u} {
		var neg curve.Point
		neg.Neg(&known)
		for _, seen := range []curve.Point{diff, sumP} {
			require.False(t, seen.Equal(&known))
			require.False(t, seen.Equal(&neg))
		}
	}
	require.False(t, ks.IsZero())
}

func sliceOf(tag Tag) []byte { return tag[:] }

func TestSignRefusesAWitnessOfAnotherStatement(t *testing.T) {
	s := testSpend(t, 4, 0, 1, true)
	for name, w := range map[string]*Witness{
		"none":              nil,
		"no key":            {Index: 1, Blinding: s.w.Blinding},
		"no blinding":       {Index: 1, Key: s.w.Key},
		"negative index":    {Index: -1, Key: s.w.Key, Blinding: s.w.Blinding},
		"index = n":         {Index: 4, Key: s.w.Key, Blinding: s.w.Blinding},
		"another index":     {Index: 2, Key: s.w.Key, Blinding: s.w.Blinding},
		"another key":       {Index: 1, Key: testKey(t, "foreign", 1), Blinding: s.w.Blinding},
		"another blinding":  {Index: 1, Key: s.w.Key, Blinding: testBlinding(t, "x", 0)},
		"a zero difference": {Index: 1, Key: s.w.Key, Blinding: s.w.Blinding.Minus(s.w.Blinding)},
	} {
		_, err := Sign(newSeeded(1), s.st, w)
		require.ErrorIs(t, err, ErrWitness, name)
	}
	other := shared().Commit(5, testBlinding(t, "pseudo", 1))
	st := *s.st
	st.Offset = &other
	_, err := Sign(newSeeded(1), &st, s.w)
	require.ErrorIs(t, err, ErrWitness, "an offset with another amount")
	zeroised := testKey(t, "ring", 1)
	zeroised.Zeroise()
	_, err = Sign(newSeeded(1), s.st, &Witness{Index: 1, Key: zeroised, Blinding: s.w.Blinding})
	require.ErrorIs(t, err, ErrWitness)
}

func TestAStuckEntropySourceNeverRepeatsANonce(t *testing.T) {
	s := testSpend(t, 4, 0, 1, false)
	first, err := Sign(stuck{}, s.st, s.w)
	require.NoError(t, err)
	again, err := Sign(stuck{}, s.st, s.w)
	require.NoError(t, err)
	require.Equal(t, binaryOf(t, first), binaryOf(t, again), "the same statement, the same signature")
	st := *s.st
	st.Message = []byte("another")
	second, err := Sign(stuck{}, &st, s.w)
	require.NoError(t, err)
	require.NoError(t, Verify(&st, second))
	for i := range first.s {
		require.NotEqual(t, first.s[i], second.s[i])
	}
	fresh, err := Sign(newSeeded(1), s.st, s.w)
	require.NoError(t, err)
	require.NotEqual(t, binaryOf(t, first), binaryOf(t, fresh), "entropy enters")
	_, err = Sign(iotest.ErrReader(errors.New("broken")), s.st, s.w)
	require.ErrorIs(t, err, ErrRandom)
}

func BenchmarkSign(b *testing.B) {
	for _, n := range []int{11, 16, 64, 128} {
		s := testSpend(b, n, 0, n/2, false)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Sign(nil, s.st, s.w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{11, 16, 64, 128} {
		for _, amounts := range []bool{false, true} {
			s := testSpend(b, n, 0, n/2, amounts)
			sig, err := Sign(nil, s.st, s.w)
			require.NoError(b, err)
			b.Run(fmt.Sprintf("n=%d/amounts=%t", n, amounts), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := Verify(s.st, sig); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
