package rpc

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// ErrConfig reports a Config or Backend that New refuses.
var ErrConfig = errors.New("rpc: invalid configuration")

// Config says how a Server behaves. The zero value is a server for local clients
// with the documented bounds; a zero bound means its default.
type Config struct {
	// Version is the answer to web3_clientVersion; "rootstem" if empty.
	Version string
	// Hosts are names, without port, that the Host header may hold besides
	// localhost, 127.0.0.1 and [::1]. "*" admits all: only behind a proxy that checks.
	Hosts []string
	// Origins are web origins (scheme://host[:port]) whose pages may call the server.
	// Empty refuses every request that carries an Origin header.
	Origins []string

	MaxBody       int64         // bytes of a request; 5 MiB
	MaxBatch      int           // calls in a batch; 1,000
	MaxResponse   int           // bytes of the answers in a response; 25 MB
	MaxConcurrent int           // requests served at once, others wait; 64
	MaxLogBlocks  uint64        // blocks that one eth_getLogs may read for its matches; 10,000
	MaxLogs       int           // logs in one answer; 10,000
	MaxCallGas    uint64        // gas of a simulated call; 50,000,000
	MaxCallTime   time.Duration // of a simulated call; 5 s
	MaxTime       time.Duration // to serve a request with all its calls; 30 s
	MaxTxSize     int           // bytes of a raw transaction; 128 KiB

	// Logger takes faults of the host; nil discards them.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return c, fmt.Errorf("%w: origin %q is not scheme://host[:port]", ErrConfig, o)
		}
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/ ") {
			return c, fmt.Errorf("%w: host %q", ErrConfig, h)
		}
	}
	if c.MaxBody < 0 || c.MaxBatch < 0 || c.MaxResponse < 0 || c.MaxConcurrent < 0 || c.MaxLogs < 0 ||
		c.MaxCallTime < 0 || c.MaxTime < 0 || c.MaxTxSize < 0 {
		return c, fmt.Errorf("%w: negative bound", ErrConfig)
	}
	fallback(&c.Version, "rootstem")
	fallback(&c.MaxBody, 5<<20)
	fallback(&c.MaxBatch, 1000)
	fallback(&c.MaxResponse, 25_000_000)
	fallback(&c.MaxConcurrent, 64)
	fallback(&c.MaxLogBlocks, 10_000)
	fallback(&c.MaxLogs, 10_000)
	fallback(&c.MaxCallGas, 50_000_000)
	fallback(&c.MaxCallTime, 5*time.Second)
	fallback(&c.MaxTime, 30*time.Second)
	fallback(&c.MaxTxSize, 128<<10)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func fallback[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (b *Backend) validate() error {
	if b.Chain == nil || b.States == nil || b.Executor == nil || b.Fees == nil || b.Pool == nil || b.Logs == nil || b.Extensions == nil {
		return fmt.Errorf("%w: the backend is incomplete", ErrConfig)
	}
	return nil
}
