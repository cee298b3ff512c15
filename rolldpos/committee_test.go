package rolldpos

import (
	"crypto/ed25519"

	"github.com/rootstem/rootstem/internal/keccak"
)

type keySigner struct{ key ed25519.PrivateKey }

func (s keySigner) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

func testKey(i int) ed25519.PrivateKey {
	seed := keccak.Sum256([]byte("rolldpos test key"), []byte{byte(i)})
	return ed25519.NewKeyFromSeed(seed[:])
}

func testCommittee(n int) (*Committee, []Signer) {
	c := &Committee{Epoch: 1}
	var signers []Signer
	for i := range n {
		k := testKey(i)
		c.Keys = append(c.Keys, k.Public().(ed25519.PublicKey))
		signers = append(signers, keySigner{k})
	}
	return c, signers
}

var (
	testGenesis = keccak.Sum256([]byte("genesis"))
	testAnchor  = keccak.Sum256([]byte("anchor"))
)
