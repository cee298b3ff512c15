package p2p

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// PeerID names a node: the multihash of its public key.
type PeerID = peer.ID

// MaxGossip is the size in bytes of the largest gossip message: an Ethereum
// transaction as nodes accept it, and a few bytes around it.
const MaxGossip = 128<<10 + 16

// Errors of this package.
var (
	ErrConfig       = errors.New("p2p: invalid configuration")
	ErrAddress      = errors.New("p2p: invalid peer address")
	ErrSize         = errors.New("p2p: message is empty or too large")
	ErrNotConnected = errors.New("p2p: peer is not connected")
	ErrNotRunning   = errors.New("p2p: host is not running")
	ErrClosed       = errors.New("p2p: host is closed")
	ErrRefused      = errors.New("p2p: peer refused the request")
	ErrBusy         = errors.New("p2p: peer is busy")
)

// Verdict is what a validator of gossip decides.
type Verdict uint8

// Verdicts. Reject costs the peer that sent the message score, until it is ignored
// altogether: use it only for what an honest peer never forwards (malformed bytes, a
// bad signature). Ignore is for what depends on this node's state.
const (
	Reject Verdict = iota // drop, and penalise the sender
	Ignore                // drop
	Accept                // keep and forward
)

// Config describes a Host. Zero fields other than Key and Network mean the default.
//
// Callbacks run on the host's goroutines, concurrently for different peers, and own
// the bytes that they get. They must return soon: a slow OnMessage holds up only its
// peer, but Run waits for all of them. They must not call Close. A nil callback drops
// (OnMessage), ignores (OnGossip) or refuses (OnRequest).
type Config struct {
	Key     ed25519.PrivateKey // identity of the node
	Network string             // for example the genesis hash: 1 to 128 of [0-9A-Za-z._-]
	Listen  []string           // multiaddresses, as /ip4/0.0.0.0/tcp/4001; none: only dial

	OnMessage func(from PeerID, msg []byte)                        // one at a time per peer, in order
	OnGossip  func(from PeerID, msg []byte) Verdict                // not called for our own messages
	OnRequest func(from PeerID, req []byte) (resp []byte, e error) // an error refuses
	OnPeer    func(id PeerID, up bool)                             // direct messages to id began or ceased to flow

	MaxMessage      int           // bytes of a direct message, request or response; 4 MiB
	QueueMessages   int           // outgoing direct messages per peer; 1024
	QueueBytes      int           // bytes of them; 16 MiB, at least MaxMessage
	RequestsPerPeer int           // concurrent requests to a peer, and from it; 8
	RequestTimeout  time.Duration // for a request at both ends; 10 s

	// MaxPeers connections in each direction; above it in total, the connections of
	// least value that are older than 20 s are closed, down to three quarters. 128.
	MaxPeers int
	// MaxConnsPerIP connections from one IPv4 address or IPv6 /56, loopback exempt:
	// devices behind one router share an address. 64, and as many new ones in 8 s.
	MaxConnsPerIP int
	// MaxMemory in bytes for all buffers of connections and frames; 1 GiB.
	MaxMemory int64

	Logger *slog.Logger // nil discards
}

// Bounds that are not worth a setting.
const (
	pace          = 8                // seconds in which an address may open MaxConnsPerIP connections
	spareStreams  = 56               // per peer and direction besides those of requests
	maxHandshakes = 64               // connections that are not authenticated yet
	maxServing    = 64               // requests that are being answered, of all peers
	dialTimeout   = 10 * time.Second // includes the handshake
	writeTimeout  = 30 * time.Second // for one batch to a peer
	minBackoff    = 100 * time.Millisecond
	maxBackoff    = 15 * time.Second
)

var networkName = regexp.MustCompile(`^[0-9A-Za-z._-]{1,128}$`)

func (c Config) withDefaults() Config {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&c.MaxMessage, 4 << 20}, {&c.QueueMessages, 1024}, {&c.RequestsPerPeer, 8},
		{&c.MaxPeers, 128}, {&c.MaxConnsPerIP, 64},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = max(16<<20, c.MaxMessage)
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = 10 * time.Second
	}
	if c.MaxMemory == 0 {
		c.MaxMemory = 1 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c *Config) streamsPerPeer() int { return spareStreams + c.RequestsPerPeer }

// validate wants defaults filled in.
func (c *Config) validate() error {
	switch {
	case len(c.Key) != ed25519.PrivateKeySize:
		return fmt.Errorf("%w: key of %d bytes", ErrConfig, len(c.Key))
	case !networkName.MatchString(c.Network):
		return fmt.Errorf("%w: network %q", ErrConfig, c.Network)
	case c.MaxMessage < 1 || c.MaxMessage > 64<<20:
		return fmt.Errorf("%w: largest message of %d bytes", ErrConfig, c.MaxMessage)
	case c.QueueMessages < 1 || c.QueueBytes < c.MaxMessage:
		return fmt.Errorf("%w: queue of %d messages, %d bytes", ErrConfig, c.QueueMessages, c.QueueBytes)
	case c.RequestsPerPeer < 1 || c.RequestTimeout < 0:
		return fmt.Errorf("%w: %d requests per peer, timeout %v", ErrConfig, c.RequestsPerPeer, c.RequestTimeout)
	case c.MaxPeers < 1 || c.MaxConnsPerIP < 1 || c.MaxMemory < 16<<20:
		return fmt.Errorf("%w: %d peers, %d connections per address, %d bytes of memory",
			ErrConfig, c.MaxPeers, c.MaxConnsPerIP, c.MaxMemory)
	}
	for _, a := range c.Listen {
		if _, err := ma.NewMultiaddr(a); err != nil {
			return fmt.Errorf("%w: listen address %q: %w", ErrConfig, a, err)
		}
	}
	return nil
}
