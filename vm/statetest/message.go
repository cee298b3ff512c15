package statetest

import (
	"fmt"
	"math"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// message lowers the transaction of a case. An error means that the transaction is
// invalid by its form. The signed encoding, where the test has it, must decode to a
// transaction by the same sender on the test's chain, and is what runs.
func (t *Test) message(p *post, chain uint64) (*ledger.Message, error) {
	m, err := t.Transaction.lower(p)
	if err != nil || len(p.TxBytes) == 0 {
		return m, err
	}
	tx, err := ledger.DecodeTransaction(p.TxBytes)
	if err != nil {
		return nil, err
	}
	if id, overflow := tx.ChainID.Uint64WithOverflow(); tx.Protected() && (overflow || id != chain) {
		return nil, fmt.Errorf("%w: chain id %s", ledger.ErrTxFormat, tx.ChainID.Dec())
	}
	signed, err := tx.Message()
	if err != nil {
		return nil, err
	}
	if signed.From != m.From {
		return nil, fmt.Errorf("%w: txbytes are signed by %s, sender is %s", ErrFormat, signed.From, m.From)
	}
	return signed, nil
}

func (tx *transaction) lower(p *post) (*ledger.Message, error) {
	ix := &p.Indexes
	if ix.Data >= len(tx.Data) || ix.Gas >= len(tx.GasLimit) || ix.Value >= len(tx.Value) {
		return nil, fmt.Errorf("%w: index out of range", ErrFormat)
	}
	gas, value := &tx.GasLimit[ix.Gas], &tx.Value[ix.Value]
	if !gas.IsUint64() || !tx.Nonce.IsUint64() || gas.over || tx.Nonce.over || value.over {
		return nil, fmt.Errorf("%w: number out of range", ledger.ErrTxFormat)
	}
	m := &ledger.Message{
		Nonce: tx.Nonce.Uint64(), CheckNonce: true, Value: value.word(), Gas: gas.Uint64(),
		Data: tx.Data[ix.Data],
	}
	for _, h := range tx.BlobHashes {
		if len(h) != 32 {
			return nil, fmt.Errorf("%w: blob hash of %d bytes", ledger.ErrTxFormat, len(h))
		}
		m.BlobHashes = append(m.BlobHashes, ledger.Hash(h))
	}
	if tx.To != "" && tx.To != "0x" {
		to, err := ledger.ParseAddress(tx.To)
		if err != nil {
			return nil, err
		}
		m.To = &to
	}
	if err := tx.setSender(m); err != nil {
		return nil, err
	}
	if tx.GasPrice != nil {
		m.GasFeeCap, m.GasTipCap = tx.GasPrice.word(), tx.GasPrice.word()
	}
	if ix.Data < len(tx.AccessLists) && tx.AccessLists[ix.Data] != nil {
		m.Type = ledger.AccessListTx
		for _, e := range tx.AccessLists[ix.Data] {
			tuple := ledger.AccessTuple{Address: e.Address}
			for i := range e.Slots {
				tuple.Slots = append(tuple.Slots, e.Slots[i].Bytes32())
			}
			m.AccessList = append(m.AccessList, tuple)
		}
	}
	if tx.FeeCap != nil {
		m.Type = ledger.DynamicFeeTx
		m.GasFeeCap, m.GasTipCap = tx.FeeCap.word(), tx.TipCap.word()
	}
	if tx.BlobFeeCap != nil {
		m.Type = ledger.BlobTx
		m.BlobFeeCap = tx.BlobFeeCap.word()
	}
	if tx.Authorizations != nil {
		m.Type = ledger.SetCodeTx
		return m, tx.setAuthorizations(m)
	}
	return m, nil
}

func (tx *transaction) setSender(m *ledger.Message) error {
	switch {
	case tx.Sender != nil:
		m.From = *tx.Sender
	case tx.SecretKey != nil:
		key, err := ledger.ParseKey(tx.SecretKey.Bytes32())
		if err != nil {
			return err
		}
		m.From = key.Address()
	default:
		return fmt.Errorf("%w: no sender", ErrFormat)
	}
	m.GasPayer = m.From
	return nil
}

func (tx *transaction) setAuthorizations(m *ledger.Message) error {
	for i := range tx.Authorizations {
		a := &tx.Authorizations[i]
		if !a.Nonce.IsUint64() || a.V.GtUint64(math.MaxUint8) || a.ChainID.over || a.R.over || a.S.over {
			return fmt.Errorf("%w: authorization", ledger.ErrTxFormat)
		}
		m.Authorizations = append(m.Authorizations, ledger.Authorization{
			ChainID: a.ChainID.word(), Address: a.Address, Nonce: a.Nonce.Uint64(),
			V: uint8(a.V.Uint64()), R: a.R.word(), S: a.S.word(),
		})
	}
	return nil
}
