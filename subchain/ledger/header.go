package ledger

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// Header commits to a block and to the state after it. Its hash is the Keccak-256
// of its RLP; every certificate signs a digest that contains that hash.
type Header struct {
	Height        uint64
	View          uint64 // the view in which the block was first proposed
	Epoch         uint64
	Parent        Hash
	Time          uint64 // milliseconds since 1970; grows strictly
	Proposer      Address
	StateRoot     Hash
	TxRoot        Hash // Merkle Patricia root of the list of transactions
	ReceiptsRoot  Hash
	MessagesRoot  Hash // root of the outbox's append-only tree after this block
	Committee     Hash // of the epoch that Height belongs to
	NextCommittee Hash
	Beacon        Hash
	GasUsed       uint64
	GasLimit      uint64
	BaseFee       uint256.Int // wei per gas
	AnchorHash    Hash        // Anchor.Hash of the anchor after this block
}

// AppendRLP appends the header's encoding.
func (h *Header) AppendRLP(dst []byte) []byte {
	var p []byte
	for _, x := range []uint64{h.Height, h.View, h.Epoch} {
		p = rlp.AppendUint(p, x)
	}
	p = rlp.AppendBytes(p, h.Parent[:])
	p = rlp.AppendUint(p, h.Time)
	p = rlp.AppendBytes(p, h.Proposer[:])
	for _, x := range h.roots() {
		p = rlp.AppendBytes(p, x[:])
	}
	p = rlp.AppendUint(p, h.GasUsed)
	p = rlp.AppendUint(p, h.GasLimit)
	p = rlp.AppendInteger(p, h.BaseFee.Bytes())
	p = rlp.AppendBytes(p, h.AnchorHash[:])
	return rlp.AppendList(dst, p)
}

func (h *Header) roots() []*Hash {
	return []*Hash{&h.StateRoot, &h.TxRoot, &h.ReceiptsRoot, &h.MessagesRoot, &h.Committee, &h.NextCommittee, &h.Beacon}
}

// DecodeHeader reads a header that fills b exactly.
func DecodeHeader(b []byte) (*Header, error) {
	h := new(Header)
	d := rlp.NewDecoder(b)
	h.Height, h.View, h.Epoch = d.Uint(), d.Uint(), d.Uint()
	d.Fixed(h.Parent[:])
	h.Time = d.Uint()
	d.Fixed(h.Proposer[:])
	for _, x := range h.roots() {
		d.Fixed(x[:])
	}
	h.GasUsed, h.GasLimit = d.Uint(), d.Uint()
	h.BaseFee.SetBytes(d.Integer(32))
	d.Fixed(h.AnchorHash[:])
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("ledger: header: %w", err)
	}
	return h, nil
}

// Hash names the block.
func (h *Header) Hash() Hash { return keccak.Sum256(h.AppendRLP(nil)) }

// Seconds is the time as Ethereum's TIMESTAMP and JSON-RPC give it.
func (h *Header) Seconds() uint64 { return h.Time / 1000 }

// Cursor says which message of a lane its receiver expects next.
type Cursor struct {
	Peer uint64 // the chain at the lane's other end: a subchain's id, 0 for the root
	Lane uint32
	Next uint64 // nonce
}

// Anchor holds every field of a checkpoint that is not in the header. Seq is zero
// in all blocks but checkpoints. Fields that are not in use are zero.
type Anchor struct {
	Subchain       uint64 // id assigned by the root; 0 before registration
	Revision       uint64
	Seq            uint64 // consecutive from 1 in checkpoints; 0 in other blocks
	PrevCheckpoint Hash   // block hash of the checkpoint before
	MessageCount   uint64 // leaves under the header's MessagesRoot
	Cursors        []Cursor
	ExitRoot       Hash
	ExitSums       Hash
	DataHash       Hash
	ChainKey       Hash
	CodeHash       Hash
}

// Encode returns abi.encode of the anchor as one Solidity struct
// (uint64 subchain, uint64 revision, uint64 seq, bytes32 prevCheckpoint,
// uint64 messageCount, (uint64 peer, uint32 lane, uint64 next)[] cursors,
// bytes32 exitRoot, bytes32 exitSums, bytes32 dataHash, bytes32 chainKey,
// bytes32 codeHash): a dynamic tuple, hence one leading offset word.
func (a *Anchor) Encode() []byte {
	const heads = 11
	out := appendWord(nil, 32)
	for _, x := range []uint64{a.Subchain, a.Revision, a.Seq} {
		out = appendWord(out, x)
	}
	out = append(out, a.PrevCheckpoint[:]...)
	out = appendWord(out, a.MessageCount)
	out = appendWord(out, heads*32)
	for _, h := range a.hashes() {
		out = append(out, h[:]...)
	}
	out = appendWord(out, uint64(len(a.Cursors)))
	for _, c := range a.Cursors {
		out = appendWord(out, c.Peer)
		out = appendWord(out, uint64(c.Lane))
		out = appendWord(out, c.Next)
	}
	return out
}

func (a *Anchor) hashes() []*Hash {
	return []*Hash{&a.ExitRoot, &a.ExitSums, &a.DataHash, &a.ChainKey, &a.CodeHash}
}

// Hash is Keccak-256 of Encode.
func (a *Anchor) Hash() Hash { return keccak.Sum256(a.Encode()) }

func appendWord(dst []byte, x uint64) []byte {
	w := uint256.NewInt(x).Bytes32()
	return append(dst, w[:]...)
}

// Block is a header with the transactions that it commits to.
type Block struct {
	Header       Header
	Transactions []*Transaction
}

// AppendRLP appends [header, [transaction, …]]; each transaction is a string that
// holds its EIP-2718 envelope.
func (b *Block) AppendRLP(dst []byte) []byte {
	const prefix = 9 // bytes before a string or list, at most
	size := 0
	for _, tx := range b.Transactions {
		size += prefix + len(tx.Envelope())
	}
	txs := make([]byte, 0, size)
	for _, tx := range b.Transactions {
		txs = rlp.AppendBytes(txs, tx.Envelope())
	}
	head := b.Header.AppendRLP(nil)
	p := rlp.AppendList(append(make([]byte, 0, len(head)+len(txs)+prefix), head...), txs)
	return rlp.AppendList(slices.Grow(dst, len(p)+prefix), p)
}

// DecodeBlock reads a block that fills raw exactly. It does not compare the
// transactions with the header's root: execution does.
func DecodeBlock(raw []byte) (*Block, error) {
	return decodeBlock(raw, DecodeTransaction)
}

// DecodeBlockAmong reads a block as DecodeBlock does, and takes each transaction that
// known returns for its hash instead of decoding it again. The rest have their hashes
// computed. It keeps nothing of raw.
func DecodeBlockAmong(raw []byte, known func(Hash) *Transaction) (*Block, error) {
	return decodeBlock(raw, func(envelope []byte) (*Transaction, error) {
		hash := Hash(keccak.Sum256(envelope))
		if tx := known(hash); tx != nil {
			return tx, nil
		}
		tx, err := DecodeTransaction(envelope)
		if err != nil {
			return nil, err
		}
		// There is one encoding of a transaction: what was decoded is its envelope.
		tx.named.Store(&named{hash, bytes.Clone(envelope)})
		return tx, nil
	})
}

func decodeBlock(raw []byte, decode func(envelope []byte) (*Transaction, error)) (*Block, error) {
	d := rlp.NewDecoder(raw)
	head := d.Raw()
	b := new(Block)
	d.Each(func(item *rlp.Decoder) {
		envelope := item.Bytes()
		if item.Err() != nil {
			return
		}
		tx, err := decode(envelope)
		if err != nil {
			item.Fail(err)
			return
		}
		b.Transactions = append(b.Transactions, tx)
	})
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("ledger: block: %w", err)
	}
	h, err := DecodeHeader(head)
	if err != nil {
		return nil, err
	}
	b.Header = *h
	return b, nil
}
