package node

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// keptKeyCertificates is how many of the newest heights keep the certificate of the
// chain key. A later one covers every block before it.
const keptKeyCertificates = 20_000

// putKeyCertificate stores a verified certificate beside the final block of a height,
// and its key once.
func (k *keeper) putKeyCertificate(height uint64, c *chainkey.Certificate, key *chainkey.Key) error {
	id := key.Hash()
	known, err := k.chainKeys.Has(id[:])
	if err != nil {
		return err
	}
	batch := k.db.Batch()
	defer batch.Close()
	if !known {
		b := key.Bytes()
		batch.Set(k.chainKeys, id[:], b[:])
	}
	batch.Set(k.keyed, binary.BigEndian.AppendUint64(nil, height), c.AppendBinary(id[:]))
	return batch.WriteSync()
}

// keyCertificate returns the certificate of a height and its key, nil without one.
func (k *keeper) keyCertificate(height uint64) (certificate, key []byte, err error) {
	b, err := k.keyed.Get(binary.BigEndian.AppendUint64(nil, height))
	if err != nil || b == nil {
		return nil, nil, err
	}
	if len(b) < len(ledger.Hash{}) {
		return nil, nil, fmt.Errorf("node: stored certificate of %d bytes", len(b))
	}
	id, certificate := b[:len(ledger.Hash{})], b[len(ledger.Hash{}):]
	key, err = k.chainKeys.Get(id)
	return certificate, key, err
}

// forgetKeyCertificates drops those of the heights that a final height has left far
// behind.
func (k *keeper) forgetKeyCertificates(height uint64) error {
	if height <= keptKeyCertificates {
		return nil
	}
	batch := k.db.Batch()
	defer batch.Close()
	it := k.keyed.Iterate(nil, binary.BigEndian.AppendUint64(nil, height-keptKeyCertificates))
	for it.Next() {
		batch.Delete(k.keyed, append([]byte(nil), it.Key()...))
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		return err
	}
	return batch.WriteSync()
}
