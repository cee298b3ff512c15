package store_test

import (
	"fmt"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/store/crash"
)

func ExampleOpen() {
	s, err := store.Open(store.Config{}) // in memory; set Dir to keep it
	if err != nil {
		panic(err)
	}
	defer s.Close()
	meters, votes := s.Space("meters"), s.Log("votes")

	b := s.Batch()
	b.Set(meters, []byte("m1"), []byte("42 kWh"))
	b.Append(votes, []byte("yes"))
	if err := b.WriteSync(); err != nil { // both, or neither
		panic(err)
	}
	value, err := meters.Get([]byte("m1"))
	fmt.Println(string(value), err)
	err = votes.Replay(func(seq uint64, record []byte) error {
		fmt.Println(seq, string(record))
		return nil
	})
	fmt.Println(err)
	// Output:
	// 42 kWh <nil>
	// 0 yes
	// <nil>
}

func ExampleWatermark() {
	w, err := store.OpenWatermark(crash.New(), "mark") // nil for the real file system
	if err != nil {
		panic(err)
	}
	defer w.Close()
	fmt.Println(w.Raise(store.Mark{Epoch: 1, View: 8, Digest: [32]byte{1}}))
	// Only now sign. Whatever would come before or beside it is refused:
	fmt.Println(w.Raise(store.Mark{Epoch: 1, View: 8, Digest: [32]byte{2}}))
	// Output:
	// <nil>
	// store: watermark forbids to sign: lower than what was signed: epoch 1 view 8 after epoch 1 view 8
}

func ExampleOpenDB() {
	db, err := store.OpenDB(store.Config{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	fmt.Println(db.SetSync([]byte("k"), []byte("v")))
	it, err := db.Iterator(nil, nil)
	for ; err == nil && it.Valid(); it.Next() {
		fmt.Printf("%s=%s\n", it.Key(), it.Value())
	}
	fmt.Println(err, it.Close())
	// Output:
	// <nil>
	// k=v
	// <nil> <nil>
}
