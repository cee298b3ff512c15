package bip47

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/paymentcode/hd"
	"github.com/rootstem/rootstem/paymentcode/internal/base58check"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func read(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join(fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy"), name))
	require.NoError(t, err)
	return b
}

const (
	aliceWords = "response seminar brave tip suit recall often sound stick owner lottery motion"
	bobWords   = "reward upper indicate eight swift arch injury crystal super wrestle already dentist"
)

func master(t testing.TB, words string) *hd.Key {
	seed, err := hd.Seed(words, "")
	require.NoError(t, err)
	m, err := hd.Master(seed)
	require.NoError(t, err)
	return m
}

func account(t testing.TB, words string, v Version) *Account {
	k, err := master(t, words).Derive("m/47'/0'/0'")
	require.NoError(t, err)
	a, err := NewAccount(k, v)
	require.NoError(t, err)
	return a
}

// meet checks that payer and payee agree on a key, and returns it.
func meet(t testing.TB, payer, payee *Account, coin, i uint32) [33]byte {
	pub, err := payer.Pay(payee.Code(), coin, i)
	require.NoError(t, err)
	key, err := payee.Receive(payer.Code(), coin, i)
	require.NoError(t, err)
	require.Equal(t, pub, key.Public())
	return pub
}

func TestVectorsOfVersion1(t *testing.T) {
	type party struct {
		Mnemonic    string `json:"mnemonic"`
		Seed        string `json:"bip32_seed"`
		PaymentCode string `json:"payment_code"`
		Address     string `json:"notification_address"`
		Secret0     string `json:"a0"`
		Public0     string `json:"A0"`
		Keys        []map[string]string
	}
	var v struct {
		Alice, Bob   party
		Secrets      []string `json:"shared_secrets_x"`
		AliceToBob   []string `json:"alice_to_bob_p2pkh"`
		BobToAlice   []string `json:"bob_to_alice_p2pkh"`
		Notification struct {
			Outpoint string `json:"outpoint"`
			Key      string `json:"designated_privkey_wif"`
			Payload  string `json:"masked_payload"`
		}
	}
	require.NoError(t, json.Unmarshal(read(t, "bip47_v1_test_vectors.json"), &v))
	alice, bob := account(t, aliceWords, V1), account(t, bobWords, V1)
	for _, c := range []struct {
		p party
		a *Account
	}{{v.Alice, alice}, {v.Bob, bob}} {
		seed, err := hd.Seed(c.p.Mnemonic, "")
		require.NoError(t, err)
		require.Equal(t, unhex(t, c.p.Seed), seed)
		require.Equal(t, c.p.PaymentCode, c.a.Code().String())
		back, err := Parse(c.p.PaymentCode)
		require.NoError(t, err)
		require.Equal(t, c.a.Code(), back)
		pub, err := back.Key(0)
		require.NoError(t, err)
		require.Equal(t, c.p.Address, P2PKH(pub))
	}
	a0, err := alice.secret(0)
	require.NoError(t, err)
	require.Equal(t, unhex(t, v.Alice.Secret0), a0.Bytes())
	require.Len(t, v.Bob.Keys, 10)
	for i, k := range v.Bob.Keys {
		b, err := bob.secret(uint32(i))
		require.NoError(t, err)
		require.Equal(t, unhex(t, k["b"]), b.Bytes())
		pub, err := bob.Code().Key(uint32(i))
		require.NoError(t, err)
		require.Equal(t, unhex(t, k["B"]), pub[:])
		sx, err := sharedX(a0, pub)
		require.NoError(t, err)
		require.Equal(t, unhex(t, v.Secrets[i]), sx)
		require.Equal(t, v.AliceToBob[i], P2PKH(meet(t, alice, bob, 0, uint32(i))))
	}
	require.Len(t, v.BobToAlice, 5)
	for i, want := range v.BobToAlice {
		require.Equal(t, want, P2PKH(meet(t, bob, alice, 0, uint32(i))))
	}

	wif, err := base58check.Decode(v.Notification.Key)
	require.NoError(t, err)
	designated, outpoint := [32]byte(wif[1:33]), [36]byte(unhex(t, v.Notification.Outpoint))
	payload, err := Blind(alice.Code(), designated, bob.Code(), outpoint)
	require.NoError(t, err)
	require.Equal(t, unhex(t, v.Notification.Payload), payload[:])
	k, err := hd.New(designated, [32]byte{})
	require.NoError(t, err)
	got, err := bob.Unblind(payload, k.Public(), outpoint)
	require.NoError(t, err)
	require.Equal(t, alice.Code(), got)
}

// facts are the labelled values of one party of a section of OBPP-05.
type facts map[string][]string

// sections reads OBPP-05's "Test Vectors": per section, Alice's and Bob's facts.
func sections(t *testing.T, text string) [][2]facts {
	text = text[strings.Index(text, "==Test Vectors=="):]
	line := regexp.MustCompile(`^\*+ ([^:<]+)(?:: *(?:\([^)]*\) )?<code>([^<]+)</code>)?`)
	var out [][2]facts
	for _, part := range strings.Split(text, "\n=== ")[1:] {
		var s [2]facts
		who := -1
		for _, l := range strings.Split(part, "\n") {
			m := line.FindStringSubmatch(l)
			switch {
			case m == nil:
			case m[1] == "Alice", m[1] == "Bob":
				who++
				s[who] = facts{}
			case m[2] != "":
				s[who][m[1]] = append(s[who][m[1]], m[2])
			}
		}
		out = append(out, s)
	}
	return out
}

func TestVectorsOfVersion3(t *testing.T) {
	all := sections(t, string(read(t, "bip47_v3v4_obpp-05.mediawiki")))
	require.Len(t, all, 2)
	alice, bob := account(t, aliceWords, V3), account(t, bobWords, V3)
	both := [2]*Account{alice, bob}
	for who, f := range all[0] {
		me, other := both[who], both[1-who]
		require.Equal(t, f["Serialized payment code (Base58)"][0], me.Code().String())
		back, err := Parse(me.Code().String())
		require.NoError(t, err)
		require.Equal(t, me.Code(), back)
		for v, name := range map[Version]string{1: "Version 1", 2: "Version 2", 3: "Version 3"} {
			id := me.Code().Identifier(v)
			require.Equal(t, unhex(t, f[name][0]), id[:])
		}
		// Alice is paid in coin type 0, Bob in 1.
		n := 0
		for i := range uint32(10) {
			for _, want := range f[string(rune('0'+i))] {
				pub := meet(t, other, me, uint32(who), i)
				require.Equal(t, unhex(t, want), pub[:])
				n++
			}
		}
		require.Equal(t, 10, n)
		change := [32]byte(unhex(t, f["Private key to be used for notification script"][0]))
		note, err := Notify(me.Code(), change, other.Code())
		require.NoError(t, err)
		name := []string{"Bob", "Alice"}[who]
		require.Equal(t, unhex(t, f["Value of A for notification to "+name][0]), note.A[:])
		require.Equal(t, unhex(t, f["Value of F for notification to "+name][0]), note.F)
		require.Equal(t, unhex(t, f["Value of G for notification to "+name][0]), note.G)
		got, err := other.Open(note)
		require.NoError(t, err)
		require.Equal(t, me.Code(), got)
	}
	versions1And3(t, all[1])
}

func versions1And3(t *testing.T, f [2]facts) {
	alice, bob := account(t, aliceWords, V1), account(t, bobWords, V3)
	require.Equal(t, f[0]["Serialized payment code (Base58)"][0], alice.Code().String())
	require.Equal(t, f[1]["Serialized payment code (Base58)"][0], bob.Code().String())
	for i := range uint32(10) {
		key := string(rune('0' + i))
		toAlice, toBob := meet(t, bob, alice, 0, i), meet(t, alice, bob, 1, i)
		require.Equal(t, unhex(t, f[0][key][0]), toAlice[:])
		require.Equal(t, unhex(t, f[1][key][0]), toBob[:])
	}
	change := [32]byte(unhex(t, f[0]["Private key to be used for notification script"][0]))
	note, err := Notify(alice.Code(), change, bob.Code())
	require.NoError(t, err)
	require.Equal(t, unhex(t, f[0]["Value of A for notification to Bob"][0]), note.A[:])
	require.Equal(t, unhex(t, f[0]["Value of F for notification to Bob"][0]), note.F)
	g := strings.TrimRight(f[0]["Value of G for notification to Bob"][0], "X")
	require.Equal(t, unhex(t, g), note.G[:len(g)/2])
	require.Len(t, note.G, 65)
	note.G[64] = 7 // "may be any value"
	got, err := bob.Open(note)
	require.NoError(t, err)
	require.Equal(t, alice.Code(), got)

	designated := [32]byte(unhex(t, f[1]["Private key to be used for blinding"][0]))
	outpoint := [36]byte(unhex(t, f[1]["Outpoint to be used for blinding"][0]))
	payload, err := Blind(bob.Code(), designated, alice.Code(), outpoint)
	require.NoError(t, err)
	require.Equal(t, unhex(t, f[1]["Blinded payment code"][0]), payload[:])
	got, err = alice.Unblind(payload, [33]byte(unhex(t, f[1]["Corresponding public key"][0])), outpoint)
	require.NoError(t, err)
	require.Equal(t, bob.Code(), got)
}

func TestDecodeRefusesWhatIsNotACode(t *testing.T) {
	one, three := account(t, aliceWords, V1).Code(), account(t, aliceWords, V3).Code()
	long3 := three.Long()
	got, err := Decode(long3[:])
	require.NoError(t, err)
	require.Equal(t, three, got)
	set := func(b []byte, at int, with ...byte) []byte {
		b = append([]byte(nil), b...)
		copy(b[at:], with)
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"empty": {nil, ErrCode}, "short": {one.Bytes()[:79], ErrCode}, "trailing": {append(one.Bytes(), 0), ErrCode},
		"version 2": {set(one.Bytes(), 0, 2), ErrVersion}, "version 4": {set(one.Bytes(), 0, 4), ErrVersion}, "version 0": {set(one.Bytes(), 0, 0), ErrVersion},
		"features": {set(one.Bytes(), 1, 1), ErrVersion}, "reserved": {set(one.Bytes(), 79, 1), ErrCode},
		"sign": {set(one.Bytes(), 2, 4), ErrCode}, "identity": {set(one.Bytes(), 2, make([]byte, 33)...), ErrCode},
		"chain code of another": {set(long3[:], 35, 0, 0, 0), ErrCode}, "short version 1": {set(three.Bytes(), 0, 1), ErrCode},
		"short version 4": {set(three.Bytes(), 0, 4), ErrCode}, "x ≥ p": {set(three.Bytes(), 2, []byte(strings.Repeat("\xff", 32))...), ErrCode},
	} {
		_, err := Decode(c.b)
		require.ErrorIs(t, err, c.want, name)
	}
	for _, b := range [][]byte{{}, {0x47}, append([]byte{0x22}, one.Bytes()...), append([]byte{0x47}, three.Bytes()...), append([]byte{0x22}, long3[:]...)} {
		_, err := Parse(base58check.Encode(b))
		require.ErrorIs(t, err, ErrCode)
	}
}

func TestNotificationsRefuseZeroKeysAndOtherPayees(t *testing.T) {
	alice, bob := account(t, aliceWords, V3), account(t, bobWords, V3)
	_, err := Notify(alice.Code(), [32]byte{}, bob.Code())
	require.ErrorIs(t, err, ErrKey)
	_, err = Blind(alice.Code(), [32]byte{}, bob.Code(), [36]byte{})
	require.ErrorIs(t, err, ErrKey)
	_, err = Notify(alice.Code(), [32]byte{1}, account(t, bobWords, V1).Code())
	require.ErrorIs(t, err, ErrVersion)
	note, err := Notify(alice.Code(), [32]byte{1}, bob.Code())
	require.NoError(t, err)
	_, err = alice.Open(note)
	require.ErrorIs(t, err, ErrNotification)
	_, err = account(t, bobWords, V1).Open(note)
	require.ErrorIs(t, err, ErrVersion)
	for name, bend := range map[string]func(*Notification){
		"A": func(n *Notification) { n.A = [33]byte{} }, "F": func(n *Notification) { n.F = n.F[:32] },
		"G": func(n *Notification) { n.G = nil }, "prefix": func(n *Notification) { n.F = append([]byte{4}, n.F[1:]...) },
		"identifier": func(n *Notification) { n.F = append([]byte(nil), n.F...); n.F[5] ^= 1 },
		"sign of G":  func(n *Notification) { n.G = append([]byte{5}, n.G[1:]...) },
	} {
		n := note
		bend(&n)
		_, err = bob.Open(n)
		require.ErrorIs(t, err, ErrNotification, name)
	}
	_, err = bob.Unblind([80]byte{}, [33]byte{}, [36]byte{})
	require.ErrorIs(t, err, ErrNotification)
}

func TestIndicesAreNotHardened(t *testing.T) {
	a := account(t, aliceWords, V1)
	_, err := a.Code().Key(hd.Hardened)
	require.ErrorIs(t, err, ErrIndex)
	_, err = a.Pay(a.Code(), 0, hd.Hardened)
	require.ErrorIs(t, err, ErrIndex)
	_, err = a.Receive(a.Code(), 0, hd.Hardened)
	require.ErrorIs(t, err, ErrIndex)
	_, err = NewAccount(master(t, aliceWords).Neuter(), V1)
	require.ErrorIs(t, err, ErrPrivate)
	_, err = NewAccount(master(t, aliceWords), 2)
	require.ErrorIs(t, err, ErrVersion)
	_, err = a.Pay(Code{}, 0, 0)
	require.ErrorIs(t, err, ErrCode)
}

func FuzzParse(f *testing.F) {
	f.Add(account(f, aliceWords, V1).Code().String())
	f.Add(account(f, aliceWords, V3).Code().String())
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			require.True(t, errors.Is(err, ErrCode) || errors.Is(err, ErrVersion))
			return
		}
		require.Equal(t, s, c.String())
	})
}

func FuzzOpen(f *testing.F) {
	bob := account(f, bobWords, V3)
	for _, v := range []Version{V1, V3} {
		n, err := Notify(account(f, aliceWords, v).Code(), [32]byte{1}, bob.Code())
		require.NoError(f, err)
		f.Add(n.A[:], n.F, n.G)
	}
	f.Fuzz(func(t *testing.T, a, x, g []byte) {
		if len(a) != 33 {
			return
		}
		if _, err := bob.Open(Notification{[33]byte(a), x, g}); err != nil {
			require.ErrorIs(t, err, ErrNotification)
		}
	})
}

func FuzzUnblind(f *testing.F) {
	bob := account(f, bobWords, V1)
	f.Add(make([]byte, 80), make([]byte, 33), make([]byte, 36))
	f.Fuzz(func(t *testing.T, payload, pub, outpoint []byte) {
		if len(payload) != 80 || len(pub) != 33 || len(outpoint) != 36 {
			return
		}
		if _, err := bob.Unblind([80]byte(payload), [33]byte(pub), [36]byte(outpoint)); err != nil {
			require.ErrorIs(t, err, ErrNotification)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, v := range []Version{V1, V3} {
		c := account(f, aliceWords, v).Code()
		long := c.Long()
		f.Add(c.Bytes())
		f.Add(long[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			require.True(t, errors.Is(err, ErrCode) || errors.Is(err, ErrVersion))
			return
		}
		if long := c.Long(); len(b) == len(long) {
			require.Equal(t, b, long[:])
			return
		}
		require.Equal(t, b, c.Bytes())
	})
}
