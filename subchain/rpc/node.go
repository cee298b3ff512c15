package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func clientVersion(s *session, _ context.Context, _ params) (any, error) { return s.cfg.Version, nil }

func netVersion(s *session, _ context.Context, _ params) (any, error) {
	return strconv.FormatUint(s.backend.Chain.ChainID(), 10), nil
}

func listening(*session, context.Context, params) (any, error) { return true, nil }

func peerCount(s *session, _ context.Context, _ params) (any, error) {
	return quantity(max(0, s.backend.Extensions.Peers())), nil
}

func chainID(s *session, _ context.Context, _ params) (any, error) {
	return quantity(s.backend.Chain.ChainID()), nil
}

// accounts is empty: the server holds no keys.
func accounts(*session, context.Context, params) (any, error) { return []address{}, nil }

func blockNumber(s *session, _ context.Context, _ params) (any, error) { return quantity(s.head), nil }

func syncing(s *session, _ context.Context, _ params) (any, error) {
	at := s.backend.Extensions.Sync()
	if !at.Active {
		return false, nil
	}
	return map[string]quantity{
		"startingBlock": quantity(at.Start), "currentBlock": quantity(at.Current), "highestBlock": quantity(at.Highest),
	}, nil
}

// sendRawTransaction checks what needs no state and hands the transaction to the
// pool. The texts are those that libraries recognise.
func sendRawTransaction(s *session, ctx context.Context, p params) (any, error) {
	raw, err := textAs(p, 0, parseData)
	if err != nil {
		return nil, err
	}
	if len(raw) > s.cfg.MaxTxSize {
		return nil, failf(codeServer, "oversized data: transaction size %d, limit %d", len(raw), s.cfg.MaxTxSize)
	}
	tx, err := ledger.DecodeTransaction(raw)
	if err != nil {
		return nil, failf(codeServer, "%s", clientText(err))
	}
	if tx.Type == ledger.BlobTx {
		return nil, failf(codeServer, "%s", clientText(ledger.ErrTxType))
	}
	if !tx.Protected() {
		return nil, failf(codeServer, "only replay-protected (EIP-155) transactions allowed over RPC")
	}
	if id := s.backend.Chain.ChainID(); !tx.ChainID.IsUint64() || tx.ChainID.Uint64() != id {
		return nil, failf(codeServer, "invalid chain id for signer: have %s want %d", tx.ChainID.Dec(), id)
	}
	if _, err := tx.Sender(); err != nil {
		return nil, failf(codeServer, "invalid sender: %s", clientText(err))
	}
	if err := s.backend.Pool.Submit(ctx, tx); err != nil {
		return nil, failf(codeServer, "%s", clientText(err))
	}
	return tx.Hash(), nil
}

type lightView struct {
	Hash        ledger.Hash `json:"hash"`
	Header      data        `json:"header"`
	Anchor      anchorView  `json:"anchor"`
	Certificate data        `json:"certificate"`
	Committee   data        `json:"committee"`

	KeyCertificate *data `json:"keyCertificate"`
	ChainKey       *data `json:"chainKey"`
}

// getLight returns the header (RLP), the anchor, the certificate and the committee
// that signed it of the first block at or above a height or tag that has a
// certificate of its own; null if there is none yet. The certificate of the chain key
// and that key come with it, or are null.
func getLight(s *session, _ context.Context, p params) (any, error) {
	height, err := textAs(p, 0, s.parseHeight)
	if err != nil {
		return nil, err
	}
	l, err := s.backend.Extensions.Light(height)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := lightView{
		Hash: ledger.Keccak(l.Header), Header: l.Header, Anchor: viewAnchor(&l.Anchor),
		Certificate: l.Certificate, Committee: l.Committee,
	}
	if len(l.KeyCertificate) > 0 {
		v.KeyCertificate, v.ChainKey = (*data)(&l.KeyCertificate), (*data)(&l.ChainKey)
	}
	return v, nil
}

type checkpointView struct {
	Hash       ledger.Hash `json:"hash"`
	Header     data        `json:"header"`
	Anchor     anchorView  `json:"anchor"`
	Committee  data        `json:"committee"`
	Signatures data        `json:"signatures"`
}

// getCheckpoint returns the checkpoint of a sequence number; null if there is none yet.
func getCheckpoint(s *session, _ context.Context, p params) (any, error) {
	seq, err := textAs(p, 0, parseQuantity)
	if err != nil {
		return nil, err
	}
	c, err := s.backend.Extensions.Checkpoint(seq)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return checkpointView{ledger.Keccak(c.Header), c.Header, viewAnchor(&c.Anchor), c.Committee, c.Signatures}, nil
}

// maxHandovers bounds an answer: a device that slept longer asks again.
const maxHandovers = 64

// getHandovers returns the handovers of the chain key to an era and to those after it,
// oldest first.
func getHandovers(s *session, _ context.Context, p params) (any, error) {
	era, err := textAs(p, 0, parseQuantity)
	if err != nil {
		return nil, err
	}
	list, err := s.backend.Extensions.Handovers(era, maxHandovers)
	if err != nil {
		return nil, err
	}
	out := make([]data, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out, nil
}

// getABI returns the JSON ABI of the module at an address; null if no module is there.
func getABI(s *session, _ context.Context, p params) (any, error) {
	addr, err := textAs(p, 0, parseAddress)
	if err != nil {
		return nil, err
	}
	abi, ok := s.backend.Extensions.ABI(addr)
	if !ok {
		return nil, nil
	}
	if !json.Valid(abi) {
		return nil, fmt.Errorf("rpc: the ABI of %s is not JSON", addr)
	}
	return json.RawMessage(abi), nil
}
