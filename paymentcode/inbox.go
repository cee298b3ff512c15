package paymentcode

import (
	"encoding/binary"
	"slices"
)

// Config bounds an Inbox. Zero values mean the defaults.
type Config struct {
	// Ahead is how many payments in a row may be lost or late without losing the
	// channel: 1 to 2^20, default 512.
	Ahead int
	// Behind is how many indices below the highest one seen are still recognised:
	// at most 2^20, default 128; negative means none.
	Behind int
	// Channels bounds the channels, and with them memory (about 40 bytes for each
	// index of each window): default 1,024.
	Channels int
}

const maxWindow = 1 << 20

// Inbox finds the payments of many channels by their tags. Each channel has a window
// of indices, from Behind below the next expected one to Ahead above it, which moves
// with the payments found. It is not safe for concurrent use.
type Inbox struct {
	ahead, behind uint32
	most          int
	windows       []*window // nil where a channel was removed
	free          []uint32
	byRoot        map[[32]byte]uint32
	table         map[uint64]slot
	twins         map[uint64][]slot // further slots of a tag: two channels may share one
}

type slot struct{ window, index uint32 }

// window holds indices [low, high) of a channel; tags and seen are rings over the
// index.
type window struct {
	c               *Channel
	low, next, high uint32
	base, head      [32]byte // k_low and k_high
	tags            []uint64
	seen            []bool
}

// NewInbox returns an empty inbox, or ErrOptions.
func NewInbox(cfg Config) (*Inbox, error) {
	if cfg.Ahead == 0 {
		cfg.Ahead = 512
	}
	if cfg.Behind == 0 {
		cfg.Behind = 128
	}
	if cfg.Channels == 0 {
		cfg.Channels = 1024
	}
	cfg.Behind = max(cfg.Behind, 0)
	if cfg.Ahead < 1 || cfg.Ahead > maxWindow || cfg.Behind > maxWindow || cfg.Channels < 1 {
		return nil, ErrOptions
	}
	return &Inbox{
		ahead: uint32(cfg.Ahead), behind: uint32(cfg.Behind), most: cfg.Channels,
		byRoot: map[[32]byte]uint32{}, table: map[uint64]slot{}, twins: map[uint64][]slot{},
	}, nil
}

// Add watches a channel from index 0 on. Adding it again changes nothing, so that a
// replayed notification is harmless. It returns ErrFull at the bound.
func (b *Inbox) Add(c *Channel) error {
	if _, ok := b.byRoot[c.root]; ok {
		return nil
	}
	if len(b.byRoot) >= b.most {
		return ErrFull
	}
	size := b.ahead + b.behind
	w := &window{c: c, base: c.root, head: c.root, tags: make([]uint64, size), seen: make([]bool, size)}
	id := uint32(len(b.windows))
	if n := len(b.free); n > 0 {
		id, b.free = b.free[n-1], b.free[:n-1]
		b.windows[id] = w
	} else {
		b.windows = append(b.windows, w)
	}
	b.byRoot[c.root] = id
	b.move(id, 0)
	return nil
}

// Remove stops watching a channel. The inbox forgets it: adding it again, as a
// replayed notification does, begins at index 0 with every tag unseen. Who removes a
// channel for good keeps a list of the removed.
func (b *Inbox) Remove(c *Channel) {
	id, ok := b.byRoot[c.root]
	if !ok {
		return
	}
	for w := b.windows[id]; w.low < w.high; {
		b.drop(id)
	}
	b.windows[id] = nil
	b.free = append(b.free, id)
	delete(b.byRoot, c.root)
}

// Hit is a tag that belongs to a channel.
type Hit struct {
	Channel *Channel
	Index   uint32
	// Again: the tag was seen before. The earlier event, this one or both may be a
	// copy; Incoming.Check tells.
	Again bool
}

// Find appends the hits of a tag to dst and moves their windows. Nearly always there
// is none or one; two if tags of eight bytes collide. The tag of an index cannot be
// computed by others before the payer reveals it, so a copied one moves no window
// further than the payer did.
func (b *Inbox) Find(dst []Hit, tag Tag) []Hit {
	t := binary.BigEndian.Uint64(tag[:])
	s, ok := b.table[t]
	if !ok {
		return dst
	}
	if len(b.twins) == 0 {
		return append(dst, b.hit(s))
	}
	for _, s := range append([]slot{s}, b.twins[t]...) {
		dst = append(dst, b.hit(s))
	}
	return dst
}

func (b *Inbox) hit(s slot) Hit {
	w := b.windows[s.window]
	seen := &w.seen[s.index%uint32(len(w.seen))]
	h := Hit{Channel: w.c, Index: s.index, Again: *seen}
	*seen = true
	if s.index >= w.next {
		b.move(s.window, s.index+1)
	}
	return h
}

// Incoming returns the payment of a hit or of any index of its window, or ErrUnknown.
func (b *Inbox) Incoming(h Hit) (*Incoming, error) {
	w := b.of(h.Channel)
	if w == nil || h.Index < w.low || h.Index >= w.high {
		return nil, ErrUnknown
	}
	k := walk(w.base, h.Index-w.low)
	return w.c.incoming(h.Index, &k)
}

// Next returns the index after the highest one seen. A restart needs the notification
// and this number, see Seek; neither is secret.
func (b *Inbox) Next(c *Channel) (uint32, error) {
	w := b.of(c)
	if w == nil {
		return 0, ErrUnknown
	}
	return w.next, nil
}

// Seek moves a channel's window up so that next is the index expected: after a
// restart, or when more than Ahead payments in a row were lost. It never moves down.
// One hash for each index on the way.
func (b *Inbox) Seek(c *Channel, next uint32) error {
	id, ok := b.byRoot[c.root]
	if !ok {
		return ErrUnknown
	}
	if w := b.windows[id]; next > w.next {
		if low := next - min(next, b.behind); low > w.high {
			for w.low < w.high {
				b.drop(id)
			}
			w.base = walk(w.base, low-w.low)
			w.head, w.low, w.high = w.base, low, low
		}
		b.move(id, next)
	}
	return nil
}

// Missing returns the indices of the window below Next that were not seen, in order:
// payments that are late or lost.
func (b *Inbox) Missing(c *Channel) ([]uint32, error) {
	w := b.of(c)
	if w == nil {
		return nil, ErrUnknown
	}
	var out []uint32
	for i := w.low; i < w.next; i++ {
		if !w.seen[i%uint32(len(w.seen))] {
			out = append(out, i)
		}
	}
	return out, nil
}

func (b *Inbox) of(c *Channel) *window {
	if id, ok := b.byRoot[c.root]; ok {
		return b.windows[id]
	}
	return nil
}

// move makes next the expected index and shifts the window; next is at least the
// present one.
func (b *Inbox) move(id, next uint32) {
	w := b.windows[id]
	w.next = next
	low := next - min(next, b.behind)
	high := next + min(maxIndex-next, b.ahead)
	for w.high < high {
		if w.high-w.low == uint32(len(w.tags)) {
			b.drop(id)
		}
		b.push(id)
	}
	for w.low < low {
		b.drop(id)
	}
}

func (b *Inbox) push(id uint32) {
	w := b.windows[id]
	tag := tagOf(&w.head)
	t := binary.BigEndian.Uint64(tag[:])
	s := slot{id, w.high}
	if _, taken := b.table[t]; taken {
		b.twins[t] = append(b.twins[t], s)
	} else {
		b.table[t] = s
	}
	at := w.high % uint32(len(w.tags))
	w.tags[at], w.seen[at] = t, false
	w.head = ratchet(domainChain, &w.head)
	w.high++
}

func (b *Inbox) drop(id uint32) {
	w := b.windows[id]
	t := w.tags[w.low%uint32(len(w.tags))]
	s := slot{id, w.low}
	switch twins := b.twins[t]; {
	case b.table[t] != s:
		b.twins[t] = slices.DeleteFunc(twins, func(x slot) bool { return x == s })
	case len(twins) > 0:
		b.table[t], b.twins[t] = twins[0], twins[1:]
	default:
		delete(b.table, t)
	}
	if len(b.twins) > 0 && len(b.twins[t]) == 0 {
		delete(b.twins, t)
	}
	w.base = ratchet(domainChain, &w.base)
	w.low++
}
