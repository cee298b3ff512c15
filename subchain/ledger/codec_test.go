package ledger

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
)

func random(rng *rand.Rand, dst []byte) {
	for i := range dst {
		dst[i] = byte(rng.Uint32())
	}
}

func randomWord(rng *rand.Rand) (w uint256.Int) {
	b := make([]byte, rng.IntN(33))
	random(rng, b)
	w.SetBytes(b)
	return w
}

func randomHash(rng *rand.Rand) (h Hash) {
	random(rng, h[:])
	return h
}

func randomAddress(rng *rand.Rand) (a Address) {
	random(rng, a[:])
	return a
}

func randomKey(t testing.TB, rng *rand.Rand) *Key {
	key, err := ParseKey(randomHash(rng))
	require.NoError(t, err)
	return key
}

func randomTransaction(t testing.TB, rng *rand.Rand, typ uint8) *Transaction {
	tx := &Transaction{
		Type: typ, ChainID: *uint256.NewInt(uint64(1 + rng.IntN(1000))), Nonce: rng.Uint64() >> rng.IntN(64),
		GasTipCap: randomWord(rng), Gas: rng.Uint64() >> rng.IntN(64), Value: randomWord(rng), Data: make([]byte, rng.IntN(100)),
	}
	random(rng, tx.Data)
	tx.GasFeeCap = tx.GasTipCap
	if typ >= DynamicFeeTx {
		tx.GasFeeCap = randomWord(rng)
	}
	if to := randomAddress(rng); typ >= BlobTx || rng.IntN(2) == 0 {
		tx.To = &to
	}
	if typ == LegacyTx && rng.IntN(3) == 0 {
		tx.ChainID.Clear()
	}
	for range rng.IntN(3) {
		if typ != LegacyTx {
			tuple := AccessTuple{Address: randomAddress(rng)}
			for range rng.IntN(3) {
				tuple.Slots = append(tuple.Slots, randomHash(rng))
			}
			tx.AccessList = append(tx.AccessList, tuple)
		}
	}
	switch typ {
	case BlobTx:
		tx.BlobFeeCap = randomWord(rng)
		tx.BlobHashes = []Hash{randomHash(rng), randomHash(rng)}
	case SetCodeTx:
		a := Authorization{ChainID: randomWord(rng), Address: randomAddress(rng), Nonce: rng.Uint64()}
		SignAuthorization(&a, randomKey(t, rng))
		tx.Authorizations = []Authorization{a}
	}
	return tx
}

func TestEveryTransactionRoundTripsWithItsSender(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 300 {
		tx := randomTransaction(t, rng, uint8(i%5))
		key := randomKey(t, rng)
		tx.Sign(key)
		back, err := DecodeTransaction(tx.Envelope())
		require.NoError(t, err)
		require.Equal(t, tx.Envelope(), back.Envelope())
		require.Equal(t, tx.Hash(), back.Hash())
		require.Equal(t, tx.ChainID, back.ChainID)
		from, err := back.Sender()
		require.NoError(t, err)
		require.Equal(t, key.Address(), from)
		m, err := back.Message()
		require.NoError(t, err)
		require.Equal(t, tx.AccessList, m.AccessList)
		require.Equal(t, tx.Authorizations, m.Authorizations)
		for n := range len(tx.Envelope()) {
			cut, err := DecodeTransaction(tx.Envelope()[:n])
			require.ErrorIs(t, err, ErrTxFormat)
			require.Nil(t, cut)
		}
	}
}

func TestADecodedTransactionDoesNotAliasItsInput(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for typ := range uint8(5) {
		tx := randomTransaction(t, rng, typ)
		tx.Sign(randomKey(t, rng))
		raw := tx.Envelope()
		back, err := DecodeTransaction(raw)
		require.NoError(t, err)
		clear(raw)
		require.Equal(t, tx.Envelope(), back.Envelope())
	}
}

func TestAuthorityRecoversTheSigner(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	key := randomKey(t, rng)
	a := Authorization{ChainID: *uint256.NewInt(1), Address: randomAddress(rng), Nonce: 7}
	SignAuthorization(&a, key)
	signer, err := a.Authority()
	require.NoError(t, err)
	require.Equal(t, key.Address(), signer)
	a.V = 2
	_, err = a.Authority()
	require.ErrorIs(t, err, ErrSignature)
	a.V = 0
	a.R.Clear()
	_, err = a.Authority()
	require.ErrorIs(t, err, ErrSignature)
}

// A signature over no chain id must have one encoding: with v = 35 or 36 the same
// transaction would run under a second hash.
func TestChainIDZeroCannotBeSpelledOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	tx := randomTransaction(t, rng, LegacyTx)
	tx.ChainID.Clear()
	tx.Sign(randomKey(t, rng))
	for _, v := range []uint64{0, 1, 26, 29, 34, 35, 36} {
		tx.V.SetUint64(v)
		_, err := DecodeTransaction(tx.Envelope())
		require.ErrorIs(t, err, ErrTxFormat)
	}
}

func TestHighSIsRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	tx := randomTransaction(t, rng, DynamicFeeTx)
	tx.Sign(randomKey(t, rng))
	order := uint256.MustFromHex("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	tx.S.Sub(order, &tx.S)
	tx.V.SetUint64(1 - tx.V.Uint64())
	back, err := DecodeTransaction(tx.Envelope())
	require.NoError(t, err)
	_, err = back.Sender()
	require.ErrorIs(t, err, ErrSignature)
}

func randomHeader(rng *rand.Rand) (h Header) {
	h.Height, h.View, h.Epoch, h.Time = rng.Uint64(), rng.Uint64()>>40, uint64(rng.IntN(3)), rng.Uint64()
	h.Parent, h.Proposer, h.AnchorHash = randomHash(rng), randomAddress(rng), randomHash(rng)
	for _, x := range h.roots() {
		*x = randomHash(rng)
	}
	h.GasUsed, h.GasLimit, h.BaseFee = rng.Uint64(), rng.Uint64(), randomWord(rng)
	return h
}

func randomReceipt(rng *rand.Rand) *Receipt {
	r := &Receipt{Type: uint8(rng.IntN(5)), Success: rng.IntN(2) == 0, CumulativeGas: rng.Uint64(), TxHash: randomHash(rng), GasUsed: rng.Uint64(), GasPrice: randomWord(rng)}
	if a := randomAddress(rng); rng.IntN(2) == 0 {
		r.Contract = &a
	}
	for range rng.IntN(4) {
		l := Log{Address: randomAddress(rng)}
		for range rng.IntN(5) {
			l.Topics = append(l.Topics, randomHash(rng))
		}
		if n := rng.IntN(70); n > 0 {
			l.Data = make([]byte, n)
			random(rng, l.Data)
		}
		r.Logs = append(r.Logs, l)
	}
	return r
}

func TestHeadersBlocksAndReceiptsRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 100 {
		b := Block{Header: randomHeader(rng)}
		for typ := range uint8(rng.IntN(6)) {
			tx := randomTransaction(t, rng, typ%5)
			tx.Sign(randomKey(t, rng))
			b.Transactions = append(b.Transactions, tx)
		}
		h, err := DecodeHeader(b.Header.AppendRLP(nil))
		require.NoError(t, err)
		require.Equal(t, &b.Header, h)
		require.Equal(t, b.Header.Hash(), h.Hash())
		raw := b.AppendRLP(nil)
		back, err := DecodeBlock(raw)
		require.NoError(t, err)
		require.Equal(t, b.Header, back.Header)
		require.Equal(t, raw, back.AppendRLP(nil))

		r := randomReceipt(rng)
		again, err := DecodeReceipt(r.AppendRLP(nil))
		require.NoError(t, err)
		require.Equal(t, r, again)
		bloom := r.Bloom()
		for _, l := range r.Logs {
			require.True(t, bloom.MayHold(l.Address[:]))
		}
	}
}

func TestEveryFieldOfAHeaderIsUnderItsHash(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	h := randomHeader(rng)
	raw := h.AppendRLP(nil)
	seen := map[Hash]bool{h.Hash(): true}
	for i := range raw {
		for bit := range 8 {
			bent := bytes.Clone(raw)
			bent[i] ^= 1 << bit
			if x, err := DecodeHeader(bent); err == nil {
				require.False(t, seen[x.Hash()])
				seen[x.Hash()] = true
			}
		}
	}
	require.Greater(t, len(seen), 8*32*9)
}

// TestDecodersAllocateWithinTheirBound feeds each decoder the inputs that unfold
// most: 64 times the input and 64 KiB are allowed.
func TestDecodersAllocateWithinTheirBound(t *testing.T) {
	list := func(items ...[]byte) []byte { return rlp.AppendList(nil, bytes.Join(items, nil)) }
	many := func(item []byte) []byte { return rlp.AppendList(nil, bytes.Repeat(item, 200_000/len(item))) }
	zero, address := []byte{0x80}, rlp.AppendBytes(nil, make([]byte, 20))
	typed := func(typ byte, accesses []byte, tail ...[]byte) []byte {
		fields := [][]byte{zero, zero, zero, zero, zero, address, zero, zero, accesses}
		return append([]byte{typ}, list(append(append(fields, tail...), zero, zero, zero)...)...)
	}
	none := list()
	tx := list(zero, zero, zero, zero, zero, zero, []byte{27}, zero, zero)
	auth := list(zero, address, zero, zero, zero, zero)
	log := list(address, none, zero)
	receipt := func(logs []byte) []byte {
		return list(zero, zero, zero, logs, rlp.AppendBytes(nil, make([]byte, 32)), zero, zero, zero)
	}
	var header Header
	decoders := map[string]struct {
		raw    []byte
		decode func([]byte) error
	}{
		"short access tuples": {typed(2, many(list(address, none))), decodesTx},
		"slots":               {typed(2, list(list(address, many(rlp.AppendBytes(nil, make([]byte, 32)))))), decodesTx},
		"blob hashes":         {typed(3, none, zero, many(rlp.AppendBytes(nil, make([]byte, 32)))), decodesTx},
		"authorizations":      {typed(4, none, many(auth)), decodesTx},
		"data":                {list(zero, zero, zero, zero, zero, rlp.AppendBytes(nil, make([]byte, 200_000)), []byte{27}, zero, zero), decodesTx},
		"short transactions":  {list(header.AppendRLP(nil), many(rlp.AppendBytes(nil, tx))), func(b []byte) error { _, err := DecodeBlock(b); return err }},
		"short logs":          {receipt(many(log)), func(b []byte) error { _, err := DecodeReceipt(b); return err }},
		"topics":              {receipt(list(list(address, many(rlp.AppendBytes(nil, make([]byte, 32))), zero))), func(b []byte) error { _, err := DecodeReceipt(b); return err }},
	}
	for name, d := range decoders {
		bad := bytes.Clone(d.raw)
		bad[len(bad)-1] = 0 // wrong in the last field, when all else is decoded
		for i, raw := range [][]byte{d.raw, bad} {
			before := allocated()
			err := d.decode(raw)
			used := allocated() - before
			require.Equal(t, i == 0, err == nil, "%s: %v", name, err)
			require.LessOrEqual(t, used, uint64(64*len(raw)+64<<10), name)
			t.Logf("%s: %.1f × the input", name, float64(used)/float64(len(raw)))
		}
	}
}

func decodesTx(b []byte) error { _, err := DecodeTransaction(b); return err }

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func seed(f *testing.F, encode func(rng *rand.Rand) []byte) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 20 {
		f.Add(encode(rng))
	}
}

func FuzzDecodeTransaction(f *testing.F) {
	i := uint8(0)
	seed(f, func(rng *rand.Rand) []byte {
		i++
		tx := randomTransaction(f, rng, i%5)
		tx.Sign(randomKey(f, rng))
		return tx.Envelope()
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := DecodeTransaction(raw)
		if err != nil {
			require.Nil(t, tx)
			return
		}
		require.Equal(t, raw, tx.Envelope())
		if _, err := tx.Sender(); err != nil {
			require.ErrorIs(t, err, ErrSignature)
		}
	})
}

func FuzzDecodeHeader(f *testing.F) {
	seed(f, func(rng *rand.Rand) []byte {
		h := randomHeader(rng)
		return h.AppendRLP(nil)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if h, err := DecodeHeader(raw); err == nil {
			require.Equal(t, raw, h.AppendRLP(nil))
		}
	})
}

func FuzzDecodeBlock(f *testing.F) {
	seed(f, func(rng *rand.Rand) []byte {
		tx := randomTransaction(f, rng, uint8(rng.IntN(5)))
		tx.Sign(randomKey(f, rng))
		b := Block{Header: randomHeader(rng), Transactions: []*Transaction{tx, tx}}
		return b.AppendRLP(nil)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if b, err := DecodeBlock(raw); err == nil {
			require.Equal(t, raw, b.AppendRLP(nil))
		}
	})
}

func FuzzDecodeReceipt(f *testing.F) {
	seed(f, func(rng *rand.Rand) []byte { return randomReceipt(rng).AppendRLP(nil) })
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := DecodeReceipt(raw); err == nil {
			require.Equal(t, raw, r.AppendRLP(nil))
		}
	})
}

func FuzzDecodeReceiptEnvelope(f *testing.F) {
	logs := []Log{{Address: Address{1}, Topics: []Hash{{2}, {3}}, Data: []byte{4}}}
	f.Add((&Receipt{Success: true, CumulativeGas: 21_000}).Envelope())
	f.Add((&Receipt{Type: 2, CumulativeGas: 90_000, Logs: logs}).Envelope())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := DecodeReceiptEnvelope(raw); err == nil {
			require.Equal(t, raw, r.Envelope())
		}
	})
}
