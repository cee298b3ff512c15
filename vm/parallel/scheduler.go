package parallel

import (
	"container/heap"
	"sync"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

type status uint8

const (
	waiting  status = iota // for another message
	ready                  // to be executed
	running                // being executed, or its writes being withdrawn
	executed               // with an outcome that may not last
	final
)

// task is one message of the block.
type task struct {
	status  status
	outcome *outcome // of the latest execution, nil before
	waiters []int    // messages that are ready when this one is executed
}

// execution is a block that is being executed. Everything below mu is guarded by it.
type execution struct {
	session  *vm.Session
	messages []*ledger.Message
	store    *store

	mu      sync.Mutex
	changed *sync.Cond // something below did
	tasks   []task
	ready   indices
	front   int  // all messages below are final
	judging bool // the message at front is being validated
	check   int  // the next message to validate early
	failed  bool // give up
	crash   any  // panic of a worker
	ended   int  // executions that have ended

	executions, conflicts int
	patience              int // conflicts before giving up
}

// newExecution lets the messages of each sender wait for one another.
func newExecution(s *vm.Session, base vm.Reader, messages []*ledger.Message, patience int) *execution {
	x := &execution{
		session: s, messages: messages, store: newStore(base, s.Block().Coinbase, len(messages)),
		tasks: make([]task, len(messages)), patience: patience,
	}
	x.changed = sync.NewCond(&x.mu)
	latest := make(map[ledger.Address]int, len(messages))
	for i, m := range messages {
		if before, ok := latest[m.From]; ok {
			x.tasks[before].waiters = append(x.tasks[before].waiters, i)
		} else {
			x.tasks[i].status = ready
			x.ready = append(x.ready, i)
		}
		latest[m.From] = i
	}
	return x
}

// run executes all messages and returns when the workers have ended. A panic of a
// worker continues here.
func (x *execution) run(workers int) {
	var group sync.WaitGroup
	for range workers {
		group.Go(x.work)
	}
	group.Wait()
	if x.crash != nil {
		panic(x.crash)
	}
}

func (x *execution) work() {
	defer func() {
		if r := recover(); r != nil {
			x.mu.Lock()
			x.crash, x.failed = r, true
			x.mu.Unlock()
			x.changed.Broadcast()
		}
	}()
	for {
		switch job, i, out := x.next(); job {
		case toExecute:
			x.execute(i)
		case toCheck:
			if !x.store.holds(i, out) {
				x.withdraw(i, out)
			}
		case toJudge:
			x.judge(i, out)
		default:
			return
		}
	}
}

type job uint8

const (
	toEnd job = iota
	toExecute
	toCheck // validate early, to find conflicts before the message's turn
	toJudge // validate finally
)

// next waits for something to do. The front comes first, then what is lowest.
func (x *execution) next() (job, int, *outcome) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
		switch {
		case x.failed || x.front == len(x.tasks):
			return toEnd, 0, nil
		case !x.judging && x.tasks[x.front].status == executed:
			x.judging = true
			return toJudge, x.front, x.tasks[x.front].outcome
		}
		for x.check = max(x.check, x.front); x.check < len(x.tasks) && x.tasks[x.check].status != executed; {
			x.check++
		}
		switch i := x.check; {
		case i < len(x.tasks) && (len(x.ready) == 0 || i < x.ready[0]):
			x.check++
			return toCheck, i, x.tasks[i].outcome
		case len(x.ready) > 0:
			i := heap.Pop(&x.ready).(int)
			x.tasks[i].status = running
			x.executions++
			return toExecute, i, nil
		}
		x.changed.Wait()
	}
}

// execute runs message i and publishes what it writes.
func (x *execution) execute(i int) {
	r := &reader{x: x, tx: i, blocked: -1, accounts: make([]accountRead, 0, 4)}
	x.mu.Lock()
	old, ended := x.tasks[i].outcome, x.ended
	x.mu.Unlock()
	branch := x.session.Branch(r)
	res, err := branch.Apply(x.messages[i])
	var out *outcome
	if err == nil {
		out = newOutcome(x.session, x.messages[i], branch, res, r)
		x.store.publish(i, old, out)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.changed.Broadcast()
	t := &x.tasks[i]
	switch {
	case err == nil:
		t.status, t.outcome = executed, out
		for _, w := range t.waiters {
			x.release(w)
		}
		t.waiters = t.waiters[:0]
		if x.ended == ended { // nothing that it read can have changed
			i++
		}
		x.check = min(x.check, i)
		x.ended++
	case r.blocked < 0: // the host's fault, or that of a wrong guess
		x.failed = true
	default:
		t.status = waiting
		if on := &x.tasks[r.blocked]; on.status >= executed {
			x.release(i)
		} else {
			on.waiters = append(on.waiters, i)
		}
	}
}

// release makes a waiting message ready.
func (x *execution) release(i int) {
	if x.tasks[i].status == waiting {
		x.tasks[i].status = ready
		heap.Push(&x.ready, i)
	}
}

// judge validates the message at the front, before which all is final.
func (x *execution) judge(i int, out *outcome) {
	ok := x.store.holds(i, out)
	x.mu.Lock()
	x.judging = false
	if ok && x.tasks[i].status == executed && x.tasks[i].outcome == out {
		x.tasks[i].status = final
		x.front++
		x.failed = x.failed || out.result.Status == vm.Invalid
	}
	x.mu.Unlock()
	x.changed.Broadcast()
	if !ok {
		x.withdraw(i, out)
	}
}

// withdraw takes back an outcome that does not hold: the message runs again, and
// others know that what it wrote will probably be written again.
func (x *execution) withdraw(i int, out *outcome) {
	x.mu.Lock()
	t := &x.tasks[i]
	if t.status != executed || t.outcome != out {
		x.mu.Unlock()
		return
	}
	t.status = running
	x.conflicts++
	if x.conflicts > x.patience {
		x.failed = true
	}
	x.mu.Unlock()
	x.store.doubt(i, out)
	x.mu.Lock()
	t.status = waiting
	x.release(i)
	x.mu.Unlock()
	x.changed.Broadcast()
}

// await waits while message i is being executed. It reports false if what i will
// write remains unknown.
func (x *execution) await(i int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.tasks[i].status == running && !x.failed {
		x.changed.Wait()
	}
	return x.tasks[i].status >= executed && !x.failed
}

// indices is a heap of messages, the lowest first.
type indices []int

func (h indices) Len() int           { return len(h) }
func (h indices) Less(i, j int) bool { return h[i] < h[j] }
func (h indices) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *indices) Push(x any) { *h = append(*h, x.(int)) }

// Pop implements heap.Interface.
func (h *indices) Pop() any {
	n := len(*h) - 1
	x := (*h)[n]
	*h = (*h)[:n]
	return x
}
