package precompile

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
)

// vectorFile names the contract that a file of vectors is for.
type vectorFile struct {
	name    string
	address uint16
	forks   []Fork
	gas     bool // the file's prices hold for these forks
}

func vectorFiles() []vectorFile {
	all, fromPrague, osaka := []Fork{Cancun, Prague, Osaka}, []Fork{Prague, Osaka}, []Fork{Osaka}
	return []vectorFile{
		{"ecRecover.json", 0x01, all, true},
		{"modexp.json", 0x05, all, false},
		{"modexp_eip2565.json", 0x05, []Fork{Cancun, Prague}, true},
		{"modexp_eip7883.json", 0x05, osaka, true},
		{"bn256Add.json", 0x06, all, true},
		{"bn256ScalarMul.json", 0x07, all, true},
		{"bn256Pairing.json", 0x08, all, true},
		{"blake2F.json", 0x09, all, true},
		{"fail-blake2f.json", 0x09, all, true},
		{"pointEvaluation.json", 0x0a, all, true},
		{"blsG1Add.json", 0x0b, fromPrague, true},
		{"fail-blsG1Add.json", 0x0b, fromPrague, true},
		{"blsG1Mul.json", 0x0c, fromPrague, true},
		{"fail-blsG1Mul.json", 0x0c, fromPrague, true},
		{"blsG1MultiExp.json", 0x0c, fromPrague, true},
		{"fail-blsG1MultiExp.json", 0x0c, fromPrague, true},
		{"blsG2Add.json", 0x0d, fromPrague, true},
		{"fail-blsG2Add.json", 0x0d, fromPrague, true},
		{"blsG2Mul.json", 0x0e, fromPrague, true},
		{"fail-blsG2Mul.json", 0x0e, fromPrague, true},
		{"blsG2MultiExp.json", 0x0e, fromPrague, true},
		{"fail-blsG2MultiExp.json", 0x0e, fromPrague, true},
		{"blsPairing.json", 0x0f, fromPrague, true},
		{"fail-blsPairing.json", 0x0f, fromPrague, true},
		{"blsMapG1.json", 0x10, fromPrague, true},
		{"fail-blsMapG1.json", 0x10, fromPrague, true},
		{"blsMapG2.json", 0x11, fromPrague, true},
		{"fail-blsMapG2.json", 0x11, fromPrague, true},
		{"p256Verify.json", 0x100, osaka, true},
	}
}

type vector struct {
	Name, Input, Expected, ExpectedError string
	Gas                                  uint64
}

func TestPublishedVectorsHaveTheirOutputAndGas(t *testing.T) {
	dir := fixture.Dir(t, "PRECOMPILE_DIR", "fixtures/precompiles")
	known := make(map[string]bool)
	total := 0
	for _, f := range vectorFiles() {
		known[f.name] = true
		vectors := readVectors(t, filepath.Join(dir, f.name))
		total += len(vectors)
		t.Run(strings.TrimSuffix(f.name, ".json"), func(t *testing.T) {
			for _, v := range vectors {
				checkVector(t, f, v)
			}
			t.Logf("%d vectors in %d forks", len(vectors), len(f.forks))
		})
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	for _, path := range found {
		require.True(t, known[filepath.Base(path)], "no contract is named for %s", path)
	}
	t.Logf("%d vectors in %d files", total, len(known))
}

func readVectors(t *testing.T, path string) (vectors []vector) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &vectors))
	require.NotEmpty(t, vectors, path)
	return vectors
}

func checkVector(t *testing.T, f vectorFile, v vector) {
	t.Helper()
	input, err := hex.DecodeString(v.Input)
	require.NoError(t, err, v.Name)
	for _, fork := range f.forks {
		c := Set(fork)[address(f.address)]
		require.NotNil(t, c)
		before := strings.Clone(string(input))
		out, err := c.Run(input)
		require.Equal(t, before, string(input), "%s: Run changed its input", v.Name)
		if v.ExpectedError != "" {
			require.Error(t, err, v.Name)
			require.Nil(t, out, v.Name)
			continue
		}
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Expected, hex.EncodeToString(out), v.Name)
		if f.gas {
			require.Equal(t, v.Gas, c.Gas(input), "%s: gas in fork %d", v.Name, fork)
		}
	}
}
