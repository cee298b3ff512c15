package sim

import "github.com/rootstem/rootstem/rolldpos"

// event is something that happens to a process, unless its life has ended before.
type event struct {
	to      *process
	life    uint32 // of the process; 0: any
	what    what
	body    bool // the proposal comes with its block's body
	epoch   rolldpos.Epoch
	message rolldpos.Message
	request *request
}

type what uint8

const (
	deliver what = iota
	tick
	build
	verify
	synced   // a final certificate came from block sync
	adoption // of a final block whose body was missing
	enterEpoch
	arrival // work for the App may have arrived
)

// request is what a core asked of its driver.
type request struct {
	build  rolldpos.BuildRequest
	verify rolldpos.VerifyRequest
}

// agenda is a heap with four children a node, ordered by time and then by age. The heap
// itself holds no pointers: events lie beside it and keep their places.
type agenda struct {
	heap   []entry
	events []event
	free   []uint32
}

type entry struct {
	at, seq uint64
	place   uint32
}

func (e entry) before(f entry) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

func (a *agenda) push(at, seq uint64, e event) {
	place := uint32(len(a.events))
	if n := len(a.free); n > 0 {
		place = a.free[n-1]
		a.free = a.free[:n-1]
		a.events[place] = e
	} else {
		a.events = append(a.events, e)
	}
	x := entry{at, seq, place}
	a.heap = append(a.heap, x)
	i := len(a.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !x.before(a.heap[up]) {
			break
		}
		a.heap[i] = a.heap[up]
		i = up
	}
	a.heap[i] = x
}

// pop removes the first event and returns it with its time.
func (a *agenda) pop() (uint64, event) {
	top := a.heap[0]
	first := a.events[top.place]
	a.events[top.place] = event{}
	a.free = append(a.free, top.place)
	n := len(a.heap) - 1
	x := a.heap[n]
	a.heap = a.heap[:n]
	i := 0
	for 4*i+1 < n {
		least := 4*i + 1
		for j := least + 1; j < min(4*i+5, n); j++ {
			if a.heap[j].before(a.heap[least]) {
				least = j
			}
		}
		if !a.heap[least].before(x) {
			break
		}
		a.heap[i] = a.heap[least]
		i = least
	}
	if n > 0 {
		a.heap[i] = x
	}
	return top.at, first
}
