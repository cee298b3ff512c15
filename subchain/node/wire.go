package node

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Kinds of direct messages: the first byte.
const (
	wireConsensus    = 1 // a rolldpos message
	wireBody         = 2 // the RLP of a block that is not final
	wireEndorsement  = 3 // a seat's signature over a checkpoint
	wireStatus       = 4 // the sender's head
	wireTransactions = 5 // transactions that wait at the sender, for a new peer
	wirePartial      = 6 // a seat's share of a signature of the chain key
)

// Kinds of requests: the first byte.
const (
	askBlock      = 1 // block hash → RLP of the block, empty if unknown
	askRange      = 2 // height → final blocks from there on, ending with a certified one
	askCheckpoint = 3 // sequence number → encoded signatures, empty if unknown
)

// Bounds of an answer to askRange.
const (
	maxRangeBlocks = 64
	maxRangeBytes  = 3 << 20
)

var errWire = errors.New("node: malformed message")

// status tells peers how far the sender is.
type status struct{ height uint64 }

func (s status) encode() []byte {
	return rlp.AppendList([]byte{wireStatus}, rlp.AppendUint(nil, s.height))
}

func decodeStatus(b []byte) (s status, err error) {
	d := rlp.NewDecoder(b)
	s.height = d.Uint()
	return s, malformed(d.Done())
}

// endorsement is one seat's signature over a checkpoint's digest.
type endorsement struct {
	seq  uint64
	hash ledger.Hash
	seat int
	sig  [64]byte
}

func (e *endorsement) encode() []byte {
	p := rlp.AppendUint(nil, e.seq)
	p = rlp.AppendBytes(p, e.hash[:])
	p = rlp.AppendUint(p, uint64(e.seat))
	p = rlp.AppendBytes(p, e.sig[:])
	return rlp.AppendList([]byte{wireEndorsement}, p)
}

func decodeEndorsement(b []byte) (*endorsement, error) {
	d := rlp.NewDecoder(b)
	e := &endorsement{seq: d.Uint()}
	d.Fixed(e.hash[:])
	seat := d.Uint()
	d.Fixed(e.sig[:])
	if seat > 255 {
		d.Fail(rlp.ErrInteger)
	}
	e.seat = int(seat)
	return e, malformed(d.Done())
}

// signedPartial is a partial with the ed25519 signature of its seat.
type signedPartial struct {
	partial *chainkey.Partial
	sig     [64]byte
}

const tagPartial = "rootstem/node/partial/1"

// partialDigest is what the seat signs: Keccak-256 of the tag, the genesis hash and the
// partial's encoding.
func partialDigest(genesis ledger.Hash, p *chainkey.Partial) ledger.Hash {
	return ledger.Keccak([]byte(tagPartial), genesis[:], p.AppendBinary(nil))
}

func encodePartial(genesis ledger.Hash, p *chainkey.Partial, key ed25519.PrivateKey) []byte {
	digest := partialDigest(genesis, p)
	b := rlp.AppendBytes(p.AppendBinary(nil), ed25519.Sign(key, digest[:]))
	return rlp.AppendList([]byte{wirePartial}, b)
}

func decodePartial(b []byte) (*signedPartial, error) {
	d := rlp.NewDecoder(b)
	raw := d.Raw()
	w := new(signedPartial)
	d.Fixed(w.sig[:])
	if err := d.Done(); err != nil {
		return nil, malformed(err)
	}
	p, err := chainkey.DecodePartial(raw)
	if err != nil {
		return nil, malformed(err)
	}
	w.partial = p
	return w, nil
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errWire, err)
}

// maxTransactions bounds a message of transactions; the pool's own bounds hold too.
const maxTransactions = 8192

// appendTransactions appends the list of envelopes.
func appendTransactions(dst []byte, txs []*ledger.Transaction) []byte {
	var p []byte
	for _, tx := range txs[:min(len(txs), maxTransactions)] {
		p = rlp.AppendBytes(p, tx.Envelope())
	}
	return rlp.AppendList(dst, p)
}

func decodeTransactions(b []byte) (txs []*ledger.Transaction, err error) {
	for d := rlp.NewDecoder(b); ; {
		if !d.More() || len(txs) == maxTransactions {
			return txs, malformed(d.Done())
		}
		tx, err := ledger.DecodeTransaction(d.Bytes())
		if err != nil {
			return nil, malformed(err)
		}
		txs = append(txs, tx)
	}
}

// finalBlock is a block of a range with the certificate it may have.
type finalBlock struct {
	block       *ledger.Block
	certificate []byte // empty if a later block's certificate covers it
}

func appendFinalBlock(dst []byte, r *chain.Record) []byte {
	p := r.Block.AppendRLP(nil)
	return rlp.AppendList(dst, rlp.AppendBytes(p, r.Certificate))
}

func decodeRange(b []byte) (blocks []finalBlock, err error) {
	d := rlp.Items(b)
	for d.More() && len(blocks) < maxRangeBlocks {
		item := d.List()
		raw, certificate := item.Raw(), item.Bytes()
		if err := item.Done(); err != nil {
			return nil, malformed(err)
		}
		block, err := ledger.DecodeBlock(raw)
		if err != nil {
			return nil, malformed(err)
		}
		blocks = append(blocks, finalBlock{block, append([]byte(nil), certificate...)})
	}
	return blocks, malformed(d.Done())
}
