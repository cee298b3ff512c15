package sim

import (
	"fmt"
	"strings"

	"github.com/rootstem/rootstem/rolldpos"
)

// describe renders a Ready as prose.
func describe(id int, now uint64, r *rolldpos.Ready) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "%5d  seat %d  %s\n", now, id, fmt.Sprintf(format, args...))
	}
	for _, raw := range r.Persist {
		if rec, err := rolldpos.DecodeRecord(raw); err != nil {
			line("persist  %v", err)
		} else {
			line("persist  %s", describeMessage(rec.Vote))
		}
	}
	for _, h := range r.Bodies {
		line("body     %x", h[:3])
	}
	for _, o := range r.Send {
		to := "all"
		if o.To != rolldpos.Broadcast {
			to = fmt.Sprint(o.To)
		}
		line("to %-4s  %s", to, describeMessage(o.Message))
	}
	for _, x := range r.Build {
		line("build    view %d on %x", x.View, x.Parent[:3])
	}
	for _, x := range r.Verify {
		line("verify   view %d block %x on %x notarised %t", x.View, x.Block[:3], x.Parent[:3], x.Notarised)
	}
	for _, x := range r.Final {
		line("final    view %d block %x", x.Certificate.View, x.Block[:3])
	}
	for _, x := range r.Evidence {
		line("evidence against seat %d", x.Seat)
	}
	return b.String()
}

func describeMessage(m rolldpos.Message) string {
	switch m := m.(type) {
	case *rolldpos.Proposal:
		return fmt.Sprintf("proposal view %d block %x on %x of view %d, %d nullified", m.View, m.Block[:3], m.Parent[:3], m.ParentView, len(m.Nullified))
	case *rolldpos.Vote:
		return fmt.Sprintf("%s view %d block %x", m.Kind, m.View, m.Block[:3])
	case *rolldpos.Certificate:
		return fmt.Sprintf("certificate %s view %d block %x signers %08b", m.Kind, m.View, m.Block[:3], m.Bitmap)
	case *rolldpos.Status:
		return fmt.Sprintf("status lacking view %d, final view %d", m.View, m.Final)
	}
	return "?"
}
