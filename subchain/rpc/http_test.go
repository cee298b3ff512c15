package rpc

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

const chainIDCall = `{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}`

// send makes a request with headers, host included, and returns the response.
func send(h http.Handler, verb, body string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(verb, "http://localhost:8545/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for k, v := range headers {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestServerRefusesForeignHosts(t *testing.T) {
	s, _ := newServer(t, Config{Hosts: []string{"node.example"}})
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8545": 200, "LOCALHOST:1": 200, "127.0.0.1:8545": 200, "127.0.0.1": 200,
		"[::1]:8545": 200, "[::1]": 200, "node.example": 200, "Node.Example:80": 200, "node.example.": 200,
		"": 403, "evil.example": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example:8545": 403,
		"192.168.1.1": 403, "[::2]:80": 403, "0.0.0.0": 403, "*": 403,
	} {
		require.Equal(t, status, send(s, http.MethodPost, chainIDCall, map[string]string{"Host": host}).Code, host)
	}
	all, _ := newServer(t, Config{Hosts: []string{"*"}})
	require.Equal(t, 200, send(all, http.MethodPost, chainIDCall, map[string]string{"Host": "any.example"}).Code)
}

func TestServerRefusesOriginsThatAreNotAllowed(t *testing.T) {
	s, _ := newServer(t, Config{Origins: []string{"https://app.example"}})
	for _, origin := range []string{"https://evil.example", "null", "http://localhost", "https://app.example:444", "http://app.example", " "} {
		w := send(s, http.MethodPost, chainIDCall, map[string]string{"Origin": origin})
		require.Equal(t, http.StatusForbidden, w.Code, origin)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, http.StatusForbidden, send(s, http.MethodOptions, "", map[string]string{"Origin": origin}).Code)
	}
	w := send(s, http.MethodPost, chainIDCall, map[string]string{"Origin": "https://app.example"})
	require.Equal(t, 200, w.Code)
	require.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	w = send(s, http.MethodOptions, "", map[string]string{"Origin": "https://app.example"})
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, "POST", w.Header().Get("Access-Control-Allow-Methods"))
}

func TestServerSendsNoCORSHeaderByDefault(t *testing.T) {
	s, _ := newServer(t, Config{})
	for name := range send(s, http.MethodPost, chainIDCall, nil).Header() {
		require.False(t, strings.HasPrefix(name, "Access-Control"), name)
	}
}

func TestServerServesOnlyPostedJSON(t *testing.T) {
	s, _ := newServer(t, Config{})
	for _, verb := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		w := send(s, verb, chainIDCall, nil)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, verb)
		require.Equal(t, "POST", w.Header().Get("Allow"))
	}
	for kind, status := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "Application/JSON": 200,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/jsonx": 415, ";": 415,
	} {
		require.Equal(t, status, send(s, http.MethodPost, chainIDCall, map[string]string{"Content-Type": kind}).Code, kind)
	}
	require.Equal(t, 415, send(s, http.MethodPost, chainIDCall, map[string]string{"Content-Encoding": "gzip"}).Code)
}

func TestServerBoundsBodies(t *testing.T) {
	s, _ := newServer(t, Config{MaxBody: 100})
	require.Equal(t, 200, send(s, http.MethodPost, chainIDCall, nil).Code)
	require.Equal(t, 413, send(s, http.MethodPost, chainIDCall+strings.Repeat(" ", 100), nil).Code)

	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(chainIDCall+strings.Repeat(" ", 100)))
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = -1 // chunked: the length is not announced
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, 413, w.Code)
}

func TestServerBoundsBatchesAndAnswersInOrder(t *testing.T) {
	s, _ := newServer(t, Config{MaxBatch: 3})
	w := post(t, s, `[{"jsonrpc":"2.0","id":"a","method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},{"jsonrpc":"2.0","id":null,"method":"nope"}]`)
	require.JSONEq(t, `[{"jsonrpc":"2.0","id":"a","result":"0x1092"},
		{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"the method nope does not exist/is not available"}}]`, w.Body.String())
	w = post(t, s, `[1,2,3,4]`)
	require.JSONEq(t, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}}`, w.Body.String())
	w = post(t, s, `[{"jsonrpc":"2.0","method":"eth_chainId"}]`)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Empty(t, w.Body.String())
	w = post(t, s, `[1]`)
	require.JSONEq(t, `[{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: not an object"}}]`, w.Body.String())
}

func TestServerBoundsTheResponseOfABatch(t *testing.T) {
	s, _ := newServer(t, Config{MaxResponse: 3000})
	one := `{"jsonrpc":"2.0","id":7,"method":"eth_getBlockByNumber","params":["0x1",false]}`
	w := post(t, s, "["+strings.Repeat(one+",", 9)+one+"]")
	require.Equal(t, 1, strings.Count(w.Body.String(), `"result"`))
	require.Equal(t, 9, strings.Count(w.Body.String(), `{"code":-32003,"message":"response too large"}`))
	require.Less(t, w.Body.Len(), 6000)
}

func TestPanicAnswersInternalErrorWithoutLeaking(t *testing.T) {
	var logged bytes.Buffer
	s, c := newServer(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) { panic("secret") }
	w := post(t, s, `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}`)
	require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"internal error"}}`, w.Body.String())
	require.Contains(t, logged.String(), "secret")
	require.Equal(t, 200, send(s, http.MethodPost, chainIDCall, nil).Code, "the server lives on")
}

func TestHostFaultAnswersInternalErrorWithoutLeaking(t *testing.T) {
	var logged bytes.Buffer
	s, c := newServer(t, Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) {
		return vm.Result{}, fmt.Errorf("store: read /var/secret")
	}
	_, fail := ask(t, s, "eth_call", `[{}]`)
	require.Equal(t, &rpcError{Code: -32603, Message: "internal error"}, fail)
	require.Contains(t, logged.String(), "/var/secret")
}

func TestServerRefusesMoreThanMaxConcurrentInTime(t *testing.T) {
	s, c := newServer(t, Config{MaxConcurrent: 1, MaxTime: 50 * time.Millisecond})
	entered, leave := make(chan struct{}), make(chan struct{})
	c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) {
		close(entered)
		<-leave
		return vm.Result{}, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		send(s, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}`, nil)
	}()
	<-entered
	require.Equal(t, http.StatusServiceUnavailable, send(s, http.MethodPost, chainIDCall, nil).Code)
	close(leave)
	<-done
	require.Equal(t, 200, send(s, http.MethodPost, chainIDCall, nil).Code)
}

func serve(t *testing.T, s *Server) (url string, stop func() error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return "http://" + l.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

func TestServeCancelsWhatOutlivesTheGrace(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, c := newServer(t, Config{MaxCallTime: time.Minute, MaxTime: time.Minute})
	entered, left := make(chan struct{}), make(chan struct{})
	c.run = func(ctx context.Context, _ uint64, _ *ledger.Message) (vm.Result, error) {
		close(entered)
		<-ctx.Done()
		close(left)
		return vm.Result{}, ctx.Err()
	}
	url, stop := serve(t, s)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	body := `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}`
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	require.NoError(t, err)
	<-entered
	require.NoError(t, stop())
	select {
	case <-left:
	default:
		t.Fatal("Serve returned before the call ended")
	}
	require.NoError(t, conn.Close())
}

func TestServeFinishesRequestsAndStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s, c := newServer(t, Config{})
	entered := make(chan struct{})
	c.run = func(ctx context.Context, _ uint64, _ *ledger.Message) (vm.Result, error) {
		close(entered)
		select {
		case <-time.After(100 * time.Millisecond):
			return vm.Result{Return: []byte{1}}, nil
		case <-ctx.Done():
			return vm.Result{}, ctx.Err()
		}
	}
	url, stop := serve(t, s)
	answered := make(chan string, 1)
	go func() {
		resp, err := client.Post(url, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{}]}`))
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil {
			answered <- err.Error()
			return
		}
		answered <- b.String()
	}()
	<-entered
	require.NoError(t, stop())
	require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":"0x01"}`, <-answered)
	_, err := client.Post(url, "application/json", strings.NewReader(chainIDCall))
	require.Error(t, err, "the listener is closed")
}

func TestServeReportsABrokenListener(t *testing.T) {
	s, _ := newServer(t, Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Error(t, s.Serve(t.Context(), l))
}

func TestNewRefusesWrongConfigurations(t *testing.T) {
	c := newMemory(t)
	for _, cfg := range []Config{
		{Origins: []string{"app.example"}}, {Origins: []string{"https://app.example/path"}}, {Origins: []string{"*"}},
		{Hosts: []string{""}}, {Hosts: []string{"http://x"}}, {MaxBody: -1}, {MaxBatch: -1}, {MaxCallTime: -1},
	} {
		_, err := New(cfg, c.backend())
		require.ErrorIs(t, err, ErrConfig, "%+v", cfg)
	}
	_, err := New(Config{}, Backend{Chain: c})
	require.ErrorIs(t, err, ErrConfig)
}
