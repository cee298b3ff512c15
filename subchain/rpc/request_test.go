package rpc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServerRefusesMalformedRequests(t *testing.T) {
	s, _ := newServer(t, Config{})
	for body, want := range map[string]string{
		``:                                   `null -32700`,
		`   `:                                `null -32700`,
		`{`:                                  `null -32700`,
		`{"jsonrpc":"2.0"`:                   `null -32700`,
		`{} {}`:                              `null -32700`,
		`[`:                                  `null -32700`,
		"\xff\xfe":                           `null -32700`,
		strings.Repeat("[", 1000):            `null -32700`,
		nest(33):                             `null -32700`,
		`[]`:                                 `null -32600`,
		`1`:                                  `null -32600`,
		`"text"`:                             `null -32600`,
		`null`:                               `null -32600`,
		`{}`:                                 `null -32600`,
		`{"id":1}`:                           `1 -32600`,
		`{"id":1,"method":"eth_chainId"}`:    `1 -32600`,
		text("1.0", `"eth_chainId"`, ``):     `1 -32600`,
		text("2.0", `1`, ``):                 `1 -32600`,
		text("2.0", `null`, ``):              `1 -32600`,
		text("2.0", `""`, ``):                `1 -32600`,
		text("2.0", `"eth_chainId"`, `1`):    `1 -32600`,
		text("2.0", `"eth_chainId"`, `"x"`):  `1 -32600`,
		text("2.0", `"eth_chainId"`, `{}`):   `1 -32602`,
		text("2.0", `"eth_chainId"`, `[1]`):  `1 -32602`,
		text("2.0", `"eth_unknown"`, `[]`):   `1 -32601`,
		text("2.0", `"personal_sign"`, `[]`): `1 -32601`,
		text("2.0", `"admin_peers"`, ``):     `1 -32601`,
		text("2.0", `"eth_newFilter"`, ``):   `1 -32601`,
		text("2.0", `"ETH_CHAINID"`, ``):     `1 -32601`,
		`{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}`:                               `null -32600`,
		`{"jsonrpc":"2.0","id":[1],"method":"eth_chainId"}`:                              `null -32600`,
		`{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}`:                             `null -32600`,
		`{"jsonrpc":"2.0","id":"` + strings.Repeat("i", 2000) + `","method":"a"}`:        `null -32600`,
		`{"jsonrpc":"2.0","id":1,"id":2,"method":"eth_chainId"}`:                         `null -32600`,
		`{"jsonrpc":"2.0","id":1,"method":"eth_chainId","method":"eth_call"}`:            `null -32600`,
		`{"jsonrpc":"2.0","id":1,"Method":"eth_chainId"}`:                                `1 -32600`,
		`{"jsonrpc":"2.0","id":"x\"y","method":"nope"}`:                                  `"x\"y" -32601`,
		`{"jsonrpc":"2.0","id":-1.5e3,"method":"nope"}`:                                  `-1.5e3 -32601`,
		`{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"nope"}`:          `123456789012345678901234567890 -32601`,
		`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("long", 1000) + `"}`:       `1 -32601`,
		`{"jsonrpc":"2.0","method":1}`:                                                   `null -32600`,
		`{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[` + nest(40) + `]}`: `null -32700`,
	} {
		w := post(t, s, body)
		require.Equal(t, http.StatusOK, w.Code, body)
		var out struct {
			ID    json.RawMessage `json:"id"`
			Error *rpcError       `json:"error"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), "%.100q: %s", body, w.Body)
		require.NotNil(t, out.Error, "%.100q", body)
		require.Equal(t, want, fmt.Sprintf("%s %d", out.ID, out.Error.Code), "%.100q", body)
		require.Less(t, len(out.Error.Message), 200)
	}
}

func text(version, method, params string) string {
	if params != "" {
		params = `,"params":` + params
	}
	return fmt.Sprintf(`{"jsonrpc":%q,"id":1,"method":%s%s}`, version, method, params)
}

func nest(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestNotificationsGetNoAnswer(t *testing.T) {
	s, _ := newServer(t, Config{})
	for _, body := range []string{
		`{"jsonrpc":"2.0","method":"eth_chainId"}`,
		`{"jsonrpc":"2.0","method":"nope","params":[1]}`,
		`{"jsonrpc":"2.0","method":"eth_getBalance","params":{"a":1}}`,
	} {
		w := post(t, s, body)
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Empty(t, w.Body.Bytes())
	}
}

func TestMethodsRefuseMalformedParameters(t *testing.T) {
	s, c := newServer(t, Config{})
	values := c.substitutes(t)
	for line, want := range map[string]int{
		`eth_getBalance []`:             -32602,
		`eth_getBalance [null]`:         -32602,
		`eth_getBalance [1]`:            -32602,
		`eth_getBalance ["0x"]`:         -32602,
		`eth_getBalance ["{sender}00"]`: -32602,
		`eth_getBalance ["7e5f4552091a69125d5dfcb7b8c2659029395bdf"]`:             -32602,
		`eth_getBalance ["0xzz5f4552091a69125d5dfcb7b8c2659029395bdf"]`:           -32602,
		`eth_getBalance ["{sender}","newest"]`:                                    -32602,
		`eth_getBalance ["{sender}",1]`:                                           -32602,
		`eth_getBalance ["{sender}","0x01"]`:                                      -32602,
		`eth_getBalance ["{sender}","0x"]`:                                        -32602,
		`eth_getBalance ["{sender}","0x10000000000000000"]`:                       -32602,
		`eth_getBalance ["{sender}","1"]`:                                         -32602,
		`eth_getBalance ["{sender}",{}]`:                                          -32602,
		`eth_getBalance ["{sender}",{"blockNumber":1}]`:                           -32602,
		`eth_getBalance ["{sender}",{"blockHash":"0x12"}]`:                        -32602,
		`eth_getBalance ["{sender}",{"blockHash":"{hash1}","blockNumber":"0x1"}]`: -32602,
		`eth_getBalance ["{sender}","latest",true]`:                               -32602,
		`eth_getBalance ["{sender}","0x4"]`:                                       -32000,
		`eth_getBalance ["{sender}",{"blockHash":"{device}"}]`:                    -32000,
		`eth_getBlockByNumber ["{hash1}",false]`:                                  -32602,
		`eth_getBlockByNumber ["latest","yes"]`:                                   -32602,
		`eth_getBlockByHash ["latest",false]`:                                     -32602,
		`eth_getTransactionByHash ["0x1"]`:                                        -32602,
		`eth_getTransactionByBlockNumberAndIndex ["0x1","1"]`:                     -32602,
		`eth_getStorageAt ["{sender}","0x"]`:                                      -32602,
		`eth_getStorageAt ["{sender}","0x1{device}"]`:                             -32602,
		`eth_getProof ["{sender}","0x1"]`:                                         -32602,
		`eth_getProof ["{sender}",[1]]`:                                           -32602,
		`eth_getProof ["{sender}",["0xg"]]`:                                       -32602,
		`eth_feeHistory ["0x1"]`:                                                  -32602,
		`eth_feeHistory ["0x1","latest",[101]]`:                                   -32602,
		`eth_feeHistory ["0x1","latest",[50,10]]`:                                 -32602,
		`eth_feeHistory [-1,"latest"]`:                                            -32602,
		`eth_feeHistory ["0x1","0x9"]`:                                            -32000,
		`eth_call ["0x"]`:                                                         -32602,
		`eth_call [{"to":1}]`:                                                     -32602,
		`eth_call [{"to":"0x12"}]`:                                                -32602,
		`eth_call [{"gas":"21000"}]`:                                              -32602,
		`eth_call [{"value":"0x1{device}"}]`:                                      -32602,
		`eth_call [{"data":"0x1"}]`:                                               -32602,
		`eth_call [{"data":"0x11","input":"0x22"}]`:                               -32602,
		`eth_call [{"gasPrice":"0x1","maxFeePerGas":"0x1"}]`:                      -32602,
		`eth_call [{"maxFeePerGas":"0x1","maxPriorityFeePerGas":"0x2"}]`:          -32602,
		`eth_call [{"chainId":"0x1"}]`:                                            -32602,
		`eth_call [{"accessList":[{"address":"0x1"}]}]`:                           -32602,
		`eth_call [{"authorizationList":[{"address":"{sender}"}]}]`:               -32602,
		`eth_call [{"blobVersionedHashes":["0x01"]}]`:                             -32602,
		`eth_call [{},"latest",{"{sender}":{"balance":"0x1"}}]`:                   -32602,
		`eth_call [{},"0x9"]`:                                                     -32000,
		`eth_getLogs ["latest"]`:                                                  -32602,
		`eth_getLogs [{"address":"0x1"}]`:                                         -32602,
		`eth_getLogs [{"address":[1]}]`:                                           -32602,
		`eth_getLogs [{"topics":["0x1"]}]`:                                        -32602,
		`eth_getLogs [{"topics":[null,null,null,null,null]}]`:                     -32602,
		`eth_getLogs [{"fromBlock":"0x2","toBlock":"0x1"}]`:                       -32602,
		`eth_getLogs [{"blockHash":"{hash1}","fromBlock":"0x1"}]`:                 -32602,
		`eth_getLogs [{"blockHash":"{device}"}]`:                                  -32000,
		`eth_sendRawTransaction ["0xz"]`:                                          -32602,
		`eth_sendRawTransaction [{}]`:                                             -32602,
		`rootstem_getLight ["x"]`:                                                 -32602,
		`rootstem_getCheckpoint ["latest"]`:                                       -32602,
		`rootstem_getABI ["x"]`:                                                   -32602,
	} {
		name, args, _ := strings.Cut(line, " ")
		_, fail := ask(t, s, name, values.Replace(args))
		require.NotNil(t, fail, line)
		require.Equal(t, want, fail.Code, "%s: %s", line, fail.Message)
	}
}

// FuzzServerAnswersAnyBody holds that no body panics or gets an answer that is not
// JSON, and that every batch is answered within its bound.
func FuzzServerAnswersAnyBody(f *testing.F) {
	s, c := newServer(f, Config{MaxBatch: 8})
	values := c.substitutes(f)
	for line := range strings.SplitSeq(strings.TrimSpace(transcript), "\n") {
		name, args, _ := strings.Cut(line, " ")
		f.Add(text("2.0", `"`+name+`"`, values.Replace(args)))
	}
	f.Add(`[` + chainIDCall + `,1]`)
	f.Add(`{"jsonrpc":"2.0","id":"\u0000","method":"eth_call","params":[{"authorizationList":[{}]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		reqs, _, fail := parseRequests([]byte(body), 8)
		if len(reqs) > 8 || (fail == nil) == (len(reqs) == 0) {
			t.Fatalf("%d requests, %v", len(reqs), fail)
		}
		w := post(t, s, body)
		if w.Code == http.StatusOK && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("not JSON: %s", w.Body)
		}
	})
}
