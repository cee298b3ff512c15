package paymentcode

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"math"

	"github.com/rootstem/rootstem/paymentcode/internal/ec"
)

// Domains of the ratchet: 23 bytes each, so that one step is one block of SHA-256.
const (
	domainChain = "rootstem/paycode1/chain"
	domainEvent = "rootstem/paycode1/event"
	domainTweak = "rootstem/paycode1/tweak"
	domainShare = "rootstem/paycode1/share"
)

// maxIndex is the number of payments of an epoch: 136 years of one a second.
const maxIndex = math.MaxUint32

// Tag marks a payment: the first eight bytes of H(event ‖ k_i). It goes beside the
// payment in the open, in an event's indexed topic, and tells nothing to others.
type Tag [8]byte

// String returns the hexadecimal tag.
func (t Tag) String() string { return hex.EncodeToString(t[:]) }

// Topic returns the tag as an indexed bytes8 of an Ethereum event: 24 zeros follow.
func (t Tag) Topic() (topic [32]byte) {
	copy(topic[:], t[:])
	return topic
}

// TagOf reads an indexed bytes8, or returns ErrTopic.
func TagOf(topic [32]byte) (Tag, error) {
	if t := Tag(topic[:8]); t.Topic() == topic {
		return t, nil
	}
	return Tag{}, ErrTopic
}

func ratchet(domain string, k *[32]byte) [32]byte {
	var block [55]byte
	copy(block[:], domain)
	copy(block[23:], k[:])
	return sha256.Sum256(block[:])
}

func tagOf(k *[32]byte) Tag {
	h := ratchet(domainEvent, k)
	return Tag(h[:8])
}

func tweakOf(k *[32]byte) (*ec.Scalar, error) {
	h := ratchet(domainTweak, k)
	t, err := ec.ParseScalar(h[:])
	clear(h[:])
	if err != nil {
		return nil, ErrIndex // probability 2^-127
	}
	return t, nil
}

func walk(k [32]byte, steps uint32) [32]byte {
	for range steps {
		k = ratchet(domainChain, &k)
	}
	return k
}

// Channel is the payee's end of the payments of one payer in one epoch on one chain.
// It is immutable and secret.
type Channel struct {
	payer, payee Code
	epoch        uint32
	chain        uint64
	root         [32]byte // k_0
}

// Payer returns the code of who pays. The notification proves that its sender holds
// the code's view key, and nothing about its spend key: compare whole codes, as two
// that share a spend key may have different owners.
func (c *Channel) Payer() Code { return c.payer }

// Payee returns the code that is paid.
func (c *Channel) Payee() Code { return c.payee }

// Epoch returns the payer's count of channels to this payee.
func (c *Channel) Epoch() uint32 { return c.epoch }

// Chain returns the chain that Open was asked for.
func (c *Channel) Chain() uint64 { return c.chain }

// String shows nothing secret.
func (c *Channel) String() string { return "channel from " + c.payer.String() }

// GoString shows nothing secret.
func (c *Channel) GoString() string { return c.String() }

// Tags yields the tags from an index on, to look them up in an index of events, as a
// restore or the search for a late payment does. Two hashes a tag, after one hash for
// each index before the first.
func (c *Channel) Tags(from uint32) iter.Seq2[uint32, Tag] {
	return func(yield func(uint32, Tag) bool) {
		k := walk(c.root, from)
		for i := from; i < maxIndex && yield(i, tagOf(&k)); i++ {
			k = ratchet(domainChain, &k)
		}
	}
}

// Incoming returns the payment of an index, at the cost of one hash for each index
// before it. Inbox.Incoming is faster for recent ones.
func (c *Channel) Incoming(index uint32) (*Incoming, error) {
	if index >= maxIndex {
		return nil, ErrExhausted
	}
	k := walk(c.root, index)
	return c.incoming(index, &k)
}

func (c *Channel) incoming(index uint32, k *[32]byte) (*Incoming, error) {
	t, err := tweakOf(k)
	if err != nil {
		return nil, err
	}
	return &Incoming{payer: c.payer, payee: c.payee, index: index, tag: tagOf(k), tweak: t, shared: ratchet(domainShare, k)}, nil
}

// Incoming is a payment that the payee expects or has found. It is secret, as it
// links the one-time key with the code.
type Incoming struct {
	payer, payee Code
	index        uint32
	tag          Tag
	tweak        *ec.Scalar // t_i
	shared       [32]byte   // s_i
}

// Shared returns the same 32 secret bytes as the payer's Payment.Shared.
func (in *Incoming) Shared() [32]byte { return in.shared }

// Payer returns the code of who pays.
func (in *Incoming) Payer() Code { return in.payer }

// Index returns the payment's place in its channel.
func (in *Incoming) Index() uint32 { return in.index }

// Tag returns the payment's tag.
func (in *Incoming) Tag() Tag { return in.tag }

// String shows nothing secret.
func (in *Incoming) String() string { return "incoming payment" }

// GoString shows nothing secret.
func (in *Incoming) GoString() string { return in.String() }

// Key returns the compressed one-time key P_i = P_spend + t_i·G. Constant time.
func (in *Incoming) Key() ([33]byte, error) {
	return oneTime(in.payee, in.tweak)
}

// Address returns Ethereum's account of the one-time key.
func (in *Incoming) Address() ([20]byte, error) {
	key, err := in.Key()
	if err != nil {
		return [20]byte{}, err
	}
	return ec.Address(key)
}

// Check returns ErrAddress unless the payment went to its own address. Anybody can
// copy a tag that they saw beside another address; only a payment that passes Check
// is one.
func (in *Incoming) Check(address [20]byte) error {
	own, err := in.Address()
	if err != nil {
		return err
	}
	if own != address {
		return ErrAddress
	}
	return nil
}

func oneTime(payee Code, tweak *ec.Scalar) ([33]byte, error) {
	spend, _, err := payee.points()
	if err != nil {
		return [33]byte{}, err
	}
	key, err := ec.Shift(spend, tweak)
	if err != nil {
		return [33]byte{}, ErrIndex
	}
	return key, nil
}
