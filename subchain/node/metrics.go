package node

import (
	"time"

	"github.com/rootstem/rootstem/subchain/chain"
)

// Metrics are callbacks, each of which may be nil. They are called on the goroutines of
// the node and must return at once.
type Metrics struct {
	// Persisted is called after each sync of votes, with their number.
	Persisted func(records int, took time.Duration)
	// Executed is called for each block that was built or executed here.
	Executed func(height uint64, transactions int, took time.Duration)
	// Final is called for each block that became final, with the time since the one in
	// its header.
	Final func(height uint64, age time.Duration)
	// Dropped is called for each message that found the node's queue full.
	Dropped func()
	// Keyed is called for each block that the chain key has certified.
	Keyed func(height uint64)
}

func (m *Metrics) persisted(records int, began time.Time) {
	if m.Persisted != nil {
		m.Persisted(records, time.Since(began))
	}
}

func (m *Metrics) executed(r *chain.Record, began time.Time) {
	if m.Executed != nil {
		m.Executed(r.Block.Header.Height, len(r.Block.Transactions), time.Since(began))
	}
}

func (m *Metrics) final(r *chain.Record) {
	if m.Final != nil {
		m.Final(r.Block.Header.Height, time.Since(time.UnixMilli(int64(r.Block.Header.Time))))
	}
}

func (m *Metrics) dropped() {
	if m.Dropped != nil {
		m.Dropped()
	}
}

func (m *Metrics) keyed(height uint64) {
	if m.Keyed != nil {
		m.Keyed(height)
	}
}
