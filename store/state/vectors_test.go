package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// vector is one of ethereum/tests' TrieTests: pairs in order, in which a null value
// deletes, or a map in any order.
type vector struct {
	In   json.RawMessage `json:"in"`
	Root string          `json:"root"`
}

type vectorPair struct {
	key   []byte
	value []byte // nil deletes
}

func (v *vector) pairs(t *testing.T) (out []vectorPair) {
	text := func(s string) []byte {
		if !strings.HasPrefix(s, "0x") {
			return []byte(s)
		}
		b, err := hex.DecodeString(s[2:])
		require.NoError(t, err)
		return b
	}
	add := func(key string, value *string) {
		p := vectorPair{key: text(key)}
		if value != nil {
			p.value = text(*value)
		}
		out = append(out, p)
	}
	var ordered [][2]*string
	if json.Unmarshal(v.In, &ordered) == nil {
		for _, p := range ordered {
			add(*p[0], p[1])
		}
		return out
	}
	var unordered map[string]*string
	require.NoError(t, json.Unmarshal(v.In, &unordered))
	for k, value := range unordered {
		add(k, value)
	}
	return out
}

func eachVector(t *testing.T, run func(t *testing.T, v *vector, secure bool)) {
	dir := fixture.Dir(t, "TRIE_TESTS_DIR", "fixtures/trie")
	for file, secure := range map[string]bool{
		"trietest.json": false, "trieanyorder.json": false, "trietest_secureTrie.json": true,
		"trieanyorder_secureTrie.json": true, "hex_encoded_securetrie_test.json": true,
	} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		var vectors map[string]vector
		require.NoError(t, json.Unmarshal(raw, &vectors))
		require.NotEmpty(t, vectors)
		for name := range vectors {
			v := vectors[name]
			t.Run(file+"/"+name, func(t *testing.T) { run(t, &v, secure) })
		}
	}
}

// tables stand for the store's: records of branches by path, values by key. Unlike
// the store's, the values are any bytes, as those of the vectors are.
type tables struct {
	records map[string][]byte
	values  map[[32]byte][]byte
}

func (x tables) node(r ref, path []byte) (*branch, error) {
	record := x.records[string(path)]
	if record == nil {
		return nil, nil
	}
	b, err := decodeBranch(record)
	if err == nil && b.hash() != r {
		err = corrupt("another hash")
	}
	return b, err
}

func (x tables) leaf(r ref, path []byte) (*leaf, error) {
	for key, value := range x.values {
		if bytes.Equal(nibbles(&key, 0, len(path)), path) {
			l := &leaf{key, value}
			return l, trie{}.checkLeaf(l, r, len(path))
		}
	}
	return nil, corrupt("no leaf")
}

// put sets or, with nil, removes a key of a trie of which only the root is known.
func (x tables) put(t *testing.T, root ledger.Hash, key [32]byte, value []byte) ledger.Hash {
	_, existed := x.values[key]
	if !existed && value == nil {
		return root
	}
	next, edits, err := update(x, childOf(root), []item{{key, value, existed}}, false)
	require.NoError(t, err)
	for _, e := range edits {
		require.Equal(t, x.records[string(e.path)], e.old)
		if x.records[string(e.path)] = e.new; e.new == nil {
			delete(x.records, string(e.path))
		}
	}
	if x.values[key] = value; value == nil {
		delete(x.values, key)
	}
	return rootOf(&next)
}

// rebuilt computes the root from the values alone, as Check does, and requires the
// records to be those of the trie.
func (x tables) rebuilt(t *testing.T) ledger.Hash {
	seen := 0
	b := builder{emit: func(path, record []byte) error {
		require.Equal(t, x.records[string(path)], record)
		seen++
		return nil
	}}
	keys := slices.SortedFunc(maps.Keys(x.values), func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		require.NoError(t, b.add(key, x.values[key]))
	}
	c, err := b.finish()
	require.NoError(t, err)
	require.Len(t, x.records, seen)
	return rootOf(&c)
}

// The tries of a state have hashed keys of 32 bytes: the vectors fit whose keys, with
// the secure ones hashed, have that length. Package internal/mpt runs the others.
func TestTheOfficialVectorsOfTriesHoldForEveryWayToARoot(t *testing.T) {
	fit := 0
	eachVector(t, func(t *testing.T, v *vector, secure bool) {
		pairs := v.pairs(t)
		for i := range pairs {
			if secure {
				h := keccak.Sum256(pairs[i].key)
				pairs[i].key = h[:]
			}
			if len(pairs[i].key) != 32 {
				t.Skip("keys of other lengths")
			}
		}
		fit++
		x := tables{map[string][]byte{}, map[[32]byte][]byte{}}
		root := ledger.EmptyRoot
		last := map[[32]byte]item{}
		for _, p := range pairs {
			root = x.put(t, root, [32]byte(p.key), p.value)
			require.Equal(t, root, x.rebuilt(t))
			last[[32]byte(p.key)] = item{key: [32]byte(p.key), value: p.value}
		}
		require.Equal(t, v.Root, root.String(), "one key after the other")
		items := slices.SortedFunc(maps.Values(last), func(a, b item) int { return bytes.Compare(a.key[:], b.key[:]) })
		all, _, err := update(tables{}, child{}, items, false)
		require.NoError(t, err)
		require.Equal(t, v.Root, rootOf(&all).String(), "all at once")
	})
	require.GreaterOrEqual(t, fit, 14)
	t.Logf("%d vectors", fit)
}
