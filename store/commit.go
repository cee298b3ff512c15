package store

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// commits merges batches that are written at the same time, so that they share one
// sync. Whoever finds nobody at work leads: it writes all that wait, up to maxGroup
// bytes, and hands over to the first of those that came meanwhile.
type commits struct {
	mu      sync.Mutex
	leading bool
	waiting []*commit
}

type commit struct {
	batch *Batch
	wake  chan bool // true: lead; false: err is set
	err   error
}

const maxGroup = 1 << 20

// commit writes a batch together with others and returns its outcome.
func (s *Store) commit(b *Batch) error {
	q := &s.commits
	c := &commit{batch: b, wake: make(chan bool, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, c)
	lead := !q.leading
	q.leading = true
	q.mu.Unlock()
	if !lead && !<-c.wake {
		return c.err
	}
	group := q.take()
	err := s.writeGroup(group)
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, other := range group[1:] {
		other.err = err
		other.wake <- false
	}
	if q.leading = len(q.waiting) > 0; q.leading {
		q.waiting[0].wake <- true
	}
	return err
}

// take removes the leader, which is the first, and who joins it.
func (q *commits) take() []*commit {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 1, q.waiting[0].batch.size
	for n < len(q.waiting) && size+q.waiting[n].batch.size <= maxGroup {
		size += q.waiting[n].batch.size
		n++
	}
	group := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// writeGroup gives the records their numbers and writes everything in the order of
// the calls.
func (s *Store) writeGroup(group []*commit) error {
	if err := s.db.ready(); err != nil {
		return err // before the logs are read: a recovery may change what they hold
	}
	logs := lockLogs(group)
	defer func() {
		for _, l := range logs {
			l.mu.Unlock()
		}
	}()
	next := make(map[*Log]uint64, len(logs))
	for _, l := range logs {
		if err := l.load(); err != nil {
			return err
		}
		next[l] = l.next
	}
	var writes []Write
	for _, c := range group {
		b := c.batch
		writes = append(writes, b.writes...)
		for i := range b.records {
			r := &b.records[i]
			r.seq = next[r.log]
			next[r.log]++
			writes = append(writes, Write{r.log.space.key(seqKey(r.seq)), encodeRecord(r.seq, r.payload)})
		}
	}
	if err := s.db.apply(writes); err != nil {
		return fmt.Errorf("store: write batch of %d: %w", len(writes), err)
	}
	for _, l := range logs {
		l.next = next[l]
	}
	return nil
}

// lockLogs locks every log with records once, in the order of their names.
func lockLogs(group []*commit) (logs []*Log) {
	for _, c := range group {
		for _, r := range c.batch.records {
			logs = append(logs, r.log)
		}
	}
	slices.SortFunc(logs, func(x, y *Log) int { return cmp.Compare(x.space.prefix, y.space.prefix) })
	logs = slices.Compact(logs)
	for _, l := range logs {
		l.mu.Lock()
	}
	return logs
}
