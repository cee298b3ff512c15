package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The chain of newMemory has four logs, all in block 2, with these indexes:
// 0: contract (A, device1); 1: contract (A, device2); 2: contract (B, device1); 3: other ().
func TestLogsMatchAddressesAndTopicsByPosition(t *testing.T) {
	s, c := newServer(t, Config{})
	values := c.substitutes(t)
	a, b, one, two := topicA.String(), topicB.String(), device1.String(), device2.String()
	for _, test := range []struct {
		filter string
		want   []int
	}{
		{`{"fromBlock":"earliest"}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"0x2","toBlock":"0x2"}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"0x2","toBlock":"0xffff"}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"0x5","toBlock":"0x6"}`, nil},
		{`{}`, nil},
		{`{"fromBlock":"earliest","toBlock":"0x1"}`, nil},
		{`{"blockHash":"` + c.records[2].Hash.String() + `"}`, []int{0, 1, 2, 3}},
		{`{"blockHash":"{hash1}"}`, nil},
		{`{"fromBlock":"earliest","address":"{contract}"}`, []int{0, 1, 2}},
		{`{"fromBlock":"earliest","address":["{contract}"]}`, []int{0, 1, 2}},
		{`{"fromBlock":"earliest","address":["{contract}","{other}"]}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"earliest","address":[]}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"earliest","address":null,"topics":null}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"earliest","address":"{sender}"}`, nil},
		{`{"fromBlock":"earliest","topics":[]}`, []int{0, 1, 2, 3}},
		{`{"fromBlock":"earliest","topics":["` + a + `"]}`, []int{0, 1}},
		{`{"fromBlock":"earliest","topics":[["` + a + `","` + b + `"]]}`, []int{0, 1, 2}},
		{`{"fromBlock":"earliest","topics":[[]]}`, []int{0, 1, 2}},
		{`{"fromBlock":"earliest","topics":[null]}`, []int{0, 1, 2}},
		{`{"fromBlock":"earliest","topics":[null,"` + one + `"]}`, []int{0, 2}},
		{`{"fromBlock":"earliest","topics":[["` + a + `",null],"` + one + `"]}`, []int{0, 2}},
		{`{"fromBlock":"earliest","topics":["` + a + `",["` + two + `","` + one + `"]]}`, []int{0, 1}},
		{`{"fromBlock":"earliest","topics":["` + b + `","` + two + `"]}`, nil},
		{`{"fromBlock":"earliest","topics":["` + one + `"]}`, nil},
		{`{"fromBlock":"earliest","topics":[null,null,null]}`, nil},
		{`{"fromBlock":"earliest","address":"{other}","topics":["` + a + `"]}`, nil},
	} {
		result, fail := ask(t, s, "eth_getLogs", "["+values.Replace(test.filter)+"]")
		require.Nil(t, fail, test.filter)
		require.NotEqual(t, "null", string(result))
		var logs []struct {
			Index string `json:"logIndex"`
		}
		require.NoError(t, json.Unmarshal(result, &logs))
		var got []int
		for _, l := range logs {
			n, err := parseQuantity(l.Index)
			require.NoError(t, err)
			got = append(got, int(n))
		}
		require.Equal(t, test.want, got, test.filter)
	}
}

func TestLogsReadOnlyTheBlocksThatTheIndexNames(t *testing.T) {
	s, c := newServer(t, Config{})
	_, fail := ask(t, s, "eth_getLogs", `[{"fromBlock":"earliest","toBlock":"0xffffffffffffffff"}]`)
	require.Nil(t, fail)
	require.Equal(t, 1, c.reads)
}

func TestASearchThatFailsSaysWhatTheClientCanDo(t *testing.T) {
	s, c := newServer(t, Config{})
	for want, err := range map[rpcError]error{
		{Code: 4444, Message: "pruned history unavailable"}:                                                     ErrUnavailable,
		{Code: -32005, Message: "query exceeds limit, use a smaller block range or fewer addresses and topics"}: ErrTooWide,
		{Code: -32603, Message: "internal error"}:                                                               errors.New("disk"),
	} {
		c.searchErr = fmt.Errorf("wrapped: %w", err)
		_, fail := ask(t, s, "eth_getLogs", `[{"fromBlock":"earliest"}]`)
		require.Equal(t, &want, fail)
	}
}

func TestLogsAreBoundedByBlocksResultsAndRequest(t *testing.T) {
	s, c := newServer(t, Config{MaxLogBlocks: 1})
	c.records[3] = c.records[2] // a second block with logs
	_, fail := ask(t, s, "eth_getLogs", `[{"fromBlock":"earliest"}]`)
	require.Equal(t, &rpcError{Code: -32005, Message: "query returned more than 1 blocks, use a smaller range"}, fail)
	_, fail = ask(t, s, "eth_getLogs", `[{"fromBlock":"0x3","toBlock":"0xffffffffffffffff"}]`)
	require.Nil(t, fail)

	s, c = newServer(t, Config{MaxLogs: 3})
	_, fail = ask(t, s, "eth_getLogs", `[{"fromBlock":"earliest"}]`)
	require.Equal(t, &rpcError{Code: -32005, Message: "query returned more than 3 results"}, fail)
	_, fail = ask(t, s, "eth_getLogs", `[{"blockHash":"`+c.records[2].Hash.String()+`"}]`)
	require.Equal(t, -32005, fail.Code)

	s, _ = newServer(t, Config{MaxLogBlocks: 1})
	one := `{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":"0x2","toBlock":"0x2"}]}`
	w := post(t, s, "["+one+","+one+","+one+","+one+","+one+"]")
	require.Contains(t, w.Body.String(), "too many blocks to search for logs in one request")
}
