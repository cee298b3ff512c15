package bls

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
)

func vectors(t *testing.T) string {
	return fixture.Dir(t, "CONSENSUS_VECTORS_DIR", "vectors/consensus")
}

// vectorLines returns secret, message and signature of each line.
func vectorLines(t *testing.T, name string) [][3][]byte {
	f, err := os.Open(filepath.Join(vectors(t), name))
	require.NoError(t, err)
	defer f.Close()
	var out [][3][]byte
	for s := bufio.NewScanner(f); s.Scan(); {
		parts := strings.Split(strings.TrimSpace(s.Text()), ":")
		if len(parts) == 3 {
			out = append(out, [3][]byte{unhex(t, parts[0]), unhex(t, parts[1]), unhex(t, parts[2])})
		}
	}
	return out
}

func TestSignReproducesTheVectorsWithSignaturesInG1(t *testing.T) {
	lines := vectorLines(t, "min_sig.txt")
	require.Len(t, lines, 128)
	for i, l := range lines {
		k, err := DecodeSecretKey(l[0])
		require.NoError(t, err)
		want := Signature(l[2])
		require.Equal(t, want, k.Sign(DrandQuicknetDST, l[1]), i)
		require.NoError(t, k.Public().Verify(DrandQuicknetDST, l[1], want), i)
		require.ErrorIs(t, k.Public().Verify(DrandQuicknetDST, append(l[1], 0), want), ErrSignature, i)
	}
}

func TestKeyG1VerifiesTheVectorsWithSignaturesInG2(t *testing.T) {
	lines := vectorLines(t, "min_pk.txt")
	require.Len(t, lines, 263)
	for i, l := range lines {
		var p curve.G1Affine
		b := p.ScalarMultiplicationBase(new(big.Int).SetBytes(l[0])).Bytes()
		k, err := DecodeKeyG1(b[:])
		require.NoError(t, err)
		require.Equal(t, b, k.Bytes())
		require.NoError(t, k.Verify(DrandChainedDST, l[1], SignatureG2(l[2])), i)
		if i%16 == 0 {
			require.ErrorIs(t, k.Verify(DrandChainedDST, append(l[1], 0), SignatureG2(l[2])), ErrSignature, i)
			require.ErrorIs(t, k.Verify(DrandQuicknetDST, l[1], SignatureG2(l[2])), ErrSignature, i)
		}
	}
}

type drandBeacon struct {
	Name, Signature, DST string
	PublicKey            string `json:"public_key"`
	Previous             string `json:"previous_signature"`
	Round                uint64
}

func (b *drandBeacon) message(t *testing.T) []byte {
	m := sha256.Sum256(binary.BigEndian.AppendUint64(unhex(t, b.Previous), b.Round))
	return m[:]
}

func (b *drandBeacon) verify(t *testing.T, dst string, msg, sig []byte) error {
	key := unhex(t, b.PublicKey)
	if len(key) == PublicKeySize {
		k, err := DecodePublicKey(key)
		require.NoError(t, err)
		err = k.Verify(dst, msg, Signature(sig))
		require.Equal(t, err == nil, NewVerifier(k).Verify(dst, msg, Signature(sig)) == nil)
		return err
	}
	k, err := DecodeKeyG1(key)
	require.NoError(t, err)
	return k.Verify(dst, msg, SignatureG2(sig))
}

func TestRealDrandBeaconsVerifyAndTamperedOnesDoNot(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(vectors(t), "drand_beacons.json"))
	require.NoError(t, err)
	var file struct{ Beacons []drandBeacon }
	require.NoError(t, json.Unmarshal(raw, &file))
	require.NotEmpty(t, file.Beacons)
	seen := map[string]bool{}
	for i := range file.Beacons {
		b := &file.Beacons[i]
		network, _, _ := strings.Cut(b.Name, " ")
		seen[network] = true
		sig := unhex(t, b.Signature)
		require.NoError(t, b.verify(t, b.DST, b.message(t), sig), b.Name)
		require.Error(t, b.verify(t, possessionDST, b.message(t), sig), b.Name)
		later := *b
		later.Round++
		require.ErrorIs(t, b.verify(t, b.DST, later.message(t), sig), ErrSignature, b.Name)
		for _, bit := range []int{3, 100, len(sig)*8 - 1, 2} { // bit 2: the sign of y
			bent := append([]byte{}, sig...)
			bent[bit/8] ^= 0x80 >> (bit % 8)
			require.Error(t, b.verify(t, b.DST, b.message(t), bent), "%s bit %d", b.Name, bit)
		}
	}
	require.True(t, seen["default"] && seen["quicknet"])
}
