package ceremony

import (
	"fmt"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/dkg"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// BeginBlock opens the epoch's ceremony.
func (k *Keys) BeginBlock(ctx *module.Context) error {
	e, where := k.epoch(ctx)
	if where != k.cfg.Place {
		return nil
	}
	next := k.committee(&ctx.View, e+1)
	if len(next) == 0 || len(next) > MaxSeats {
		return nil
	}
	c := &dkg.Ceremony{Genesis: ctx.GenesisHash(), Era: k.era.Get(ctx).Number, Seats: committee(e+1, next), Plan: plan(&k.cfg, e)}
	o := opening{Epoch: e + 1, Start: c.Plan.Start, Seats: uint64(len(next)), Dealers: uint64(len(next)), Fresh: k.fresh(ctx, e)}
	if o.Fresh {
		c.Era++
	} else {
		g, err := dkg.DecodeGroup(k.encoded(ctx, e))
		if err != nil {
			return err
		}
		c.Old, c.Dealers = g, committee(e, k.keys(ctx, e, len(g.Shares)))
		o.Dealers = uint64(len(g.Shares))
	}
	if err := c.Validate(); err != nil {
		return err
	}
	o.Era, o.ID = c.Era, c.ID()
	for i := range next {
		k.seats.Set(ctx, at(e+1, uint64(i)), next[i])
	}
	k.open.Set(ctx, o)
	k.opened.Emit(ctx, Opened{Epoch: o.Epoch, Era: o.Era, Start: o.Start, Fresh: o.Fresh, ID: o.ID})
	return nil
}

// fresh says whether the ceremony in epoch e makes a new key.
func (k *Keys) fresh(v module.Reader, e uint64) bool {
	if k.groups.Get(v, e%2).Epoch != e {
		return true
	}
	return k.cfg.Era != 0 && e+1-k.era.Get(v).First >= k.cfg.Era
}

// committee returns the ed25519 keys of an epoch's seats, none if they are unknown.
func (k *Keys) committee(v *module.View, epoch uint64) [][32]byte {
	if k.cfg.Committees.IsZero() {
		return k.cfg.Committee
	}
	call := ledger.Keccak([]byte("committee(uint64)"))
	args, err := module.Encode(epoch)
	if err != nil {
		return nil
	}
	data, err := v.StaticCall(k.cfg.Committees, append(call[:4:4], args...))
	if err != nil {
		return nil
	}
	var seats []struct {
		Key   [32]byte
		Payee ledger.Address
	}
	if module.Unpack(data, &seats) != nil {
		return nil
	}
	out := make([][32]byte, len(seats))
	for i := range seats {
		out[i] = seats[i].Key
	}
	return out
}

// keys returns the seats that the ceremony for an epoch was opened with.
func (k *Keys) keys(v module.Reader, epoch uint64, n int) [][32]byte {
	out := make([][32]byte, n)
	for i := range out {
		out[i] = k.seats.Get(v, at(epoch, uint64(i)))
	}
	return out
}

// encoded returns the group of an epoch, which is this or the next; none without it.
func (k *Keys) encoded(v module.Reader, epoch uint64) []byte {
	g := k.groups.Get(v, epoch%2)
	if g.Epoch != epoch || epoch == 0 {
		return nil
	}
	out := make([]byte, 0, 4+(g.Shares+1)*bls.PublicKeySize)
	out = append(out, byte(g.Threshold>>8), byte(g.Threshold), byte(g.Shares>>8), byte(g.Shares))
	for i := range g.Shares + 1 {
		p := k.point(v, epoch, i)
		out = append(out, p[:]...)
	}
	return out
}

func (k *Keys) point(v module.Reader, epoch, index uint64) (out [96]byte) {
	p := k.points.Get(v, at(epoch, index))
	for i := range p.Words {
		copy(out[32*i:], p.Words[i][:])
	}
	return out
}

// Publish brings the group of the next epoch, encoded. Anyone may, once a quorum of
// that epoch's seats has acknowledged it.
func (k *Keys) Publish(ctx *module.Context, encoded []byte) error {
	o, err := k.current(ctx)
	if err != nil {
		return err
	}
	p := plan(&k.cfg, o.Epoch-1)
	if p.At(ctx.Height()) < dkg.Acknowledging {
		return fmt.Errorf("%w: height %d", dkg.ErrPhase, ctx.Height())
	}
	if k.groups.Get(ctx, o.Epoch%2).Epoch == o.Epoch {
		return ErrPublished
	}
	rules := rulesOf(&o)
	digest := ledger.Hash(dkg.GroupDigest(encoded))
	votes := 0
	for i := range o.Seats {
		if a := k.acks.Get(ctx, i); a.Epoch == o.Epoch && a.Group == digest {
			votes++
		}
	}
	if votes < rules.Threshold {
		return fmt.Errorf("%w: %d acknowledgements of %d", ErrGroup, votes, rules.Threshold)
	}
	ctx.UseGas(gasPoint * (o.Seats + 1))
	g, err := dkg.DecodeGroup(encoded)
	if err != nil {
		return err
	}
	key := g.Key.Bytes()
	if g.Threshold != rules.Threshold || len(g.Shares) != rules.Seats || !o.Fresh && key != k.point(ctx, o.Epoch-1, 0) {
		return fmt.Errorf("%w: %d shares, threshold %d", ErrGroup, len(g.Shares), g.Threshold)
	}
	k.keep(ctx, &o, g)
	k.published.Emit(ctx, Published{Epoch: o.Epoch, Era: o.Era, Key: key[:]})
	return nil
}

func (k *Keys) keep(ctx *module.Context, o *opening, g *dkg.Group) {
	for i, p := range append([]*bls.PublicKey{g.Key}, g.Shares...) {
		b := p.Bytes()
		k.points.Set(ctx, at(o.Epoch, uint64(i)), point{[3][32]byte{[32]byte(b[:32]), [32]byte(b[32:64]), [32]byte(b[64:])}})
	}
	k.groups.Set(ctx, o.Epoch%2, group{o.Epoch, o.Era, uint64(g.Threshold), o.Seats})
	if o.Fresh {
		k.era.Set(ctx, era{Number: o.Era, First: o.Epoch})
	}
}
