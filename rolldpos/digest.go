package rolldpos

import (
	"encoding/binary"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Tags separate what a seat's key signs. None is a prefix of another, and behind
// each follow fields of fixed length, so that no two statements share a digest.
const (
	tagVote       = "rootstem/rolldpos/vote/1"
	tagProposal   = "rootstem/rolldpos/proposal/1"
	tagStatus     = "rootstem/rolldpos/status/1"
	tagCheckpoint = "rootstem/rolldpos/checkpoint/1"
	tagCommittee  = "rootstem/rolldpos/committee/1"
	tagSelfTest   = "rootstem/rolldpos/self-test/1"
)

// VoteDigest is what a vote signs: Keccak-256 of the tag, the genesis hash, epoch and
// view (8 bytes each, big-endian), the kind (1 byte) and the block's hash (zero for
// Nullify).
func VoteDigest(genesis Hash, e Epoch, v View, k Kind, block Hash) [32]byte {
	b := place(genesis, e, v)
	b = append(b, byte(k))
	return keccak.Sum256([]byte(tagVote), b, block[:])
}

// ProposalDigest is what a leader signs: Keccak-256 of the tag, the genesis hash,
// epoch, view and the parent's view (8 bytes each, big-endian), the parent's hash and
// the block's hash.
func ProposalDigest(genesis Hash, e Epoch, v, parentView View, parent, block Hash) [32]byte {
	b := binary.BigEndian.AppendUint64(place(genesis, e, v), uint64(parentView))
	return keccak.Sum256([]byte(tagProposal), b, parent[:], block[:])
}

// CheckpointDigest is what a seat signs for a checkpoint: Keccak-256 of the tag, the
// domain (which binds the subchain and its root), the sequence number (8 bytes,
// big-endian) and the block's hash.
func CheckpointDigest(domain [32]byte, seq uint64, block [32]byte) [32]byte {
	s := binary.BigEndian.AppendUint64(nil, seq)
	return keccak.Sum256([]byte(tagCheckpoint), domain[:], s, block[:])
}

func statusDigest(genesis Hash, s *Status) [32]byte {
	b := binary.BigEndian.AppendUint64(place(genesis, s.Epoch, s.View), uint64(s.Final))
	b = binary.BigEndian.AppendUint64(b, s.Query)
	b = binary.BigEndian.AppendUint64(b, s.Answer)
	b = append(b, byte(s.Seat))
	return keccak.Sum256([]byte(tagStatus), b)
}

func selfTestDigest(genesis Hash) [32]byte { return keccak.Sum256([]byte(tagSelfTest), genesis[:]) }

func place(genesis Hash, e Epoch, v View) []byte {
	b := append(make([]byte, 0, 64), genesis[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e))
	return binary.BigEndian.AppendUint64(b, uint64(v))
}
