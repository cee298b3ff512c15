package light_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/rolldpos/light"
)

var sizes = flag.Bool("sizes", false, "build the programs of a device for other machines and print their sizes")

// build builds a program of testdata and returns the file.
func build(t *testing.T, program string, flags, env []string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "device")
	args := append(append([]string{"build"}, flags...), "-o", out, "./testdata/"+program)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return out
}

// TestDeviceIsAProgramOfItsOwn runs the programs of testdata on bytes alone.
func TestDeviceIsAProgramOfItsOwn(t *testing.T) {
	w := rolling(t)
	run := func(program string, now uint64, parts ...[]byte) []byte {
		input := fmt.Sprint(now)
		for _, p := range parts {
			input += fmt.Sprintf(" %x", p)
		}
		cmd := exec.Command(build(t, program, nil, nil))
		cmd.Stdin = bytes.NewReader([]byte(input + "\n"))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		var state []byte
		_, err = fmt.Sscanf(string(out), "%x", &state)
		require.NoError(t, err)
		return state
	}
	state := run("votes", w.now(2), w.fromGenesis().AppendBinary(nil), w.raw(2), w.committee(2).AppendBinary(nil), w.votes(2).AppendBinary(nil))
	c, err := light.Decode(state)
	require.NoError(t, err)
	require.Equal(t, w.headers[2].Hash(), c.Head().Block)
	state = run("keyed", w.now(14), w.fromKey().AppendBinary(nil), w.raw(14), w.keyed(14).AppendBinary(nil), w.handover(2, 4).AppendBinary(nil))
	c, err = light.Decode(state)
	require.NoError(t, err)
	require.Equal(t, w.headers[14].Hash(), c.Head().Block)
}

// TestSizeOnDevices proves that the package builds for small machines:
//
//	go test ./rolldpos/light -run TestSizeOnDevices -v -args -sizes
func TestSizeOnDevices(t *testing.T) {
	if !*sizes {
		t.Skip("with -args -sizes")
	}
	flags := []string{"-trimpath", "-ldflags=-s -w"}
	for _, env := range [][]string{
		{"GOOS=linux", "GOARCH=arm", "GOARM=6"}, {"GOOS=linux", "GOARCH=riscv64"}, {"GOOS=wasip1", "GOARCH=wasm"}, {"GOOS=linux", "GOARCH=amd64"},
	} {
		for _, program := range []string{"votes", "keyed"} {
			info, err := os.Stat(build(t, program, flags, append(env, "CGO_ENABLED=0")))
			require.NoError(t, err)
			t.Logf("%v %s: %d KB", env, program, info.Size()/1000)
		}
	}
}

// TestMemoryOfAClientIsBounded states what a client keeps: the prepared key, and the
// committee in full if it was given one.
func TestMemoryOfAClientIsBounded(t *testing.T) {
	w := rolling(t)
	measure := func(make func() *light.Client) int64 {
		const n = 100
		kept := [n]*light.Client{}
		before := heap()
		for i := range kept {
			kept[i] = make()
		}
		after := heap()
		runtime.KeepAlive(kept)
		return (after - before) / n
	}
	seated := func() *light.Client {
		c := w.fromGenesis()
		require.NoError(t, w.takeVotes(c, 1))
		return c
	}
	votes, full, keyed := measure(w.fromGenesis), measure(seated), measure(w.fromKey)
	t.Logf("a client keeps %d bytes, %d with %d seats in full, %d with a chain key", votes, full, committeeSize, keyed)
	require.Less(t, votes, int64(1_000))
	require.Less(t, full, int64(2_000))
	require.Less(t, keyed, int64(64_000))
}

// heap returns the bytes that are alive.
func heap() int64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
