package paymentcode

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/chacha20poly1305"
)

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

// What follows is a second implementation of the package doc, slow and simple: affine
// points over math/big, HKDF and BIP-32 from HMAC. It shares no code with the first.

func number(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return n
}

type affine struct{ x, y *big.Int } // nil x: the identity

func field() *big.Int {
	return number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")
}

func order() *big.Int {
	return number("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
}

func generator() affine {
	return affine{number("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"), number("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")}
}

func (a affine) add(b affine) affine {
	p := field()
	if a.x == nil {
		return b
	}
	if b.x == nil {
		return a
	}
	var num, den *big.Int
	if a.x.Cmp(b.x) == 0 {
		if a.y.Cmp(b.y) != 0 {
			return affine{}
		}
		num = new(big.Int).Mul(big.NewInt(3), new(big.Int).Mul(a.x, a.x))
		den = new(big.Int).Lsh(a.y, 1)
	} else {
		num, den = new(big.Int).Sub(b.y, a.y), new(big.Int).Sub(b.x, a.x)
	}
	l := num.Mul(num, den.ModInverse(den.Mod(den, p), p))
	x := new(big.Int).Mul(l, l)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, p)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, l).Sub(y, a.y).Mod(y, p)
	return affine{x, y}
}

func (a affine) times(k *big.Int) (out affine) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		out = out.add(out)
		if k.Bit(i) == 1 {
			out = out.add(a)
		}
	}
	return out
}

func (a affine) bytes() []byte {
	out := make([]byte, 33)
	out[0] = 2 + byte(a.y.Bit(0))
	a.x.FillBytes(out[1:])
	return out
}

func hm(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

func refHKDF(ikm []byte, salt string, size int, info ...[]byte) []byte {
	prk := hm([]byte(salt), ikm)
	var out, block []byte
	for i := byte(1); len(out) < size; i++ {
		block = hm(prk, block, bytes.Join(info, nil), []byte{i})
		out = append(out, block...)
	}
	return out[:size]
}

// refParty has the private keys of m/28771'/account'/delegated'/{0,1}'.
type refParty struct {
	b, v *big.Int
	code []byte
}

func refDerive(seed []byte, account, delegated uint32, flags byte) refParty {
	sum := func(key, data []byte) ([]byte, []byte) {
		m := hmac.New(sha512.New, key)
		m.Write(data)
		s := m.Sum(nil)
		return s[:32], s[32:]
	}
	child := func(k, c []byte, i uint32) ([]byte, []byte) {
		l, r := sum(c, binary.BigEndian.AppendUint32(append([]byte{0}, k...), i+1<<31))
		n := new(big.Int).SetBytes(l)
		n.Add(n, new(big.Int).SetBytes(k)).Mod(n, order())
		return n.FillBytes(make([]byte, 32)), r
	}
	k, c := sum([]byte("Bitcoin seed"), seed)
	for _, i := range []uint32{28771, account, delegated} {
		k, c = child(k, c, i)
	}
	b, _ := child(k, c, 0)
	v, _ := child(k, c, 1)
	out := refParty{new(big.Int).SetBytes(b), new(big.Int).SetBytes(v), []byte{1, flags}}
	out.code = append(append(out.code, generator().times(out.b).bytes()...), generator().times(out.v).bytes()...)
	return out
}

type refPayment struct{ Index, Tag, Key, Secret, Shared string }

// refLink returns the notification of payer to payee, and payments.
func refLink(t *testing.T, payer, payee refParty, epoch uint32, chain uint64, indices ...uint32) ([]byte, []refPayment) {
	e := binary.BigEndian.AppendUint32(nil, epoch)
	rn := refHKDF(payer.v.FillBytes(make([]byte, 32)), "rootstem/paycode1/ephemeral", 34, payer.code, payee.code, e, []byte{0})
	r := new(big.Int).SetBytes(rn[:32])
	note := []byte{1, rn[32], rn[33]}
	bits := int(payee.code[1])
	bucket := sha256.Sum256(append([]byte("rootstem/paycode1/bucket"), payee.code...))
	for i := range bits {
		bit := byte(0x80) >> (i % 8)
		note[1+i/8] = note[1+i/8]&^bit | bucket[i/8]&bit
	}
	note = append(note, generator().times(r).bytes()...)
	view := generator().times(payee.v)
	es, ss := view.times(r).bytes(), view.times(payer.v).bytes()
	both := append(append([]byte{}, es...), ss...)
	head := append([]byte{}, note...)
	outer := refHKDF(es, "rootstem/paycode1/notify", 71, head, payee.code)
	note = append(note, outer[:4]...)
	for i, b := range payer.code[1:] {
		note = append(note, b^outer[4+i])
	}
	aead, err := chacha20poly1305.New(refHKDF(both, "rootstem/paycode1/seal", 32, head, payee.code, payer.code))
	require.NoError(t, err)
	note = aead.Seal(note, make([]byte, 12), e, append([]byte{}, note...))

	k := refHKDF(both, "rootstem/paycode1/root", 32, head, payee.code, payer.code, e, binary.BigEndian.AppendUint64(nil, chain))
	h := func(domain string) []byte {
		s := sha256.Sum256(append([]byte(domain), k...))
		return s[:]
	}
	var out []refPayment
	for i := uint32(0); len(out) < len(indices); i++ {
		if i == indices[len(out)] {
			p := new(big.Int).SetBytes(h("rootstem/paycode1/tweak"))
			p.Add(p, payee.b).Mod(p, order())
			out = append(out, refPayment{
				Index: new(big.Int).SetUint64(uint64(i)).String(), Tag: hex.EncodeToString(h("rootstem/paycode1/event")[:8]),
				Key: hex.EncodeToString(generator().times(p).bytes()), Secret: hex.EncodeToString(p.FillBytes(make([]byte, 32))),
				Shared: hex.EncodeToString(h("rootstem/paycode1/share")),
			})
		}
		k = h("rootstem/paycode1/chain")
	}
	return note, out
}

type frozen struct {
	PayerSeed, PayeeSeed     string
	PayerBits, PayeeBits     uint8
	Account, Epoch           uint32
	Delegated                bool // the payee
	Chain                    uint64
	PayerCode, PayeeCode     string
	PayerBinary, PayeeBinary string
	Notification             string
	Payments                 []refPayment
}

func cases() []frozen {
	return []frozen{
		{PayerSeed: "000102030405060708090a0b0c0d0e0f", PayeeSeed: "0f0e0d0c0b0a09080706050403020100", Chain: 1},
		{PayerSeed: "00112233445566778899aabbccddeeff", PayeeSeed: "ffeeddccbbaa99887766554433221100", PayerBits: 3, PayeeBits: 12, Account: 7, Epoch: 4294967295, Chain: 18446744073709551615},
		{PayerSeed: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", PayeeSeed: "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5", PayeeBits: 9, Epoch: 2, Delegated: true, Chain: 4690},
	}
}

func indices() []uint32 { return []uint32{0, 1, 2, 3, 511, 1000} }

// produce fills a case by the package itself.
func produce(t *testing.T, f frozen) frozen {
	seed := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	payer, err := Derive(seed(f.PayerSeed), Options{BucketBits: f.PayerBits})
	require.NoError(t, err)
	payee, err := Derive(seed(f.PayeeSeed), Options{Account: f.Account, Delegated: f.Delegated, BucketBits: f.PayeeBits})
	require.NoError(t, err)
	f.PayerCode, f.PayeeCode = payer.Code().String(), payee.Code().String()
	f.PayerBinary, f.PayeeBinary = hex.EncodeToString(payer.Code().AppendBinary(nil)), hex.EncodeToString(payee.Code().AppendBinary(nil))
	p, err := payer.View().Pay(payee.Code(), f.Epoch, f.Chain)
	require.NoError(t, err)
	f.Notification = hex.EncodeToString(p.Notification())
	c, err := payee.View().Open(p.Notification(), f.Chain)
	require.NoError(t, err)
	f.Payments = nil
	for _, i := range indices() {
		p.Seek(i)
		sent, err := p.Next()
		require.NoError(t, err)
		in, err := c.Incoming(i)
		require.NoError(t, err)
		key, err := payee.OneTime(in)
		require.NoError(t, err)
		require.Equal(t, sent.Key, key.Public())
		shared := sent.Shared()
		require.Equal(t, shared, in.Shared())
		require.NoError(t, key.Lend(func(s *[32]byte) error {
			f.Payments = append(f.Payments, refPayment{
				Index: new(big.Int).SetUint64(uint64(i)).String(), Tag: sent.Tag.String(),
				Key: hex.EncodeToString(sent.Key[:]), Secret: hex.EncodeToString(s[:]), Shared: hex.EncodeToString(shared[:]),
			})
			return nil
		}))
	}
	return f
}

func TestFrozenVectors(t *testing.T) {
	const file = "testdata/vectors.json"
	if *update {
		var all []frozen
		for _, f := range cases() {
			all = append(all, produce(t, f))
		}
		b, err := json.MarshalIndent(all, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, append(b, '\n'), 0o644))
	}
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []frozen
	require.NoError(t, json.Unmarshal(b, &all))
	require.Len(t, all, len(cases()))
	for _, f := range all {
		require.Equal(t, f, produce(t, f))
	}
}

func TestTheFrozenVectorsFollowFromTheDocument(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all []frozen
	require.NoError(t, json.Unmarshal(b, &all))
	for _, f := range all {
		payerSeed, err := hex.DecodeString(f.PayerSeed)
		require.NoError(t, err)
		payeeSeed, err := hex.DecodeString(f.PayeeSeed)
		require.NoError(t, err)
		delegated := uint32(0)
		if f.Delegated {
			delegated = 1
		}
		payer, payee := refDerive(payerSeed, 0, 0, f.PayerBits), refDerive(payeeSeed, f.Account, delegated, f.PayeeBits)
		require.Equal(t, f.PayerBinary, hex.EncodeToString(payer.code))
		require.Equal(t, f.PayeeBinary, hex.EncodeToString(payee.code))
		note, payments := refLink(t, payer, payee, f.Epoch, f.Chain, indices()...)
		require.Equal(t, f.Notification, hex.EncodeToString(note))
		require.Equal(t, f.Payments, payments)
	}
}

func TestOneStepOfTheRatchetIsOneBlock(t *testing.T) {
	for _, d := range []string{domainChain, domainEvent, domainTweak, domainShare} {
		require.Len(t, d, 23)
	}
}
