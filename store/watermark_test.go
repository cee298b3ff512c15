package store

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWatermarkOnlyRises(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "mark")
	w, err := OpenWatermark(nil, path)
	require.NoError(t, err)
	require.Equal(t, Mark{}, w.Get())
	a := Mark{Epoch: 1, View: 5, Digest: [32]byte{1}}
	require.NoError(t, w.Raise(a))
	require.NoError(t, w.Raise(a))
	require.ErrorIs(t, w.Raise(Mark{Epoch: 1, View: 5, Digest: [32]byte{2}}), ErrWatermarkLow)
	require.ErrorIs(t, w.Raise(Mark{Epoch: 1, View: 4}), ErrWatermark)
	require.ErrorIs(t, w.Raise(Mark{Epoch: 0, View: 9}), ErrWatermark)
	require.NoError(t, w.Covers(a))
	require.ErrorIs(t, w.Covers(Mark{Epoch: 2}), ErrWatermarkLow)

	_, err = OpenWatermark(nil, path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, w.Raise(Mark{Epoch: 2}))
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Raise(Mark{Epoch: 3}), ErrClosed)

	w, err = OpenWatermark(nil, path)
	require.NoError(t, err)
	require.Equal(t, Mark{Epoch: 2}, w.Get())
	require.NoError(t, w.Close())
}
