package paymentcode_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/rootstem/rootstem/paymentcode"
	"github.com/rootstem/rootstem/paymentcode/hd"
)

// keysOf restores keys from words, as a wallet does.
func keysOf(words string, o paymentcode.Options) *paymentcode.Keys {
	seed, err := hd.Seed(words, "")
	if err != nil {
		log.Fatal(err)
	}
	keys, err := paymentcode.Derive(seed, o)
	if err != nil {
		log.Fatal(err)
	}
	return keys
}

const (
	driver = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	meter  = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above"
)

// A car pays a charging point for the first time and twice more. In between there is
// only a public chain.
func Example() {
	const chain = 4690
	point, car := keysOf(meter, paymentcode.Options{}), keysOf(driver, paymentcode.Options{})

	// The charging point shows its code, for example as a QR code.
	code, err := paymentcode.Parse(point.Code().String())
	if err != nil {
		log.Fatal(err)
	}

	// The car notifies it once, through anybody, and then pays to fresh keys.
	payer, err := car.View().Pay(code, 0, chain)
	if err != nil {
		log.Fatal(err)
	}
	var payments []paymentcode.Payment
	for range 3 {
		p, err := payer.Next()
		if err != nil {
			log.Fatal(err)
		}
		payments = append(payments, p)
	}

	// The charging point opens the notification and looks every event's tag up.
	channel, err := point.View().Open(payer.Notification(), chain)
	if err != nil {
		log.Fatal(err)
	}
	inbox, err := paymentcode.NewInbox(paymentcode.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := inbox.Add(channel); err != nil {
		log.Fatal(err)
	}
	for _, p := range payments {
		paid, err := p.Address() // what the event says was paid
		if err != nil {
			log.Fatal(err)
		}
		for _, hit := range inbox.Find(nil, p.Tag) {
			in, err := inbox.Incoming(hit)
			if err != nil {
				log.Fatal(err)
			}
			if err := in.Check(paid); err != nil {
				continue // somebody copied the tag
			}
			key, err := point.OneTime(in)
			if err != nil {
				log.Fatal(err)
			}
			signature, err := key.Sign([32]byte{1})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("payment %d: tag %s, a signature of %d bytes spends it\n", hit.Index, p.Tag, len(signature))
		}
	}
	fmt.Println("from the car:", channel.Payer() == car.Code())
	// Output:
	// payment 0: tag 2087a1b9c015bdf4, a signature of 65 bytes spends it
	// payment 1: tag 739c200b7ca14301, a signature of 65 bytes spends it
	// payment 2: tag 0d49802e4c7b5825, a signature of 65 bytes spends it
	// from the car: true
}

// A device that was off for a year, with nothing left but its words, finds what it
// was paid every hour among the events of everybody.
func ExampleInbox_year() {
	const chain, hours, others = 4690, 365 * 24, 9
	car := keysOf(driver, paymentcode.Options{})
	payer, err := car.View().Pay(keysOf(meter, paymentcode.Options{}).Code(), 0, chain)
	if err != nil {
		log.Fatal(err)
	}
	type event struct {
		tag  paymentcode.Tag
		paid [33]byte
	}
	var events []event // of the year, as the chain kept them
	noise := rand.New(rand.NewPCG(1, 2))
	for range hours {
		p, err := payer.Next()
		if err != nil {
			log.Fatal(err)
		}
		events = append(events, event{p.Tag, p.Key})
		for range others {
			var e event
			binary.BigEndian.PutUint64(e.tag[:], noise.Uint64())
			events = append(events, e)
		}
	}

	device := keysOf(meter, paymentcode.Options{})
	channel, err := device.View().Open(payer.Notification(), chain)
	if err != nil {
		log.Fatal(err)
	}
	inbox, err := paymentcode.NewInbox(paymentcode.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := inbox.Add(channel); err != nil {
		log.Fatal(err)
	}
	found := 0
	var hits []paymentcode.Hit
	for _, e := range events {
		hits = inbox.Find(hits[:0], e.tag)
		found += len(hits)
	}
	missing, err := inbox.Missing(channel)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d events are payments, %d missing\n", found, len(events), len(missing))
	// Output: 8760 of 87600 events are payments, 0 missing
}

// A gateway finds payments for a device that sleeps; only the device spends.
func ExampleViewKey_Export() {
	const chain = 4690
	device := keysOf(meter, paymentcode.Options{Delegated: true, BucketBits: 4})
	secret, err := device.View().Export()
	if err != nil {
		log.Fatal(err)
	}
	gateway, err := paymentcode.ParseViewKey(secret)
	if err != nil {
		log.Fatal(err)
	}
	payer, err := keysOf(driver, paymentcode.Options{}).View().Pay(device.Code(), 0, chain)
	if err != nil {
		log.Fatal(err)
	}
	note := payer.Notification()
	fmt.Println("a relay passes it on:", device.Code().Filter().Match(note))
	found, err := gateway.Open(note, chain)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the gateway knows the payer:", found.Payer() == keysOf(driver, paymentcode.Options{}).Code())

	// It tells the device notification and index.
	own, err := device.View().Open(note, chain)
	if err != nil {
		log.Fatal(err)
	}
	in, err := own.Incoming(0)
	if err != nil {
		log.Fatal(err)
	}
	key, err := device.OneTime(in)
	if err != nil {
		log.Fatal(err)
	}
	_, err = key.Export()
	fmt.Println(err)
	// Output:
	// a relay passes it on: true
	// the gateway knows the payer: true
	// paymentcode: this one-time key must not leave the device: with the view key it gives the spend key
}

// After a total loss a payer asks which of its tags the chain holds.
func ExamplePayer_Resume() {
	const chain = 4690
	to := keysOf(meter, paymentcode.Options{}).Code()
	payer, err := keysOf(driver, paymentcode.Options{}).View().Pay(to, 0, chain)
	if err != nil {
		log.Fatal(err)
	}
	used := map[paymentcode.Tag]bool{}
	for range 42 {
		p, err := payer.Next()
		if err != nil {
			log.Fatal(err)
		}
		used[p.Tag] = true
	}
	restored, err := keysOf(driver, paymentcode.Options{}).View().Pay(to, 0, chain)
	if err != nil {
		log.Fatal(err)
	}
	if err := restored.Resume(20, func(t paymentcode.Tag) (bool, error) { return used[t], nil }); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the next payment is number", restored.Index())
	// Output: the next payment is number 42
}
