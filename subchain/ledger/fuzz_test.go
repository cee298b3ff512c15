package ledger

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
)

// bounded runs decode and holds its allocations to 64 × input + 64 KiB. Others may
// allocate meanwhile, so the least of three runs counts.
func bounded(t *testing.T, raw []byte, decode func([]byte) error) {
	limit := uint64(64*len(raw) + 64<<10)
	var used uint64
	for range 3 {
		before := allocated()
		_ = decode(raw) // errors are expected of most inputs
		if used = allocated() - before; used <= limit {
			return
		}
	}
	t.Fatalf("%d bytes allocated for %d of input", used, len(raw))
}

// FuzzDecodersAllocateInProportion covers every decoder that takes bytes of a peer.
func FuzzDecodersAllocateInProportion(f *testing.F) {
	i := uint8(0)
	seed(f, func(rng *rand.Rand) []byte {
		i++
		tx := randomTransaction(f, rng, i%5)
		tx.Sign(randomKey(f, rng))
		if i%3 > 0 {
			return tx.Envelope()
		}
		b := Block{Header: randomHeader(rng), Transactions: []*Transaction{tx, tx}}
		return b.AppendRLP(nil)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		bounded(t, raw, func(b []byte) error { _, err := DecodeTransaction(b); return err })
		bounded(t, raw, func(b []byte) error { _, err := DecodeBlock(b); return err })
		bounded(t, raw, func(b []byte) error { _, err := DecodeHeader(b); return err })
		bounded(t, raw, func(b []byte) error { _, err := DecodeReceipt(b); return err })
		bounded(t, raw, func(b []byte) error { _, err := DecodeAccount(b); return err })
		bounded(t, raw, func(b []byte) error { _, err := DecodeAnchor(b); return err })
		bounded(t, raw, func(b []byte) error { d := rlp.NewDecoder(b); decodeAccessList(d); return d.Err() })
		bounded(t, raw, func(b []byte) error { d := rlp.Items(b); decodeAuthorization(d); return d.Err() })
	})
}

func FuzzDecodeAccessList(f *testing.F) {
	seed(f, func(rng *rand.Rand) []byte {
		return appendAccessList(nil, randomTransaction(f, rng, AccessListTx).AccessList)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := rlp.Items(raw)
		list := decodeAccessList(d)
		if d.Done() == nil {
			require.Equal(t, raw, appendAccessList(nil, list))
		}
		bounded(t, raw, func(b []byte) error { d := rlp.Items(b); decodeAccessList(d); return d.Done() })
	})
}

func FuzzDecodeAuthorization(f *testing.F) {
	seed(f, func(rng *rand.Rand) []byte {
		a := randomTransaction(f, rng, SetCodeTx).Authorizations[0]
		return a.appendRLP(nil)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := rlp.Items(raw)
		a := decodeAuthorization(d)
		if d.Done() != nil {
			return
		}
		require.Equal(t, raw, a.appendRLP(nil))
		if _, err := a.Authority(); err != nil {
			require.ErrorIs(t, err, ErrSignature)
		}
	})
}
