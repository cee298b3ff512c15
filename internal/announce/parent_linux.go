package announce

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// tell writes to the standard output of the go command, if that runs this test: it
// hides what passing tests print unless it is asked not to. It says whether it could.
// The descriptor is a copy, so that output into a file keeps its order.
func tell(line string) bool {
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid())); err != nil || strings.TrimSpace(string(name)) != "go" {
		return false
	}
	f := parentOutput()
	if f == nil {
		return false
	}
	defer f.Close()
	_, err := f.WriteString(line)
	return err == nil
}

func parentOutput() *os.File {
	const pidfdOpen, pidfdGetfd = 434, 438
	pid, _, errno := syscall.Syscall(pidfdOpen, uintptr(os.Getppid()), 0, 0)
	if errno == 0 {
		defer syscall.Close(int(pid))
		if fd, _, errno := syscall.Syscall(pidfdGetfd, pid, 1, 0); errno == 0 {
			return os.NewFile(fd, "go test")
		}
	}
	// Where no descriptor may be copied, a pipe or a terminal may still be opened.
	name := fmt.Sprintf("/proc/%d/fd/1", os.Getppid())
	if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil
	}
	return f
}
