package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestX(t *testing.T) {
	for _, n := range []int{4, 7, 10} {
		for seed := range uint64(20) {
			s, err := New(Config{Seed: seed, Seats: n})
			require.NoError(t, err)
			err = s.Chaos(600_000)
			t.Log(n, seed, s.Result(), s.sent, err)
		}
	}
}
