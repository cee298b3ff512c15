package state

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// The store's record of a branch with its extension:
//
//	head      1 byte: number of nibbles to skip; 0x80 is added if any reference has
//	          less than 32 bytes
//	skip      two nibbles in a byte, the last padded with zero
//	present   2 bytes: which children there are, child 0 in the lowest bit
//	leaves    2 bytes: which of them are leaves
//	          per child its reference, after a byte with its length if head says so
//
// A leaf has no record: the flat tables hold its key and value.

const shortRefs = 0x80

func corrupt(what string) error { return fmt.Errorf("%w: state: %s", store.ErrCorrupt, what) }

func (b *branch) encode() []byte {
	var present, leaves uint16
	head := byte(len(b.skip))
	for i := range b.kids {
		switch n := b.kids[i].ref.n; {
		case n == 0:
			continue
		case n < 32:
			head |= shortRefs
		}
		present |= 1 << i
		if b.kids[i].isLeaf {
			leaves |= 1 << i
		}
	}
	out := make([]byte, 0, 5+(len(b.skip)+1)/2+33*bits.OnesCount16(present))
	out = append(out, head)
	for i := 0; i < len(b.skip); i += 2 {
		x := b.skip[i] << 4
		if i+1 < len(b.skip) {
			x |= b.skip[i+1]
		}
		out = append(out, x)
	}
	out = binary.BigEndian.AppendUint16(out, present)
	out = binary.BigEndian.AppendUint16(out, leaves)
	for i := range b.kids {
		r := &b.kids[i].ref
		if r.n == 0 {
			continue
		}
		if head&shortRefs != 0 {
			out = append(out, r.n)
		}
		out = append(out, r.b[:r.n]...)
	}
	return out
}

// decodeBranch reads a record. It checks its form only; the hash says whether it is
// the wanted node.
func decodeBranch(record []byte) (*branch, error) {
	if len(record) < 5 {
		return nil, corrupt("short node")
	}
	b := &branch{record: record}
	head, rest := record[0], record[1:]
	skip := int(head &^ shortRefs)
	packed := (skip + 1) / 2
	if skip > 63 || len(rest) < packed+4 {
		return nil, corrupt("node with a bad path")
	}
	if skip > 0 {
		b.skip = make([]byte, skip)
		for i := range b.skip {
			b.skip[i] = rest[i/2] >> (4 - 4*(i&1)) & 15
		}
	}
	present, leaves := binary.BigEndian.Uint16(rest[packed:]), binary.BigEndian.Uint16(rest[packed+2:])
	rest = rest[packed+4:]
	if bits.OnesCount16(present) < 2 || leaves&^present != 0 {
		return nil, corrupt("node without two children")
	}
	for i := range b.kids {
		if present>>i&1 == 0 {
			continue
		}
		c := &b.kids[i]
		n := 32
		if head&shortRefs != 0 && len(rest) > 0 {
			n, rest = int(rest[0]), rest[1:]
		}
		if n == 0 || n > 32 || len(rest) < n {
			return nil, corrupt("node with a bad reference")
		}
		c.ref.n = uint8(copy(c.ref.b[:], rest[:n]))
		c.isLeaf = leaves>>i&1 == 1
		rest = rest[n:]
	}
	if len(rest) != 0 {
		return nil, corrupt("node with trailing bytes")
	}
	return b, nil
}

// The flat tables hold an account as its RLP without what most accounts do not have:
// [nonce, balance, storage root or empty, code hash or empty].

func appendSlim(dst []byte, a *ledger.Account) []byte {
	var buf [110]byte
	p := rlp.AppendUint(buf[:0], a.Nonce)
	balance := a.Balance.Bytes32()
	p = rlp.AppendInteger(p, balance[:])
	if a.Root == ledger.EmptyRoot {
		p = append(p, 0x80)
	} else {
		p = rlp.AppendBytes(p, a.Root[:])
	}
	if a.CodeHash == ledger.EmptyCodeHash {
		p = append(p, 0x80)
	} else {
		p = rlp.AppendBytes(p, a.CodeHash[:])
	}
	return rlp.AppendList(dst, p)
}

// decodeSlim reads an account; nothing is the absent account.
func decodeSlim(b []byte) (a ledger.Account, err error) {
	if len(b) == 0 {
		return a, nil
	}
	d := rlp.NewDecoder(b)
	a.Nonce = d.Uint()
	a.Balance.SetBytes(d.Integer(32))
	a.Root, a.CodeHash = ledger.EmptyRoot, ledger.EmptyCodeHash
	for _, h := range []*ledger.Hash{&a.Root, &a.CodeHash} {
		if x := d.Bytes(); len(x) == 32 {
			*h = ledger.Hash(x)
		} else if len(x) != 0 {
			d.Fail(rlp.ErrInvalid)
		}
	}
	if err := d.Done(); err != nil {
		return ledger.Account{}, fmt.Errorf("%w: state: account: %w", store.ErrCorrupt, err)
	}
	return a, nil
}

// A slot's value is held without its leading zeros.

func slimSlot(v *ledger.Hash) []byte {
	i := 0
	for i < len(v) && v[i] == 0 {
		i++
	}
	return v[i:]
}

func decodeSlot(b []byte) (v ledger.Hash, err error) {
	if len(b) > 32 || (len(b) > 0 && b[0] == 0) {
		return v, corrupt("slot")
	}
	copy(v[32-len(b):], b)
	return v, nil
}

// Values of leaves.

func accountLeaf(a *ledger.Account) []byte { return a.AppendRLP(make([]byte, 0, 112)) }

func slotLeaf(v ledger.Hash) []byte { return ledger.AppendSlotValue(make([]byte, 0, 33), v) }
