package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Times of the HTTP connection. The time to answer is Config.MaxTime on top.
const (
	headerTime = 5 * time.Second
	readTime   = 20 * time.Second
	idleTime   = 60 * time.Second
	writeTime  = 20 * time.Second
	graceTime  = 3 * time.Second // for requests that are being served when Serve must stop
	maxHeader  = 16 << 10        // bytes
)

// Server answers JSON-RPC requests. It is an http.Handler and safe for concurrent use.
type Server struct {
	cfg     Config
	backend Backend
	methods map[string]method // never changed
	hosts   map[string]bool
	origins map[string]bool
	slots   chan struct{} // one element for each request that is being served
	log     *slog.Logger
}

// New checks the configuration and returns a server that has started nothing.
func New(cfg Config, backend Backend) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := backend.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, backend: backend, methods: methods(), log: cfg.Logger,
		hosts:   map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true},
		origins: map[string]bool{},
		slots:   make(chan struct{}, cfg.MaxConcurrent),
	}
	for _, h := range cfg.Hosts {
		s.hosts[normalHost(h)] = true
	}
	for _, o := range cfg.Origins {
		s.origins[o] = true
	}
	return s, nil
}

// Serve answers connections of l until ctx is done, then lets requests that are
// being served finish for up to three seconds. When it returns, all that it started
// has stopped and l is closed. It returns nil if ctx ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      readTime + s.cfg.MaxTime + writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("rpc: serve: %w", err), srv.Close())
	case <-ctx.Done():
	}
	grace, stop := context.WithTimeout(requests, graceTime)
	defer stop()
	if err := srv.Shutdown(grace); err != nil {
		cancel()
		if err := srv.Close(); err != nil {
			return fmt.Errorf("rpc: close: %w", err)
		}
	}
	<-failed
	s.drain()
	return nil
}

// drain waits for the handlers that outlived the grace: their context is cancelled.
func (s *Server) drain() {
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	for range cap(s.slots) {
		<-s.slots
	}
}
