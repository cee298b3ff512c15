package paymentcode_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/paymentcode"
	"github.com/rootstem/rootstem/paymentcode/erc5564"
)

// A year of payments at one a second, all to the device: found in at most a fiftieth of
// the time in which a scan by Diffie-Hellman tries as many announcements. The short
// form takes a part of the year; PRIVACY_TIMING=1 takes it whole.
func TestAYearIsFoundInAFiftiethOfTheTimeOfAScan(t *testing.T) {
	const year = 365 * 86400
	events := year / 200
	if os.Getenv("PRIVACY_TIMING") != "" {
		events = year
	}
	device := keysOf(meter, paymentcode.Options{})
	payer, err := keysOf(driver, paymentcode.Options{}).View().Pay(device.Code(), 0, 1)
	require.NoError(t, err)
	channel, err := device.View().Open(payer.Notification(), 1)
	require.NoError(t, err)
	inbox, err := paymentcode.NewInbox(paymentcode.Config{})
	require.NoError(t, err)
	require.NoError(t, inbox.Add(channel))
	var hits []paymentcode.Hit
	found, spent, batch := 0, time.Duration(0), make([]paymentcode.Tag, 0, 1<<16)
	look := func() {
		start := time.Now()
		for _, tag := range batch {
			hits = inbox.Find(hits[:0], tag)
			found += len(hits)
		}
		spent += time.Since(start)
		batch = batch[:0]
	}
	for i, tag := range channel.Tags(0) { // the chain's events; their making is not timed
		if int(i) == events {
			break
		}
		if batch = append(batch, tag); len(batch) == cap(batch) {
			look()
		}
	}
	look()
	require.Equal(t, events, found)

	keys, err := erc5564.NewKeys([32]byte{31: 3}, [32]byte{31: 5})
	require.NoError(t, err)
	a, err := erc5564.Pay(keys.View().MetaAddress(), [32]byte{31: 7})
	require.NoError(t, err)
	a.ViewTag ^= 1 // somebody else's, as nearly all are: the cheap case
	const sample = 500
	start := time.Now()
	for range sample {
		require.ErrorIs(t, keys.View().Find(a), erc5564.ErrNotOurs)
	}
	each, scan := spent/time.Duration(events), time.Since(start)/sample
	t.Logf("%d events: %v each, %v a year; by scan %v each, %v a year", events, each, spent*year/time.Duration(events), scan, scan*year)
	require.Less(t, 50*each, scan)
}
