package duty

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/chain"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/vm"
)

// signEvery is how many blocks pass between two looks at the next epoch's key, and
// between two sendings of a handover's partial.
const signEvery = 4

// handOver has the last committee of an era sign the key of the next, once that is
// published, and keeps what comes out.
func (d *Duty) handOver(ctx context.Context) error {
	head := d.cfg.Chain.Head()
	height := head.Block.Header.Height
	if d.cfg.Ceremony.IsZero() || height/signEvery == d.looked || head.Block.Header.Epoch == d.settled {
		return nil
	}
	d.looked = height / signEvery
	h, signers, err := d.newKey(ctx, head)
	if err != nil || h == nil {
		return err
	}
	known, err := d.handover(h.Era)
	if err != nil || known != nil || bytes.Equal(h.Key[:], signers) {
		d.settled = head.Block.Header.Epoch
		return err
	}
	genesis, epoch := d.cfg.Chain.Genesis(), rolldpos.Epoch(head.Block.Header.Epoch)
	statement := h.Statement(genesis, epoch)
	d.mu.Lock()
	given := d.given
	d.mu.Unlock()
	if given == nil || given.Statement != statement {
		d.cfg.Sign(statement)
		return nil
	}
	h.Signature = given.Signature
	before, err := chainkey.Open(signers)
	if err == nil {
		_, err = h.Verify(genesis, before)
	}
	if err != nil {
		return fmt.Errorf("duty: handover to era %d: %w", h.Era, err)
	}
	batch := d.cfg.Store.Batch()
	defer batch.Close()
	batch.Set(d.handovers, binary.BigEndian.AppendUint64(nil, h.Era), h.AppendBinary(nil))
	if err := batch.WriteSync(); err != nil {
		return err
	}
	d.log.Info("handover kept", "era", h.Era, "epoch", h.Epoch)
	return nil
}

// newKey returns the next epoch's key as a handover that is not signed yet, and the key
// of the head's epoch; nil while one of them is not known.
func (d *Duty) newKey(ctx context.Context, head *chain.Record) (h *chainkey.Handover, signers []byte, err error) {
	height := head.Block.Header.Height
	epoch, last := d.cfg.Chain.Epoch(height)
	if epoch == 0 || last {
		return nil, nil, nil
	}
	now, err := d.cfg.Chain.Election(head)
	if err != nil || len(now.ChainKey) == 0 {
		return nil, nil, err
	}
	data, err := module.Pack("groupOf(uint64)", epoch+1)
	if err != nil {
		return nil, nil, err
	}
	res, err := d.cfg.Chain.Call(ctx, height, &ledger.Message{To: &d.cfg.Ceremony, Data: data, Gas: d.cfg.Chain.GasLimit()})
	if err != nil || res.Status != vm.Success {
		return nil, nil, err
	}
	h = &chainkey.Handover{Epoch: rolldpos.Epoch(epoch + 1)}
	var group []byte
	if err := module.Unpack(res.Return, &h.Era, &group); err != nil {
		return nil, nil, fmt.Errorf("duty: group of epoch %d: %w", epoch+1, err)
	}
	if len(group) == 0 {
		return nil, nil, nil
	}
	g, err := dkg.DecodeGroup(group)
	if err != nil {
		return nil, nil, err
	}
	h.Key = g.Key.Bytes()
	return h, now.ChainKey, nil
}

// handover returns the encoded handover to an era's key, nil if it is not known here.
func (d *Duty) handover(era uint64) ([]byte, error) {
	return d.handovers.Get(binary.BigEndian.AppendUint64(nil, era))
}

// Handovers yields the encoded handovers to an era's key and those after it, at most
// limit, oldest first.
func (d *Duty) Handovers(from uint64, limit int) (out [][]byte, err error) {
	it := d.handovers.Iterate(binary.BigEndian.AppendUint64(nil, from), nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for len(out) < limit && it.Next() {
		out = append(out, bytes.Clone(it.Value()))
	}
	return out, it.Err()
}
