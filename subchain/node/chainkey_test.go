package node_test

import (
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
	"github.com/rootstem/rootstem/subchain/node"
)

// dealt is the chain key as a trusted dealer shares it with a committee: share i is a
// polynomial's value at i, and the polynomial's constant term is the same in every
// epoch.
type dealt struct {
	seats  []string
	shares []*bls.SecretKey
	group  []byte // chain key ‖ public shares
}

func scalar(t *testing.T, x *big.Int) *bls.SecretKey {
	t.Helper()
	k, err := bls.DecodeSecretKey(x.FillBytes(make([]byte, 32)))
	require.NoError(t, err)
	return k
}

func deal(t *testing.T, label string, seats []string) dealt {
	t.Helper()
	order, ok := new(big.Int).SetString("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001", 16)
	require.True(t, ok)
	threshold := len(seats) - (len(seats)-1)/3
	coefficients := []*big.Int{big.NewInt(424242)}
	for i := 1; i < threshold; i++ {
		h := ledger.Keccak([]byte(label), []byte{byte(i)})
		coefficients = append(coefficients, new(big.Int).SetBytes(h[1:]))
	}
	d := dealt{seats: seats}
	key := scalar(t, coefficients[0]).Public().Bytes()
	d.group = append(d.group, key[:]...)
	for i := range seats {
		sum := new(big.Int)
		for _, c := range slices.Backward(coefficients) {
			sum.Mul(sum, big.NewInt(int64(i+1))).Add(sum, c).Mod(sum, order)
		}
		d.shares = append(d.shares, scalar(t, sum))
		public := d.shares[i].Public().Bytes()
		d.group = append(d.group, public[:]...)
	}
	return d
}

// keys are what one node knows of the dealt shares.
type keys struct {
	name  string
	deals []dealt // from epoch 1 on
}

func (k *keys) Open(epoch uint64, group []byte) (s chainkey.Sharing, err error) {
	if len(group)%96 != 0 || len(group) < 192 {
		return s, errors.New("malformed group")
	}
	for at := 96; at < len(group); at += 96 {
		p, err := bls.DecodePublicKey(group[at : at+96])
		if err != nil {
			return s, err
		}
		s.Shares = append(s.Shares, p)
	}
	n := len(s.Shares)
	s.Epoch, s.Threshold = rolldpos.Epoch(epoch), n-(n-1)/3
	s.Key, err = chainkey.Open(group[:96])
	return s, err
}

func (k *keys) Share(epoch uint64, _ []byte) (*bls.Share, error) {
	d := k.deals[epoch-1]
	i := slices.Index(d.seats, k.name)
	if i < 0 {
		return nil, nil
	}
	b := d.shares[i].Bytes()
	own, err := bls.DecodeSecretKey(b[:])
	return &bls.Share{Index: uint32(i) + 1, Key: own}, err
}

// keyed is a chain of seven nodes whose committees of epochs 1 to 3 share one key.
func keyed(t *testing.T) (n *network, key []byte, beacons *beaconBook) {
	t.Helper()
	deals := []dealt{deal(t, "1", four), deal(t, "2", seven), deal(t, "3", others), deal(t, "4", four)}
	elect := plan(seven, others, four)
	n = newNetwork(t, length, four, func() []module.Entry {
		entries := elect()
		s := entries[0].Module.(*script)
		s.ChainKey = deals[0].group[:96]
		for _, d := range deals {
			s.Groups = append(s.Groups, d.group)
		}
		return entries
	})
	beacons = &beaconBook{seen: map[uint64]*chainkey.Beacon{}}
	n.tune = func(name string, cfg *node.Config) {
		cfg.Keys = &keys{name, deals}
		cfg.Signed = beacons.add
	}
	return n, deals[0].group[:96], beacons
}

type beaconBook struct {
	mu   sync.Mutex
	seen map[uint64]*chainkey.Beacon
}

func (b *beaconBook) add(s *chainkey.Signed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if x, ok := s.Beacon(); ok {
		b.seen[x.Round] = x
	}
}

func (b *beaconBook) get(round uint64) *chainkey.Beacon {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[round]
}

// requireKeyed waits for a node's chain-key certificate of some block of an epoch and
// checks it.
func requireKeyed(t *testing.T, n *network, name string, epoch uint64, key []byte) {
	t.Helper()
	m := n.members[name]
	opened, err := chainkey.Open(key)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for h := (epoch-1)*length + 1; h <= min(epoch*length, n.height(name)); h++ {
			b, k, err := m.node.KeyCertificate(h)
			require.NoError(t, err)
			if b == nil {
				continue
			}
			require.Equal(t, key, k)
			c, err := chainkey.DecodeCertificate(b)
			require.NoError(t, err)
			require.NoError(t, c.Verify(m.chain.Genesis(), opened))
			r, err := m.chain.Block(h)
			require.NoError(t, err)
			require.Equal(t, [32]byte(r.Hash), c.Block)
			require.Equal(t, rolldpos.Epoch(epoch), c.Epoch)
			return true
		}
		return false
	}, 10*time.Second, 10*time.Millisecond, "%s in epoch %d", name, epoch)
}

func TestOneKeyCertifiesBlocksAndMakesBeaconsAcrossCommittees(t *testing.T) {
	n, key, beacons := keyed(t)
	n.start(all...)
	n.reach(3*length+1, all...)
	opened, err := chainkey.Open(key)
	require.NoError(t, err)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		requireKeyed(t, n, "a", epoch, key)
		requireKeyed(t, n, "g", epoch, key)
		b := beacons.get(epoch)
		require.NotNil(t, b, "round %d", epoch)
		require.NoError(t, b.Verify(opened))
	}
}

func TestFewerPartialsThanAQuorumMakeNoCertificateAndTheChainGoesOn(t *testing.T) {
	n, _, beacons := keyed(t)
	tune := n.tune
	n.tune = func(name string, cfg *node.Config) {
		if tune(name, cfg); name == "a" || name == "b" {
			cfg.Keys = nil
		}
	}
	n.start(four...)
	n.reach(length-1, four...)
	for h := uint64(1); h < length; h++ {
		b, _, err := n.members["c"].node.KeyCertificate(h)
		require.NoError(t, err)
		require.Nil(t, b)
	}
	require.Nil(t, beacons.get(1))
}

func TestPartialsOfASeatAreTakenFromThatSeatOnly(t *testing.T) {
	n, key, _ := keyed(t)
	foreign := func(_ string, msg []byte) []byte {
		if msg[0] == 6 {
			msg[len(msg)-1] ^= 1 // the seat's own signature over the partial breaks
		}
		return msg
	}
	n.rewrite["c"], n.rewrite["d"] = foreign, foreign
	n.start(four...)
	n.reach(length-1, four...)
	// c has its own and those of a and b, a only two.
	requireKeyed(t, n, "c", 1, key)
	for h := uint64(1); h < length; h++ {
		b, _, err := n.members["a"].node.KeyCertificate(h)
		require.NoError(t, err)
		require.Nil(t, b)
	}
}
