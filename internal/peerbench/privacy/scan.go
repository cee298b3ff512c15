package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/rootstem/rootstem/paymentcode"
	"github.com/rootstem/rootstem/paymentcode/erc5564"
)

// year is the number of payments of a year of one a second.
const year = 365 * 86400

// errLost is a payment that its payee did not find.
var errLost = errors.New("a payment was not found")

// scan compares how long a device takes to find its payments of a year. The rounds
// together find the whole year.
func (b *bench) scan() error {
	f, err := newFinder(year / b.rounds)
	if err != nil {
		return err
	}
	defer f.stop()
	try, err := foreign()
	if err != nil {
		return err
	}
	t, err := b.medians(f, try)
	if err != nil {
		return err
	}
	b.table("A year of payments of one a second, all one's own, CPU time.", "contestant", "µs an event", "a year", "to the scan")
	for i, name := range []string{"paymentcode, all found by their tags", "erc5564, all tried and dismissed by their view tags"} {
		verdict := "-"
		if i == 0 {
			verdict = wanted(ratio(t[0], t[1]), 1./50)
		}
		b.row(name, fmt.Sprintf("%.3f", float64(t[i].Nanoseconds())/1e3), (t[i] * year).Round(time.Second).String(), verdict)
	}
	return nil
}

// finder finds the payments of one channel in their order.
type finder struct {
	inbox  *paymentcode.Inbox
	next   func() (uint32, paymentcode.Tag, bool)
	stop   func()
	events int // in a round
}

func randomKeys() (*paymentcode.Keys, error) {
	seed := make([]byte, 64)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	return paymentcode.Derive(seed, paymentcode.Options{})
}

func newFinder(events int) (*finder, error) {
	device, err := randomKeys()
	if err != nil {
		return nil, err
	}
	owner, err := randomKeys()
	if err != nil {
		return nil, err
	}
	payer, err := owner.View().Pay(device.Code(), 0, 1)
	if err != nil {
		return nil, err
	}
	channel, err := device.View().Open(payer.Notification(), 1)
	if err != nil {
		return nil, err
	}
	f := &finder{events: events}
	if f.inbox, err = paymentcode.NewInbox(paymentcode.Config{}); err != nil {
		return nil, err
	}
	f.next, f.stop = iter.Pull2(channel.Tags(0))
	return f, f.inbox.Add(channel)
}

// sample finds a round's events. The chain makes their tags, outside of the time.
func (f *finder) sample(time.Duration) (time.Duration, error) {
	const batch = 1 << 16
	tags := make([]paymentcode.Tag, 0, batch)
	var hits []paymentcode.Hit
	var spent time.Duration
	for left := f.events; left > 0; left -= len(tags) {
		tags = tags[:0]
		for range min(batch, left) {
			_, tag, _ := f.next()
			tags = append(tags, tag)
		}
		start, err := cpu()
		if err != nil {
			return 0, err
		}
		for _, tag := range tags {
			if hits = f.inbox.Find(hits[:0], tag); len(hits) != 1 {
				return 0, errLost
			}
		}
		end, err := cpu()
		if err != nil {
			return 0, err
		}
		spent += end - start
	}
	return spent / time.Duration(f.events), nil
}

// foreign tries an announcement to somebody else, what nearly all are to a scan, and
// the cheap case: its view tag dismisses it.
func foreign() (local, error) {
	var spend, view, ephemeral [32]byte
	for _, b := range []*[32]byte{&spend, &view, &ephemeral} {
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
	}
	keys, err := erc5564.NewKeys(spend, view)
	if err != nil {
		return nil, err
	}
	a, err := erc5564.Pay(keys.View().MetaAddress(), ephemeral)
	if err != nil {
		return nil, err
	}
	a.ViewTag ^= 1
	viewer := keys.View()
	return func() error {
		if err := viewer.Find(a); !errors.Is(err, erc5564.ErrNotOurs) {
			return fmt.Errorf("a foreign announcement: %w", err)
		}
		return nil
	}, nil
}
