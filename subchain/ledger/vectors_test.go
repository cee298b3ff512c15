package ledger

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
)

type txVector struct {
	Result map[string]txResult `json:"result"`
	Bytes  string              `json:"txbytes"`
}

type txResult struct {
	Exception string `json:"exception"`
	Hash      string `json:"hash"`
	Sender    string `json:"sender"`
}

// latest is Cancun's result. Older vectors end at an earlier fork, whose rules for
// what they test are the same.
func (v *txVector) latest() txResult {
	for _, fork := range []string{"Cancun", "Shanghai", "Paris", "London"} {
		if r, ok := v.Result[fork]; ok {
			return r
		}
	}
	return txResult{Exception: "no result for a fork since London"}
}

// executorDecides names the exceptions of the official vectors that need rules of
// execution: intrinsic gas, the size of init code, the fees. Package vm refuses
// those transactions; here they must decode, recover and re-encode.
var executorDecides = map[string]bool{
	"TransactionException.INTRINSIC_GAS_TOO_LOW":                   true,
	"TransactionException.INITCODE_SIZE_EXCEEDED":                  true,
	"TransactionException.GASLIMIT_PRICE_PRODUCT_OVERFLOW":         true,
	"TransactionException.PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2": true,
}

func TestTransactionsMatchTheOfficialVectors(t *testing.T) {
	dir := fixture.Dir(t, "TRANSACTION_TESTS_DIR", "fixtures/transactions")
	var valid, refused int
	left := make(map[string][]string)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var vectors map[string]txVector
		require.NoError(t, json.Unmarshal(raw, &vectors), path)
		for name, v := range vectors {
			want := v.latest()
			envelope, err := hex.DecodeString(strings.TrimPrefix(v.Bytes, "0x"))
			require.NoError(t, err, name)
			tx, err := DecodeTransaction(envelope)
			var sender Address
			if err == nil {
				sender, err = tx.Sender()
			}
			switch {
			case want.Exception == "":
				require.NoError(t, err, name)
				require.Equal(t, want.Hash, tx.Hash().String(), name)
				require.True(t, strings.EqualFold(want.Sender, sender.String()), name)
				require.Equal(t, envelope, tx.Envelope(), name)
				valid++
			case err != nil || (tx.Protected() && !tx.ChainID.Eq(uint256.NewInt(1))): // the vectors' chain
				refused++
			default:
				assert.True(t, executorDecides[want.Exception], "%s: %s was accepted", name, want.Exception)
				require.Equal(t, envelope, tx.Envelope(), name)
				left[want.Exception] = append(left[want.Exception], name)
			}
		}
		return nil
	}))
	rest := 0
	for exception, names := range left {
		sort.Strings(names)
		rest += len(names)
		t.Logf("for the executor, %s: %s", exception, strings.Join(names, " "))
	}
	t.Logf("%d valid with hash and sender, %d refused, %d left to the executor", valid, refused, rest)
	require.NotZero(t, valid)
	require.NotZero(t, refused)
}
