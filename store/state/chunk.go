package state

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// ErrChunk refuses a chunk that is not what its cursor asks for under the state root.
var ErrChunk = errors.New("state: invalid chunk")

// Part is what a chunk holds.
type Part uint8

// The parts of a snapshot, in the order of an import.
const (
	Accounts Part = iota
	Slots
	Codes
)

// Cursor says which chunk comes next. An Import gives it, View.Chunk answers.
type Cursor struct {
	Part Part
	// Account is the hash of the address whose slots are meant; zero otherwise.
	Account ledger.Hash
	// Start is the hash from which accounts or slots are wanted.
	Start ledger.Hash
	// Codes are the hashes of the wanted code.
	Codes []ledger.Hash
}

// String names the chunk in errors.
func (c Cursor) String() string {
	switch c.Part {
	case Accounts:
		return fmt.Sprintf("accounts from %v", c.Start)
	case Slots:
		return fmt.Sprintf("slots of %v from %v", c.Account, c.Start)
	}
	return fmt.Sprintf("%d codes", len(c.Codes))
}

// Chunk is a part of a state: all accounts, or slots of one account, whose hashes
// share the first Depth nibbles of the cursor's start, with the proof of that; or
// the first of the wanted codes.
type Chunk struct {
	Depth  int
	Keys   []ledger.Hash // ascending
	Values [][]byte      // as the flat tables hold them
	// Proof holds the trie's nodes from the root towards the start, as far as their
	// branches lie above Depth, and a node that shows that nothing is below it.
	Proof [][]byte
	Codes [][]byte
}

// Encode returns the chunk's RLP: [depth, [keys], [values], [proof], [codes]].
func (c *Chunk) Encode() []byte {
	p := rlp.AppendUint(nil, uint64(c.Depth))
	var keys []byte
	for i := range c.Keys {
		keys = rlp.AppendBytes(keys, c.Keys[i][:])
	}
	p = rlp.AppendList(p, keys)
	for _, list := range [][][]byte{c.Values, c.Proof, c.Codes} {
		var items []byte
		for _, x := range list {
			items = rlp.AppendBytes(items, x)
		}
		p = rlp.AppendList(p, items)
	}
	return rlp.AppendList(nil, p)
}

// DecodeChunk reads what Encode wrote. It checks the form only; Import.Add checks
// the rest.
func DecodeChunk(b []byte) (*Chunk, error) {
	d := rlp.NewDecoder(b)
	c := new(Chunk)
	depth := d.Uint()
	d.Each(func(item *rlp.Decoder) {
		var h ledger.Hash
		item.Fixed(h[:])
		c.Keys = append(c.Keys, h)
	})
	for _, list := range []*[][]byte{&c.Values, &c.Proof, &c.Codes} {
		d.Each(func(item *rlp.Decoder) { *list = append(*list, item.Bytes()) })
	}
	if err := d.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChunk, err)
	}
	if depth > 64 || len(c.Keys) != len(c.Values) {
		return nil, fmt.Errorf("%w: bad sizes", ErrChunk)
	}
	c.Depth = int(depth)
	return c, nil
}

// Chunk exports a part of the state, of about limit bytes at most and at least one
// entry if there is one. It fails with ErrPruned when the view has left the history;
// the importer then begins again with a newer root.
func (v *View) Chunk(at Cursor, limit int) (*Chunk, error) {
	if v.pending.Load() != nil {
		return nil, fmt.Errorf("%w: the view is not committed", ErrChunk)
	}
	t := trie{state: v.state, seq: v.seq, void: v.void}
	root := childOf(v.root)
	switch at.Part {
	case Accounts:
	case Slots:
		t.owner = at.Account[:]
		raw, err := v.state.flat(v.seq, accountKey((*[32]byte)(&at.Account)))
		if err != nil {
			return nil, err
		}
		a, err := decodeSlim(raw)
		if err != nil {
			return nil, err
		}
		root = child{}
		if a.Exists() {
			root = childOf(a.Root)
		}
	case Codes:
		return v.codeChunk(at.Codes, limit)
	default:
		return nil, fmt.Errorf("%w: no part %d", ErrChunk, at.Part)
	}
	c := new(Chunk)
	if err := c.collect(t, &at, limit); err != nil {
		return nil, err
	}
	return c, c.prove(t, root, (*[32]byte)(&at.Start))
}

func (v *View) codeChunk(hashes []ledger.Hash, limit int) (*Chunk, error) {
	c := new(Chunk)
	size := 0
	for _, hash := range hashes {
		code, err := v.state.code(hash)
		if err != nil {
			return nil, err
		}
		if size += len(code); size > limit && len(c.Codes) > 0 {
			break
		}
		c.Codes = append(c.Codes, code)
	}
	return c, nil
}

// collect finds the largest prefix of the start, which begins there, whose entries
// fit.
func (c *Chunk) collect(t trie, at *Cursor, limit int) error {
	start := (*[32]byte)(&at.Start)
	for c.Depth = 64; c.Depth > 0 && nibble(start, c.Depth-1) == 0; {
		c.Depth--
	}
	if t.void {
		return nil
	}
	_, end := rangeOf(t.owner, nil)
	from, _ := rangeOf(t.owner, nibbles(start, 0, 64))
	size := 0
	err := t.state.scan(t.seq, from, end, func(key, value []byte) error {
		hash := ledger.Hash(key[len(key)-32:])
		if common(start, (*[32]byte)(&hash), 0) < c.Depth {
			return errStop
		}
		if size += 34 + len(value); size > limit && len(c.Keys) > 0 {
			c.Depth = common(start, (*[32]byte)(&hash), 0) + 1
			return errStop
		}
		c.Keys = append(c.Keys, hash)
		c.Values = append(c.Values, append([]byte(nil), value...))
		return nil
	})
	for n := len(c.Keys); n > 0 && common(start, (*[32]byte)(&c.Keys[n-1]), 0) < c.Depth; n = len(c.Keys) {
		c.Keys, c.Values = c.Keys[:n-1], c.Values[:n-1]
	}
	return err
}

// prove fills the proof.
func (c *Chunk) prove(t trie, root child, start *[32]byte) (err error) {
	w := work{loader: t}
	if root, err = w.settleKind(root); err != nil {
		return err
	}
	w.setPath(start, 64)
	at := root
	for depth := 0; depth < c.Depth && !at.empty(); depth++ {
		if at.isLeaf {
			l, err := w.leaf(at.ref, w.path[:depth])
			if err == nil && common(start, &l.key, 0) < c.Depth {
				c.Proof = append(c.Proof, appendLeaf(nil, l, depth))
			}
			return err
		}
		b := at.branch
		if b == nil {
			if b, err = w.node(at.ref, w.path[:depth]); err != nil {
				return err
			}
			if b == nil {
				return corrupt("a branch is missing")
			}
		}
		shared := commonSkip(start, depth, b.skip)
		strays := shared < len(b.skip) && depth+shared < c.Depth
		if !strays && depth+len(b.skip) >= c.Depth {
			return nil
		}
		encoded := b.appendBranch(nil)
		if len(b.skip) > 0 {
			c.Proof = append(c.Proof, b.appendExtension(nil, refOf(encoded)))
		}
		if strays {
			return nil
		}
		c.Proof = append(c.Proof, encoded)
		depth += len(b.skip)
		at = b.kids[nibble(start, depth)]
	}
	return nil
}

// verify checks the chunk's entries against the root of its trie. leafOf turns a
// value into what the trie holds.
func (c *Chunk) verify(root ledger.Hash, start *[32]byte, leafOf func([]byte) ([]byte, error)) error {
	for i := c.Depth; i < 64; i++ {
		if nibble(start, i) != 0 {
			return fmt.Errorf("%w: depth %d is above the start", ErrChunk, c.Depth)
		}
	}
	at, depth, err := c.follow(root, start)
	if err != nil {
		return err
	}
	t := builder{depth: depth}
	for i := range c.Keys {
		if common(start, (*[32]byte)(&c.Keys[i]), 0) < c.Depth {
			return fmt.Errorf("%w: key %v is not below the start", ErrChunk, c.Keys[i])
		}
		value, err := leafOf(c.Values[i])
		if err == nil {
			err = t.add(c.Keys[i], value)
		}
		if err != nil {
			return fmt.Errorf("%w: key %v: %w", ErrChunk, c.Keys[i], err)
		}
	}
	got, err := t.finish()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChunk, err)
	}
	if got.ref != at {
		return fmt.Errorf("%w: the entries are not those under the root", ErrChunk)
	}
	return nil
}

// follow walks the proof and returns the reference to what the entries must hash to
// at a depth: nothing, if the proof shows that there are none.
func (c *Chunk) follow(root ledger.Hash, start *[32]byte) (at ref, depth int, err error) {
	if root != ledger.EmptyRoot {
		at = rootRef(root)
	}
	for i, encoded := range c.Proof {
		if at.n == 0 || refOf(encoded) != at || depth >= c.Depth {
			return ref{}, 0, fmt.Errorf("%w: node %d of the proof does not follow", ErrChunk, i)
		}
		n, err := parseNode(encoded)
		if err != nil {
			return ref{}, 0, err
		}
		shared := 0
		if depth+len(n.path) <= 64 {
			shared = commonSkip(start, depth, n.path)
		}
		switch {
		case n.path == nil:
			at = n.kids[nibble(start, depth)]
			depth++
		case shared < len(n.path) && depth+shared < c.Depth:
			if i != len(c.Proof)-1 {
				return ref{}, 0, fmt.Errorf("%w: the proof goes on where the trie does not", ErrChunk)
			}
			return ref{}, depth, nil
		case n.isLeaf || shared < len(n.path) || depth+shared >= c.Depth:
			return ref{}, 0, fmt.Errorf("%w: node %d of the proof is not needed", ErrChunk, i)
		default:
			at, depth = n.kids[0], depth+len(n.path)
		}
	}
	return at, depth, nil
}

// wireNode is a decoded node of a proof: a branch if path is nil; otherwise a leaf,
// or an extension to kids[0].
type wireNode struct {
	path   []byte
	isLeaf bool
	kids   [16]ref
}

func parseNode(encoded []byte) (n wireNode, err error) {
	var items [][]byte
	d := rlp.NewDecoder(encoded)
	for d.More() && len(items) < 18 {
		items = append(items, d.Raw())
	}
	if err := d.Done(); err != nil {
		return n, fmt.Errorf("%w: %w", ErrChunk, err)
	}
	bad := fmt.Errorf("%w: malformed node", ErrChunk)
	switch len(items) {
	case 17:
		for i := range n.kids {
			if n.kids[i], err = parseRef(items[i]); err != nil {
				return n, err
			}
		}
		return n, nil
	case 2:
	default:
		return n, bad
	}
	compact, list, _, err := rlp.Split(items[0])
	if err != nil || list || len(compact) == 0 || compact[0] > 0x3f {
		return n, bad
	}
	n.isLeaf = compact[0]&0x20 != 0
	n.path = []byte{}
	if compact[0]&0x10 != 0 {
		n.path = append(n.path, compact[0]&15)
	}
	for _, x := range compact[1:] {
		n.path = append(n.path, x>>4, x&15)
	}
	if !n.isLeaf {
		n.kids[0], err = parseRef(items[1])
	}
	return n, err
}

func parseRef(item []byte) (r ref, err error) {
	content, list, _, err := rlp.Split(item)
	switch {
	case err != nil:
	case list && len(item) < 32:
		r.n = uint8(copy(r.b[:], item))
		return r, nil
	case !list && len(content) == 0:
		return ref{}, nil
	case !list && len(content) == 32:
		return rootRef([32]byte(content)), nil
	}
	return r, fmt.Errorf("%w: malformed reference", ErrChunk)
}
