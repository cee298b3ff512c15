package duty

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/dkg"
)

// Shares reads groups and the node's shares of them. It is the node's Keys.
type Shares struct{ vault *Vault }

// NewShares returns the shares that a vault holds.
func NewShares(v *Vault) *Shares { return &Shares{v} }

// Open reads an encoded dkg.Group as the sharing of an epoch.
func (s *Shares) Open(epoch uint64, group []byte) (chainkey.Sharing, error) {
	g, err := dkg.DecodeGroup(group)
	if err != nil {
		return chainkey.Sharing{}, err
	}
	return chainkey.Sharing{
		Epoch: rolldpos.Epoch(epoch), Threshold: g.Threshold, Key: chainkey.NewKey(g.Key), Shares: g.Shares,
	}, nil
}

// Share returns the share of a group that is in the vault, nil if that holds none or
// one of another group.
func (s *Shares) Share(epoch uint64, group []byte) (*bls.Share, error) {
	m, err := s.vault.member(epoch)
	if err != nil || m == nil {
		return nil, err
	}
	if m.Group.Digest() != dkg.GroupDigest(group) {
		m.Erase()
		return nil, nil
	}
	return &m.Share, nil
}

// member returns the node's part in the group of an epoch, nil without one.
func (v *Vault) member(epoch uint64) (*dkg.Member, error) {
	b, err := v.Get(shareName(epoch))
	if err != nil || b == nil {
		return nil, err
	}
	defer clear(b)
	m, err := dkg.DecodeMember(b)
	if err != nil {
		return nil, fmt.Errorf("%w: share of epoch %d: %w", ErrVault, epoch, err)
	}
	return m, nil
}

const (
	sharePrefix = "share-" // followed by the epoch in 20 digits
	seedPrefix  = "seed-"  // followed by the ceremony's ID, hexadecimal
)

func shareName(epoch uint64) string { return fmt.Sprintf("%s%020d", sharePrefix, epoch) }
func seedName(id [32]byte) string   { return fmt.Sprintf("%s%x", seedPrefix, id) }
