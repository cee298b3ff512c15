// Package announce shows what long tests have counted. The go command throws away what
// a passing test prints when a package is named without -v, so that a campaign's figures
// would be lost.
package announce

import (
	"flag"
	"fmt"
	"sync"
	"testing"
)

// Summary gathers lines while tests run. Its zero value is empty.
type Summary struct {
	mu    sync.Mutex
	lines []string
}

// Addf adds a line. It may be called from any goroutine.
func (s *Summary) Addf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// Print prints the lines, after all tests. If they were asked for by name (-run) and
// without -v, it prints past the go command, where that runs the tests and the system
// allows it; a run of everything stays silent as usual.
func (s *Summary) Print() {
	asked := flag.Lookup("test.run").Value.String() != "" && !testing.Verbose()
	for _, line := range s.lines {
		if !asked || !tell(line+"\n") {
			fmt.Println(line)
		}
	}
}
