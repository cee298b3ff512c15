package statetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneTransfer moves 1 wei between accounts; its post-state has a root and logs hash
// to fill in.
const oneTransfer = `{"transfer": {
	"env": {"currentCoinbase": "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba", "currentGasLimit": "0x0f4240",
		"currentNumber": "0x01", "currentTimestamp": "0x03e8", "currentBaseFee": "0x07"},
	"pre": {"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {"nonce": "0x00", "balance": "0x0f4240", "code": "0x", "storage": {}}},
	"transaction": {"nonce": "0x00", "gasPrice": "0x07", "gasLimit": ["0x5208"], "to": "0x095e7baea6a6c7c4c2dfeb977efac326af552d87",
		"value": ["0x01", "0xffffffff"], "data": ["0x"], "sender": "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b"},
	"post": {"Osaka": [{"hash": "ROOT", "logs": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
		"indexes": {"data": 0, "gas": 0, "value": VALUE} EXCEPTION}]}
}}`

// rootAfter is the state root after the transfer, rootBefore the one without it.
const (
	rootAfter  = "0x30badc1399a8f3748185c5a3fd4299eaff6c752984f51c362b95a22d02ebe83b"
	rootBefore = "0x18c1342886baeaf926b3fbbfb0484bf0cd1ced43576547c11153d3c8944d5c47"
)

func runOne(t *testing.T, root, value, exception string) error {
	t.Helper()
	text := strings.NewReplacer("ROOT", root, "VALUE", value, "EXCEPTION", exception).Replace(oneTransfer)
	tests, err := Parse([]byte(text))
	require.NoError(t, err)
	require.Len(t, tests, 1)
	return new(Runner).Run(tests["transfer"], "Osaka", 0)
}

func TestRunComparesRootAndException(t *testing.T) {
	const insufficient = `, "expectException": "TransactionException.INSUFFICIENT_ACCOUNT_FUNDS"`
	require.NoError(t, runOne(t, rootAfter, "0", ""))
	require.NoError(t, runOne(t, rootBefore, "1", insufficient))
	require.ErrorContains(t, runOne(t, rootBefore, "0", ""), "state root")
	require.ErrorContains(t, runOne(t, rootAfter, "0", insufficient), "want exception")
	require.ErrorContains(t, runOne(t, rootBefore, "1", ""), "want exception")
}

func TestParseLeavesOutWhatIsNotAStateTest(t *testing.T) {
	tests, err := Parse([]byte(`{"a": {"blocks": [], "pre": {}}, "b": 5}`))
	require.NoError(t, err)
	require.Empty(t, tests)
	_, err = Parse([]byte(`[]`))
	require.ErrorIs(t, err, ErrFormat)
	_, err = Parse([]byte(`{"a": {"env": {"currentNumber": "zz"}, "transaction": {}, "post": {}}}`))
	require.ErrorIs(t, err, ErrFormat)
}
