package rolldpos_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var mutantsNamed = flag.String("mutants", "", "Mutants: a regular expression of names; by default all if there is no deadline (-timeout 0), else a few")

// mutant is a fault seeded into the source: texts that stand once in a file and what
// they are replaced by, and the test of a package that must notice.
type mutant struct {
	name, fault, pkg, test string
	edits                  []edit
}

type edit struct{ file, before, after string }

// readMutant reads lines "key: value" and, after each "file: path", the old text
// between <<<< and ====, and the new one up to >>>>; both without their last line's end.
func readMutant(t *testing.T, file string) *mutant {
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	m := &mutant{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
	var part *string
	for line := range strings.Lines(string(raw)) {
		text := strings.TrimSuffix(line, "\n")
		key, value, _ := strings.Cut(text, ": ")
		switch {
		case text == "<<<<":
			part = &m.edits[len(m.edits)-1].before
		case text == "====":
			part = &m.edits[len(m.edits)-1].after
		case text == ">>>>":
			part = nil
		case part != nil:
			*part += line
		case key == "fault":
			m.fault = value
		case key == "package":
			m.pkg = value
		case key == "test":
			m.test = value
		case key == "file":
			m.edits = append(m.edits, edit{file: value})
		default:
			t.Fatalf("%s: %q", file, text)
		}
	}
	require.True(t, m.fault != "" && m.pkg != "" && m.test != "" && len(m.edits) > 0, file)
	return m
}

// overlay applies the mutant to copies of the current files and returns the argument
// that makes the go command build with them.
func (m *mutant) overlay(t *testing.T, root string) string {
	dir := t.TempDir()
	replace := make(map[string]string)
	for i, e := range m.edits {
		e.before, e.after = strings.TrimSuffix(e.before, "\n"), strings.TrimSuffix(e.after, "\n")
		at := filepath.Join(root, filepath.FromSlash(e.file))
		from := at
		if replace[at] != "" {
			from = replace[at]
		}
		source, err := os.ReadFile(from)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(source), e.before), "edit %d of %s applies once", i, m.name)
		to := filepath.Join(dir, filepath.Base(e.file))
		require.NoError(t, os.WriteFile(to, []byte(strings.Replace(string(source), e.before, e.after, 1)), 0o644))
		replace[at] = to
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, raw, 0o644))
	return "-overlay=" + file
}

// compile builds a package's tests and returns the binary.
func compile(t *testing.T, root, pkg string, args ...string) string {
	out := filepath.Join(t.TempDir(), "tests")
	args = append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", out}, args...)
	cmd := exec.Command("go", append(args, "./"+pkg)...)
	cmd.Dir = root
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s compiles:\n%s", pkg, text)
	return out
}

// runTest runs one test of a binary in its package's directory.
func runTest(root, pkg, binary, test string) (string, error) {
	cmd := exec.Command(binary, "-test.run=^"+test+"$", "-test.v", "-test.failfast", "-test.timeout=120s")
	cmd.Dir = filepath.Join(root, filepath.FromSlash(pkg))
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// mutantList reads the mutants that this run is to prove.
func mutantList(t *testing.T) (list []*mutant) {
	files, err := filepath.Glob(filepath.Join("testdata", "mutants", "*.txt"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 16)
	named := regexp.MustCompile(*mutantsNamed)
	_, limited := t.Deadline()
	for i, file := range files {
		m := readMutant(t, file)
		if few := limited && *mutantsNamed == "" && i%10 != 0; !few && named.MatchString(m.name) {
			list = append(list, m)
		}
	}
	return list
}

// Each mutant is a fault in the source as it stands now. It must apply and compile, the
// named test must pass without it and fail by an assertion with it.
func TestMutantsAreCaughtByTheirTests(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	list := mutantList(t)
	clean := make(map[string]string)
	passed := make(map[string]bool)
	for _, m := range list {
		if clean[m.pkg] == "" {
			clean[m.pkg] = compile(t, root, m.pkg)
		}
		if at := m.pkg + " " + m.test; !passed[at] {
			text, err := runTest(root, m.pkg, clean[m.pkg], m.test)
			require.NoError(t, err, "the clean core passes %s:\n%s", m.test, text)
			require.Contains(t, text, "--- PASS: "+m.test, "%s exists", m.test)
			passed[at] = true
		}
	}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			text, err := runTest(root, m.pkg, compile(t, root, m.pkg, m.overlay(t, root)), m.test)
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%s: %s does not notice", m.fault, m.test)
			require.Contains(t, text, "--- FAIL: "+m.test)
			for _, other := range []string{"panic:", "fatal error:", "test timed out"} {
				require.NotContains(t, text, other, "it fails by an assertion")
			}
			t.Logf("%s: caught by %s in %s", m.fault, m.test, time.Since(began).Round(time.Millisecond))
		})
	}
}
