package p2p

import "sync"

// batchBytes is the size at which a batch stops growing.
const batchBytes = 256 << 10

// queue holds messages on their way to one peer. When it is full the oldest go.
type queue struct {
	maxCount, maxBytes int
	ready              chan struct{} // holds a token while the queue may be non-empty

	mu    sync.Mutex
	items [][]byte // ring
	head  int
	count int
	bytes int
}

func newQueue(maxCount, maxBytes int) *queue {
	return &queue{maxCount: maxCount, maxBytes: maxBytes, ready: make(chan struct{}, 1)}
}

// push appends msg and returns how many old messages it displaced. msg must not be
// larger than maxBytes.
func (q *queue) push(msg []byte) (dropped int) {
	q.mu.Lock()
	for q.count > 0 && (q.count == q.maxCount || q.bytes+len(msg) > q.maxBytes) {
		q.take()
		dropped++
	}
	if q.count == len(q.items) {
		q.grow()
	}
	q.items[(q.head+q.count)%len(q.items)] = msg
	q.count++
	q.bytes += len(msg)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return dropped
}

func (q *queue) grow() {
	items := make([][]byte, min(q.maxCount, max(16, 2*len(q.items))))
	for i := range q.count {
		items[i] = q.items[(q.head+i)%len(q.items)]
	}
	q.items, q.head = items, 0
}

func (q *queue) take() []byte {
	msg := q.items[q.head]
	q.items[q.head] = nil
	q.head = (q.head + 1) % len(q.items)
	q.count--
	q.bytes -= len(msg)
	return msg
}

// batch appends frames of the oldest messages to dst, about batchBytes in all, at
// least one message if there is any. It returns how many.
func (q *queue) batch(dst []byte) ([]byte, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for q.count > 0 && (n == 0 || len(dst)+len(q.items[q.head]) <= batchBytes) {
		dst = appendFrame(dst, q.take())
		n++
	}
	return dst, n
}

// drain empties the queue and returns how many messages were in it.
func (q *queue) drain() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.count
	q.items, q.head, q.count, q.bytes = nil, 0, 0, 0
	return n
}
