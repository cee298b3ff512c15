package ledger

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/rlp"
)

// bounded runs decoders and holds the allocations of each to 64 × input + 64 KiB.
// Reading the exact count stops the world, which costs more than a decoder does: if
// all together stay within the bound of one, each does. Others may allocate
// meanwhile, so the least of three runs of one decoder counts.
func bounded(t *testing.T, raw []byte, decoders ...func([]byte) error) {
	limit := uint64(64*len(raw) + 64<<10)
	if spent(raw, decoders) <= limit {
		return
	}
	for i := range decoders {
		used := spent(raw, decoders[i:i+1])
		for range 2 {
			used = min(used, spent(raw, decoders[i:i+1]))
		}
		require.LessOrEqual(t, used, limit, "decoder %d, %d bytes of input", i, len(raw))
	}
}

// spent is how many bytes are allocated while decoders run, by them or by others.
func spent(raw []byte, decoders []func([]byte) error) uint64 {
	before := allocated()
	for _, decode := range decoders {
		_ = decode(raw) // errors are expected of most inputs
	}
	return allocated() - before
}

// FuzzDecodersAllocateInProportion covers every decoder that takes bytes of a peer.
// Fuzz it with -fuzzminimizetime 1x: Go shrinks every input that reaches new code, for
// up to a minute each, in which it looks as if it stood still.
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
		bounded(t, raw,
			func(b []byte) error { _, err := DecodeTransaction(b); return err },
			func(b []byte) error { _, err := DecodeBlock(b); return err },
			func(b []byte) error { _, err := DecodeHeader(b); return err },
			func(b []byte) error { _, err := DecodeReceipt(b); return err },
			func(b []byte) error { _, err := DecodeAccount(b); return err },
			func(b []byte) error { _, err := DecodeAnchor(b); return err },
			func(b []byte) error { d := rlp.NewDecoder(b); decodeAccessList(d); return d.Err() },
			func(b []byte) error { d := rlp.Items(b); decodeAuthorization(d); return d.Err() },
		)
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
