package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// stateTest is what a row needs of a state test in ethereum/tests' format.
type stateTest struct {
	Pre map[string]struct {
		Balance, Nonce quantity
		Code           string
		Storage        map[string]string
	}
	Transaction struct {
		Data []string
		To   string
	}
}

// quantity is a hexadecimal number, which some tests pad with zeros.
type quantity struct{ word uint256.Int }

func (q *quantity) UnmarshalText(b []byte) error {
	raw, err := hexBytes(string(b))
	q.word.SetBytes(raw)
	return err
}

func hexBytes(s string) ([]byte, error) {
	s = strings.TrimPrefix(s, "0x")
	return hex.DecodeString(strings.Repeat("0", len(s)%2) + s)
}

var errStateTest = errors.New("not a state test with a contract")

// stateTestRows makes a row of the first case of every file in dir.
func stateTestRows(dir string) (out []row, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var tests map[string]stateTest
		if err := json.Unmarshal(raw, &tests); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(tests) == 0 {
			return nil, fmt.Errorf("%s: %w", name, errStateTest)
		}
		t := tests[slices.Min(slices.Collect(maps.Keys(tests)))]
		r, err := t.row()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.name = strings.TrimSuffix(filepath.Base(name), ".json")
		out = append(out, r)
	}
	return out, nil
}

func (t *stateTest) row() (r row, err error) {
	if len(t.Transaction.Data) == 0 || t.Transaction.To == "" {
		return r, errStateTest
	}
	r = row{pre: newWorld(), fresh: true, least: 1}
	if r.input, err = hexBytes(t.Transaction.Data[0]); err != nil {
		return r, err
	}
	if r.to, err = ledger.ParseAddress(t.Transaction.To); err != nil {
		return r, err
	}
	for at, p := range t.Pre {
		addr, err := ledger.ParseAddress(at)
		if err != nil {
			return r, err
		}
		code, err := hexBytes(p.Code)
		if err != nil {
			return r, err
		}
		slots := map[ledger.Hash]ledger.Hash{}
		for k, v := range p.Storage {
			key, err1 := hexBytes(k)
			value, err2 := hexBytes(v)
			if err := errors.Join(err1, err2); err != nil {
				return r, err
			}
			var kw, vw uint256.Int
			slots[kw.SetBytes(key).Bytes32()] = vw.SetBytes(value).Bytes32()
		}
		if err := r.pre.add(addr, ledger.Account{Nonce: p.Nonce.word.Uint64(), Balance: p.Balance.word}, code, slots); err != nil {
			return r, err
		}
	}
	return r, nil
}
