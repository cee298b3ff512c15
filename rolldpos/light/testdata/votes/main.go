// Command votes is what a device links that follows committees: it reads its state, a
// header, a committee and a certificate, and prints its new state.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/light"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var parts [4][]byte
	var now uint64
	if _, err := fmt.Fscanf(os.Stdin, "%d %x %x %x %x", &now, &parts[0], &parts[1], &parts[2], &parts[3]); err != nil && err != io.EOF {
		return err
	}
	c, err := light.Decode(parts[0])
	if err != nil {
		return err
	}
	committee, err := rolldpos.DecodeCommittee(parts[2])
	if err != nil {
		return err
	}
	x, err := rolldpos.DecodeCertificate(parts[3])
	if err != nil {
		return err
	}
	if _, err := c.UpdateVotes(now, parts[1], committee, x); err != nil {
		return err
	}
	fmt.Printf("%x\n", c.AppendBinary(nil))
	return nil
}
