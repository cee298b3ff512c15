package rootrelay

import (
	"crypto/ed25519"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Register gives a subchain its id; the value is its bond, at least MinBond. header
// is the RLP of the genesis header, committee the encoding of the committee whose
// hash it carries (rolldpos.Committee.AppendBinary), and proofs the concatenated
// ed25519 signatures of all its seats, in order, of RegistrationDigest with the
// caller as owner: nobody registers a chain whose seats do not agree. The first
// message of the new lane from the root tells the subchain its id.
func (r *Root) Register(ctx *module.Payable, header, committee, proofs []byte) (uint64, error) {
	bond := ctx.Value()
	if bond.Lt(&r.MinBond) {
		return 0, fmt.Errorf("%w: %s of %s wei", ErrBond, bond.Dec(), r.MinBond.Dec())
	}
	chargeHash(&ctx.Context, len(header))
	h, err := ledger.DecodeHeader(header)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	if h.Height != 0 {
		return 0, fmt.Errorf("%w: height %d", ErrGenesis, h.Height)
	}
	genesis := ledger.Keccak(header)
	if id := r.ids.Get(ctx, genesis); id != 0 {
		return 0, fmt.Errorf("%w: as %d", ErrRegistered, id)
	}
	c, err := decodeCommittee(&ctx.Context, committee)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCommittee, err)
	}
	if c.Hash() != h.Committee {
		return 0, fmt.Errorf("%w: of the genesis header", ErrCommittee)
	}
	if err := checkPossession(ctx, c, genesis, proofs); err != nil {
		return 0, err
	}
	id := r.count.Get(ctx) + 1
	r.count.Set(ctx, id)
	r.ids.Set(ctx, genesis, id)
	r.subchains.Set(ctx, id, Subchain{
		Owner: ctx.Sender(), Genesis: genesis, Revision: Revision, Bond: bond,
		Block: genesis, Time: h.Time, Seen: ctx.Time(), Epoch: h.Epoch,
	})
	r.committees.Set(ctx, EpochID{id, h.Epoch}, h.Committee)
	r.committees.Set(ctx, EpochID{id, h.Epoch + 1}, h.NextCommittee)
	add(ctx, &r.bonds, &bond)
	r.registered.Emit(ctx, Registered{Subchain: id, Genesis: genesis, Owner: ctx.Sender(), Bond: bond})
	r.forward(&ctx.Context, attachMessage(attachment{
		genesis: genesis, subchain: id, revision: Revision, registry: ctx.Self(), rootChainID: ctx.ChainID(),
	}))
	return id, nil
}

// checkPossession checks one signature of each seat.
func checkPossession(ctx *module.Payable, c *rolldpos.Committee, genesis ledger.Hash, proofs []byte) error {
	if len(proofs) != ed25519.SignatureSize*len(c.Keys) {
		return fmt.Errorf("%w: %d bytes for %d seats", ErrPossession, len(proofs), len(c.Keys))
	}
	ctx.UseGas(gasSignature * uint64(len(c.Keys)))
	digest := RegistrationDigest(ctx.ChainID(), ctx.Self(), genesis, ctx.Sender())
	for i, key := range c.Keys {
		if !ed25519.Verify(key, digest[:], proofs[:ed25519.SignatureSize]) {
			return fmt.Errorf("%w: seat %d", ErrPossession, i)
		}
		proofs = proofs[ed25519.SignatureSize:]
	}
	return nil
}
