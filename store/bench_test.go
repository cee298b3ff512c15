package store_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/store"
)

const (
	benchKeys  = 100_000
	benchValue = 100
)

// benchDBs are this package's databases and cometbft-db's own.
func benchDBs(b *testing.B, f func(b *testing.B, db dbm.DB)) {
	run := func(name string, open func(dir string) (dbm.DB, error)) {
		b.Run(name, func(b *testing.B) {
			db, err := open(b.TempDir())
			require.NoError(b, err)
			f(b, db)
			require.NoError(b, db.Close())
		})
	}
	for _, backend := range backends() {
		run("store="+backend.Name(), func(dir string) (dbm.DB, error) {
			return store.OpenDB(store.Config{Dir: dir, Backend: backend})
		})
	}
	run("store=memory", func(string) (dbm.DB, error) { return store.OpenDB(store.Config{}) })
	run("cometbft-db=goleveldb", func(dir string) (dbm.DB, error) { return dbm.NewGoLevelDB("plain", dir) })
	run("cometbft-db=memdb", func(string) (dbm.DB, error) { return dbm.NewMemDB(), nil })
}

func benchKey(i int) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(i)*0x9e3779b97f4a7c15)
}

func fill(b *testing.B, db dbm.DB) {
	value := make([]byte, benchValue)
	for i := 0; i < benchKeys; {
		batch := db.NewBatch()
		for range 1000 {
			require.NoError(b, batch.Set(benchKey(i), append([]byte(nil), binary.BigEndian.AppendUint64(value[8:], uint64(i))...)))
			i++
		}
		require.NoError(b, batch.WriteSync())
	}
	b.ResetTimer()
}

func BenchmarkSetSync(b *testing.B) {
	benchDBs(b, func(b *testing.B, db dbm.DB) {
		value, i := make([]byte, benchValue), 0
		b.ReportAllocs()
		for b.Loop() {
			if err := db.SetSync(benchKey(i), value); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

func BenchmarkBatchSync(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			benchDBs(b, func(b *testing.B, db dbm.DB) {
				value, i := make([]byte, benchValue), 0
				b.ReportAllocs()
				for b.Loop() {
					batch := db.NewBatch()
					for range n {
						if err := batch.Set(benchKey(i), value); err != nil {
							b.Fatal(err)
						}
						i++
					}
					if err := batch.WriteSync(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	benchDBs(b, func(b *testing.B, db dbm.DB) {
		fill(b, db)
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			value, err := db.Get(benchKey(i * 7919 % benchKeys))
			if err != nil || value == nil {
				b.Fatal("missing", err)
			}
			i++
		}
	})
}

func BenchmarkGetOfNoKey(b *testing.B) {
	benchDBs(b, func(b *testing.B, db dbm.DB) {
		fill(b, db)
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			if value, err := db.Get(benchKey(benchKeys + i)); err != nil || value != nil {
				b.Fatal(len(value), err)
			}
			i++
		}
	})
}

func BenchmarkIterate(b *testing.B) {
	benchDBs(b, func(b *testing.B, db dbm.DB) {
		fill(b, db)
		b.ReportAllocs()
		for b.Loop() {
			it, err := db.Iterator(nil, nil)
			require.NoError(b, err)
			n := 0
			for ; it.Valid(); it.Next() {
				n += len(it.Value())
			}
			require.NoError(b, it.Close())
			if n < benchKeys*benchValue {
				b.Fatal(n)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchKeys, "ns/key")
	})
}
