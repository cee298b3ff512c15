package light

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// Header is the header of a final block. Its methods check proofs against it; their
// errors wrap ledger.ErrProof, and the proofs may come from anybody.
type Header struct{ ledger.Header }

// Account returns the account at addr after the block, or the zero Account if the
// proof, the trie's nodes from the root down, shows that none is there.
func (h *Header) Account(addr ledger.Address, proof [][]byte) (ledger.Account, error) {
	return ledger.VerifyAccount(h.StateRoot, addr, proof)
}

// Slot returns the value of a storage slot of the account at addr after the block,
// zero if the proofs show that it holds none. Without an account, storage is not read.
func (h *Header) Slot(addr ledger.Address, account [][]byte, key ledger.Hash, storage [][]byte) (ledger.Hash, error) {
	a, err := h.Account(addr, account)
	if err != nil || !a.Exists() {
		return ledger.Hash{}, err
	}
	return ledger.VerifySlot(a.Root, key, storage)
}

// Transaction returns the envelope of the block's transaction at index;
// ledger.DecodeTransaction reads it.
func (h *Header) Transaction(index uint64, proof [][]byte) ([]byte, error) {
	return ledger.VerifyItem(h.TxRoot, index, proof)
}

// Receipt returns the receipt of the block's transaction at index, with the fields that
// the receipts root covers: type, success, cumulative gas and logs.
func (h *Header) Receipt(index uint64, proof [][]byte) (*ledger.Receipt, error) {
	envelope, err := ledger.VerifyItem(h.ReceiptsRoot, index, proof)
	if err != nil {
		return nil, err
	}
	r, err := ledger.DecodeReceiptEnvelope(envelope)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ledger.ErrProof, err)
	}
	return r, nil
}

// Anchor returns the anchor that the header commits to; raw is ledger.Anchor.Encode.
func (h *Header) Anchor(raw []byte) (*ledger.Anchor, error) {
	return openAnchor(h.AnchorHash, raw)
}

// Message checks that leaf is at index of the chain's outbox, which grows for ever:
// a later header proves it as well. anchor is as in Anchor: it holds the count.
func (h *Header) Message(anchor []byte, index uint64, leaf ledger.Hash, proof []ledger.Hash) error {
	a, err := h.Anchor(anchor)
	if err != nil {
		return err
	}
	if err := merkle.Verify(h.MessagesRoot, a.MessageCount, index, leaf, proof); err != nil {
		return fmt.Errorf("%w: message %d: %w", ledger.ErrProof, index, err)
	}
	return nil
}

func openAnchor(hash ledger.Hash, raw []byte) (*ledger.Anchor, error) {
	if ledger.Keccak(raw) != hash {
		return nil, fmt.Errorf("%w: anchor is not the header's", ledger.ErrProof)
	}
	a, err := ledger.DecodeAnchor(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ledger.ErrProof, err)
	}
	return a, nil
}
