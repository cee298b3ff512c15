package statetest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrFormat reports a file that is not a state test.
var ErrFormat = errors.New("statetest: malformed test")

// Test is one entry of a file: a pre-state, a template of transactions and, per
// fork, the cases that pick from it.
type Test struct {
	Env         env                           `json:"env"`
	Pre         map[ledger.Address]preAccount `json:"pre"`
	Transaction transaction                   `json:"transaction"`
	Post        map[string][]post             `json:"post"`
	Config      config                        `json:"config"`
}

type env struct {
	Coinbase      ledger.Address `json:"currentCoinbase"`
	GasLimit      number         `json:"currentGasLimit"`
	Number        number         `json:"currentNumber"`
	Timestamp     number         `json:"currentTimestamp"`
	Random        *number        `json:"currentRandom"`
	Difficulty    number         `json:"currentDifficulty"`
	BaseFee       *number        `json:"currentBaseFee"`
	ExcessBlobGas number         `json:"currentExcessBlobGas"`
}

type preAccount struct {
	Nonce   number            `json:"nonce"`
	Balance number            `json:"balance"`
	Code    data              `json:"code"`
	Storage map[number]number `json:"storage"`
}

type transaction struct {
	Nonce          number          `json:"nonce"`
	GasPrice       *number         `json:"gasPrice"`
	TipCap         number          `json:"maxPriorityFeePerGas"`
	FeeCap         *number         `json:"maxFeePerGas"`
	GasLimit       []number        `json:"gasLimit"`
	To             string          `json:"to"`
	Value          []number        `json:"value"`
	Data           []data          `json:"data"`
	AccessLists    [][]accessEntry `json:"accessLists"`
	BlobFeeCap     *number         `json:"maxFeePerBlobGas"`
	BlobHashes     []data          `json:"blobVersionedHashes"`
	Authorizations []authorization `json:"authorizationList"`
	Sender         *ledger.Address `json:"sender"`
	SecretKey      *number         `json:"secretKey"`
}

type accessEntry struct {
	Address ledger.Address `json:"address"`
	Slots   []number       `json:"storageKeys"`
}

type authorization struct {
	ChainID number         `json:"chainId"`
	Address ledger.Address `json:"address"`
	Nonce   number         `json:"nonce"`
	V       number         `json:"v"`
	R       number         `json:"r"`
	S       number         `json:"s"`
}

type post struct {
	Hash      ledger.Hash `json:"hash"`
	Logs      ledger.Hash `json:"logs"`
	Exception string      `json:"expectException"`
	TxBytes   data        `json:"txbytes"`
	Indexes   struct {
		Data  int `json:"data"`
		Gas   int `json:"gas"`
		Value int `json:"value"`
	} `json:"indexes"`
	State map[ledger.Address]preAccount `json:"state"`
}

type config struct {
	ChainID      *number                 `json:"chainid"`
	BlobSchedule map[string]blobSchedule `json:"blobSchedule"`
}

type blobSchedule struct {
	Max      number `json:"max"`
	Fraction number `json:"baseFeeUpdateFraction"`
}

// Parse reads the state tests of a file by name. It leaves out entries of other
// kinds, such as tests of blocks.
func Parse(file []byte) (map[string]*Test, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(file, &entries); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	tests := make(map[string]*Test)
	for name, raw := range entries {
		var kind struct {
			Env         json.RawMessage `json:"env"`
			Transaction json.RawMessage `json:"transaction"`
			Post        json.RawMessage `json:"post"`
		}
		if err := json.Unmarshal(raw, &kind); err != nil || kind.Env == nil || kind.Transaction == nil || kind.Post == nil {
			continue
		}
		t := new(Test)
		if err := json.Unmarshal(raw, t); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrFormat, name, err)
		}
		tests[name] = t
	}
	return tests, nil
}

// number is an integer below 2^256, in hexadecimal with 0x or in decimal. A value
// that does not fit is kept as such: transactions may have one in order to be
// invalid.
type number struct {
	uint256.Int
	over bool
}

func (n *number) UnmarshalText(text []byte) error {
	s := strings.TrimPrefix(string(text), "0x:bigint ")
	digits, isHex := strings.CutPrefix(s, "0x")
	if !isHex {
		return n.SetFromDecimal(s)
	}
	digits = strings.TrimLeft(digits, "0")
	if len(digits) > 64 {
		n.over = true
		return nil
	}
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return err
	}
	n.SetBytes(b)
	return nil
}

// UnmarshalJSON reads text and plain numbers.
func (n *number) UnmarshalJSON(b []byte) error { return n.UnmarshalText(bytes.Trim(b, `"`)) }

func (n number) word() uint256.Int { return n.Int }

// clamp is the value, or the largest one of 64 bits.
func (n number) clamp() uint64 {
	if x, overflow := n.Uint64WithOverflow(); !overflow && !n.over {
		return x
	}
	return math.MaxUint64
}

// data is bytes in hexadecimal.
type data []byte

func (d *data) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	*d = b
	return err
}
