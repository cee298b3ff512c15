package sim_test

import (
	"os"
	"syscall"
)

// announce writes to the standard output of the go command, if that runs this test: it
// hides what passing tests print unless it is asked not to. It says whether it could.
// The descriptor is a copy, so that output into a file keeps its order.
func announce(line string) bool {
	const pidfdOpen, pidfdGetfd = 434, 438
	pid, _, errno := syscall.Syscall(pidfdOpen, uintptr(os.Getppid()), 0, 0)
	if errno != 0 {
		return false
	}
	defer syscall.Close(int(pid))
	fd, _, errno := syscall.Syscall(pidfdGetfd, pid, 1, 0)
	if errno != 0 {
		return false
	}
	f := os.NewFile(fd, "go test")
	defer f.Close()
	_, err := f.WriteString(line)
	return err == nil
}
