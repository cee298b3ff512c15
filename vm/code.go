package vm

import (
	"bytes"
	"sync"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// codePadding zero bytes follow all code, so that the widest PUSH and the STOP after
// it need no bounds check.
const codePadding = 33

// code is analysed bytecode. It never changes after newCode.
type code struct {
	padded []byte // the code and codePadding zero bytes
	size   int
	jumps  []uint64 // bit i: an instruction JUMPDEST starts at i
	target *ledger.Address
}

// noCode is the code of accounts without code.
var noCode = newCode(nil)

// delegationPrefix starts the code of an account that delegates (EIP-7702).
var delegationPrefix = []byte{0xef, 0x01, 0x00}

func newCode(raw []byte) *code {
	c := &code{padded: make([]byte, len(raw)+codePadding), size: len(raw)}
	copy(c.padded, raw)
	if len(raw) == 23 && bytes.HasPrefix(raw, delegationPrefix) {
		c.target = (*ledger.Address)(c.padded[3:23])
		return c
	}
	c.jumps = make([]uint64, len(raw)/64+1)
	for i := 0; i < len(raw); i++ {
		switch op := raw[i]; {
		case op == opJUMPDEST:
			c.jumps[i/64] |= 1 << (i % 64)
		case op >= opPUSH1 && op <= opPUSH32:
			i += int(op-opPUSH1) + 1
		}
	}
	return c
}

func (c *code) bytes() []byte { return c.padded[:c.size] }

// canJump reports whether a JUMPDEST instruction is at dest.
func canJump(jumps []uint64, dest uint64) bool {
	return dest/64 < uint64(len(jumps)) && jumps[dest/64]>>(dest%64)&1 == 1
}

// delegation returns the code of an account that delegates to target; empty code
// for the zero address, which ends a delegation.
func delegation(target ledger.Address) *code {
	if target.IsZero() {
		return noCode
	}
	return newCode(append(bytes.Clone(delegationPrefix), target[:]...))
}

// codeCacheBytes bounds each of the two generations of a codeCache.
const codeCacheBytes = 16 << 20

// codeCache keeps analysed code by hash. It has two generations: when the young one
// is full it becomes the old one, and what is used again moves back.
type codeCache struct {
	mu         sync.Mutex
	young, old map[ledger.Hash]*code
	size       int // bytes in young
}

func (cc *codeCache) get(h ledger.Hash) *code {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if c := cc.young[h]; c != nil {
		return c
	}
	c := cc.old[h]
	if c != nil {
		cc.add(h, c)
	}
	return c
}

func (cc *codeCache) put(h ledger.Hash, c *code) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.young[h] == nil {
		cc.add(h, c)
	}
}

func (cc *codeCache) add(h ledger.Hash, c *code) {
	if cc.young == nil || cc.size > codeCacheBytes {
		cc.old, cc.young, cc.size = cc.young, make(map[ledger.Hash]*code), 0
	}
	cc.young[h] = c
	cc.size += len(c.padded) + len(c.jumps)*8 + 128
}
