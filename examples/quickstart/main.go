// Command quickstart runs a root chain and two subchains, four validators each, in
// one process, and walks a reading and a payment through all of them: a device
// signs readings, the subchain meters records them, a Solidity contract raises an
// alarm, coins move from the root over meters to the subchain billing, a usage
// report follows them, and the device checks a proof of its own reading.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -readings FILE.csv -data DIR -serve
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:embed sample.csv
var sample []byte

// options are the command's flags.
type options struct {
	readings string
	alarm    string
	data     string
	port     int
	serve    bool
	json     bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command runs with the given arguments and returns the exit code.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.readings, "readings", "", "CSV `file`: a header, a date or time first, one reading per row (default: a built-in sample)")
	flags.StringVar(&o.alarm, "alarm", "", "raise the alarm above `COLUMN:VALUE` (default: the first value column above 25)")
	flags.StringVar(&o.data, "data", "", "keep the chains in this `directory` and resume from it (default: a temporary one)")
	flags.IntVar(&o.port, "rpc-port", 0, "JSON-RPC `port` of the root; the subchains take the next two (default: free ports)")
	flags.BoolVar(&o.serve, "serve", false, "stay up when all is done, until Ctrl-C")
	flags.BoolVar(&o.json, "json", false, "print the result as one JSON object")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err == nil && flags.NArg() > 0:
		fmt.Fprintf(stderr, "quickstart: unexpected argument %q\n", flags.Arg(0))
		return 2
	case err != nil:
		return 2
	}
	s, err := run(ctx, o, stdout, newProgress(stderr))
	if err != nil {
		s.OK, s.Error = false, err.Error()
		fmt.Fprintln(stderr, "quickstart:", err)
	}
	if err := show(stdout, s, o.json || o.serve); err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	if !s.OK {
		return 1
	}
	return 0
}

// run does everything between the flags and the result. The summary is never nil;
// it holds what is known, also beside an error.
func run(ctx context.Context, o options, stdout io.Writer, p *progress) (*summary, error) {
	began := time.Now()
	s := &summary{Chains: []chainSummary{}, Checkpoints: map[string]uint64{}, ValueMoved: "0"}
	q, err := open(ctx, o, p)
	if err != nil {
		return s, err
	}
	told := q.tell()
	if told == nil && o.serve {
		told = q.serve(stdout)
	}
	// The result is read after an interruption, too: not under ctx.
	err = q.summarize(s)
	s.Seconds = time.Since(began).Seconds()
	return s, errors.Join(told, err, q.close())
}

// tell is the story of this example. Every step looks first whether the chains show
// it as done, so that a run that was killed goes on where it stopped.
func (q *quickstart) tell() error {
	for _, step := range []func() error{
		q.startRoot,       // a chain of its own, with the registry as a module
		q.startMeters,     // a subchain with a Go module; registered at the root
		q.startBilling,    // another one
		q.startRelayer,    // carries proofs between them and is trusted with nothing
		q.deposit,         // coins: root → meters
		q.registerDevice,  // a P-256 key
		q.deployAlarm,     // Solidity that calls the Go module
		q.recordReadings,  // signed rows, each checked by module and contract
		q.sendValue,       // coins: meters → root → billing
		q.sendReport,      // data: meters → root → billing
		q.awaitDelivery,   // with the acknowledgements on their way back
		q.payBill,         // with the coins that arrived
		q.awaitCheckpoint, // at least two of each subchain
		q.proveReading,    // to a device that holds the genesis committee alone
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// serve prints where everything is and stays up until it is interrupted.
func (q *quickstart) serve(stdout io.Writer) error {
	line, err := json.Marshal(q.ready())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s\n", line); err != nil {
		return err
	}
	q.progress.step("serving until Ctrl-C")
	<-q.ctx.Done()
	if q.interrupted() {
		return nil
	}
	return context.Cause(q.ctx)
}
