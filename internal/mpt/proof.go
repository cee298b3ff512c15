package mpt

import (
	"bytes"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// Prove returns the encodings of the nodes on the way from root towards key, as
// eth_getProof gives them: whether key is there or not, they show it. Nodes of
// less than 32 bytes are inside their parent. The empty trie has the empty proof.
// The caller must not change the slices.
func Prove(root [32]byte, key []byte, r Reader) (proof [][]byte, err error) {
	_, err = walk(root, key, func(h ref) ([]byte, error) {
		b, err := Trie{reader: r}.load(h)
		proof = append(proof, b)
		return b, err
	})
	if err != nil {
		return nil, err
	}
	return proof, nil
}

// VerifyProof returns the value of key in the trie with this root, or nil if the
// proof shows that key is absent. The value aliases the proof. A proof that stops
// early, strays or holds nodes that are not on the way is refused with ErrProof,
// a node that no trie holds with ErrNode. For EmptyRoot the proof is empty or, as
// some clients give it, the one byte 0x80 that hashes to it.
//
// Of a secure trie, key is the hash.
func VerifyProof(root [32]byte, key []byte, proof [][]byte) (value []byte, err error) {
	if root == EmptyRoot {
		if len(proof) == 0 || (len(proof) == 1 && bytes.Equal(proof[0], []byte{0x80})) {
			return nil, nil
		}
		return nil, fmt.Errorf("%w: nodes in an empty trie", ErrProof)
	}
	next := 0
	value, err = walk(root, key, func(h ref) ([]byte, error) {
		if next == len(proof) {
			return nil, fmt.Errorf("%w: it ends early", ErrProof)
		}
		b := proof[next]
		next++
		if keccak.Sum256(b) != h {
			return nil, fmt.Errorf("%w: node %d has another hash", ErrProof, next-1)
		}
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	if next != len(proof) {
		return nil, fmt.Errorf("%w: %d nodes too many", ErrProof, len(proof)-next)
	}
	return value, nil
}

// walk descends to key and asks load for every node that is known by its hash.
func walk(root [32]byte, key []byte, load func(ref) ([]byte, error)) ([]byte, error) {
	if root == EmptyRoot {
		return nil, nil
	}
	path := pathOf(key)
	var n node = ref(root)
	afterExtension := false
	for {
		if h, ok := n.(ref); ok {
			b, err := load(h)
			if err != nil {
				return nil, err
			}
			if n, err = decode(b); err != nil {
				return nil, err
			}
		}
		if _, ok := n.(*branch); afterExtension && !ok {
			return nil, nodeError("extension that does not lead to a branch")
		}
		afterExtension = false
		switch x := n.(type) {
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
			afterExtension = true
		case *branch:
			if len(path) == 0 {
				return x.value, nil
			}
			n, path = x.children[path[0]], path[1:]
		}
		if n == nil {
			return nil, nil
		}
	}
}

// Walk calls visit for every key of the trie with this root in ascending order,
// and returns the first error, visit's or the reader's. Keys must have whole bytes,
// as all do that were put.
func Walk(root [32]byte, r Reader, visit func(key, value []byte) error) error {
	t := New(root, r)
	return t.walk(t.root, nil, visit)
}

func (t Trie) walk(n node, path []byte, visit func(key, value []byte) error) error {
	switch x := n.(type) {
	case nil:
		return nil
	case ref:
		loaded, err := t.resolve(x)
		if err != nil {
			return err
		}
		return t.walk(loaded, path, visit)
	case *leaf:
		return visitKey(concat(path, x.path), x.value, visit)
	case *extension:
		return t.walk(x.child, concat(path, x.path), visit)
	case *branch:
		if x.value != nil {
			if err := visitKey(path, x.value, visit); err != nil {
				return err
			}
		}
		for i, c := range x.children {
			if err := t.walk(c, concat(path, []byte{byte(i)}), visit); err != nil {
				return err
			}
		}
		return nil
	}
	panic("mpt: node of an unknown kind")
}

func visitKey(path, value []byte, visit func(key, value []byte) error) error {
	if len(path)%2 != 0 {
		return nodeError("key that ends inside a byte")
	}
	key := make([]byte, len(path)/2)
	for i := range key {
		key[i] = path[2*i]<<4 | path[2*i+1]
	}
	return visit(key, value)
}

// ListRoot returns the root of the trie that maps RLP(i) to items[i], as Ethereum
// commits to transactions and receipts. Items must not be empty.
func ListRoot(items [][]byte) [32]byte { return list(items).Root() }

// ListKey is the key of an index in the trie of a list.
func ListKey(index uint64) []byte { return rlp.AppendUint(nil, index) }

// ListProof proves items[index] against ListRoot(items), for VerifyProof with
// ListKey(index). An index that is not in the list gives ErrIndex.
func ListProof(items [][]byte, index int) ([][]byte, error) {
	if index < 0 || index >= len(items) {
		return nil, fmt.Errorf("%w: %d of %d", ErrIndex, index, len(items))
	}
	nodes := make(nodeMap)
	root := list(items).Commit(nodes.add)
	return Prove(root, ListKey(uint64(index)), nodes)
}

func list(items [][]byte) (t Trie) {
	for i, item := range items {
		if len(item) == 0 {
			panic("mpt: empty item in a list")
		}
		var err error
		if t, err = t.Put(ListKey(uint64(i)), item); err != nil {
			panic("mpt: a trie in memory failed to read: " + err.Error())
		}
	}
	return t
}

type nodeMap map[[32]byte][]byte

func (m nodeMap) add(h [32]byte, b []byte)       { m[h] = b }
func (m nodeMap) Get(h [32]byte) ([]byte, error) { return m[h], nil }
