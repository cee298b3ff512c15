package sim

import (
	"crypto/ed25519"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/rolldpos"
)

// mask signs without cost: the digest xor the public key, and the key's complement.
// Anybody can make it; see the package doc.
type mask struct{ key [32]byte }

func (m mask) Sign(digest [32]byte) (sig [64]byte) {
	for i, k := range m.key {
		sig[i] = digest[i] ^ k
		sig[32+i] = ^k
	}
	return sig
}

func checkMask(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool {
	return mask{[32]byte(key)}.Sign(digest) == *sig
}

// realSigner signs with ed25519.
type realSigner struct{ key ed25519.PrivateKey }

func (s realSigner) Sign(digest [32]byte) [64]byte { return [64]byte(ed25519.Sign(s.key, digest[:])) }

// once verifies each signature for real, but one that many seats receive only once.
func once() func(ed25519.PublicKey, [32]byte, *[64]byte) bool {
	type statement struct {
		key, digest [32]byte
		sig         [64]byte
	}
	seen := make(map[statement]bool)
	return func(key ed25519.PublicKey, digest [32]byte, sig *[64]byte) bool {
		at := statement{[32]byte(key), digest, *sig}
		ok, known := seen[at]
		if !known {
			if len(seen) > 1<<14 {
				clear(seen)
			}
			ok = ed25519.Verify(key, digest[:], sig[:])
			seen[at] = ok
		}
		return ok
	}
}

// committee makes the seats' keys, the same in every run, and their signers.
func committee(n int, real bool) (*rolldpos.Committee, []rolldpos.Signer) {
	c := &rolldpos.Committee{Epoch: 1}
	var signers []rolldpos.Signer
	for i := range n {
		seed := keccak.Sum256([]byte("rootstem/rolldpos/sim/seat"), []byte{byte(i)})
		key := ed25519.NewKeyFromSeed(seed[:])
		public := key.Public().(ed25519.PublicKey)
		c.Keys = append(c.Keys, public)
		if real {
			signers = append(signers, realSigner{key})
		} else {
			signers = append(signers, mask{[32]byte(public)})
		}
	}
	if real {
		return c.Checking(once()), signers
	}
	return c.Checking(checkMask), signers
}
