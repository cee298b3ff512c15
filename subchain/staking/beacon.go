package staking

import (
	"fmt"
	"slices"

	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/subchain/module"
)

// Beacon is a round's randomness.
type Beacon struct {
	Round      uint64      `abi:"round"`
	Randomness ledger.Hash `abi:"randomness"`
}

// BeaconSubmitted is emitted with every beacon.
type BeaconSubmitted struct {
	Round      uint64      `abi:"round,indexed"`
	Randomness ledger.Hash `abi:"randomness"`
	Signature  []byte      `abi:"signature"`
}

// Key is a threshold key: 96 bytes, zero without one.
type Key struct {
	Words [3][32]byte
}

func (k Key) known() bool { return k != Key{} }

// currentKey asks who holds the key. Whatever is not 96 bytes is none.
func (s *Staking) currentKey(v *module.View) (k Key) {
	if b := s.ask(v, "chainKey()"); len(b) == 96 {
		for i := range k.Words {
			copy(k.Words[i][:], b[32*i:])
		}
	}
	return k
}

// ask calls a view of Config.Keys that returns bytes.
func (s *Staking) ask(v *module.View, signature string) (out []byte) {
	if s.keys.IsZero() {
		return nil
	}
	call := ledger.Keccak([]byte(signature))
	data, err := v.StaticCall(s.keys, call[:4])
	if err != nil || module.Unpack(data, &out) != nil {
		return nil
	}
	return out
}

// SubmitBeacon puts the beacon of a round on chain: the threshold key's signature, 48
// bytes. Anyone may, in the epoch of that number or, while the next committee is
// undecided, in the first 2f + 1 blocks of the one after.
func (s *Staking) SubmitBeacon(ctx *module.Context, round uint64, signature []byte) error {
	e, _ := s.epoch(ctx)
	key := s.currentKey(&ctx.View)
	switch {
	case round == e:
	case round+1 == e && s.terms.Get(ctx, e+1).Generation == 0:
		key = s.lastKey.Get(ctx)
	default:
		return fmt.Errorf("%w: round %d in epoch %d", ErrBeacon, round, e)
	}
	if _, known := s.beaconOf(ctx, round); known {
		return fmt.Errorf("%w: round %d is known", ErrBeacon, round)
	}
	if !key.known() {
		return fmt.Errorf("%w: no key", ErrBeacon)
	}
	if len(signature) != len(bls.Signature{}) {
		return fmt.Errorf("%w: %d bytes", ErrBeacon, len(signature))
	}
	ctx.UseGas(gasBLS)
	public, err := chainkey.Open(slices.Concat(key.Words[0][:], key.Words[1][:], key.Words[2][:]))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBeacon, err)
	}
	signed := chainkey.Beacon{Round: round, Signature: bls.Signature(signature)}
	if err := signed.Verify(public); err != nil {
		return fmt.Errorf("%w: %w", ErrBeacon, err)
	}
	b := Beacon{Round: round, Randomness: signed.Randomness()}
	s.beacons.Set(ctx, round%2, b)
	s.newest.Set(ctx, max(round, s.newest.Get(ctx)))
	s.drawn.Emit(ctx, BeaconSubmitted{Round: round, Randomness: b.Randomness, Signature: signature})
	return nil
}

// beaconOf returns a round's randomness if it is on chain and not forgotten: of the last
// two rounds.
func (s *Staking) beaconOf(v module.Reader, round uint64) ([32]byte, bool) {
	b := s.beacons.Get(v, round%2)
	if round == 0 || b.Round != round {
		return [32]byte{}, false
	}
	return b.Randomness, true
}
