package state

import (
	"bytes"
	"slices"
)

// item is a change of one key: its new value, nil to remove it, and whether the trie
// held it before. An item that changes nothing is not allowed.
type item struct {
	key     [32]byte
	value   []byte
	existed bool
}

// edit says what becomes of the record at a path; nil stands for no record. path has
// one nibble in a byte. ref refers to the new node.
type edit struct {
	path, old, new []byte
	ref            ref
}

// loader finds the nodes of one trie that are not in memory.
type loader interface {
	// node returns the branch with a reference at a path, or nil if no branch is
	// there; it then is a leaf. The branch belongs to the caller.
	node(r ref, path []byte) (*branch, error)
	// leaf returns the only leaf below a path and checks it against its reference.
	leaf(r ref, path []byte) (*leaf, error)
}

// parallelItems is how many items make it worthwhile to share a trie among workers.
const parallelItems = 256

// update returns the trie with the items, which are in ascending order of keys, and
// the edits of its records in the order of their paths.
func update(l loader, root child, items []item, parallel bool) (child, []edit, error) {
	if len(items) == 0 {
		return root, nil, nil
	}
	parallel = parallel && len(items) >= parallelItems
	w := work{loader: l}
	var err error
	if root, err = w.settleKind(root); err != nil {
		return child{}, nil, err
	}
	if parallel && root.branch != nil && len(root.branch.skip) == 0 {
		err = w.applyParallel(&root, items)
	} else {
		root, err = w.apply(root, 0, items)
	}
	if err != nil {
		return child{}, nil, err
	}
	if parallel && root.branch != nil && root.ref.n == 0 {
		w.hashParallel(&root)
	} else {
		w.hash(&root, 0)
	}
	return root, w.edits(), nil
}

// work is one worker's part of an update.
type work struct {
	loader
	path [64]byte // of the node at hand
	room []byte   // for the paths of edits
	olds []edit   // records that the update took apart
	news []edit   // records that it made
}

// settleKind loads the root, of which is not known whether it is a branch.
func (w *work) settleKind(root child) (child, error) {
	if root.branch != nil || root.leaf != nil || root.ref.n == 0 {
		return root, nil
	}
	b, err := w.node(root.ref, nil)
	root.branch, root.isLeaf = b, b == nil
	return root, err
}

// open returns a copy of the branch in c that may change, and notes its record.
// Its path is the first depth nibbles of w.path.
func (w *work) open(c *child, depth int) (*branch, error) {
	if c.branch != nil {
		if c.branch.record != nil {
			w.olds = append(w.olds, edit{path: w.here(depth), old: c.branch.record})
		}
		return &branch{skip: c.branch.skip, kids: c.branch.kids}, nil
	}
	b, err := w.node(c.ref, w.path[:depth])
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, corrupt("a branch is missing")
	}
	w.olds = append(w.olds, edit{path: w.here(depth), old: b.record})
	b.record = nil
	return b, nil
}

// here returns a copy of the path of the node at hand.
func (w *work) here(depth int) []byte {
	if cap(w.room)-len(w.room) < depth {
		w.room = make([]byte, 0, 1_024)
	}
	n := len(w.room)
	w.room = append(w.room, w.path[:depth]...)
	return w.room[n:len(w.room):len(w.room)]
}

// apply returns c, which lies at depth, with the items, which all belong below it.
func (w *work) apply(c child, depth int, items []item) (child, error) {
	if len(items) == 0 {
		return c, nil
	}
	switch {
	case c.empty():
		return build(items, depth), nil
	case c.isLeaf:
		return w.applyLeaf(c, depth, items)
	}
	w.setPath(&items[0].key, depth)
	b, err := w.open(&c, depth)
	if err != nil {
		return child{}, err
	}
	shared := min(commonSkip(&items[0].key, depth, b.skip), commonSkip(&items[len(items)-1].key, depth, b.skip))
	if shared < len(b.skip) {
		moved := &branch{skip: b.skip[shared+1:], kids: b.kids}
		at := b.skip[shared]
		b = &branch{skip: b.skip[:shared]}
		b.kids[at] = child{branch: moved}
	}
	at := depth + len(b.skip)
	for len(items) > 0 {
		n := group(items, at)
		kid := &b.kids[nibble(&items[0].key, at)]
		if *kid, err = w.apply(*kid, at+1, items[:n]); err != nil {
			return child{}, err
		}
		if items = items[n:]; len(items) == 0 {
			break
		}
	}
	return w.normal(b, depth)
}

func (w *work) setPath(key *[32]byte, depth int) {
	for i := range depth {
		w.path[i] = nibble(key, i)
	}
}

// group returns how many of the items share the nibble of the first.
func group(items []item, at int) int {
	x := nibble(&items[0].key, at)
	n := 1
	for n < len(items) && nibble(&items[n].key, at) == x {
		n++
	}
	return n
}

// applyLeaf is apply for a leaf. If one of the items existed, it is this one.
func (w *work) applyLeaf(c child, depth int, items []item) (child, error) {
	for i := range items {
		if items[i].existed {
			return build(items, depth), nil
		}
	}
	l, err := w.known(&c, &items[0].key, depth)
	if err != nil {
		return child{}, err
	}
	at, _ := slices.BinarySearchFunc(items, l.key, func(x item, key [32]byte) int { return bytes.Compare(x.key[:], key[:]) })
	all := make([]item, 0, len(items)+1)
	all = append(append(append(all, items[:at]...), item{key: l.key, value: l.value}), items[at:]...)
	return build(all, depth), nil
}

// known returns the leaf in c, which lies at depth under the path of key.
func (w *work) known(c *child, key *[32]byte, depth int) (*leaf, error) {
	if c.leaf != nil {
		return c.leaf, nil
	}
	w.setPath(key, depth)
	return w.leaf(c.ref, w.path[:depth])
}

// build makes a trie of the items that have a value. No item repeats a key.
func build(items []item, depth int) child {
	for i := range items {
		if items[i].value == nil {
			items = slices.DeleteFunc(slices.Clone(items), func(x item) bool { return x.value == nil })
			break
		}
	}
	if len(items) == 0 {
		return child{}
	}
	return buildAll(items, depth)
}

func buildAll(items []item, depth int) child {
	if len(items) == 1 {
		return leafChild(&leaf{items[0].key, items[0].value})
	}
	shared := common(&items[0].key, &items[len(items)-1].key, depth)
	b := new(branch)
	at := depth + shared
	if shared > 0 {
		b.skip = nibbles(&items[0].key, depth, at)
	}
	for len(items) > 0 {
		n := group(items, at)
		b.kids[nibble(&items[0].key, at)] = buildAll(items[:n], at+1)
		items = items[n:]
	}
	return child{branch: b}
}

// normal returns the child for an edited branch at depth whose path is in w.path: a
// branch of which one child is left gives way to it.
func (w *work) normal(b *branch, depth int) (child, error) {
	last, used := 0, 0
	for i := range b.kids {
		if !b.kids[i].empty() {
			last, used = i, used+1
		}
	}
	switch used {
	case 0:
		return child{}, nil
	case 1:
	default:
		return child{branch: b}, nil
	}
	kid := &b.kids[last]
	at := depth + copy(w.path[depth:], b.skip)
	w.path[at] = byte(last)
	at++
	if kid.isLeaf {
		l := kid.leaf
		if l == nil {
			var err error
			if l, err = w.leaf(kid.ref, w.path[:at]); err != nil {
				return child{}, err
			}
		}
		return leafChild(l), nil
	}
	below, err := w.open(kid, at)
	if err != nil {
		return child{}, err
	}
	skip := make([]byte, 0, len(b.skip)+1+len(below.skip))
	below.skip = append(append(append(skip, b.skip...), byte(last)), below.skip...)
	return child{branch: below}, nil
}

// applyParallel is apply for a root without an extension.
func (w *work) applyParallel(root *child, items []item) error {
	b, err := w.open(root, 0)
	if err != nil {
		return err
	}
	var groups [16][]item
	for len(items) > 0 {
		n := group(items, 0)
		groups[nibble(&items[0].key, 0)] = items[:n]
		items = items[n:]
	}
	var parts [16]work
	err = each(16, func(i int) (err error) {
		parts[i].loader = w.loader
		b.kids[i], err = parts[i].apply(b.kids[i], 1, groups[i])
		return err
	})
	if err != nil {
		return err
	}
	for i := range parts {
		w.olds = append(w.olds, parts[i].olds...)
	}
	*root, err = w.normal(b, 0)
	return err
}

// hash hashes what is new in and below c, which lies at the first depth nibbles of
// w.path.
func (w *work) hash(c *child, depth int) {
	switch {
	case c.ref.n != 0 || c.empty():
		return
	case c.leaf != nil:
		var buf [256]byte
		c.ref = refOf(appendLeaf(buf[:0], c.leaf, depth))
		return
	}
	b := c.branch
	mine := len(w.news)
	w.news = append(w.news, edit{path: w.here(depth)})
	at := depth + copy(w.path[depth:], b.skip)
	for i := range b.kids {
		w.path[at] = byte(i)
		w.hash(&b.kids[i], at+1)
	}
	b.record = b.encode()
	c.ref = b.hash()
	w.news[mine].new, w.news[mine].ref = b.record, c.ref
}

// hashParallel is hash for a root.
func (w *work) hashParallel(root *child) {
	b := root.branch
	at := copy(w.path[:], b.skip)
	var parts [16]work
	_ = each(16, func(i int) error { // the function returns no error
		parts[i].path = w.path
		parts[i].path[at] = byte(i)
		parts[i].hash(&b.kids[i], at+1)
		return nil
	})
	b.record = b.encode()
	root.ref = b.hash()
	w.news = append(w.news, edit{new: b.record, ref: root.ref})
	for i := range parts {
		w.news = append(w.news, parts[i].news...)
	}
}

// edits joins the records that were taken apart with those that were made.
func (w *work) edits() []edit {
	byPath := func(a, b edit) int { return bytes.Compare(a.path, b.path) }
	if !slices.IsSortedFunc(w.olds, byPath) {
		slices.SortFunc(w.olds, byPath)
	}
	out := make([]edit, 0, max(len(w.olds), len(w.news)))
	olds, news := w.olds, w.news
	for len(olds) > 0 || len(news) > 0 {
		order := 1
		if len(news) == 0 {
			order = -1
		} else if len(olds) > 0 {
			order = byPath(olds[0], news[0])
		}
		switch {
		case order < 0:
			out, olds = append(out, olds[0]), olds[1:]
		case order > 0:
			out, news = append(out, news[0]), news[1:]
		default:
			if !bytes.Equal(olds[0].old, news[0].new) {
				out = append(out, edit{olds[0].path, olds[0].old, news[0].new, news[0].ref})
			}
			olds, news = olds[1:], news[1:]
		}
	}
	return out
}
