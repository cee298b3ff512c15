// Command peers runs the libraries that ../../privacy compares with, which starts it:
// pokt-network/ring-go, dedis kyber, zbohm/lirisi and coinbase/kryptology. It has a
// module of its own because some of them need releases of go-ethereum and
// gnark-crypto that no longer fit Rootstem's.
//
// Each line of its input is a contestant's name, a number of members, what to do and
// the least nanoseconds to do it for: "kyber 11 verify 60000000". Each line of its
// output is the CPU time of one run in nanoseconds, or the answer to "bytes".
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errInvalid is a contestant's own signature or proof that it refuses.
var errInvalid = errors.New("its own signature does not verify")

// scheme is a contestant with its keys, ring and message.
type scheme struct {
	make, verify func() error
	size         int // bytes of a signature, without its ring, or of a proof
}

// request names a scheme of a size.
type request struct {
	name string
	n    int
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func serve() error {
	known := map[string]func(int) (*scheme, error){
		"ring-go": poktRing, "kyber": kyberRing, "lirisi": lirisiRing, "kryptology": kryptologyRange,
	}
	ready := map[request]*scheme{}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var r request
		var what string
		var span int64
		if _, err := fmt.Sscan(in.Text(), &r.name, &r.n, &what, &span); err != nil {
			return err
		}
		build := known[r.name]
		if build == nil {
			return fmt.Errorf("no contestant %q", r.name)
		}
		if ready[r] == nil {
			s, err := build(r.n)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			ready[r] = s
		}
		out, err := ready[r].do(what, span)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		if _, err := fmt.Println(out); err != nil {
			return err
		}
	}
	return nil
}

func (s *scheme) do(what string, span int64) (int64, error) {
	switch what {
	case "make":
		return sample(s.make, span)
	case "verify":
		return sample(s.verify, span)
	case "bytes":
		return int64(s.size), nil
	}
	return 0, fmt.Errorf("cannot %q", what)
}

// sample returns the CPU time of one run, of as many as take the span.
func sample(run func() error, span int64) (int64, error) {
	start, err := cpu()
	if err != nil {
		return 0, err
	}
	for n := int64(1); ; n++ {
		if err := run(); err != nil {
			return 0, err
		}
		now, err := cpu()
		if err != nil {
			return 0, err
		}
		if now-start >= span {
			return (now - start) / n, nil
		}
	}
}

// cpu returns the nanoseconds that the process has computed.
func cpu() (int64, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano(), err
}
