package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/pebble"
)

func TestItReportsWhatIsThereAndFindsDamage(t *testing.T) {
	for _, b := range []store.Backend{store.GoLevelDB(), pebble.Backend()} {
		t.Run(b.Name(), func(t *testing.T) {
			dir := t.TempDir()
			require.ErrorIs(t, run(new(bytes.Buffer), dir), errNoStore)
			s, err := store.Open(store.Config{Dir: dir, Backend: b})
			require.NoError(t, err)
			batch := s.Batch()
			batch.Set(s.Space("things"), []byte("key"), []byte("value"))
			batch.Append(s.Log("journal"), []byte("record"))
			require.NoError(t, batch.WriteSync())
			require.NoError(t, s.Close())

			var out bytes.Buffer
			require.NoError(t, run(&out, dir))
			require.Regexp(t, `space things +1 keys +8 bytes`, out.String())
			require.Regexp(t, `log   journal +1 keys`, out.String())
			require.Contains(t, out.String(), "ok: ")

			manifests, err := filepath.Glob(filepath.Join(dir, b.Name(), "MANIFEST-*"))
			require.NoError(t, err)
			for _, name := range manifests {
				content, err := os.ReadFile(name)
				require.NoError(t, err)
				content[len(content)/2] ^= 1
				require.NoError(t, os.WriteFile(name, content, 0o600))
			}
			require.ErrorIs(t, run(&out, dir), store.ErrCorrupt)
		})
	}
}
