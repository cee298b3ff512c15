package relayer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/rootstem/rootstem/internal/jsonrpc"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrConfig reports a Config that New refuses.
var ErrConfig = errors.New("relayer: unfit configuration")

// Config of a Relayer. Root, Subchains and Key are required.
type Config struct {
	Root      string      // URL of a root node's JSON-RPC
	Subchains []string    // URLs, one node of each subchain
	Key       *ledger.Key // pays for gas on all chains

	Registry ledger.Address // of rootrelay.Root; zero: rootrelay.RootAddress
	Gateway  ledger.Address // of rootrelay.Gateway; zero: rootrelay.GatewayAddress
	Interval time.Duration  // between passes; 0: 500 ms
	MaxPause time.Duration  // after repeated failures; 0: 30 s
	Client   *http.Client   // nil: one with a timeout of 30 s
	Logger   *slog.Logger   // nil discards
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Root == "" || len(c.Subchains) == 0:
		return c, fmt.Errorf("%w: a root and a subchain are needed", ErrConfig)
	case c.Key == nil:
		return c, fmt.Errorf("%w: no key", ErrConfig)
	case c.Interval < 0 || c.MaxPause < 0:
		return c, fmt.Errorf("%w: negative time", ErrConfig)
	}
	if c.Registry.IsZero() {
		c.Registry = rootrelay.RootAddress()
	}
	if c.Gateway.IsZero() {
		c.Gateway = rootrelay.GatewayAddress()
	}
	if c.Interval == 0 {
		c.Interval = 500 * time.Millisecond
	}
	if c.MaxPause == 0 {
		c.MaxPause = 30 * time.Second
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Relayer carries messages. Its methods are for one goroutine.
type Relayer struct {
	cfg  Config
	root *mirror
	subs []*link
}

// link is a subchain and what is known about its traffic with the root.
type link struct {
	*mirror
	url     string
	id      uint64     // 0: not registered yet
	out     traffic    // leaves of the subchain, to the root
	in      traffic    // leaves of the root, to the subchain
	overdue traffic    // leaves of the root that may have timed out
	retry   retryState // of the link as a whole
}

// New checks the configuration. It contacts nobody.
func New(cfg Config) (*Relayer, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Relayer{cfg: cfg, root: newMirror(endpoint{jsonrpc.Client{URL: cfg.Root, HTTP: cfg.Client}}, cfg.Registry)}
	for _, url := range cfg.Subchains {
		r.subs = append(r.subs, &link{mirror: newMirror(endpoint{jsonrpc.Client{URL: url, HTTP: cfg.Client}}, cfg.Gateway), url: url})
	}
	return r, nil
}

// Run makes one pass after another until ctx ends.
func (r *Relayer) Run(ctx context.Context) {
	for {
		r.Pass(ctx)
		if pause(ctx, r.cfg.Interval) != nil {
			return
		}
	}
}

// Pass carries once all that can be carried now. Failures are logged and tried again
// by a later pass.
func (r *Relayer) Pass(ctx context.Context) {
	for _, s := range r.subs {
		if ctx.Err() != nil || !s.retry.due(time.Now()) {
			continue
		}
		if err := r.pass(ctx, s); err != nil && ctx.Err() == nil {
			wait := s.retry.failed(time.Now(), r.cfg.Interval, r.cfg.MaxPause)
			r.cfg.Logger.Warn("relaying failed", "subchain", s.url, "id", s.id, "error", err, "pause", wait)
			continue
		}
		s.retry = retryState{}
	}
}

func (r *Relayer) pass(ctx context.Context, s *link) error {
	if err := r.discover(ctx, s); err != nil || s.id == 0 {
		return err
	}
	rec, err := r.checkpoints(ctx, s)
	if err != nil {
		return fmt.Errorf("checkpoints: %w", err)
	}
	if err := r.toRoot(ctx, s, rec); err != nil {
		return fmt.Errorf("to the root: %w", err)
	}
	if err := r.toSubchain(ctx, s); err != nil {
		return fmt.Errorf("to the subchain: %w", err)
	}
	if err := r.timeouts(ctx, s, rec); err != nil {
		return fmt.Errorf("timeouts: %w", err)
	}
	return nil
}

// discover finds out the subchain's id by its genesis.
func (r *Relayer) discover(ctx context.Context, s *link) error {
	if err := errors.Join(r.root.open(ctx), s.open(ctx)); err != nil || s.id != 0 {
		return err
	}
	var genesis struct {
		Hash ledger.Hash `json:"hash"`
	}
	if err := s.rpc.Call(ctx, &genesis, "eth_getBlockByNumber", "0x0", false); err != nil {
		return err
	}
	id, err := r.root.rpc.number(ctx, r.root.module, rootrelay.ViewCall("idOf(bytes32)", genesis.Hash))
	s.id = id
	return err
}

// retryState spaces out attempts: the pause doubles with each failure.
type retryState struct {
	failures int
	until    time.Time
}

func (t *retryState) due(now time.Time) bool { return !now.Before(t.until) }

func (t *retryState) failed(now time.Time, first, most time.Duration) time.Duration {
	wait := min(first<<min(t.failures, 16), most)
	t.failures++
	t.until = now.Add(wait)
	return wait
}
