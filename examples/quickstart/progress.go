package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows what happens: a bar on a terminal, plain lines elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	total    int
	bar      *progressbar.ProgressBar
}

// linesEvery is how many readings pass between two plain lines.
const linesEvery = 250

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, began: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// step says what begins.
func (p *progress) step(format string, args ...any) {
	fmt.Fprintf(p.out, "%6.1fs  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// begin starts counting to about total.
func (p *progress) begin(total int) {
	p.total = total
	if p.terminal {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out),
			progressbar.OptionSetDescription("readings"), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
}

// count says how far it is. What cannot be shown changes nothing.
func (p *progress) count(n int) {
	switch {
	case p.bar != nil:
		p.show(p.bar.Set(min(n, p.total)))
	case n%linesEvery == 0:
		p.step("%d of about %d readings are final", n, p.total)
	}
}

// end finishes what begin started.
func (p *progress) end() {
	if p.bar != nil {
		p.show(p.bar.Finish())
		p.bar = nil
	}
}

// show falls back to lines if the bar cannot be drawn.
func (p *progress) show(err error) {
	if err != nil {
		p.bar = nil
	}
}
