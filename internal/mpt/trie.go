package mpt

import (
	"bytes"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Reader finds the encoding of a node by its Keccak-256. It returns nil and no
// error for a node that it does not hold. The trie keeps and never changes the
// slice, nor may the reader.
type Reader interface {
	Get(hash [32]byte) ([]byte, error)
}

// Trie is an immutable map from keys to values that are not empty. Its zero value
// is empty and needs no reader. It is safe for concurrent use if its reader is.
type Trie struct {
	root   node
	reader Reader
}

// New returns the trie with a root whose nodes are in r. It reads nothing yet.
func New(root [32]byte, r Reader) Trie {
	if root == EmptyRoot {
		return Trie{reader: r}
	}
	return Trie{ref(root), r}
}

// Get returns the value of key, or nil. The caller must not change it.
func (t Trie) Get(key []byte) ([]byte, error) {
	n, path := t.root, pathOf(key)
	for {
		switch x := n.(type) {
		case nil:
			return nil, nil
		case ref:
			var err error
			if n, err = t.resolve(x); err != nil {
				return nil, err
			}
		case *leaf:
			if bytes.Equal(x.path, path) {
				return x.value, nil
			}
			return nil, nil
		case *extension:
			if !bytes.HasPrefix(path, x.path) {
				return nil, nil
			}
			n, path = x.child, path[len(x.path):]
		case *branch:
			if len(path) == 0 {
				return x.value, nil
			}
			n, path = x.children[path[0]], path[1:]
		}
	}
}

// Put returns the trie in which key has value, which it keeps and the caller must
// not change any more. An empty value deletes the key.
func (t Trie) Put(key, value []byte) (Trie, error) {
	if len(value) == 0 {
		return t.Delete(key)
	}
	root, err := t.put(t.root, pathOf(key), value)
	if err != nil {
		return Trie{}, err
	}
	return Trie{root, t.reader}, nil
}

// Delete returns the trie without key.
func (t Trie) Delete(key []byte) (Trie, error) {
	root, err := t.del(t.root, pathOf(key))
	if err != nil {
		return Trie{}, err
	}
	return Trie{root, t.reader}, nil
}

// Root returns the trie's root. It hashes all nodes that are new since New.
func (t Trie) Root() [32]byte { return t.Commit(nil) }

// Commit returns the trie's root and gives every node that is new since New and
// has a hash, children before parents, to emit, which may keep the slice.
func (t Trie) Commit(emit func(hash [32]byte, encoded []byte)) [32]byte {
	switch n := t.root.(type) {
	case nil:
		return EmptyRoot
	case ref:
		return n
	}
	enc := appendNode(nil, t.root, emit)
	h := keccak.Sum256(enc)
	if emit != nil {
		emit(h, enc)
	}
	return h
}

func (t Trie) load(h ref) ([]byte, error) {
	if t.reader == nil {
		return nil, fmt.Errorf("%w: %x", ErrMissing, h[:])
	}
	b, err := t.reader.Get(h)
	if err != nil {
		return nil, fmt.Errorf("mpt: read node %x: %w", h[:], err)
	}
	if b == nil {
		return nil, fmt.Errorf("%w: %x", ErrMissing, h[:])
	}
	return b, nil
}

func (t Trie) resolve(h ref) (node, error) {
	b, err := t.load(h)
	if err != nil {
		return nil, err
	}
	n, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("mpt: node %x: %w", h[:], err)
	}
	return n, nil
}

// put returns n itself if nothing changes.
func (t Trie) put(n node, path, value []byte) (node, error) {
	switch x := n.(type) {
	case nil:
		return &leaf{path, value}, nil
	case ref:
		loaded, err := t.resolve(x)
		if err != nil {
			return nil, err
		}
		changed, err := t.put(loaded, path, value)
		if err == nil && changed == loaded {
			return n, nil
		}
		return changed, err
	case *leaf:
		return putLeaf(x, path, value), nil
	case *extension:
		return t.putExtension(x, path, value)
	case *branch:
		return t.putBranch(x, path, value)
	}
	panic("mpt: node of an unknown kind")
}

func putLeaf(x *leaf, path, value []byte) node {
	if bytes.Equal(x.path, path) {
		if bytes.Equal(x.value, value) {
			return x
		}
		return &leaf{path, value}
	}
	p := commonPrefix(x.path, path)
	b := new(branch)
	b.attach(x.path[p:], x.value)
	b.attach(path[p:], value)
	return prepend(path[:p], b)
}

// attach adds a key to a branch under construction.
func (b *branch) attach(path, value []byte) {
	if len(path) == 0 {
		b.value = value
		return
	}
	b.children[path[0]] = &leaf{path[1:], value}
}

func (t Trie) putExtension(x *extension, path, value []byte) (node, error) {
	p := commonPrefix(x.path, path)
	if p == len(x.path) {
		child, err := t.put(x.child, path[p:], value)
		if err != nil {
			return nil, err
		}
		if child == x.child {
			return x, nil
		}
		return &extension{x.path, child}, nil
	}
	b := new(branch)
	b.children[x.path[p]] = prepend(x.path[p+1:], x.child)
	b.attach(path[p:], value)
	return prepend(path[:p], b), nil
}

func (t Trie) putBranch(x *branch, path, value []byte) (node, error) {
	if len(path) == 0 {
		if bytes.Equal(x.value, value) {
			return x, nil
		}
		b := *x
		b.value = value
		return &b, nil
	}
	child, err := t.put(x.children[path[0]], path[1:], value)
	if err != nil {
		return nil, err
	}
	if child == x.children[path[0]] {
		return x, nil
	}
	b := *x
	b.children[path[0]] = child
	return &b, nil
}

// prepend puts path in front of a node that is a branch or a ref to one.
func prepend(path []byte, n node) node {
	if len(path) == 0 {
		return n
	}
	return &extension{path, n}
}

// del returns n itself if nothing changes.
func (t Trie) del(n node, path []byte) (node, error) {
	switch x := n.(type) {
	case nil:
		return nil, nil
	case ref:
		loaded, err := t.resolve(x)
		if err != nil {
			return nil, err
		}
		changed, err := t.del(loaded, path)
		if err == nil && changed == loaded {
			return n, nil
		}
		return changed, err
	case *leaf:
		if bytes.Equal(x.path, path) {
			return nil, nil
		}
		return x, nil
	case *extension:
		if !bytes.HasPrefix(path, x.path) {
			return x, nil
		}
		child, err := t.del(x.child, path[len(x.path):])
		if err != nil {
			return nil, err
		}
		if child == x.child {
			return x, nil
		}
		return t.join(x.path, child)
	case *branch:
		return t.delBranch(x, path)
	}
	panic("mpt: node of an unknown kind")
}

func (t Trie) delBranch(x *branch, path []byte) (node, error) {
	b := *x
	if len(path) == 0 {
		if x.value == nil {
			return x, nil
		}
		b.value = nil
	} else {
		child, err := t.del(x.children[path[0]], path[1:])
		if err != nil {
			return nil, err
		}
		if child == x.children[path[0]] {
			return x, nil
		}
		b.children[path[0]] = child
	}
	last, used := -1, 0
	for i, c := range b.children {
		if c != nil {
			last, used = i, used+1
		}
	}
	switch {
	case used == 0:
		return &leaf{nil, b.value}, nil
	case used > 1 || b.value != nil:
		return &b, nil
	}
	return t.join([]byte{byte(last)}, b.children[last])
}

// join puts path in front of any node and merges it into a leaf or an extension,
// for which it must look at a node that is only known by its hash.
func (t Trie) join(path []byte, n node) (node, error) {
	if h, ok := n.(ref); ok {
		loaded, err := t.resolve(h)
		if err != nil {
			return nil, err
		}
		if _, ok := loaded.(*branch); ok {
			return &extension{path, n}, nil
		}
		n = loaded
	}
	switch x := n.(type) {
	case *leaf:
		return &leaf{concat(path, x.path), x.value}, nil
	case *extension:
		return &extension{concat(path, x.path), x.child}, nil
	case *branch:
		return &extension{path, x}, nil
	}
	panic("mpt: join with nothing")
}
