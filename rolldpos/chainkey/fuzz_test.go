package chainkey_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
)

const frozen = "6da6240835bd7788ce18782266aa138b494b8774747fe5066465c9a5c4dac6b5"

func epochOf(n uint64) rolldpos.Epoch { return rolldpos.Epoch(n + 1) }
func viewOf(n uint64) rolldpos.View   { return rolldpos.View(n + 1) }

// FuzzDecode reads bytes as each wire type: what is accepted encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	p := chainkey.Partial{Statement: commit(3), Seat: 2, Signature: bls.Signature{0x80}}
	f.Add(p.AppendBinary(nil))
	p.Statement = chainkey.Statement{Kind: chainkey.RoundKind, Epoch: 9}
	f.Add(p.AppendBinary(nil))
	f.Add((&chainkey.Certificate{Epoch: 1, View: 300, Block: block}).AppendBinary(nil))
	f.Add((&chainkey.Beacon{Round: 7}).AppendBinary(nil))
	f.Add((&chainkey.Handover{Era: 2, Epoch: 9}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := chainkey.DecodePartial(b); err == nil {
			require.Equal(t, b, x.AppendBinary(nil))
		} else {
			require.ErrorIs(t, err, chainkey.ErrInvalid)
		}
		if x, err := chainkey.DecodeCertificate(b); err == nil {
			require.Equal(t, b, x.AppendBinary(nil))
		} else {
			require.ErrorIs(t, err, chainkey.ErrInvalid)
		}
		if x, err := chainkey.DecodeBeacon(b); err == nil {
			require.Equal(t, b, x.AppendBinary(nil))
		} else {
			require.ErrorIs(t, err, chainkey.ErrInvalid)
		}
		if x, err := chainkey.DecodeHandover(b); err == nil {
			require.Equal(t, b, x.AppendBinary(nil))
		} else {
			require.ErrorIs(t, err, chainkey.ErrInvalid)
		}
		if k, err := chainkey.Open(b); err == nil {
			raw := k.Bytes()
			require.Equal(t, b, raw[:])
		}
	})
}
