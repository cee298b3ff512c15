package parallel

import (
	"slices"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// publish replaces the writes of message tx by those of a new execution. old is nil
// before the first.
func (st *store) publish(tx int, old, out *outcome) {
	for i := range out.writes {
		w := &out.writes[i]
		if w.code != nil {
			st.codes.Store(w.account.CodeHash, w.code)
		}
		st.accountCell(w.addr).put(accountVersion{accountWrite: *w, tx: tx})
	}
	for i := range out.words {
		w := &out.words[i]
		st.slotCell(w.slotKey).put(slotVersion{tx: tx, value: w.value})
	}
	if old == nil {
		return
	}
	kept := make(map[ledger.Address]bool, len(out.writes))
	for i := range out.writes {
		kept[out.writes[i].addr] = true
	}
	for i := range old.writes {
		if addr := old.writes[i].addr; !kept[addr] {
			st.accountCell(addr).remove(tx)
		}
	}
	words := make(map[slotKey]bool, len(out.words))
	for i := range out.words {
		words[out.words[i].slotKey] = true
	}
	for i := range old.words {
		if at := old.words[i].slotKey; !words[at] {
			st.slotCell(at).remove(tx)
		}
	}
}

// doubt marks the writes of an outcome that is withdrawn.
func (st *store) doubt(tx int, out *outcome) {
	for i := range out.writes {
		c := st.accountCell(out.writes[i].addr)
		c.mu.Lock()
		if n := c.before(tx); n < len(c.versions) && c.versions[n].tx == tx {
			c.versions[n].doubt = true
		}
		c.mu.Unlock()
	}
	for i := range out.words {
		c := st.slotCell(out.words[i].slotKey)
		c.mu.Lock()
		if n := c.before(tx); n < len(c.versions) && c.versions[n].tx == tx {
			c.versions[n].doubt = true
		}
		c.mu.Unlock()
	}
}

// put adds or replaces a version.
func (c *accountCell) put(v accountVersion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.cleared {
		c.clears++
	}
	n := c.before(v.tx)
	if n < len(c.versions) && c.versions[n].tx == v.tx {
		if c.versions[n].cleared {
			c.clears--
		}
		c.versions[n] = v
		return
	}
	c.versions = slices.Insert(c.versions, n, v)
}

func (c *accountCell) remove(tx int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.before(tx); n < len(c.versions) && c.versions[n].tx == tx {
		if c.versions[n].cleared {
			c.clears--
		}
		c.versions = slices.Delete(c.versions, n, n+1)
	}
}

// put adds or replaces a version.
func (c *slotCell) put(v slotVersion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.before(v.tx)
	if n < len(c.versions) && c.versions[n].tx == v.tx {
		c.versions[n] = v
		return
	}
	c.versions = slices.Insert(c.versions, n, v)
}

func (c *slotCell) remove(tx int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.before(tx); n < len(c.versions) && c.versions[n].tx == tx {
		c.versions = slices.Delete(c.versions, n, n+1)
	}
}

// changes returns what all messages together leave, in no certain order: each account
// once, so that the order does not matter to the session that absorbs them.
func (st *store) changes() ([]ledger.Change, error) {
	var out []ledger.Change
	place := make(map[ledger.Address]int)
	add := func(addr ledger.Address) error {
		if _, known := place[addr]; known {
			return nil
		}
		change, err := st.change(addr)
		place[addr] = len(out)
		out = append(out, change)
		return err
	}
	for p := range st.parts {
		for addr, c := range st.parts[p].accounts {
			if len(c.versions) == 0 {
				continue
			}
			if err := add(addr); err != nil {
				return nil, err
			}
		}
	}
	for p := range st.parts {
		for at, c := range st.parts[p].slots {
			if len(c.versions) == 0 {
				continue
			}
			value, _, err := st.slot(at, st.count)
			if err == nil {
				err = add(at.addr)
			}
			if err != nil {
				return nil, err
			}
			change := &out[place[at.addr]]
			change.Storage = append(change.Storage, ledger.Slot{Key: at.key, Value: value})
		}
	}
	return out, nil
}

// change is what all messages together make of an account, without its storage.
func (st *store) change(addr ledger.Address) (ledger.Change, error) {
	now, _, err := st.account(addr, st.count)
	if err != nil {
		return ledger.Change{}, err
	}
	if !now.Exists() {
		return ledger.Change{Address: addr, Deleted: true}, nil
	}
	cleared, err := st.cleared(addr, st.count)
	if err != nil {
		return ledger.Change{}, err
	}
	c := ledger.Change{Address: addr, Account: now, Cleared: cleared >= 0}
	if before := st.accountCell(addr).base; hasCode(&now) && now.CodeHash != before.CodeHash {
		c.Code, err = st.code(now.CodeHash)
	}
	return c, err
}
