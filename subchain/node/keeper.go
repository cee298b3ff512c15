package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrEndorsed reports a second checkpoint under a sequence number that this seat
// has signed already.
var ErrEndorsed = errors.New("node: sequence number already signed for another block")

// keeper holds what must survive a crash beside the final blocks: the votes, the
// bodies of blocks that are not final, and the signatures over checkpoints.
type keeper struct {
	db          *store.Store
	mark        *store.Watermark       // nil: none is kept
	votes       *store.Log             // epoch (8 bytes) ‖ record of the core
	bodies      store.Space            // block hash → RLP
	heights     map[ledger.Hash]uint64 // of what bodies holds, once pending was called
	endorsed    store.Space            // sequence number → block hash that this seat signed
	checkpoints store.Space            // sequence number → encoded signatures of a quorum
	keyed       store.Space            // height → Keccak-256 of a chain key ‖ its certificate
	chainKeys   store.Space            // Keccak-256 → chain key, 96 bytes
}

// keptVotes is how many records stay in the log: enough to audit the recent past,
// few enough to replay within a second.
const keptVotes = 20_000

func openKeeper(db *store.Store, mark *store.Watermark) *keeper {
	return &keeper{
		db: db, mark: mark, votes: db.Log("votes"), bodies: db.Space("bodies"), heights: map[ledger.Hash]uint64{},
		endorsed: db.Space("endorsed"), checkpoints: db.Space("endorsements"),
		keyed: db.Space("keyed"), chainKeys: db.Space("chainkeys"),
	}
}

// persist writes records and bodies with one sync.
func (k *keeper) persist(epoch uint64, records [][]byte, bodies []*ledger.Block) error {
	batch := k.db.Batch()
	defer batch.Close()
	for _, r := range records {
		rec := append(binary.BigEndian.AppendUint64(nil, epoch), r...)
		batch.Append(k.votes, rec)
	}
	for _, b := range bodies {
		hash := b.Header.Hash()
		batch.Set(k.bodies, hash[:], b.AppendRLP(nil))
	}
	if err := batch.WriteSync(); err != nil {
		return err
	}
	for _, b := range bodies {
		k.heights[b.Header.Hash()] = b.Header.Height
	}
	return k.raise(epoch, records)
}

// raise moves the watermark to the last vote of records. The log comes first: if all
// seats of a committee lose power between the two, each still knows what it signed.
func (k *keeper) raise(epoch uint64, records [][]byte) error {
	if k.mark == nil {
		return nil
	}
	top := store.Mark{}
	for _, rec := range records {
		r, err := rolldpos.DecodeRecord(rec)
		if err != nil {
			return fmt.Errorf("node: own record: %w", err)
		}
		if m := markOf(epoch, r); top.View <= m.View {
			top = m
		}
	}
	if !below(k.mark.Get(), top) {
		return nil // certificates only, or a vote in a view that has passed
	}
	return k.mark.Raise(top)
}

// markSteps is how many marks a view has: for the vote of each kind.
const markSteps = 4

// markOf is the watermark of a record's vote, zero without one.
func markOf(epoch uint64, r *rolldpos.Record) store.Mark {
	v := r.Vote
	if v == nil {
		return store.Mark{}
	}
	return store.Mark{Epoch: epoch, View: markSteps*uint64(v.View) + uint64(v.Kind), Digest: ledger.Keccak(v.AppendBinary(nil))}
}

// lost returns the watermark if it is above the log, else the zero Mark: the seat has
// signed what the database does not show, because that was restored from an old copy
// or has lost its end. With doubt nobody knows how much: there are more votes in the log
// than a first start leaves before its mark, and a watermark that knows of none. A
// watermark that is below the log is raised to it.
func (k *keeper) lost() (lost store.Mark, doubt bool, err error) {
	if k.mark == nil {
		return lost, false, nil
	}
	last, votes := store.Mark{}, 0
	err = k.votes.Replay(func(_ uint64, rec []byte) error {
		if len(rec) < 8 {
			return fmt.Errorf("node: record of %d bytes", len(rec))
		}
		r, err := rolldpos.DecodeRecord(rec[8:])
		if err != nil {
			return fmt.Errorf("node: vote log: %w", err)
		}
		if m := markOf(binary.BigEndian.Uint64(rec), r); below(last, m) {
			last = m
		}
		votes++
		return nil
	})
	mark := k.mark.Get()
	switch {
	case err != nil:
		return lost, false, err
	case below(last, mark):
		return mark, false, nil
	case mark == store.Mark{} && votes > fresh:
		return lost, true, nil
	case below(mark, last):
		// The end came between the log and the mark. The seat repeats what the log holds,
		// so that the mark must cover it first.
		return lost, false, k.mark.Raise(last)
	}
	return lost, false, nil
}

// fresh is how many votes a seat that ended before its first mark may have in its log.
const fresh = 4 * maxBatch

func below(a, b store.Mark) bool {
	return a.Epoch < b.Epoch || a.Epoch == b.Epoch && a.View < b.View
}

// abstention is the highest view of an epoch in which a seat that has lost votes up
// to a mark must sign nothing.
func abstention(lost store.Mark, epoch uint64) rolldpos.View {
	switch {
	case lost.Epoch > epoch:
		return math.MaxInt64 // the whole epoch is past
	case lost.Epoch == epoch:
		return rolldpos.View(lost.View / markSteps)
	}
	return 0
}

// records returns the log's records of an epoch that speak of views above final, in
// order. The rest bind nobody any more.
func (k *keeper) records(epoch uint64, final rolldpos.View) (out [][]byte, err error) {
	err = k.votes.Replay(func(_ uint64, rec []byte) error {
		if len(rec) < 8 {
			return fmt.Errorf("node: record of %d bytes", len(rec))
		}
		if binary.BigEndian.Uint64(rec) != epoch {
			return nil
		}
		r, err := rolldpos.DecodeRecord(rec[8:])
		if err != nil {
			return fmt.Errorf("node: vote log: %w", err)
		}
		if r.Vote != nil && r.Vote.View > final || r.Vote == nil && r.Certificate.View > final {
			out = append(out, append([]byte(nil), rec[8:]...))
		}
		return nil
	})
	return out, err
}

// pending returns the bodies of blocks that were not final.
func (k *keeper) pending() (out []*ledger.Block, err error) {
	it := k.bodies.Iterate(nil, nil)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		b, err := ledger.DecodeBlock(it.Value())
		if err != nil {
			return nil, fmt.Errorf("node: stored body: %w", err)
		}
		out = append(out, b)
		k.heights[b.Header.Hash()] = b.Header.Height
	}
	return out, it.Err()
}

// forget drops bodies at or below a final height and the oldest votes.
func (k *keeper) forget(height uint64) error {
	batch := k.db.Batch()
	defer batch.Close()
	var gone []ledger.Hash
	for hash, h := range k.heights {
		if h <= height {
			batch.Delete(k.bodies, hash[:])
			gone = append(gone, hash)
		}
	}
	if err := batch.WriteSync(); err != nil {
		return err
	}
	for _, hash := range gone {
		delete(k.heights, hash)
	}
	first, next, err := k.votes.Bounds()
	if err != nil || next-first <= 2*keptVotes {
		return err
	}
	return k.votes.Truncate(next - keptVotes)
}

// endorse records durably that this seat signs a block under a sequence number.
func (k *keeper) endorse(seq uint64, hash ledger.Hash) error {
	key := binary.BigEndian.AppendUint64(nil, seq)
	old, err := k.endorsed.Get(key)
	if err != nil {
		return err
	}
	if old != nil {
		if ledger.Hash(old) != hash {
			return fmt.Errorf("%w: %d, %x and %s", ErrEndorsed, seq, old, hash)
		}
		return nil
	}
	batch := k.db.Batch()
	defer batch.Close()
	batch.Set(k.endorsed, key, hash[:])
	return batch.WriteSync()
}

// checkpoint returns the encoded signatures of a quorum, or nil.
func (k *keeper) checkpoint(seq uint64) ([]byte, error) {
	return k.checkpoints.Get(binary.BigEndian.AppendUint64(nil, seq))
}

func (k *keeper) putCheckpoint(seq uint64, signatures []byte) error {
	batch := k.db.Batch()
	defer batch.Close()
	batch.Set(k.checkpoints, binary.BigEndian.AppendUint64(nil, seq), signatures)
	return batch.WriteSync()
}

func decodeUint(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, errWire
	}
	return binary.BigEndian.Uint64(b), nil
}

// Audit reads the log of votes of a stopped node and returns an error that wraps
// rolldpos.ErrConflict if its seat ever signed two different votes of one kind, or
// commit and nullify, in one view.
func Audit(db *store.Store) error {
	k := openKeeper(db, nil)
	epochs := map[uint64][][]byte{}
	err := k.votes.Replay(func(_ uint64, rec []byte) error {
		if len(rec) < 8 {
			return fmt.Errorf("node: record of %d bytes", len(rec))
		}
		epoch := binary.BigEndian.Uint64(rec)
		epochs[epoch] = append(epochs[epoch], append([]byte(nil), rec[8:]...))
		return nil
	})
	if err != nil {
		return err
	}
	for _, epoch := range slices.Sorted(maps.Keys(epochs)) {
		if err := rolldpos.Audit(epochs[epoch]); err != nil {
			return fmt.Errorf("node: epoch %d: %w", epoch, err)
		}
	}
	return nil
}
