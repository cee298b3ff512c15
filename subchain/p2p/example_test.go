package p2p_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"

	"github.com/rootstem/rootstem/subchain/p2p"
)

// Two nodes of one network connect over TCP; one greets the other.
func Example() {
	heard := make(chan string)
	met := make(chan p2p.PeerID, 1)
	ear, err := p2p.New(p2p.Config{
		Key:       ed25519.NewKeyFromSeed(make([]byte, 32)), // a real node keeps a random one in a file
		Network:   "example",
		Listen:    []string{"/ip4/127.0.0.1/tcp/0"},
		OnMessage: func(_ p2p.PeerID, msg []byte) { heard <- string(msg) },
	})
	if err != nil {
		panic(err)
	}
	mouth, err := p2p.New(p2p.Config{
		Key:     ed25519.NewKeyFromSeed(append(make([]byte, 31), 1)),
		Network: "example",
		OnPeer: func(id p2p.PeerID, up bool) {
			if up {
				met <- id
			}
		},
	})
	if err != nil {
		panic(err)
	}
	if err := mouth.AddPeers(ear.Addrs()...); err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, h := range []*p2p.Host{ear, mouth} {
		running.Go(func() {
			if err := h.Run(ctx); err != nil {
				panic(err)
			}
		})
	}
	if err := mouth.Send(<-met, []byte("hello")); err != nil {
		panic(err)
	}
	fmt.Println(<-heard)
	stop()
	running.Wait()
	// Output: hello
}
