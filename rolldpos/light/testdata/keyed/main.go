// Command keyed is what a device links that follows a chain key: it reads its state, a
// header, a certificate and a handover (or "00"), and prints its new state.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/rootstem/rootstem/rolldpos/chainkey"
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
	x, err := chainkey.DecodeCertificate(parts[2])
	if err != nil {
		return err
	}
	if len(parts[3]) > 1 {
		h, err := chainkey.DecodeHandover(parts[3])
		if err != nil {
			return err
		}
		if err := c.Handover(now, h); err != nil {
			return err
		}
	}
	if _, err := c.UpdateKeyed(now, parts[1], x); err != nil {
		return err
	}
	fmt.Printf("%x\n", c.AppendBinary(nil))
	return nil
}
