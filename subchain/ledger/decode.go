package ledger

import (
	"fmt"
	"math"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/rlp"
)

// DecodeTransaction reads an EIP-2718 envelope that fills b exactly. The result
// does not alias b. It checks the encoding and the shape, not the signature.
func DecodeTransaction(b []byte) (*Transaction, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrTxFormat)
	}
	tx := new(Transaction)
	payload := b
	switch {
	case b[0] >= 0xc0:
	case b[0] >= AccessListTx && b[0] <= SetCodeTx:
		tx.Type = b[0]
		payload = b[1:]
	default:
		return nil, fmt.Errorf("%w: 0x%02x", ErrTxType, b[0])
	}
	d := rlp.NewDecoder(payload)
	tx.decodeFields(d)
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTxFormat, err)
	}
	if err := tx.checkShape(); err != nil {
		return nil, err
	}
	return tx, nil
}

func (tx *Transaction) decodeFields(d *rlp.Decoder) {
	if tx.Type != LegacyTx {
		word(d, &tx.ChainID)
	}
	tx.Nonce = d.Uint()
	word(d, &tx.GasTipCap)
	if tx.Type >= DynamicFeeTx {
		word(d, &tx.GasFeeCap)
	} else {
		tx.GasFeeCap = tx.GasTipCap
	}
	tx.Gas = d.Uint()
	switch to := d.Bytes(); len(to) {
	case 0:
	case 20:
		tx.To = (*Address)(append([]byte(nil), to...))
	default:
		d.Fail(rlp.ErrLength)
	}
	word(d, &tx.Value)
	tx.Data = append([]byte(nil), d.Bytes()...)
	if tx.Type != LegacyTx {
		tx.AccessList = decodeAccessList(d)
	}
	switch tx.Type {
	case BlobTx:
		word(d, &tx.BlobFeeCap)
		d.Each(func(item *rlp.Decoder) {
			var h Hash
			item.Fixed(h[:])
			tx.BlobHashes = append(tx.BlobHashes, h)
		})
	case SetCodeTx:
		d.Each(func(item *rlp.Decoder) {
			tx.Authorizations = append(tx.Authorizations, decodeAuthorization(item))
		})
	}
	word(d, &tx.V)
	word(d, &tx.R)
	word(d, &tx.S)
	if tx.Type == LegacyTx && tx.V.GtUint64(34) {
		tx.ChainID.SubUint64(&tx.V, 35)
		tx.ChainID.Rsh(&tx.ChainID, 1)
	}
}

// checkShape refuses what no valid transaction can hold.
func (tx *Transaction) checkShape() error {
	switch {
	case tx.Type == LegacyTx && tx.Protected() && !tx.V.GtUint64(36):
		// 35 and 36 would bind chain id 0, which signs as no chain id does: the
		// signature of an unprotected transaction would have two encodings.
		return fmt.Errorf("%w: v", ErrTxFormat)
	case tx.Nonce == math.MaxUint64:
		return fmt.Errorf("%w: nonce is the largest (EIP-2681)", ErrTxFormat)
	case tx.Type >= BlobTx && tx.To == nil:
		return fmt.Errorf("%w: type %d cannot create a contract", ErrTxFormat, tx.Type)
	case tx.Type == BlobTx && len(tx.BlobHashes) == 0:
		return fmt.Errorf("%w: no blob hashes", ErrTxFormat)
	case tx.Type == SetCodeTx && len(tx.Authorizations) == 0:
		return fmt.Errorf("%w: no authorizations", ErrTxFormat)
	}
	return nil
}

func word(d *rlp.Decoder, dst *uint256.Int) { dst.SetBytes(d.Integer(32)) }

func decodeAccessList(d *rlp.Decoder) (list []AccessTuple) {
	d.Each(func(item *rlp.Decoder) {
		t := item.List()
		var tuple AccessTuple
		t.Fixed(tuple.Address[:])
		t.Each(func(s *rlp.Decoder) {
			var h Hash
			s.Fixed(h[:])
			tuple.Slots = append(tuple.Slots, h)
		})
		if err := t.Done(); err != nil {
			item.Fail(err)
			return
		}
		list = append(list, tuple)
	})
	return list
}

func decodeAuthorization(item *rlp.Decoder) (a Authorization) {
	t := item.List()
	word(t, &a.ChainID)
	t.Fixed(a.Address[:])
	a.Nonce = t.Uint()
	v := t.Integer(1)
	if len(v) == 1 {
		a.V = v[0]
	}
	word(t, &a.R)
	word(t, &a.S)
	if err := t.Done(); err != nil {
		item.Fail(err)
	}
	return a
}
