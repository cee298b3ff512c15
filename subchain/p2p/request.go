package p2p

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// Status bytes of responses.
const (
	statusAnswered = iota
	statusRefused
	statusBusy
)

// Request asks a connected peer and waits for the response, at most until ctx ends or
// Config.RequestTimeout has passed. At most Config.RequestsPerPeer requests to a peer
// are under way; further ones wait. Errors: ErrSize (also for a response above
// MaxMessage), ErrNotConnected, ErrRefused, ErrBusy, context errors, those of the
// transport.
func (h *Host) Request(ctx context.Context, to PeerID, req []byte) ([]byte, error) {
	if len(req) == 0 || len(req) > h.cfg.MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrSize, len(req))
	}
	h.mu.Lock()
	l := h.links[to]
	h.mu.Unlock()
	if l == nil {
		return nil, ErrNotConnected
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.RequestTimeout)
	defer cancel()
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("p2p: request: %w", ctx.Err())
	}
	resp, err := h.exchange(ctx, to, req)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("p2p: request: %w", ctx.Err())
	}
	return resp, err
}

func (h *Host) exchange(ctx context.Context, to PeerID, req []byte) ([]byte, error) {
	s, err := h.stack.NewStream(network.WithNoDial(ctx, "request"), to, h.request)
	if err != nil {
		return nil, fmt.Errorf("p2p: request: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { h.drop(s, ctx.Err()) })
	defer func() {
		if stop() {
			h.drop(s, context.Canceled)
		}
	}()
	if _, err := s.Write(appendFrame(nil, req)); err != nil {
		return nil, fmt.Errorf("p2p: send request: %w", err)
	}
	if err := s.CloseWrite(); err != nil {
		return nil, fmt.Errorf("p2p: send request: %w", err)
	}
	frame, release, err := readFrame(s, s.Scope(), h.cfg.MaxMessage+1)
	if err != nil {
		return nil, fmt.Errorf("p2p: response: %w", err)
	}
	release()
	switch frame[0] {
	case statusAnswered:
		return frame[1:], nil
	case statusBusy:
		return nil, ErrBusy
	default:
		return nil, ErrRefused
	}
}

func (h *Host) serveRequest(s network.Stream) {
	if !h.group.enter() {
		h.drop(s, ErrClosed)
		return
	}
	defer h.group.leave()
	id := s.Conn().RemotePeer()
	if err := s.SetDeadline(time.Now().Add(h.cfg.RequestTimeout)); err != nil {
		h.drop(s, err)
		return
	}
	status, resp, err := byte(statusBusy), []byte(nil), error(nil)
	if h.admit(id) {
		defer h.dismiss(id)
		status, resp, err = h.answer(id, s)
	}
	if err == nil {
		_, err = s.Write(appendFrame(nil, []byte{status}, resp))
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		h.drop(s, err)
	}
}

// answer reads the request and asks the callback.
func (h *Host) answer(id PeerID, s network.Stream) (status byte, resp []byte, err error) {
	req, release, err := readFrame(s, s.Scope(), h.cfg.MaxMessage)
	if err != nil {
		return 0, nil, err
	}
	defer release()
	select {
	case h.serving <- struct{}{}:
		defer func() { <-h.serving }()
	default:
		return statusBusy, nil, nil
	}
	if h.cfg.OnRequest == nil {
		return statusRefused, nil, nil
	}
	resp, err = h.cfg.OnRequest(id, req)
	if err != nil {
		h.cfg.Logger.Debug("request refused", "peer", id, "err", err)
		return statusRefused, nil, nil
	}
	if len(resp) > h.cfg.MaxMessage {
		h.cfg.Logger.Error("response is too large", "peer", id, "bytes", len(resp))
		return statusRefused, nil, nil
	}
	return statusAnswered, resp, nil
}

func (h *Host) admit(id PeerID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asking[id] >= h.cfg.RequestsPerPeer {
		h.stats.refused.Add(1)
		return false
	}
	h.asking[id]++
	return true
}

func (h *Host) dismiss(id PeerID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asking[id]--; h.asking[id] == 0 {
		delete(h.asking, id)
	}
}
