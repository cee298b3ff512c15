package dkg_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/dkg"
)

type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(digest [32]byte) (sig [64]byte) {
	copy(sig[:], ed25519.Sign(s.key, digest[:]))
	return sig
}

// Four seats make a key. On a chain each message would be a transaction, and each
// participant a node.
func Example() {
	c := &dkg.Ceremony{Era: 1, Seats: &rolldpos.Committee{Epoch: 2},
		Plan: dkg.Plan{Start: 1, Enrol: 1, Deal: 1, Complain: 1, Justify: 1, Acknowledge: 1}}
	var keys []ed25519.PrivateKey
	for range 4 {
		public, key, _ := ed25519.GenerateKey(nil)
		c.Seats.Keys, keys = append(c.Seats.Keys, public), append(keys, key)
	}
	log, err := dkg.NewTranscript(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	var nodes []*dkg.Participant
	for i, key := range keys {
		var seed [dkg.SeedSize]byte
		_, _ = rand.Read(seed[:]) // never fails
		p, err := dkg.Join(c, c.Seats.Keys[i], signer{key}, seed, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		nodes = append(nodes, p)
	}
	say := func(height uint64, m dkg.Message, err error) {
		if err == nil {
			err = log.Add(height, m)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	for _, p := range nodes {
		m, err := p.Enrol()
		say(1, m, err)
	}
	for _, p := range nodes {
		m, err := p.Deal(log)
		say(2, m, err)
	}
	for _, p := range nodes {
		m, err := p.Complain(log)
		fmt.Println(m == nil, err)
	}
	for _, p := range nodes {
		pending, err := p.Finish(log, 5)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, ack, err := pending.Keep(func(secret []byte) error { return nil /* write and sync it */ })
		say(5, ack, err)
	}
	group, err := log.Accepted(5)
	fmt.Println(group.Threshold, len(group.Shares), err)
	// Output:
	// true <nil>
	// true <nil>
	// true <nil>
	// true <nil>
	// 3 4 <nil>
}
