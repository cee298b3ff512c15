package p2p

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/stretchr/testify/require"
)

func TestRequestIsAnswered(t *testing.T) {
	noLeaks(t)
	server := testConfig(1)
	server.OnRequest = func(_ PeerID, req []byte) ([]byte, error) {
		switch string(req) {
		case "empty":
			return nil, nil
		case "refuse":
			return nil, errors.New("no")
		}
		return append([]byte("re: "), req...), nil
	}
	hosts := mesh(t, server, testConfig(2))
	ask := func(text string) (string, error) {
		resp, err := hosts[1].Request(context.Background(), hosts[0].ID(), []byte(text))
		return string(resp), err
	}
	resp, err := ask("hello")
	require.NoError(t, err)
	require.Equal(t, "re: hello", resp)
	resp, err = ask("empty")
	require.NoError(t, err)
	require.Empty(t, resp)
	_, err = ask("refuse")
	require.ErrorIs(t, err, ErrRefused)
	_, err = ask("")
	require.ErrorIs(t, err, ErrSize)
	// A host without a callback refuses.
	_, err = hosts[0].Request(context.Background(), hosts[1].ID(), []byte("x"))
	require.ErrorIs(t, err, ErrRefused)
	_, err = hosts[0].Request(context.Background(), hosts[0].ID(), []byte("x"))
	require.ErrorIs(t, err, ErrNotConnected)
}

func TestRequestEndsAtItsDeadline(t *testing.T) {
	noLeaks(t)
	unblock := make(chan struct{})
	server, client := testConfig(1), testConfig(2)
	server.OnRequest = func(PeerID, []byte) ([]byte, error) { <-unblock; return nil, nil }
	client.RequestTimeout = 300 * time.Millisecond
	hosts := mesh(t, server, client)
	t.Cleanup(func() { close(unblock) })
	_, err := hosts[1].Request(context.Background(), hosts[0].ID(), []byte("x"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = hosts[1].Request(ctx, hosts[0].ID(), []byte("x"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestRequesterRefusesLargeResponse(t *testing.T) {
	noLeaks(t)
	server, client := testConfig(1), testConfig(2)
	server.OnRequest = func(_ PeerID, req []byte) ([]byte, error) { return make([]byte, 100+int(req[0])), nil }
	client.MaxMessage = 100
	hosts := mesh(t, server, client)
	resp, err := hosts[1].Request(context.Background(), hosts[0].ID(), []byte{0})
	require.NoError(t, err)
	require.Len(t, resp, 100)
	_, err = hosts[1].Request(context.Background(), hosts[0].ID(), []byte{1})
	require.ErrorIs(t, err, ErrSize)
	// A responder does not send more than its own limit either.
	_, err = hosts[0].Request(context.Background(), hosts[1].ID(), make([]byte, 101))
	require.Error(t, err)
	require.EqualValues(t, 1, hosts[1].Stats().Refused)
}

func TestRequestsOfOnePeerAreBounded(t *testing.T) {
	noLeaks(t)
	unblock := make(chan struct{})
	server, client := testConfig(1), testConfig(2)
	server.RequestsPerPeer = 2
	server.OnRequest = func(PeerID, []byte) ([]byte, error) { <-unblock; return []byte("ok"), nil }
	client.RequestsPerPeer = 3
	hosts := mesh(t, server, client)
	errs := make(chan error, 3)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			_, err := hosts[1].Request(context.Background(), hosts[0].ID(), []byte("x"))
			errs <- err
		})
	}
	require.ErrorIs(t, receive(t, errs), ErrBusy)
	close(unblock)
	wg.Wait()
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
}

// scope counts reserved memory.
type scope struct {
	network.NullScope
	held int
}

func (s *scope) ReserveMemory(n int, _ uint8) error { s.held += n; return nil }
func (s *scope) ReleaseMemory(n int)                { s.held -= n }
