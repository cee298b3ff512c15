package rootstem_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// customChain returns the program of the README.
func customChain(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, block := range strings.Split(string(text), "```go\n")[1:] {
		if code, _, ok := strings.Cut(block, "```"); ok && strings.HasPrefix(code, "package main") {
			return code
		}
	}
	t.Fatal("the README holds no program")
	return ""
}

func TestTheCustomChainOfTheREADMEHasAtMostFortyLinesAndRuns(t *testing.T) {
	code := customChain(t)
	require.LessOrEqual(t, strings.Count(code, "\n"), 40)

	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "doors")
	require.NoError(t, os.WriteFile(source, []byte(code), 0o600))
	formatted, err := exec.Command("gofmt", "-l", source).CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(formatted))
	out, err := exec.Command("go", "build", "-o", binary, source).CombinedOutput()
	require.NoError(t, err, string(out))

	cmd := exec.Command(binary)
	cmd.Dir = dir
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	first, err := bufio.NewReader(stderr).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, first, "JSON-RPC at http://127.0.0.1:")
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	require.NoError(t, cmd.Wait())
}
