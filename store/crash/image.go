package crash

import (
	"math/rand/v2"
	"slices"
)

// Data says what becomes of data that was not synced.
type Data int

// Each file's writes since its last sync are dropped, kept, kept up to some byte,
// or kept but for some sectors of 512 bytes, which hold what they held before.
const (
	Drop Data = iota
	Keep
	Prefix
	Torn
)

func (d Data) String() string { return [...]string{"drop", "keep", "prefix", "torn"}[d] }

// Loss says what a power failure takes.
type Loss struct {
	Data Data
	// Strict directories list what they listed when they were synced; lenient ones
	// what they list now.
	Strict bool
	// Random decides for Prefix and Torn.
	Random *rand.Rand
}

// Image returns the file system as it would be after a power failure now.
func (s *FS) Image(loss Loss) *FS {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.image(loss)
}

func (s *FS) image(loss Loss) *FS {
	out := New()
	copies := make(map[*node]*node) // a file may have two names
	out.root = s.root.after(loss, copies)
	return out
}

func (n *node) after(loss Loss, copies map[*node]*node) *node {
	if done := copies[n]; done != nil {
		return done
	}
	out := new(node)
	copies[n] = out
	if n.names == nil {
		out.data = slices.Clip(n.survivors(loss))
		out.synced = out.data
		return out
	}
	names := n.names
	if loss.Strict {
		names = n.syncedNames
	}
	out.names, out.syncedNames = make(map[string]*node, len(names)), make(map[string]*node, len(names))
	for _, name := range sorted(names) {
		child := names[name].after(loss, copies)
		out.names[name], out.syncedNames[name] = child, child
	}
	return out
}

// sorted keeps the random choices the same for the same seed.
func sorted(names map[string]*node) (out []string) {
	for name := range names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// survivors returns the content of a file after the loss.
func (n *node) survivors(loss Loss) []byte {
	if loss.Data == Drop || len(n.pending) == 0 {
		return n.synced
	}
	if loss.Data == Keep {
		return n.data
	}
	total := 0
	for _, c := range n.pending {
		total += len(c.data) + 1
	}
	keep := loss.Random.IntN(total + 1)
	b := slices.Clip(n.synced)
	for _, c := range n.pending {
		size := len(c.data)
		switch {
		case loss.Data == Torn && c.data != nil:
			b = c.torn(b, loss.Random)
			continue
		case c.data == nil && keep > 0:
			b = slices.Clip(resize(b, c.offset))
		case c.data != nil:
			b = slices.Clip(overlay(b, c.offset, c.data[:min(size, keep)]))
		}
		keep = max(0, keep-size-1)
	}
	return b
}

const sector = 512

// torn applies a write but for about every third sector. The file grows all the
// same: what was never written is zero.
func (c change) torn(b []byte, random *rand.Rand) []byte {
	out := b
	if grown := c.offset + int64(len(c.data)); grown > int64(len(b)) {
		out = resize(b, grown)
	} else {
		out = slices.Clone(b)
	}
	for at := int64(0); at < int64(len(c.data)); {
		end := min((c.offset+at)/sector*sector+sector-c.offset, int64(len(c.data)))
		if random.IntN(3) > 0 {
			copy(out[c.offset+at:], c.data[at:end])
		}
		at = end
	}
	return out
}
