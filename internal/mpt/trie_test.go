package mpt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
)

// build makes a trie of n hashed keys with values of up to 40 bytes.
func build(t testing.TB, n int) (root [32]byte, nodes nodeMap, content map[[32]byte][]byte) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	content = make(map[[32]byte][]byte)
	var trie Trie
	for i := range n {
		key := keccak.Sum256([]byte(fmt.Sprint(i)))
		value := make([]byte, 1+rng.IntN(40))
		for j := range value {
			value[j] = byte(rng.Uint32())
		}
		var err error
		trie, err = trie.Put(key[:], value)
		require.NoError(t, err)
		content[key] = value
	}
	nodes = make(nodeMap)
	return trie.Commit(nodes.add), nodes, content
}

func TestOldVersionsStay(t *testing.T) {
	var versions []Trie
	var trie Trie
	for i := range 300 {
		var err error
		trie, err = trie.Put([]byte{byte(i % 7), byte(i * 31)}, fmt.Append(nil, "v", i))
		require.NoError(t, err)
		versions = append(versions, trie)
	}
	roots := make([][32]byte, len(versions))
	for i := range versions {
		roots[i] = versions[i].Root()
	}
	for i := range 300 {
		var err error
		trie, err = trie.Delete([]byte{byte(i % 7), byte(i * 31)})
		require.NoError(t, err)
	}
	require.Equal(t, EmptyRoot, trie.Root())
	for i := range versions {
		require.Equal(t, roots[i], versions[i].Root())
		got, err := versions[i].Get([]byte{byte(i % 7), byte(i * 31)})
		require.NoError(t, err)
		require.Equal(t, fmt.Append(nil, "v", i), got)
	}
}

func TestAnyOrderOfUpdatesGivesOneRoot(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		// Short keys of two letters share prefixes and end inside one another.
		content := make(map[string][]byte)
		nodes := make(nodeMap)
		root := EmptyRoot
		for range 200 {
			key := make([]byte, rng.IntN(5))
			for i := range key {
				key[i] = []byte{0x11, 0x12, 0x21}[rng.IntN(3)]
			}
			value := make([]byte, rng.IntN(3)*17)
			for i := range value {
				value[i] = byte(rng.IntN(2) + 1)
			}
			trie, err := New(root, nodes).Put(key, value)
			require.NoError(t, err)
			root = trie.Commit(nodes.add)
			if content[string(key)] = value; len(value) == 0 {
				delete(content, string(key))
			}
		}
		var fresh Trie
		for key, value := range content {
			var err error
			fresh, err = fresh.Put([]byte(key), value)
			require.NoError(t, err)
		}
		require.Equal(t, fresh.Root(), root, "seed %d", seed)
	}
}

func TestTrieWithAMissingNodeSaysSo(t *testing.T) {
	root, nodes, content := build(t, 200)
	delete(nodes, root)
	for key := range content {
		_, err := New(root, nodes).Get(key[:])
		require.ErrorIs(t, err, ErrMissing)
		_, err = New(root, nodes).Put(key[:], []byte{1})
		require.ErrorIs(t, err, ErrMissing)
		_, err = New(root, nodes).Delete(key[:])
		require.ErrorIs(t, err, ErrMissing)
		_, err = Prove(root, key[:], nodes)
		require.ErrorIs(t, err, ErrMissing)
		break
	}
}

func TestProofShowsPresenceAndAbsence(t *testing.T) {
	for _, n := range []int{1, 2, 3, 17, 500} {
		root, nodes, content := build(t, n)
		for key, value := range content {
			proof, err := Prove(root, key[:], nodes)
			require.NoError(t, err)
			got, err := VerifyProof(root, key[:], proof)
			require.NoError(t, err)
			require.Equal(t, value, got)
		}
		for i := range 100 {
			key := keccak.Sum256([]byte{0xff, byte(i)})
			proof, err := Prove(root, key[:], nodes)
			require.NoError(t, err)
			got, err := VerifyProof(root, key[:], proof)
			require.NoError(t, err)
			require.Nil(t, got)
		}
	}
}

func TestWalkVisitsEveryKeyInOrder(t *testing.T) {
	root, nodes, content := build(t, 300)
	var last []byte
	seen := 0
	require.NoError(t, Walk(root, nodes, func(key, value []byte) error {
		require.Less(t, string(last), string(key))
		require.Equal(t, content[[32]byte(key)], value)
		last = key
		seen++
		return nil
	}))
	require.Equal(t, len(content), seen)
	require.NoError(t, Walk(EmptyRoot, nodes, nil))
	stop := errors.New("stop")
	require.ErrorIs(t, Walk(root, nodes, func([]byte, []byte) error { return stop }), stop)
}

func TestVerifyProofRefusesABentProof(t *testing.T) {
	root, nodes, content := build(t, 500)
	other := keccak.Sum256([]byte("another trie"))
	for key := range content {
		proof, err := Prove(root, key[:], nodes)
		require.NoError(t, err)
		refuse := func(root [32]byte, p [][]byte) {
			t.Helper()
			value, err := VerifyProof(root, key[:], p)
			require.Error(t, err)
			require.Nil(t, value)
		}
		refuse(other, proof)
		refuse([32]byte{}, proof)
		refuse([32]byte{}, nil)
		refuse(EmptyRoot, proof)
		refuse(root, nil)
		refuse(root, proof[:len(proof)-1])
		refuse(root, proof[1:])
		refuse(root, append(proof[:len(proof):len(proof)], proof[0]))
		refuse(root, append(proof[:len(proof):len(proof)], []byte{0x80}))
		for i := range proof {
			bent := append([][]byte(nil), proof...)
			bent[i] = append([]byte(nil), proof[i]...)
			bent[i][len(bent[i])/2] ^= 1
			refuse(root, bent)
			bent[i] = append(append([]byte(nil), proof[i]...), 0)
			refuse(root, bent)
		}
	}
}

func TestVerifyProofOfTheEmptyTrie(t *testing.T) {
	for _, proof := range [][][]byte{nil, {{0x80}}} {
		value, err := VerifyProof(EmptyRoot, []byte{1}, proof)
		require.NoError(t, err)
		require.Nil(t, value)
	}
	_, err := VerifyProof(EmptyRoot, []byte{1}, [][]byte{{0x80}, {0x80}})
	require.ErrorIs(t, err, ErrProof)
}

func TestDecodeRefusesWhatNoTrieHolds(t *testing.T) {
	str := func(b ...byte) []byte { return rlp.AppendBytes(nil, b) }
	list := func(items ...[]byte) []byte { return rlp.AppendList(nil, concat(items...)) }
	branchOf := func(children ...[]byte) []byte {
		for len(children) < 17 {
			children = append(children, []byte{0x80})
		}
		return list(children...)
	}
	hash := make([]byte, 32)
	hash[0] = 1
	small := list(str(0x20), str(1))
	for name, raw := range map[string][]byte{
		"nothing":                       {},
		"a string":                      {0x80},
		"an empty list":                 {0xc0},
		"trailing bytes":                append(list(str(0x20), str(1)), 0),
		"three items":                   list(str(0x20), str(1), str(1)),
		"eighteen items":                append([]byte{0xd2}, make([]byte, 18)...),
		"an empty path":                 list(str(), str(1)),
		"unknown flags":                 list(str(0x40), str(1)),
		"dirty padding":                 list(str(0x21), str(1)),
		"a path that is a list":         list(list(), str(1)),
		"a leaf without a value":        list(str(0x20), str()),
		"a leaf whose value is a list":  list(str(0x20), list()),
		"an extension without a path":   list(str(0x00), rlp.AppendBytes(nil, hash)),
		"an extension without a child":  list(str(0x11), str()),
		"an extension to a leaf":        list(str(0x11), small),
		"a short reference":             list(str(0x11), rlp.AppendBytes(nil, hash[:31])),
		"a branch with one way":         branchOf(small),
		"a branch with a list as value": branchOf(small, small, str(), str(), str(), str(), str(), str(), str(), str(), str(), str(), str(), str(), str(), str(), list()),
		"an embedded node of 32 bytes":  branchOf(small, list(str(0x20), str(make([]byte, 29)...))),
	} {
		_, err := decode(raw)
		require.ErrorIs(t, err, ErrNode, name)
	}
	_, err := decode(branchOf(small, list(str(0x20), str(make([]byte, 28)...))))
	require.NoError(t, err)
}

func TestListProofProvesEveryItem(t *testing.T) {
	for _, n := range []int{1, 2, 127, 128, 129, 256, 300} {
		items := make([][]byte, n)
		for i := range items {
			items[i] = fmt.Appendf(nil, "item %d", i)
		}
		root := ListRoot(items)
		for i := 0; i < n; i++ {
			proof, err := ListProof(items, i)
			require.NoError(t, err)
			got, err := VerifyProof(root, ListKey(uint64(i)), proof)
			require.NoError(t, err)
			require.Equal(t, items[i], got)
			got, err = VerifyProof(root, ListKey(uint64(i+1)), proof)
			if err == nil {
				require.NotEqual(t, items[i], got)
			}
			if i > 3 {
				i += 20
			}
		}
		_, err := ListProof(items, n)
		require.ErrorIs(t, err, ErrIndex)
		_, err = ListProof(items, -1)
		require.ErrorIs(t, err, ErrIndex)
	}
	require.Equal(t, EmptyRoot, ListRoot(nil))
}

func FuzzDecodeNode(f *testing.F) {
	_, nodes, _ := build(f, 20)
	for _, b := range nodes {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := decode(b)
		if err != nil {
			require.ErrorIs(t, err, ErrNode)
			return
		}
		require.Equal(t, b, appendNode(nil, n, nil), "a node has one encoding")
	})
}

func BenchmarkRoot(b *testing.B) {
	root, nodes, content := build(b, 100_000)
	keys := make([][32]byte, 0, len(content))
	for k := range content {
		keys = append(keys, k)
	}
	b.Run("update=5000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			trie := New(root, nodes)
			for i := range 5000 {
				var err error
				if trie, err = trie.Put(keys[i][:], []byte{1, 2, 3}); err != nil {
					b.Fatal(err)
				}
			}
			trie.Commit(func([32]byte, []byte) {})
		}
	})
}
