package chainkey_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
)

const epoch = 3

var (
	genesis = keccak.Sum256([]byte("genesis"))
	block   = keccak.Sum256([]byte("block"))
	order   = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"
)

// group is a sharing made by a dealer, who is the test.
type group struct {
	chainkey.Sharing
	secret *bls.SecretKey
	seats  []*bls.Share
}

// deal shares a key among n seats with a polynomial of degree q − 1, with plain
// integers: an independent form of what bls interpolates.
func deal(t testing.TB, name string, n int) *group {
	t.Helper()
	q := n - (n-1)/3
	r, ok := new(big.Int).SetString(order, 16)
	require.True(t, ok)
	coefficient := func(i int) *big.Int {
		h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), uint64(i)))
		return new(big.Int).Mod(new(big.Int).SetBytes(h[:]), r)
	}
	at := func(x int64) *bls.SecretKey {
		y := new(big.Int)
		for i := q - 1; i >= 0; i-- {
			y.Mul(y, big.NewInt(x)).Add(y, coefficient(i)).Mod(y, r)
		}
		k, err := bls.DecodeSecretKey(y.FillBytes(make([]byte, 32)))
		require.NoError(t, err)
		return k
	}
	g := &group{secret: at(0)}
	g.Sharing = chainkey.Sharing{Epoch: epoch, Threshold: q, Key: chainkey.NewKey(g.secret.Public())}
	for i := range n {
		k := at(int64(i) + 1)
		g.seats = append(g.seats, &bls.Share{Index: uint32(i) + 1, Key: k})
		g.Shares = append(g.Shares, k.Public())
	}
	return g
}

func commit(view rolldpos.View) chainkey.Statement {
	return chainkey.Statement{Kind: chainkey.CommitKind, Epoch: epoch, View: view, Block: block}
}

func (g *group) sign(t testing.TB, seat int, s chainkey.Statement) *chainkey.Partial {
	t.Helper()
	p, err := chainkey.Sign(genesis, s, g.seats[seat])
	require.NoError(t, err)
	return p
}

func (g *group) collector(t testing.TB) *chainkey.Collector {
	t.Helper()
	c, err := chainkey.NewCollector(genesis, g.Sharing)
	require.NoError(t, err)
	return c
}

// all gathers the partials of the first q seats.
func (g *group) all(t testing.TB, s chainkey.Statement) *chainkey.Signed {
	t.Helper()
	c := g.collector(t)
	for seat := range g.Threshold {
		signed, err := c.Add(g.sign(t, seat, s))
		require.NoError(t, err)
		if seat == g.Threshold-1 {
			require.NotNil(t, signed)
			return signed
		}
		require.Nil(t, signed, "no fewer than q partials make a signature")
	}
	return nil
}
