package crash_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

const (
	damages = 1500 // for each backend
	kept    = 60   // batches in the damaged store
)

// kind names what a file is for.
func kind(name string) string {
	return regexp.MustCompile(`[0-9]{3,}`).ReplaceAllString(filepath.Base(name), "N")
}

// damaged opens a store of which one file was harmed. It must say that it is corrupt,
// or answer right.
func damaged(disk *crash.FS, b store.Backend, m *model) (detected bool, err error) {
	s, err := store.Open(config(disk, "d", b))
	if err != nil {
		return true, isCorrupt(err)
	}
	defer func() {
		if closed := s.Close(); err == nil && !detected {
			err = closed
		}
	}()
	// Reads alone must notice, without the help of Check.
	for key, value := range m.pairs {
		got, err := s.Space("pairs").Get([]byte(key))
		if err != nil {
			return true, isCorrupt(err)
		}
		if got == nil || string(got) != value {
			return false, fmt.Errorf("%s has a wrong value of %d bytes", key, len(got))
		}
	}
	n, err := m.verify(s)
	if err != nil {
		if errors.Is(err, store.ErrCorrupt) {
			return true, nil
		}
		return false, err
	}
	if n != kept {
		return false, fmt.Errorf("the state is that after %d batches", n)
	}
	return false, nil
}

func isCorrupt(err error) error {
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrFormat) {
		return nil
	}
	return fmt.Errorf("not named corrupt: %w", err)
}

func TestDamageIsDetectedOrHarmless(t *testing.T) {
	for name, b := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(9)
			m.extend(kept)
			whole := crash.New()
			s, err := store.Open(config(whole, "d", b))
			require.NoError(t, err)
			for n := 1; n <= kept; n++ {
				require.NoError(t, m.batch(s, n).WriteSync())
			}
			// As after kill -9: closing would tidy up.
			left := whole.Image(crash.Loss{Data: crash.Keep})
			require.NoError(t, s.Close())
			files := left.Files()
			random := rand.New(rand.NewPCG(1, 1))
			tally := map[string][2]int{}
			for i := range few(damages) {
				disk, file := left.Image(crash.Loss{Data: crash.Keep}), files[i%len(files)]
				var what string
				disk.Damage(file, func(content []byte) []byte {
					if len(content) == 0 {
						what = "nothing"
						return content
					}
					at := random.IntN(len(content))
					if random.IntN(3) == 0 {
						what = fmt.Sprintf("cut at %d of %d", at, len(content))
						return content[:at]
					}
					bit := random.IntN(8)
					what = fmt.Sprintf("bit %d of byte %d of %d", bit, at, len(content))
					content[at] ^= 1 << bit
					return content
				})
				detected, err := damaged(disk, b, m)
				require.NoError(t, err, "%s: %s", file, what)
				counts := tally[kind(file)]
				if detected {
					counts[0]++
				} else {
					counts[1]++
				}
				tally[kind(file)] = counts
			}
			t.Logf("%s: %d damages; by file, detected and harmless: %v", name, few(damages), tally)
		})
	}
}
