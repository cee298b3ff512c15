package precompile

import (
	"bytes"
	"testing"
)

// FuzzNoInputPanics runs every contract of every fork on any input that costs at
// most a million gas, twice.
func FuzzNoInputPanics(f *testing.F) {
	const gasBound = 1_000_000
	sets := []map[[20]byte]Contract{Set(Cancun), Set(Prague), Set(Osaka)}
	for _, in := range benchmarkInputs(f) {
		f.Add(uint8(Osaka), in.address, in.input)
		f.Add(uint8(Cancun), in.address, in.input[:len(in.input)/2])
	}
	f.Add(uint8(Prague), uint16(5), bytes.Repeat([]byte{0xff}, 100))
	f.Add(uint8(Prague), uint16(5), concat(word(1), word(1<<20), word(8), []byte{7, 0, 1}))
	f.Fuzz(func(t *testing.T, fork uint8, n uint16, input []byte) {
		c, ok := sets[fork%3][address(n)]
		if !ok || c.Gas(input) > gasBound {
			return
		}
		before := bytes.Clone(input)
		out, err := c.Run(input)
		again, errAgain := c.Run(input)
		switch {
		case !bytes.Equal(before, input):
			t.Fatal("Run changed its input")
		case !bytes.Equal(out, again) || err != errAgain:
			t.Fatal("two runs differ")
		case err != nil && out != nil:
			t.Fatal("output beside an error")
		}
	})
}
