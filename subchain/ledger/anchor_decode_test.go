package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func sampleAnchor() *Anchor {
	return &Anchor{
		Subchain: 3, Revision: 1, Seq: 9, PrevCheckpoint: Hash{7}, MessageCount: 12,
		Cursors:  []Cursor{{Peer: 0, Lane: 0, Next: 4}, {Peer: 0, Lane: 2, Next: 1}, {Peer: 5, Lane: 1, Next: 8}},
		CodeHash: Hash{8},
	}
}

func TestDecodeAnchorInvertsEncode(t *testing.T) {
	for _, a := range []*Anchor{{}, sampleAnchor()} {
		got, err := DecodeAnchor(a.Encode())
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
}

// A changed byte is refused or is the one encoding of another anchor.
func TestDecodeAnchorAcceptsOneEncodingOnly(t *testing.T) {
	raw := sampleAnchor().Encode()
	for i := range raw {
		for _, flip := range []byte{1, 0x80} {
			b := append([]byte(nil), raw...)
			b[i] ^= flip
			a, err := DecodeAnchor(b)
			if err == nil {
				require.Equal(t, b, a.Encode(), "byte %d", i)
				require.NotEqual(t, sampleAnchor(), a)
			}
		}
	}
}

func TestDecodeAnchorRefusesTruncationAndTrailingBytes(t *testing.T) {
	raw := sampleAnchor().Encode()
	for n := range raw {
		_, err := DecodeAnchor(raw[:n])
		require.ErrorIs(t, err, ErrAnchor)
	}
	_, err := DecodeAnchor(append(raw, make([]byte, 32)...))
	require.ErrorIs(t, err, ErrAnchor)
}

func TestDecodeAnchorRefusesUnsortedOrRepeatedLanes(t *testing.T) {
	a := sampleAnchor()
	a.Cursors[0], a.Cursors[1] = a.Cursors[1], a.Cursors[0]
	_, err := DecodeAnchor(a.Encode())
	require.ErrorIs(t, err, ErrAnchor)
	a.Cursors[0] = a.Cursors[1]
	_, err = DecodeAnchor(a.Encode())
	require.ErrorIs(t, err, ErrAnchor)
}
