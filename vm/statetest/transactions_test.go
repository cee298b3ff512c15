package statetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// txTest is one of ethereum/tests' TransactionTests.
type txTest struct {
	Result map[string]txWant
	Bytes  string `json:"txbytes"`
}

type txWant struct {
	Exception, Hash, Sender string
	IntrinsicGas            number
}

// TestTransactionTests decodes, recovers and executes every case for each fork that vm
// supports and counts those with a Cancun result. Who signed and who pays for gas each
// have all the money there is, so that only the transaction can be at fault.
func TestTransactionTests(t *testing.T) {
	dir, err := filepath.EvalSymlinks(fixture.Dir(t, "TRANSACTION_TESTS_DIR", "fixtures/transactions"))
	require.NoError(t, err)
	var valid, refused, failed int
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var tests map[string]txTest
		require.NoError(t, json.Unmarshal(raw, &tests), path)
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			for _, fork := range Forks() {
				want, ok := tests[name].Result[fork]
				if !ok {
					continue
				}
				err := runTransaction(tests[name].Bytes, fork, &want)
				switch {
				case err != nil:
					failed++
					t.Errorf("FAIL %s %s: %v", name, fork, err)
				case fork == "Cancun" && want.Exception == "":
					valid++
				case fork == "Cancun":
					refused++
				}
			}
		}
		return nil
	}))
	require.NotZero(t, valid+refused, "no case with a Cancun result")
	fmt.Printf("transaction tests: %d with a Cancun result passed (%d valid, %d refused), %d failed\n", valid+refused, valid, refused, failed)
}

// runTransaction compares what becomes of an envelope in a fork with want.
func runTransaction(envelope, fork string, want *txWant) error {
	tx, m, err := readTransaction(envelope)
	if err == nil {
		err = execute(m, fork)
	}
	switch {
	case want.Exception != "":
		if err == nil {
			return fmt.Errorf("accepted, want %s", want.Exception)
		}
		return nil
	case err != nil:
		return err
	case tx.Hash().String() != want.Hash:
		return fmt.Errorf("hash %s, want %s", tx.Hash(), want.Hash)
	case !strings.EqualFold(m.From.String(), want.Sender):
		return fmt.Errorf("sender %s, want %s", m.From, want.Sender)
	}
	// The intrinsic gas is the least with which it is valid.
	m.Gas = want.IntrinsicGas.Uint64()
	if err := execute(m, fork); err != nil {
		return fmt.Errorf("with the intrinsic gas %d: %w", m.Gas, err)
	}
	m.Gas--
	if err := execute(m, fork); err == nil {
		return fmt.Errorf("valid with %d gas, below the intrinsic gas", m.Gas)
	}
	return nil
}

func readTransaction(envelope string) (*ledger.Transaction, *ledger.Message, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(envelope, "0x"))
	if err != nil {
		return nil, nil, err
	}
	tx, err := ledger.DecodeTransaction(raw)
	if err != nil {
		return nil, nil, err
	}
	if tx.Protected() && !tx.ChainID.Eq(uint256.NewInt(1)) { // the tests' chain
		return nil, nil, fmt.Errorf("%w: chain id %s", ledger.ErrTxFormat, tx.ChainID.Dec())
	}
	m, err := tx.Message()
	return tx, m, err
}

// execute says why a message cannot be in a block of its own.
func execute(m *ledger.Message, fork string) error {
	var from, payer preAccount
	from.Nonce.SetUint64(m.Nonce)
	from.Balance.SetAllOne()
	payer.Balance.SetAllOne()
	m.GasPayer = ledger.Address{0xfe}
	st, err := newState(map[ledger.Address]preAccount{m.From: from, m.GasPayer: payer})
	if err != nil {
		return err
	}
	session := new(Runner).machine(machine{fork: fork, chain: 1}).Begin(vm.Block{GasLimit: math.MaxUint64}, st)
	res, err := session.Apply(m)
	if err != nil {
		return err
	}
	if res.Status == vm.Invalid {
		return res.Err
	}
	return nil
}
