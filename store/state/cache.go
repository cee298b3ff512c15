package state

import (
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// shards bounds how often readers wait for each other.
const shards = 16

// cache keeps the entries that were used last. It is safe for concurrent use.
type cache[K comparable, V any] struct {
	of    func(K) byte // well spread
	parts [shards]struct {
		sync.Mutex
		lru  *simplelru.LRU[K, V]
		left int // bytes
	}
	size func(V) int
}

// newCache returns a cache for values of together at most total bytes, as size counts
// them, but for the last one of each part.
func newCache[K comparable, V any](total int, of func(K) byte, size func(V) int) (*cache[K, V], error) {
	c := &cache[K, V]{of: of, size: size}
	for i := range c.parts {
		p := &c.parts[i]
		p.left = max(total/shards, 1)
		// The list has no bound of its own: bytes are counted here.
		lru, err := simplelru.NewLRU(1<<30, func(_ K, v V) { p.left += size(v) })
		if err != nil {
			return nil, fmt.Errorf("state: cache: %w", err)
		}
		p.lru = lru
	}
	return c, nil
}

func (c *cache[K, V]) get(k K) (V, bool) {
	p := &c.parts[c.of(k)%shards]
	p.Lock()
	defer p.Unlock()
	return p.lru.Get(k)
}

func (c *cache[K, V]) add(k K, v V) {
	p := &c.parts[c.of(k)%shards]
	p.Lock()
	defer p.Unlock()
	if old, ok := p.lru.Peek(k); ok {
		p.left += c.size(old)
	}
	p.lru.Add(k, v)
	for p.left -= c.size(v); p.left < 0 && p.lru.Len() > 1; {
		p.lru.RemoveOldest()
	}
}
