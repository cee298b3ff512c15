package mpt

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/fixture"
	"github.com/rootstem/rootstem/internal/keccak"
)

type vector struct {
	In   json.RawMessage `json:"in"`
	Root string          `json:"root"`
}

type pair struct {
	key   string
	value *string
}

// pairs reads the two forms of the vectors: a list of pairs in order, in which a
// null value deletes, or a map in any order.
func (v *vector) pairs(t *testing.T) (out []pair) {
	var ordered [][2]*string
	if json.Unmarshal(v.In, &ordered) == nil {
		for _, p := range ordered {
			out = append(out, pair{*p[0], p[1]})
		}
		return out
	}
	var any map[string]*string
	require.NoError(t, json.Unmarshal(v.In, &any))
	for k, value := range any {
		out = append(out, pair{k, value})
	}
	return out
}

func text(t *testing.T, s string) []byte {
	if !strings.HasPrefix(s, "0x") {
		return []byte(s)
	}
	b, err := hex.DecodeString(s[2:])
	require.NoError(t, err)
	return b
}

func TestTrieMatchesTheOfficialVectors(t *testing.T) {
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
		for name, v := range vectors {
			t.Run(file+"/"+name, func(t *testing.T) { runVector(t, v.pairs(t), secure, v.Root) })
		}
	}
}

// runVector applies the pairs twice: in one version held in memory, and with a
// commit and a reopening after every step. Then it proves every key.
func runVector(t *testing.T, pairs []pair, secure bool, want string) {
	nodes := make(nodeMap)
	var memory Trie
	stored := EmptyRoot
	last := make(map[string][]byte)
	for _, p := range pairs {
		key := text(t, p.key)
		if secure {
			h := keccak.Sum256(key)
			key = h[:]
		}
		var value []byte
		if p.value != nil {
			value = text(t, *p.value)
		}
		last[string(key)] = value
		var err error
		memory, err = memory.Put(key, value)
		require.NoError(t, err)
		step, err := New(stored, nodes).Put(key, value)
		require.NoError(t, err)
		stored = step.Commit(nodes.add)
	}
	require.Equal(t, want, "0x"+hex.EncodeToString(stored[:]))
	require.Equal(t, stored, memory.Root())
	for key, value := range last {
		got, err := memory.Get([]byte(key))
		require.NoError(t, err)
		require.Equal(t, value, got)
		proof, err := Prove(stored, []byte(key), nodes)
		require.NoError(t, err)
		got, err = VerifyProof(stored, []byte(key), proof)
		require.NoError(t, err)
		require.Equal(t, value, got)
	}
}
