package duty

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVaultReturnsWhatItHoldsUntilThatIsErased(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "disk": filepath.Join(t.TempDir(), "a", "b")} {
		t.Run(name, func(t *testing.T) {
			v, err := OpenVault(dir)
			require.NoError(t, err)
			secret := []byte("secret")
			require.NoError(t, v.Put("y", secret))
			secret[0] = 'x'
			require.NoError(t, v.Put("x", []byte("old")))
			require.NoError(t, v.Put("x", []byte("new")))
			names, err := v.Names()
			require.NoError(t, err)
			require.Equal(t, []string{"x", "y"}, names)
			for want, key := range map[string]string{"secret": "y", "new": "x", "": "z"} {
				b, err := v.Get(key)
				require.NoError(t, err)
				require.Equal(t, want, string(b))
			}
			require.NoError(t, v.Erase("x"))
			require.NoError(t, v.Erase("x"))
			b, err := v.Get("x")
			require.NoError(t, err)
			require.Nil(t, b)
		})
	}
}

func TestOnlyTheOwnerReadsAVaultAndACrashLeavesNoHalfOfASecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := OpenVault(dir)
	require.NoError(t, err)
	require.NoError(t, v.Put("x", []byte("secret")))
	for path, want := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, filepath.Join(dir, "x"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode(), path)
	}
	// A crash before the rename.
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".new-1"), []byte("sec"), 0o600))
	v, err = OpenVault(dir)
	require.NoError(t, err)
	names, err := v.Names()
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, names)
	_, err = os.Stat(filepath.Join(dir, ".new-1"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestErasingOverwritesBeforeItRemoves(t *testing.T) {
	dir := t.TempDir()
	v, err := OpenVault(dir)
	require.NoError(t, err)
	require.NoError(t, v.Put("x", []byte("secret")))
	require.NoError(t, os.Link(filepath.Join(dir, "x"), filepath.Join(dir, "y")))
	require.NoError(t, v.Erase("x"))
	b, err := v.Get("y")
	require.NoError(t, err)
	require.Equal(t, make([]byte, 6), b)
}
