package crash_test

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

func mark(n int) store.Mark {
	return store.Mark{Epoch: uint64(n / 10), View: uint64(n % 10), Digest: [32]byte{byte(n), 1}}
}

func TestCrashNeverLowersTheWatermark(t *testing.T) {
	disk, random, images := crash.New(), rand.New(rand.NewPCG(1, 1)), 0
	raised := 0
	disk.SetHook(func(op, name string, image func(crash.Loss) *crash.FS) error {
		for way := range 8 {
			images++
			w, err := store.OpenWatermark(image(crash.Loss{Data: crash.Data(way % 4), Strict: way >= 4, Random: random}), "k/mark")
			require.NoError(t, err, "%s %s way %d", op, name, way)
			if raised > 0 {
				require.NoError(t, w.Covers(mark(raised)))
				require.ErrorIs(t, w.Raise(mark(raised-1)), store.ErrWatermarkLow)
			}
			require.NoError(t, w.Close())
		}
		return nil
	})
	w, err := store.OpenWatermark(disk, "k/mark")
	require.NoError(t, err)
	for n := 1; n <= 40; n++ {
		require.NoError(t, w.Raise(mark(n)))
		raised = n
	}
	require.NoError(t, w.Close())
	t.Logf("%d images", images)
}

func TestAFailedRaiseIsTypedAndBinds(t *testing.T) {
	for at := 1; ; at++ {
		disk, seen, hit := crash.New(), 0, false
		w, err := store.OpenWatermark(disk, "mark")
		require.NoError(t, err)
		require.NoError(t, w.Raise(mark(1)))
		disk.SetHook(func(string, string, func(crash.Loss) *crash.FS) error {
			if seen++; seen == at {
				hit = true
				return syscall.ENOSPC
			}
			return nil
		})
		err = w.Raise(mark(2))
		if !hit {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, store.ErrNoSpace)
		other := mark(2)
		other.Digest[5]++
		require.ErrorIs(t, w.Raise(other), store.ErrWatermarkLow)
		require.ErrorIs(t, w.Raise(mark(1)), store.ErrWatermarkLow)
		require.NoError(t, w.Raise(mark(2)))
		require.NoError(t, w.Close())
		w, err = store.OpenWatermark(disk, "mark")
		require.NoError(t, err)
		require.Equal(t, mark(2), w.Get())
		require.NoError(t, w.Close())
	}
}

func TestEveryDamageOfTheWatermarkForbidsToSign(t *testing.T) {
	disk := crash.New()
	w, err := store.OpenWatermark(disk, "mark")
	require.NoError(t, err)
	require.NoError(t, w.Raise(mark(7)))
	require.NoError(t, w.Close())
	size, err := disk.Size("mark")
	require.NoError(t, err)
	refuses := func(f func([]byte) []byte) {
		hurt := disk.Image(crash.Loss{})
		hurt.Damage("mark", f)
		_, err := store.OpenWatermark(hurt, "mark")
		require.ErrorIs(t, err, store.ErrWatermarkDamaged)
		require.ErrorIs(t, err, store.ErrWatermark)
	}
	for at := range int(size) {
		for bit := range 8 {
			refuses(func(b []byte) []byte { b[at] ^= 1 << bit; return b })
		}
		refuses(func(b []byte) []byte { return b[:at] })
	}
	refuses(func(b []byte) []byte { return append(b, 0) })
}
