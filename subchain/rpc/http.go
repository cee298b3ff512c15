package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
)

// ServeHTTP answers one HTTP request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !s.hosts["*"] && !s.hosts[normalHost(r.Host)] {
		http.Error(w, "host not allowed", http.StatusForbidden)
		return
	}
	if !s.admitOrigin(w, r) {
		http.Error(w, "origin not allowed", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodOptions && r.Header.Get("Origin") != "" {
		s.preflight(w)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if !isJSON(r) {
		http.Error(w, "content type must be application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, status := s.readBody(w, r)
	if status != http.StatusOK {
		http.Error(w, strings.ToLower(http.StatusText(status)), status)
		return
	}
	s.answer(w, r, body)
}

// admitOrigin refuses pages of origins that are not allowed and tells the browser of
// the others that they may read the answer.
func (s *Server) admitOrigin(w http.ResponseWriter, r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	if len(values) > 1 || !s.origins[values[0]] {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", values[0])
	w.Header().Add("Vary", "Origin")
	return true
}

// preflight answers the question that a browser asks before it posts JSON.
func (s *Server) preflight(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// normalHost strips the port, brackets and a trailing dot and lowers the case.
func normalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isJSON(r *http.Request) bool {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	if r.ContentLength > s.cfg.MaxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	return body, http.StatusOK
}

// answer waits for a free slot, serves the calls of body and writes the response.
// The body was read before, so that a slow sender holds no slot; the response is
// written after, so that a slow reader holds none either.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.MaxTime)
	defer cancel()
	out, ok := s.serveBody(ctx, body)
	if !ok {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests", http.StatusServiceUnavailable)
		return
	}
	if len(out) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(out); err != nil {
		s.log.Debug("rpc: client left before the answer", "err", err)
	}
}

func (s *Server) serveBody(ctx context.Context, body []byte) (out []byte, ok bool) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	defer func() { <-s.slots }()
	reqs, batch, fail := parseRequests(body, s.cfg.MaxBatch)
	if fail != nil {
		return encodeResponse(json.RawMessage("null"), nil, fail), true
	}
	return s.serveAll(ctx, reqs, batch), true
}

// serveAll serves the calls in order. Once the answers reach the bound, the calls
// that are left are refused unserved.
func (s *Server) serveAll(ctx context.Context, reqs []request, batch bool) []byte {
	var out bytes.Buffer
	ses := &session{Server: s, head: s.backend.Chain.Head(), logBlocks: maxScans * s.cfg.MaxLogBlocks}
	for i := range reqs {
		r := &reqs[i]
		var answer []byte
		if out.Len() > s.cfg.MaxResponse {
			answer = encodeResponse(r.id, nil, failf(codeTooLarge, "response too large"))
		} else {
			answer = ses.serve(ctx, r, s.cfg.MaxResponse-out.Len())
		}
		if r.notification() {
			continue
		}
		if batch {
			separator := byte(',')
			if out.Len() == 0 {
				separator = '['
			}
			out.WriteByte(separator)
		}
		out.Write(answer)
	}
	if batch && out.Len() > 0 {
		out.WriteByte(']')
	}
	return out.Bytes()
}

// encodeResponse writes a response object; result is JSON.
func encodeResponse(id, result json.RawMessage, fail *rpcError) []byte {
	out := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
	if fail != nil {
		out = append(out, `,"error":`...)
		out = append(out, fail.encode()...)
	} else {
		out = append(out, `,"result":`...)
		out = append(out, result...)
	}
	return append(out, '}')
}
