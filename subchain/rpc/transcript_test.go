package rpc

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
)

var update = flag.Bool("update", false, "rewrite testdata")

// post sends a body as a local client does and returns the response.
func post(t testing.TB, h http.Handler, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask sends one call and returns its response object.
func ask(t testing.TB, h http.Handler, method, params string) (result json.RawMessage, fail *rpcError) {
	t.Helper()
	w := post(t, h, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var out struct {
		Version string          `json:"jsonrpc"`
		ID      int             `json:"id"`
		Result  json.RawMessage `json:"result"`
		Error   *rpcError       `json:"error"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	require.Equal(t, "2.0", out.Version)
	require.Equal(t, 1, out.ID)
	return out.Result, out.Error
}

// transcript lists a call of every method; {hashN}, {txN} and the like stand for
// values of the chain.
const transcript = `
web3_clientVersion []
net_version []
net_listening []
net_peerCount []
eth_chainId []
eth_syncing []
eth_accounts []
eth_blockNumber []
eth_getBalance ["{sender}","latest"]
eth_getBalance ["{other}","0x1"]
eth_getCode ["{contract}","latest"]
eth_getCode ["{contract}","earliest"]
eth_getStorageAt ["{contract}","0x1","latest"]
eth_getStorageAt ["{contract}","{device}",{"blockHash":"{hash1}","requireCanonical":true}]
eth_getStorageAt ["{contract}","0x01",{"blockNumber":"0x0"}]
eth_getTransactionCount ["{sender}"]
eth_getTransactionCount ["{sender}","pending"]
eth_getTransactionCount ["{sender}","{hash1}"]
eth_getProof ["{contract}",["0x1","{device}"],"latest"]
eth_getProof ["{other}",[],"finalized"]
eth_call [{"to":"{contract}","data":"0x"},"latest"]
eth_call [{"from":"{sender}","to":"{contract}","input":"0x01","gas":"0x5208","maxFeePerGas":"0x2","maxPriorityFeePerGas":"0x1","value":"0x0","accessList":[{"address":"{other}","storageKeys":["{device}"]}]},"safe"]
eth_estimateGas [{"to":"{contract}","data":"0x"}]
eth_gasPrice []
eth_maxPriorityFeePerGas []
eth_feeHistory ["0x2","latest",[0,50,100]]
eth_feeHistory ["0x2","0x2",[]]
eth_getBlockByNumber ["0x0",false]
eth_getBlockByNumber ["0x2",true]
eth_getBlockByNumber ["latest",false]
eth_getBlockByNumber ["0x9",false]
eth_getBlockByHash ["{hash1}",false]
eth_getBlockByHash ["{device}",false]
eth_getBlockTransactionCountByNumber ["0x2"]
eth_getBlockTransactionCountByHash ["{hash1}"]
eth_getUncleCountByBlockNumber ["0x2"]
eth_getUncleCountByBlockHash ["{hash1}"]
eth_getTransactionByHash ["{tx0}"]
eth_getTransactionByHash ["{pending}"]
eth_getTransactionByHash ["{device}"]
eth_getTransactionByBlockNumberAndIndex ["0x2","0x0"]
eth_getTransactionByBlockNumberAndIndex ["0x2","0x9"]
eth_getTransactionByBlockHashAndIndex ["{hash1}","0x1"]
eth_getTransactionReceipt ["{tx1}"]
eth_getTransactionReceipt ["{tx4}"]
eth_getTransactionReceipt ["{pending}"]
eth_getBlockReceipts ["0x2"]
eth_getLogs [{"fromBlock":"earliest","toBlock":"latest","topics":["{topicB}"]}]
rootstem_getLight ["0x1"]
rootstem_getLight ["0x9"]
rootstem_getCheckpoint ["0x1"]
rootstem_getCheckpoint ["0x2"]
rootstem_getHandovers ["0x2"]
rootstem_getHandovers ["0x3"]
rootstem_getABI ["{contract}"]
rootstem_getABI ["{other}"]
`

func (c *memory) substitutes(t testing.TB) *strings.Replacer {
	tx := &ledger.Transaction{
		Type: 2, ChainID: *uint256.NewInt(testChainID), Nonce: 5, To: &otherAddr, Gas: 21_000,
		GasFeeCap: *uint256.NewInt(3e9), GasTipCap: *uint256.NewInt(1e9),
	}
	tx.Sign(testKey(t, 1))
	c.pending[tx.Hash()] = tx
	pairs := []string{
		"{sender}", testKey(t, 1).Address().String(), "{other}", otherAddr.String(), "{contract}", contractAddr.String(),
		"{device}", device1.String(), "{topicB}", topicB.String(), "{hash1}", c.records[1].Hash.String(), "{pending}", tx.Hash().String(),
	}
	n := 0
	for _, r := range c.records {
		for _, tx := range r.Block.Transactions {
			pairs = append(pairs, fmt.Sprintf("{tx%d}", n), tx.Hash().String())
			n++
		}
	}
	return strings.NewReplacer(pairs...)
}

func TestEveryMethodAnswersAsInTheTranscript(t *testing.T) {
	s, c := newServer(t, Config{})
	values := c.substitutes(t)
	var got bytes.Buffer
	seen := map[string]bool{"eth_sendRawTransaction": true} // has a test of its own
	for line := range strings.SplitSeq(strings.TrimSpace(transcript), "\n") {
		name, args, _ := strings.Cut(line, " ")
		seen[name] = true
		result, fail := ask(t, s, name, values.Replace(args))
		require.Nil(t, fail, line)
		fmt.Fprintf(&got, "%s\n", line)
		require.NoError(t, json.Indent(&got, result, "", "  "))
		got.WriteString("\n\n")
	}
	for name := range methods() {
		require.True(t, seen[name], "the transcript has no %s", name)
	}
	const file = "testdata/methods.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "run with -update and review the difference")
}
