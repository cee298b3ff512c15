package merkle

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/keccak"
)

func leaves(n int) [][32]byte {
	out := make([][32]byte, n)
	for i := range out {
		out[i] = keccak.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	return out
}

func TestEveryLeafIsProvenInItsPlaceOnly(t *testing.T) {
	for n := 1; n <= 40; n++ {
		all := leaves(n)
		root := Root(all)
		for i := range all {
			proof := Prove(all, uint64(i))
			for j := range n {
				err := Verify(root, uint64(n), uint64(j), all[i], proof)
				if i == j {
					require.NoError(t, err, "n=%d i=%d", n, i)
				} else {
					require.ErrorIs(t, err, ErrProof, "n=%d i=%d j=%d", n, i, j)
				}
			}
		}
		require.Nil(t, Prove(all, uint64(n)))
	}
}

func TestVerifyRefusesAnIndexThatIsNotBelowTheCount(t *testing.T) {
	for n := 1; n <= 9; n++ {
		all := leaves(n)
		root := Root(all)
		for i := range all {
			proof := Prove(all, uint64(i))
			for _, past := range []uint64{uint64(n), uint64(n + i), uint64(i) + 1<<32, ^uint64(0)} {
				if past >= uint64(n) {
					require.ErrorIs(t, Verify(root, uint64(n), past, all[i], proof), ErrIndex)
				}
			}
		}
	}
	require.ErrorIs(t, Verify(Root([][32]byte{}), 0, 0, [32]byte{}, nil), ErrIndex)
	require.ErrorIs(t, Verify([32]byte{1}, ^uint64(0), 0, [32]byte{}, nil), ErrIndex)
}

func TestVerifyRefusesAnotherCount(t *testing.T) {
	for n := 1; n <= 20; n++ {
		all := leaves(n)
		root := Root(all)
		for i := range all {
			proof := Prove(all, uint64(i))
			for count := uint64(i + 1); count < 64; count++ {
				if count != uint64(n) {
					require.ErrorIs(t, Verify(root, count, uint64(i), all[i], proof), ErrProof)
				}
			}
		}
	}
}

func TestOneLeafIsNotARootByItself(t *testing.T) {
	all := leaves(1)
	root := Root(all)
	require.NoError(t, Verify(root, 1, 0, all[0], nil))
	require.NotEqual(t, all[0], root)
	require.NotEqual(t, Leaf(all[0]), root)
	require.ErrorIs(t, Verify(all[0], 1, 0, all[0], nil), ErrProof)
	require.ErrorIs(t, Verify(Leaf(all[0]), 1, 0, all[0], nil), ErrProof)
	require.ErrorIs(t, Verify(root, 1, 0, all[0], all), ErrProof)
}

func TestADroppedLeafChangesTheRoot(t *testing.T) {
	for n := 2; n <= 40; n++ {
		all := leaves(n)
		root := Root(all)
		for i := range all {
			less := append(append([][32]byte(nil), all[:i]...), all[i+1:]...)
			require.NotEqual(t, root, Root(less))
			// The dropped leaf has no proof under the root of the rest, whichever count is claimed.
			proof := Prove(all, uint64(i))
			for _, count := range []uint64{uint64(n), uint64(n - 1)} {
				require.Error(t, Verify(Root(less), count, uint64(i), all[i], proof))
			}
		}
		// A leaf repeated to fill up a level is not the same tree (CVE-2012-2459).
		require.NotEqual(t, root, Root(append(all, all[n-1])))
	}
}

func TestVerifyRefusesSwappedChildren(t *testing.T) {
	all := leaves(2)
	swapped := [][32]byte{all[1], all[0]}
	require.NotEqual(t, Root(all), Root(swapped))
	h0, h1 := Leaf(all[0]), Leaf(all[1])
	require.ErrorIs(t, Verify(Root(all), 2, 0, all[1], [][32]byte{h0}), ErrProof)
	require.ErrorIs(t, Verify(Root(all), 2, 1, all[0], [][32]byte{h1}), ErrProof)
}

func TestVerifyRefusesAZeroRoot(t *testing.T) {
	all := leaves(5)
	for i := range all {
		require.ErrorIs(t, Verify([32]byte{}, 5, uint64(i), all[i], Prove(all, uint64(i))), ErrProof)
	}
	require.NotEqual(t, [32]byte{}, Root([][32]byte{}))
}

func TestANodeIsNeverALeaf(t *testing.T) {
	all := leaves(4)
	left, right := Node(Leaf(all[0]), Leaf(all[1])), Node(Leaf(all[2]), Leaf(all[3]))
	// Under the same top hash, a shorter tree whose leaves would be the inner nodes.
	require.ErrorIs(t, Verify(Root(all), 2, 0, left, [][32]byte{right}), ErrProof)
	require.ErrorIs(t, Verify(Root(all), 4, 0, left, [][32]byte{right}), ErrProof)
	require.ErrorIs(t, Verify(Seal(2, Node(left, right)), 2, 0, left, [][32]byte{right}), ErrProof)
	require.NotEqual(t, Leaf(all[0]), keccak.Sum256(all[0][:]))
}

func TestVerifyWantsTheExactDepth(t *testing.T) {
	for n := 1; n <= 33; n++ {
		all := leaves(n)
		root := Root(all)
		for i := range all {
			proof := Prove(all, uint64(i))
			longer := append(append([][32]byte(nil), proof...), [32]byte{})
			require.ErrorIs(t, Verify(root, uint64(n), uint64(i), all[i], longer), ErrProof)
			if len(proof) > 0 {
				require.ErrorIs(t, Verify(root, uint64(n), uint64(i), all[i], proof[:len(proof)-1]), ErrProof)
				require.ErrorIs(t, Verify(root, uint64(n), uint64(i), all[i], proof[1:]), ErrProof)
			}
			for k := range proof {
				bent := append([][32]byte(nil), proof...)
				bent[k][31] ^= 1
				require.ErrorIs(t, Verify(root, uint64(n), uint64(i), all[i], bent), ErrProof)
			}
		}
	}
}

func TestFrontierGrowsToTheSameRoots(t *testing.T) {
	all := leaves(300)
	var f Frontier
	require.Equal(t, Root([][32]byte{}), f.Root())
	for i := range all {
		require.Equal(t, uint64(i), f.Append(all[i]))
		require.Equal(t, uint64(i+1), f.Count())
		require.Equal(t, Root(all[:i+1]), f.Root())
		enc, err := f.AppendBinary(nil)
		require.NoError(t, err)
		var back Frontier
		require.NoError(t, back.UnmarshalBinary(enc))
		require.Equal(t, f.Root(), back.Root())
		again, err := NewFrontier(f.Count(), f.Peaks())
		require.NoError(t, err)
		require.Equal(t, f.Root(), again.Root())
	}
}

func TestFrontierRefusesABentEncoding(t *testing.T) {
	var f Frontier
	for _, l := range leaves(11) {
		f.Append(l)
	}
	enc, err := f.AppendBinary(nil)
	require.NoError(t, err)
	root := f.Root()
	for _, b := range [][]byte{nil, enc[:7], enc[:len(enc)-1], append(enc, 0), append(enc, make([]byte, 32)...), append([]byte{0x80}, enc[1:]...)} {
		require.ErrorIs(t, f.UnmarshalBinary(b), ErrFrontier)
		require.Equal(t, root, f.Root())
	}
	_, err = NewFrontier(3, make([][32]byte, 1))
	require.ErrorIs(t, err, ErrFrontier)
}

func TestRootOfThreeLeavesByHand(t *testing.T) {
	all := leaves(3)
	leaf := func(i int) [32]byte { return keccak.Sum256([]byte{0}, all[i][:]) }
	a, b, c := leaf(0), leaf(1), leaf(2)
	ab := keccak.Sum256([]byte{1}, a[:], b[:])
	top := keccak.Sum256([]byte{1}, ab[:], c[:])
	require.Equal(t, keccak.Sum256([]byte{2, 0, 0, 0, 0, 0, 0, 0, 3}, top[:]), Root(all))
}

func TestACopyOfAFrontierGrowsAlone(t *testing.T) {
	var f Frontier
	all := leaves(8)
	for _, l := range all[:5] {
		f.Append(l)
	}
	g := f
	g.Append(all[6])
	f.Append(all[5])
	require.Equal(t, Root(all[:6]), f.Root())
	require.Equal(t, Root(append(append([][32]byte(nil), all[:5]...), all[6])), g.Root())
}

// The vectors fix the hashes for implementations in other languages.
func TestRootsAreFrozen(t *testing.T) {
	for n, want := range map[int]string{} {
		r := Root(leaves(n))
		require.Equal(t, want, hex.EncodeToString(r[:]), "n=%d", n)
	}
}

func FuzzVerifyAcceptsOnlyTrueLeaves(f *testing.F) {
	all := leaves(13)
	root := Root(all)
	for i := range all {
		var flat []byte
		for _, p := range Prove(all, uint64(i)) {
			flat = append(flat, p[:]...)
		}
		f.Add(uint64(13), uint64(i), all[i][:], flat)
	}
	f.Fuzz(func(t *testing.T, count, index uint64, leaf, flat []byte) {
		if len(leaf) != 32 {
			return
		}
		var proof [][32]byte
		for ; len(flat) >= 32; flat = flat[32:] {
			proof = append(proof, [32]byte(flat[:32]))
		}
		if Verify(root, count, index, [32]byte(leaf), proof) == nil {
			require.Equal(t, uint64(13), count)
			require.Equal(t, all[index], [32]byte(leaf))
			require.Equal(t, Prove(all, index), proof)
		}
	})
}
