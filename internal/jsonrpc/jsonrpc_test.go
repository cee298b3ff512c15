package jsonrpc

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"
)

func serve(t *testing.T, answer string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"jsonrpc":"2.0","id":1,"method":"m","params":["0x0102","0xff"]}` {
			http.Error(w, "unexpected request", http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return &Client{URL: s.URL}
}

func TestCallWritesAndReadsTheFormsOfEthereum(t *testing.T) {
	var out struct {
		B Bytes
		Q Quantity
		A Amount
	}
	c := serve(t, `{"jsonrpc":"2.0","id":1,"result":{"B":"0x0a0b","Q":"0x10","A":"0xffffffffffffffffff"}}`)
	require.NoError(t, c.Call(t.Context(), &out, "m", Bytes{1, 2}, Quantity(255)))
	require.Equal(t, Bytes{10, 11}, out.B)
	require.Equal(t, Quantity(16), out.Q)
	require.Equal(t, "0xffffffffffffffffff", (*uint256.Int)(&out.A).Hex())
}

func TestAnErrorOfTheNodeKeepsItsCodeAndData(t *testing.T) {
	c := serve(t, `{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted: no","data":"0x08"}}`)
	var out Bytes
	var e *Error
	require.ErrorAs(t, c.Call(t.Context(), &out, "m", Bytes{1, 2}, Quantity(255)), &e)
	require.Equal(t, 3, e.Code)
	require.JSONEq(t, `"0x08"`, string(e.Data))
}

func TestMalformedAnswersAreRefused(t *testing.T) {
	for _, answer := range []string{``, `{`, `{"result":"1"}`, `{"result":"0x"}`, `{"result":"0x10000000000000000"}`, `{"result":7}`} {
		var q Quantity
		require.Error(t, serve(t, answer).Call(t.Context(), &q, "m", Bytes{1, 2}, Quantity(255)), answer)
	}
	var b Bytes
	for _, text := range []string{`"0"`, `"0x0"`, `"0xgg"`, `"01"`} {
		require.ErrorIs(t, json.Unmarshal([]byte(text), &b), ErrResponse, text)
	}
	var a Amount
	require.Error(t, json.Unmarshal([]byte(`"12"`), &a))
	require.NoError(t, serve(t, `{"result":null}`).Call(t.Context(), &b, "m", Bytes{1, 2}, Quantity(255)))
}
