package onetime

import (
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	secp256k1 "gitlab.com/yawning/secp256k1-voi"
	"gitlab.com/yawning/secp256k1-voi/secec/bitcoin"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/internal/secp"
	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

func small(n uint64) *ec.Scalar { return secp256k1.NewScalarFromUint64(n) }

func TestSchnorrSignaturesOfBIP340(t *testing.T) {
	f, err := os.Open(filepath.Join(fixture.Dir(t, "PRIVACY_VECTORS_DIR", "vectors/privacy"), "bip340_test-vectors.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 20)
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	for _, r := range rows[1:] {
		message, sig := unhex(r[4]), unhex(r[5])
		pub, err := bitcoin.NewSchnorrPublicKey(unhex(r[2]))
		require.Equal(t, r[6] == "TRUE", err == nil && pub.Verify(message, sig), "row %s: %s", r[0], r[7])
		if r[1] == "" {
			continue
		}
		s, err := ec.ParseScalar(unhex(r[1]))
		require.NoError(t, err)
		key, err := New(s, new(ec.Scalar), false)
		require.NoError(t, err)
		got, err := key.SignSchnorr(message, [32]byte(unhex(r[3])))
		require.NoError(t, err)
		require.Equal(t, sig, got[:], "row %s", r[0])
	}
}

func TestSignatureRecoversToTheAddress(t *testing.T) {
	key, err := New(small(5), small(7), false)
	require.NoError(t, err)
	sig, err := key.Sign([32]byte{1})
	require.NoError(t, err)
	pub, err := secp.Recover([32]byte{1}, &secp.Signature{R: [32]byte(sig[:32]), S: [32]byte(sig[32:64]), V: sig[64]})
	require.NoError(t, err)
	a, err := key.Address()
	require.NoError(t, err)
	require.Equal(t, a, secp.Address(pub))
}

func TestAKeyIsExportedOnlyWhenMadeForIt(t *testing.T) {
	closed, err := New(small(5), small(7), false)
	require.NoError(t, err)
	_, err = closed.Export()
	require.ErrorIs(t, err, ErrExport)
	open, err := New(small(5), small(7), true)
	require.NoError(t, err)
	b, err := open.Export()
	require.NoError(t, err)
	require.Equal(t, [32]byte{31: 12}, b)
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	key, err := New(small(5), small(7), true)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "one-time key", fmt.Sprintf(verb, key))
	}
}

func TestAWipedKeyDoesNothing(t *testing.T) {
	key, err := New(small(5), small(7), true)
	require.NoError(t, err)
	var lent *[32]byte
	require.NoError(t, key.Lend(func(s *[32]byte) error { lent = s; return nil }))
	require.Zero(t, *lent, "what was lent is erased")
	key.Wipe()
	_, err = key.Sign([32]byte{1})
	require.ErrorIs(t, err, ErrWiped)
	_, err = key.SignSchnorr(nil, [32]byte{})
	require.ErrorIs(t, err, ErrWiped)
	_, err = key.Export()
	require.ErrorIs(t, err, ErrWiped)
}

func TestOppositeTweakIsRefused(t *testing.T) {
	_, err := New(small(5), new(ec.Scalar).Negate(small(5)), false)
	require.ErrorIs(t, err, ec.ErrScalar)
}
