package main

import (
	"testing"
	"time"

	"github.com/rootstem/rootstem/subchain/ledger"
)

func TestBothSidesCarryTransactionsOfTheSameSize(t *testing.T) {
	l := &load{meter: &meter{start: time.Now()}}
	p := l.payload(3, 7<<48+5)
	if len(p) != txSize {
		t.Fatalf("payload of %d bytes", len(p))
	}
	envelope := transaction(p).Envelope()
	if len(envelope) != txSize {
		t.Fatalf("envelope of %d bytes", len(envelope))
	}
	tx, err := ledger.DecodeTransaction(envelope)
	if err != nil {
		t.Fatal(err)
	}
	if string(tx.Data[:stampBytes]) != string(p[:stampBytes]) {
		t.Fatal("the stamp is lost")
	}
}
