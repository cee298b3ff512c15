package ledger

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressTextCarriesTheChecksumOfEIP55(t *testing.T) {
	for _, want := range []string{
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		for _, form := range []string{want, strings.ToLower(want), want[2:]} {
			a, err := ParseAddress(form)
			require.NoError(t, err)
			require.Equal(t, want, a.String())
		}
	}
}

func TestParsingRefusesTextOfAnotherLengthOrAlphabet(t *testing.T) {
	for _, s := range []string{"", "0x", strings.Repeat("0", 39), strings.Repeat("0", 41), "0x" + strings.Repeat("g", 40), "0x0x" + strings.Repeat("0", 38)} {
		_, err := ParseAddress(s)
		require.ErrorIs(t, err, ErrText, s)
	}
	_, err := ParseHash(strings.Repeat("0", 63))
	require.ErrorIs(t, err, ErrText)
	h, err := ParseHash(Hash{1, 2}.String())
	require.NoError(t, err)
	require.Equal(t, Hash{1, 2}, h)
}

// The words follow the ABI specification by hand: one offset to the tuple, eleven
// heads of which the sixth is the offset of the cursors, then the cursors.
func TestAnchorEncodingIsFrozen(t *testing.T) {
	a := Anchor{
		Subchain: 1, Revision: 2, Seq: 3, PrevCheckpoint: Hash{0: 0xaa}, MessageCount: 4,
		Cursors:  []Cursor{{Peer: 0, Lane: 5, Next: 6}, {Peer: 7, Lane: 1<<32 - 1, Next: 1<<64 - 1}},
		ExitRoot: Hash{0: 0xbb}, ExitSums: Hash{0: 0xcc}, DataHash: Hash{0: 0xdd}, ChainKey: Hash{0: 0xee}, CodeHash: Hash{0: 0xff},
	}
	num := func(x uint64) string { return fmt.Sprintf("%064x", x) }
	top := func(b byte) string { return fmt.Sprintf("%02x", b) + strings.Repeat("0", 62) }
	words := []string{
		num(0x20), num(1), num(2), num(3), top(0xaa), num(4), num(0x160), top(0xbb), top(0xcc), top(0xdd), top(0xee), top(0xff),
		num(2), num(0), num(5), num(6), num(7), num(1<<32 - 1), num(1<<64 - 1),
	}
	require.Equal(t, strings.Join(words, ""), hex.EncodeToString(a.Encode()))
	require.Equal(t, "0xdeb3b85d5a9b367817dc418d6822ed6c930822230492cc90aa6f04dae9879c5d", a.Hash().String())
	require.Equal(t, "0x6f6478ba8f48166900671f6837bb792529c5b24f2d435261449101d211d5efdf", (&Anchor{}).Hash().String())
}

func TestHeaderHashIsFrozen(t *testing.T) {
	require.Equal(t, "0x77e53fc7adf23608a1ae46dbacfe410ea326d9df9c09fa982d15eca57116c3f7", (&Header{}).Hash().String())
	h := Header{Height: 1, View: 2, Epoch: 3, Parent: Hash{4}, Time: 5, Proposer: Address{6}, GasUsed: 7, GasLimit: 8, AnchorHash: Hash{9}}
	for i, x := range h.roots() {
		x[0] = byte(10 + i)
	}
	h.BaseFee.SetUint64(1_000_000_000)
	require.Equal(t, "0x813471f9b92ce7e64c8321e9705ca6fc2bd4c0b4925dd91527bb859febac87ec", h.Hash().String())
}
