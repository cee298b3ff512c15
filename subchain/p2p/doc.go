// Package p2p connects the nodes of one network: ordered direct messages between
// neighbours, requests with responses, and gossip. Call [New], then [Host.AddPeers],
// then [Host.Run], which owns every goroutine. It carries opaque bytes and judges
// none of them: callbacks do.
//
// # Transport
//
// A libp2p host assembled by hand: TCP, Noise, yamux, and nothing else (no QUIC,
// WebRTC, relay or discovery). Identities are ed25519 keys; peers with keys of
// another type are refused right after the handshake (CVE-2023-39533). The hash of
// [Config.Network] is the prologue of the Noise handshake, so nodes of different
// networks cannot connect at all; protocol names and the gossip topic carry it too.
//
// # Protocols
//
// Every frame is a 4-byte big-endian length and that many bytes.
//
//   - /rootstem/NETWORK/direct/1: one long-lived stream per peer and direction with
//     frames of 1 to MaxMessage bytes. A new stream of a peer replaces its old one.
//   - /rootstem/NETWORK/request/1: one stream per request: a frame, then a frame whose
//     first byte is a status (0 answered, 1 refused, 2 busy) and whose rest is the
//     response, of 0 to MaxMessage bytes.
//   - gossipsub on the topic /rootstem/NETWORK/tx/1, messages of 1 to [MaxGossip] bytes,
//     unsigned and without author, named by their SHA-256.
//
// # Delivery
//
// Direct messages to a peer arrive in the order of the calls, at most once. Each peer
// has a queue of its own with a bound; when it is full the oldest messages are dropped
// and counted, so that a peer that reads slowly holds up nobody. What a lost connection
// had not delivered is lost: whoever needs it sends again. Gossip is delivered at most
// once per content within two minutes, in any order.
//
// # Limits
//
// libp2p's resource manager is always on. See [Config] for the limits and their
// defaults. Memory for a frame is reserved from the resource manager and grows with
// the bytes that have arrived, never by the length that a frame claims. Inbound
// connections cannot use up the share of the outbound ones, and peers given to
// AddPeers are exempt from trimming, so strangers do not displace them.
package p2p
