package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// peers is the process that runs the other libraries.
type peers struct {
	cmd *exec.Cmd
	dir string // holds the binary
	in  io.WriteCloser
	out *bufio.Reader
}

// newPeers builds the command in its module and starts it.
func newPeers() (*peers, error) {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	p := &peers{dir: dir}
	if err := p.start(filepath.Join(dir, "peers")); err != nil {
		return nil, errors.Join(fmt.Errorf("peers: %w", err), os.RemoveAll(dir))
	}
	return p, nil
}

func (p *peers) start(binary string) error {
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir, build.Stderr = filepath.Join("privacy", "peers"), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build, in internal/peerbench: %w", err)
	}
	p.cmd = exec.Command(binary)
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p.cmd.Start()
}

// close ends the process. A second call does nothing.
func (p *peers) close() error {
	if p.in == nil {
		return nil
	}
	err := errors.Join(p.in.Close(), p.cmd.Wait(), os.RemoveAll(p.dir))
	p.in = nil
	return err
}

// ask sends one line, as ./peers documents it, and returns the answer.
func (p *peers) ask(name string, n int, what string, span time.Duration) (answer int64, err error) {
	if _, err := fmt.Fprintln(p.in, name, n, what, span.Nanoseconds()); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if _, err := fmt.Fscanln(p.out, &answer); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return answer, nil
}

// remote is a contestant of the other process.
type remote func(span time.Duration) (time.Duration, error)

func (r remote) sample(span time.Duration) (time.Duration, error) { return r(span) }

func (p *peers) does(name string, n int, what string) remote {
	return func(span time.Duration) (time.Duration, error) {
		ns, err := p.ask(name, n, what, span)
		return time.Duration(ns), err
	}
}
