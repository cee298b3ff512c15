package chainkey

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
)

// Domain separation of the signatures (RFC 9380, section 3.1).
const (
	DSTCommit   = "ROOTSTEM-CHAINKEY-V01-COMMIT-BLS12381G1_XMD:SHA-256_SSWU_RO_"
	DSTHandover = "ROOTSTEM-CHAINKEY-V01-HANDOVER-BLS12381G1_XMD:SHA-256_SSWU_RO_"

	tagCommit   = "rootstem/chainkey/commit/1"
	tagHandover = "rootstem/chainkey/handover/1"
)

// maxNumber bounds epochs, views and eras, as rolldpos does.
const maxNumber = 1 << 62

// Errors. ErrInvalid is wrapped by all that hostile bytes can cause.
var (
	ErrInvalid   = errors.New("chainkey: invalid data")
	ErrEncoding  = wrap("malformed encoding")
	ErrStatement = wrap("no seat signs such a statement")
	ErrEpoch     = wrap("statement is of another epoch")
	ErrSeat      = wrap("no such seat")
	ErrPartial   = wrap("partial does not verify")
	ErrSignature = wrap("signature does not verify under the chain key")
	ErrKey       = wrap("not a chain key")
	ErrSharing   = errors.New("chainkey: threshold, shares and seats do not fit")
)

type dataError string

func wrap(text string) error          { return dataError("chainkey: " + text) }
func (e dataError) Error() string     { return string(e) }
func (e dataError) Is(err error) bool { return err == ErrInvalid }

// Hash names a block or a chain by its genesis.
type Hash = rolldpos.Hash

// Kind is the sort of a statement.
type Kind uint8

// The kinds; their values are on the wire.
const (
	CommitKind   Kind = 1 // the block is final
	RoundKind    Kind = 2 // the beacon's round
	HandoverKind Kind = 3 // the next era's key
)

// Statement is what the shares of one epoch sign.
type Statement struct {
	Kind  Kind
	Epoch rolldpos.Epoch // of the signers; in a RoundKind also the round
	View  rolldpos.View  // of the commit votes; zero in other kinds
	Block Hash           // the block; Handover.Digest in a HandoverKind; zero in a RoundKind
}

// check refuses what no honest seat signs.
func (s *Statement) check() error {
	if s.Epoch == 0 || s.Epoch >= maxNumber || s.View >= maxNumber {
		return fmt.Errorf("%w: epoch %d, view %d", ErrStatement, s.Epoch, s.View)
	}
	empty := s.Block == Hash{}
	switch s.Kind {
	case CommitKind:
		if s.View != 0 && !empty {
			return nil
		}
	case RoundKind:
		if s.View == 0 && empty {
			return nil
		}
	case HandoverKind:
		if s.View == 0 && !empty {
			return nil
		}
	}
	return fmt.Errorf("%w: kind %d, view %d", ErrStatement, s.Kind, s.View)
}

// message returns what is signed for the statement, and under which DST.
func (s *Statement) message(genesis Hash) (dst string, msg []byte) {
	switch s.Kind {
	case RoundKind:
		m := roundMessage(uint64(s.Epoch))
		return bls.DrandQuicknetDST, m[:]
	case HandoverKind:
		return DSTHandover, s.Block[:]
	}
	m := CommitDigest(genesis, s.Epoch, s.View, s.Block)
	return DSTCommit, m[:]
}

// CommitDigest is what a partial beside a commit vote signs, under DSTCommit:
// Keccak-256 of the tag, the genesis hash, epoch and view (8 bytes each, big-endian)
// and the block's hash.
func CommitDigest(genesis Hash, e rolldpos.Epoch, v rolldpos.View, block Hash) [32]byte {
	b := binary.BigEndian.AppendUint64(genesis[:], uint64(e))
	b = binary.BigEndian.AppendUint64(b, uint64(v))
	return keccak.Sum256([]byte(tagCommit), b, block[:])
}

// roundMessage is drand's message of an unchained round.
func roundMessage(round uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, round))
}
