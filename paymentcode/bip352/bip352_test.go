package bip352

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

type vin struct {
	Txid, ScriptSig, Txinwitness string
	Vout                         uint32
	Prevout                      struct{ ScriptPubKey struct{ Hex string } }
	PrivateKey                   string `json:"private_key"`
}

// input reads a vector's input; its witness is serialised with one-byte lengths.
func (v vin) input(t testing.TB) SecretInput {
	in := SecretInput{Input: Input{Script: unhex(t, v.Prevout.ScriptPubKey.Hex), ScriptSig: unhex(t, v.ScriptSig)}}
	id := unhex(t, v.Txid)
	slices.Reverse(id)
	copy(in.Outpoint[:], id)
	binary.LittleEndian.PutUint32(in.Outpoint[32:], v.Vout)
	if w := unhex(t, v.Txinwitness); len(w) > 0 {
		n := int(w[0])
		w = w[1:]
		for range n {
			size := int(w[0])
			require.Less(t, size, 253)
			in.Witness, w = append(in.Witness, w[1:1+size]), w[1+size:]
		}
		require.Empty(t, w)
	}
	if v.PrivateKey != "" {
		in.Key = [32]byte(unhex(t, v.PrivateKey))
	}
	return in
}

type vector struct {
	Comment string
	Sending []struct {
		Given struct {
			Vin        []vin
			Recipients []struct {
				Address string
				Scan    string `json:"scan_pub_key"`
				Spend   string `json:"spend_pub_key"`
				Count   int
			}
		}
		Expected struct {
			Outputs [][]string
			Keys    []string `json:"input_pub_keys"`
		}
	}
	Receiving []struct {
		Given struct {
			Vin     []vin
			Outputs []string
			Labels  []uint32
			Keys    struct {
				Spend string `json:"spend_priv_key"`
				Scan  string `json:"scan_priv_key"`
			} `json:"key_material"`
		}
		Expected struct {
			Addresses []string
			Tweak     *string
			N         int `json:"n_outputs"`
			Outputs   []struct {
				Tweak     string `json:"priv_key_tweak"`
				Key       string `json:"pub_key"`
				Signature string
			}
		}
	}
}

func vectors(t testing.TB) (out []vector) {
	b, err := os.ReadFile(filepath.Join(fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy"), "bip352_send_and_receive_test_vectors.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

func TestVectorsOfTheBIP(t *testing.T) {
	all := vectors(t)
	require.Len(t, all, 28)
	for _, v := range all {
		t.Run(v.Comment, func(t *testing.T) {
			sends(t, v)
			receives(t, v)
		})
	}
}

func sends(t *testing.T, v vector) {
	for _, s := range v.Sending {
		var inputs []SecretInput
		var keys []string
		for _, in := range s.Given.Vin {
			inputs = append(inputs, in.input(t))
			if pub, ok := inputs[len(inputs)-1].Input.Key(); ok {
				keys = append(keys, hex.EncodeToString(pub[:]))
			}
		}
		require.Equal(t, len(s.Expected.Keys), len(keys))
		for i := range keys {
			require.Equal(t, s.Expected.Keys[i], keys[i])
		}
		var to []Address
		for _, r := range s.Given.Recipients {
			a, network, err := ParseAddress(r.Address)
			require.NoError(t, err)
			require.Equal(t, Address{[33]byte(unhex(t, r.Scan)), [33]byte(unhex(t, r.Spend))}, a)
			require.Equal(t, r.Address, a.Text(network))
			for range max(1, r.Count) {
				to = append(to, a)
			}
		}
		got, err := Send(inputs, to)
		if len(s.Expected.Outputs[0]) == 0 {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		var text []string
		for _, o := range got {
			text = append(text, hex.EncodeToString(o[:]))
		}
		slices.Sort(text)
		ok := slices.ContainsFunc(s.Expected.Outputs, func(want []string) bool {
			return slices.Equal(text, slices.Sorted(slices.Values(want)))
		})
		require.True(t, ok, text)
	}
}

func receives(t *testing.T, v vector) {
	message, aux := sha256.Sum256([]byte("message")), sha256.Sum256([]byte("random auxiliary data"))
	for _, c := range v.Receiving {
		spend := [32]byte(unhex(t, c.Given.Keys.Spend))
		s, err := ec.ParseScalar(spend[:])
		require.NoError(t, err)
		pub, err := ec.Public(s)
		require.NoError(t, err)
		r, err := NewReceiver([32]byte(unhex(t, c.Given.Keys.Scan)), pub, c.Given.Labels...)
		require.NoError(t, err)
		addresses := []string{r.Address().Text("sp")}
		for _, m := range c.Given.Labels {
			a, err := r.Labelled(m)
			require.NoError(t, err)
			addresses = append(addresses, a.Text("sp"))
		}
		require.ElementsMatch(t, c.Expected.Addresses, addresses)

		var inputs []Input
		for _, in := range c.Given.Vin {
			inputs = append(inputs, in.input(t).Input)
		}
		tweak, err := Tweak(inputs)
		if c.Expected.Tweak == nil {
			require.ErrorIs(t, err, ErrInputs)
			require.Empty(t, c.Expected.Outputs)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, unhex(t, *c.Expected.Tweak), tweak[:])
		var outputs [][32]byte
		for _, o := range c.Given.Outputs {
			outputs = append(outputs, [32]byte(unhex(t, o)))
		}
		found, err := r.Scan(tweak, outputs)
		require.NoError(t, err)
		require.Len(t, found, max(c.Expected.N, len(c.Expected.Outputs)))
		for _, want := range c.Expected.Outputs {
			i := slices.IndexFunc(found, func(f Found) bool { return hex.EncodeToString(f.Output[:]) == want.Key })
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, unhex(t, want.Tweak), found[i].tweak.Bytes())
			key, err := SpendKey(spend, found[i])
			require.NoError(t, err)
			sig, err := key.SignSchnorr(message[:], aux)
			require.NoError(t, err)
			require.Equal(t, unhex(t, want.Signature), sig[:])
		}
	}
}

func key(t testing.TB, n byte) ([32]byte, [33]byte) {
	b := [32]byte{31: n}
	s, err := ec.ParseScalar(b[:])
	require.NoError(t, err)
	pub, err := ec.Public(s)
	require.NoError(t, err)
	return b, pub
}

func taproot(t testing.TB, n byte) SecretInput {
	b, pub := key(t, n)
	return SecretInput{Input{Outpoint: Outpoint{n}, Script: append([]byte{0x51, 32}, pub[1:]...), Witness: [][]byte{make([]byte, 64)}}, b}
}

func receiver(t testing.TB, labels ...uint32) ([32]byte, *Receiver) {
	scan, _ := key(t, 11)
	spend, pub := key(t, 13)
	r, err := NewReceiver(scan, pub, labels...)
	require.NoError(t, err)
	return spend, r
}

// Both ways to look for labels give the same: there are more labels than outputs in
// one, and fewer in the other.
func TestLabelsAreFoundByLabelsAndByOutputs(t *testing.T) {
	in := taproot(t, 5)
	for _, many := range []uint32{3, 50} {
		var labels []uint32
		for m := range many {
			labels = append(labels, m)
		}
		spend, r := receiver(t, labels...)
		var to []Address
		for _, m := range []uint32{2, 0, 2} {
			a, err := r.Labelled(m)
			require.NoError(t, err)
			to = append(to, a)
		}
		out, err := Send([]SecretInput{in}, append(to, r.Address()))
		require.NoError(t, err)
		tweak, err := Tweak([]Input{in.Input})
		require.NoError(t, err)
		found, err := r.Scan(tweak, append(out, [32]byte{1}, [32]byte([]byte(strings.Repeat("\xff", 32)))))
		require.NoError(t, err)
		require.Len(t, found, 4)
		for i, f := range found {
			require.Equal(t, out[i], f.Output)
			require.Equal(t, i < 3, f.Labelled)
			_, err = SpendKey(spend, f)
			require.NoError(t, err)
			_, err = SpendKey([32]byte{31: 99}, f)
			require.ErrorIs(t, err, ErrKey)
		}
		_, plain := receiver(t)
		found, err = plain.Scan(tweak, out)
		require.NoError(t, err)
		require.Empty(t, found, "an unknown label is not found")
	}
}

func TestSendRefusesAKeyThatIsNotItsInputs(t *testing.T) {
	_, r := receiver(t)
	in := taproot(t, 5)
	in.Key[31]++
	_, err := Send([]SecretInput{in}, []Address{r.Address()})
	require.ErrorIs(t, err, ErrKey)
	in.Key = [32]byte{}
	_, err = Send([]SecretInput{in}, []Address{r.Address()})
	require.ErrorIs(t, err, ErrKey)
}

func TestUnknownSegwitVersionsAreRefused(t *testing.T) {
	_, r := receiver(t)
	in := taproot(t, 5)
	next := in
	next.Script = append([]byte{0x52, 32}, in.Script[2:]...)
	_, err := Send([]SecretInput{in, next}, []Address{r.Address()})
	require.ErrorIs(t, err, ErrInputs)
	_, err = Tweak([]Input{in.Input, next.Input})
	require.ErrorIs(t, err, ErrInputs)
	_, err = Tweak(nil)
	require.ErrorIs(t, err, ErrInputs)
	_, err = Send(nil, nil)
	require.ErrorIs(t, err, ErrInputs)
}

func TestEveryPublicInputOfScanCounts(t *testing.T) {
	_, r := receiver(t)
	a, b := taproot(t, 5), taproot(t, 6)
	out, err := Send([]SecretInput{a, b}, []Address{r.Address()})
	require.NoError(t, err)
	finds := func(inputs ...Input) int {
		tweak, err := Tweak(inputs)
		require.NoError(t, err)
		found, err := r.Scan(tweak, out)
		require.NoError(t, err)
		return len(found)
	}
	require.Equal(t, 1, finds(a.Input, b.Input))
	require.Equal(t, 1, finds(b.Input, a.Input))
	require.Zero(t, finds(a.Input))
	require.Zero(t, finds(b.Input))
	other := a.Input
	other.Outpoint = Outpoint{1}
	require.Zero(t, finds(other, b.Input))
	_, err = r.Scan([33]byte{}, out)
	require.ErrorIs(t, err, ErrTweak)
}

func TestEqualScanAndSpendKeysAreRefused(t *testing.T) {
	scan, pub := key(t, 11)
	_, err := NewReceiver(scan, pub)
	require.ErrorIs(t, err, ErrSameKey)
	pub[0] ^= 1
	_, err = NewReceiver(scan, pub)
	require.ErrorIs(t, err, ErrSameKey)
	_, err = NewReceiver([32]byte{}, pub)
	require.ErrorIs(t, err, ErrKey)
	_, err = NewReceiver(scan, [33]byte{})
	require.ErrorIs(t, err, ErrAddress)
	_, err = SpendKey(scan, Found{})
	require.ErrorIs(t, err, ErrKey)
}

func TestParseAddressRefusesForeignNetworksAndPoints(t *testing.T) {
	_, r := receiver(t)
	for _, s := range []string{"", "sp1", r.Address().Text("bc"), r.Address().Text("tsp") + "q", (Address{}).Text("sp")} {
		_, _, err := ParseAddress(s)
		require.ErrorIs(t, err, ErrAddress, s)
	}
}

func FuzzParseAddress(f *testing.F) {
	_, r := receiver(f)
	f.Add(r.Address().Text("sp"))
	f.Fuzz(func(t *testing.T, s string) {
		if _, _, err := ParseAddress(s); err != nil {
			require.ErrorIs(t, err, ErrAddress)
		}
	})
}

func FuzzInputKey(f *testing.F) {
	f.Add(make([]byte, 34), []byte{}, []byte{1}, []byte{0x50})
	f.Fuzz(func(t *testing.T, script, sig, w1, w2 []byte) {
		in := Input{Script: script, ScriptSig: sig, Witness: [][]byte{w1, w2}}
		if pub, ok := in.Key(); ok {
			_, err := ec.ParsePoint(pub[:])
			require.NoError(t, err)
		}
		if _, err := Tweak([]Input{in}); err != nil {
			require.ErrorIs(t, err, ErrInputs)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	_, r := receiver(b, Change)
	in := taproot(b, 5)
	tweak, err := Tweak([]Input{in.Input})
	require.NoError(b, err)
	outputs := [][32]byte{{1}, {2}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Scan(tweak, outputs); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzScan(f *testing.F) {
	_, r := receiver(f)
	spend := r.Address().Spend
	f.Add(spend[:], make([]byte, 64))
	f.Fuzz(func(t *testing.T, tweak, outputs []byte) {
		if len(tweak) != 33 {
			return
		}
		var out [][32]byte
		for ; len(outputs) >= 32; outputs = outputs[32:] {
			out = append(out, [32]byte(outputs))
		}
		found, err := r.Scan([33]byte(tweak), out)
		if err != nil {
			require.ErrorIs(t, err, ErrTweak)
		}
		require.Empty(t, found)
	})
}
