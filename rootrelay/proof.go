package rootrelay

import (
	"fmt"

	"github.com/rootstem/rootstem/internal/merkle"
	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// The price of what the host computes for a caller.
const (
	gasSignature = 3_000 // one ed25519 signature, or one key of a committee
	gasNode      = 60    // one step of a Merkle proof
	gasHashWord  = 6     // Keccak-256, a word of 32 bytes
)

// chargeHash charges for hashing n bytes.
func chargeHash(ctx *module.Context, n int) { ctx.UseGas(30 + gasHashWord*uint64((n+31)/32)) }

// decodeCommittee charges for its keys and decodes a committee.
func decodeCommittee(ctx *module.Context, b []byte) (*rolldpos.Committee, error) {
	ctx.UseGas(gasSignature * uint64(len(b)/32))
	return rolldpos.DecodeCommittee(b)
}

// checkFinal checks that a quorum of c committed to the header.
func checkFinal(ctx *module.Context, genesis ledger.Hash, header []byte, c *rolldpos.Committee, certificate []byte) error {
	chargeHash(ctx, len(header))
	cert, err := rolldpos.DecodeCertificate(certificate)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	ctx.UseGas(gasSignature * uint64(len(cert.Sigs)))
	if _, err := light.Verify(genesis, header, c, cert); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// openAnchor checks that raw is the anchor that header commits to.
func openAnchor(ctx *module.Context, header *ledger.Header, raw []byte) (*ledger.Anchor, error) {
	chargeHash(ctx, len(raw))
	if ledger.Keccak(raw) != header.AnchorHash {
		return nil, fmt.Errorf("%w: anchor is not the header's", ErrProof)
	}
	a, err := ledger.DecodeAnchor(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return a, nil
}

// prove checks that leaf is at index of the count leaves under root.
func prove(ctx *module.Context, root ledger.Hash, count, index uint64, leaf ledger.Hash, proof []ledger.Hash) error {
	ctx.UseGas(gasNode * uint64(len(proof)+3))
	if err := merkle.Verify(root, count, index, leaf, proof); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}
