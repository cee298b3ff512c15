package parallel

import (
	"sort"
	"sync"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

// shards is a power of two that keeps workers off one another's locks.
const shards = 64

// store holds what each message wrote, over the state before the block. Locks are
// held one at a time.
type store struct {
	base     vm.Reader
	coinbase ledger.Address
	count    int // of messages
	parts    [shards]part
	codes    sync.Map // ledger.Hash to []byte
}

type part struct {
	mu       sync.Mutex
	accounts map[ledger.Address]*accountCell
	slots    map[slotKey]*slotCell
}

// accountCell holds an account's versions in ascending order of message.
type accountCell struct {
	mu       sync.Mutex
	base     ledger.Account
	loaded   bool // base
	versions []accountVersion
	clears   int // how many of versions are cleared
}

type accountVersion struct {
	accountWrite
	tx    int
	doubt bool // will probably be written again
}

// slotCell holds a slot's versions in ascending order of message.
type slotCell struct {
	mu       sync.Mutex
	base     ledger.Hash
	loaded   bool // base
	versions []slotVersion
}

type slotVersion struct {
	tx    int
	doubt bool
	value ledger.Hash
}

func newStore(base vm.Reader, coinbase ledger.Address, count int) *store {
	return &store{base: base, coinbase: coinbase, count: count}
}

func (st *store) accountCell(addr ledger.Address) *accountCell {
	p := &st.parts[(addr[19]^addr[0]^addr[10])%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.accounts[addr]
	if c == nil {
		if p.accounts == nil {
			p.accounts = make(map[ledger.Address]*accountCell)
		}
		c = new(accountCell)
		p.accounts[addr] = c
	}
	return c
}

func (st *store) slotCell(at slotKey) *slotCell {
	p := &st.parts[(at.key[31]^at.key[0]^at.addr[19])%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.slots[at]
	if c == nil {
		if p.slots == nil {
			p.slots = make(map[slotKey]*slotCell)
		}
		c = new(slotCell)
		p.slots[at] = c
	}
	return c
}

// writtenStorage stands as the root of accounts whose storage a message wrote.
var writtenStorage = ledger.Hash{0: 1, 31: 1}

// account returns an account as message tx finds it. With errBlocked it names the
// message whose write is in doubt.
func (st *store) account(addr ledger.Address, tx int) (value ledger.Account, writer int, err error) {
	c := st.accountCell(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loaded {
		if c.base, err = st.base.Account(addr); err != nil {
			return ledger.Account{}, 0, err
		}
		c.loaded = true
	}
	return c.at(tx)
}

// at folds the versions before tx, from the latest.
func (c *accountCell) at(tx int) (value ledger.Account, writer int, err error) {
	var plus, minus uint256.Int
	var nonce uint64
	var adds, stepped, found, stored, cleared bool
	value = c.base
	for i := c.before(tx) - 1; i >= 0; i-- {
		v := &c.versions[i]
		if v.doubt {
			return ledger.Account{}, v.tx, errBlocked
		}
		stored = stored || v.stored && !cleared
		cleared = cleared || v.cleared
		switch {
		case found:
		case v.gone:
			found, value = true, ledger.Account{}
		case v.whole:
			found, value = true, v.account
		default:
			plus.Add(&plus, &v.plus)
			minus.Add(&minus, &v.minus)
			adds = adds || v.step || !v.plus.IsZero()
			if v.step && !stepped {
				nonce, stepped = v.account.Nonce, true
			}
		}
	}
	if adds && !value.Exists() {
		value.CodeHash = ledger.EmptyCodeHash
	}
	value.Balance.Add(&value.Balance, &plus)
	value.Balance.Sub(&value.Balance, &minus)
	if stepped {
		value.Nonce = nonce
	}
	switch {
	case !value.Exists():
		return ledger.Account{}, 0, nil
	case !cleared && hasStorage(&c.base):
		value.Root = c.base.Root
	case stored:
		value.Root = writtenStorage
	default:
		value.Root = ledger.EmptyRoot
	}
	return value, 0, nil
}

// before is the number of versions by messages below tx.
func (c *accountCell) before(tx int) int {
	return sort.Search(len(c.versions), func(i int) bool { return c.versions[i].tx >= tx })
}

// cleared returns the latest message below tx that removed the account's storage,
// -1 if there is none.
func (st *store) cleared(addr ledger.Address, tx int) (at int, err error) {
	c := st.accountCell(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clears == 0 {
		return -1, nil
	}
	for i := c.before(tx) - 1; i >= 0; i-- {
		if v := &c.versions[i]; v.cleared {
			if v.doubt {
				return v.tx, errBlocked
			}
			return v.tx, nil
		}
	}
	return -1, nil
}

// slot returns a slot as message tx finds it; see account.
func (st *store) slot(at slotKey, tx int) (value ledger.Hash, writer int, err error) {
	clear, err := st.cleared(at.addr, tx)
	if err != nil {
		return ledger.Hash{}, clear, err
	}
	c := st.slotCell(at)
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.before(tx) - 1; i >= 0 && c.versions[i].tx >= clear {
		v := &c.versions[i]
		if v.doubt {
			return ledger.Hash{}, v.tx, errBlocked
		}
		return v.value, 0, nil
	}
	if clear >= 0 {
		return ledger.Hash{}, 0, nil
	}
	if !c.loaded {
		if c.base, err = st.base.Storage(at.addr, at.key); err != nil {
			return ledger.Hash{}, 0, err
		}
		c.loaded = true
	}
	return c.base, 0, nil
}

func (c *slotCell) before(tx int) int {
	return sort.Search(len(c.versions), func(i int) bool { return c.versions[i].tx >= tx })
}

// code returns code that the state or a message has. Code never changes, so that it
// need not be validated.
func (st *store) code(hash ledger.Hash) ([]byte, error) {
	if code, ok := st.codes.Load(hash); ok {
		return code.([]byte), nil
	}
	return st.base.Code(hash)
}

// holds reports whether message tx would read again what it read.
func (st *store) holds(tx int, out *outcome) bool {
	for i := range out.accounts {
		r := &out.accounts[i]
		now, _, err := st.account(r.addr, tx)
		if err != nil || !r.holds(&now) {
			return false
		}
	}
	for i := range out.slots {
		now, _, err := st.slot(out.slots[i].slotKey, tx)
		if err != nil || now != out.slots[i].value {
			return false
		}
	}
	return true
}
