package bls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzDecode(f *testing.F) {
	k := testKey(f, "fuzz")
	p, s := k.Public().Bytes(), k.Sign("tag", nil)
	f.Add(p[:])
	f.Add(s[:])
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := DecodePublicKey(b); err == nil {
			got := p.Bytes()
			require.Equal(t, b, got[:])
		}
		if p, err := DecodeKeyG1(b); err == nil {
			got := p.Bytes()
			require.Equal(t, b, got[:])
		}
		if k, err := DecodeSecretKey(b); err == nil {
			got := k.Bytes()
			require.Equal(t, b, got[:])
		}
	})
}
