package mpt

import (
	"errors"
	"fmt"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// EmptyRoot is the root of a trie without keys: the Keccak-256 of RLP's empty string.
var EmptyRoot = [32]byte{
	0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
	0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
}

// Errors of this package.
var (
	ErrNode    = errors.New("mpt: malformed node")
	ErrMissing = errors.New("mpt: node is missing")
	ErrProof   = errors.New("mpt: proof does not lead from the root to the key")
	ErrIndex   = errors.New("mpt: index is not in the list")
)

func nodeError(text string) error { return fmt.Errorf("%w: %s", ErrNode, text) }

// node is nil (nothing), ref, *leaf, *extension or *branch. Nodes never change
// once another node or a Trie points at them.
type node any

type (
	// ref stands for a node that lies in the reader under its hash.
	ref [32]byte
	// leaf ends a key; its value is not empty.
	leaf struct{ path, value []byte }
	// extension skips a path that is not empty; its child is a branch or a ref to one.
	extension struct {
		path  []byte
		child node
	}
	// branch has at least two of its 16 children and its value (nil: no key ends here).
	branch struct {
		children [16]node
		value    []byte
	}
)

// appendNode appends the RLP of n. Nodes below it that encode to 32 bytes or more
// are replaced by their hash and given to emit, if that is not nil.
func appendNode(dst []byte, n node, emit func(hash [32]byte, encoded []byte)) []byte {
	var p []byte
	switch n := n.(type) {
	case *leaf:
		p = rlp.AppendBytes(p, appendCompact(nil, n.path, true))
		p = rlp.AppendBytes(p, n.value)
	case *extension:
		p = rlp.AppendBytes(p, appendCompact(nil, n.path, false))
		p = appendChild(p, n.child, emit)
	case *branch:
		p = make([]byte, 0, 16*33+len(n.value)+9)
		for _, c := range n.children {
			p = appendChild(p, c, emit)
		}
		p = rlp.AppendBytes(p, n.value)
	default:
		panic("mpt: node of an unknown kind")
	}
	return rlp.AppendList(dst, p)
}

func appendChild(dst []byte, n node, emit func([32]byte, []byte)) []byte {
	switch n := n.(type) {
	case nil:
		return append(dst, 0x80)
	case ref:
		return rlp.AppendBytes(dst, n[:])
	}
	enc := appendNode(nil, n, emit)
	if len(enc) < 32 {
		return append(dst, enc...)
	}
	h := keccak.Sum256(enc)
	if emit != nil {
		emit(h, enc)
	}
	return rlp.AppendBytes(dst, h[:])
}

// decode reads a node that fills b exactly. Values alias b.
func decode(b []byte) (node, error) {
	content, list, rest, err := rlp.Split(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	if !list || len(rest) != 0 {
		return nil, nodeError("not one list")
	}
	return decodeItems(content)
}

func decodeItems(content []byte) (node, error) {
	var items [17][]byte // full encodings
	n := 0
	for d := rlp.Items(content); d.More(); n++ {
		if n == len(items) {
			return nil, nodeError("more than 17 items")
		}
		items[n] = d.Raw()
		if d.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrNode, d.Err())
		}
	}
	switch n {
	case 2:
		return decodeShort(items[0], items[1])
	case 17:
		return decodeBranch(&items)
	}
	return nil, nodeError("neither 2 nor 17 items")
}

func decodeString(raw []byte) ([]byte, error) {
	s, list, _, err := rlp.Split(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	if list {
		return nil, nodeError("list where a string is expected")
	}
	return s, nil
}

func decodeShort(rawPath, rawRest []byte) (node, error) {
	compact, err := decodeString(rawPath)
	if err != nil {
		return nil, err
	}
	path, isLeaf, err := parseCompact(compact)
	if err != nil {
		return nil, err
	}
	if isLeaf {
		value, err := decodeString(rawRest)
		if err != nil {
			return nil, err
		}
		if len(value) == 0 {
			return nil, nodeError("leaf without a value")
		}
		return &leaf{path, value}, nil
	}
	if len(path) == 0 {
		return nil, nodeError("extension without a path")
	}
	child, err := decodeChild(rawRest)
	if err != nil {
		return nil, err
	}
	switch child.(type) {
	case ref, *branch:
		return &extension{path, child}, nil
	}
	return nil, nodeError("extension that does not lead to a branch")
}

func decodeBranch(items *[17][]byte) (node, error) {
	b := new(branch)
	used := 0
	for i := range b.children {
		child, err := decodeChild(items[i])
		if err != nil {
			return nil, err
		}
		if child != nil {
			b.children[i] = child
			used++
		}
	}
	value, err := decodeString(items[16])
	if err != nil {
		return nil, err
	}
	if len(value) > 0 {
		b.value = value
		used++
	}
	if used < 2 {
		return nil, nodeError("branch with fewer than two ways")
	}
	return b, nil
}

// decodeChild reads a reference: nothing, a hash, or a node of less than 32 bytes.
// The bound on embedded nodes bounds the recursion.
func decodeChild(raw []byte) (node, error) {
	content, list, _, err := rlp.Split(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	switch {
	case list && len(raw) < 32:
		return decodeItems(content)
	case list:
		return nil, nodeError("embedded node of 32 bytes or more")
	case len(content) == 0:
		return nil, nil
	case len(content) == 32:
		return ref(content), nil
	}
	return nil, nodeError("reference that is not 32 bytes long")
}
