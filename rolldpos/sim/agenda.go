package sim

import "github.com/rootstem/rootstem/rolldpos"

// event is something that happens to a process, unless its life has ended before.
type event struct {
	at, seq uint64
	to      *process
	life    uint32 // of the process; 0: any
	what    what
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
	synced // a final certificate came from block sync
	enterEpoch
	arrival // work for the App may have arrived
)

// request is what a core asked of its driver.
type request struct {
	build  rolldpos.BuildRequest
	verify rolldpos.VerifyRequest
}

// agenda is a heap with four children a node, ordered by time and then by age.
type agenda struct{ heap []event }

func (e *event) before(f *event) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

func (a *agenda) push(e event) {
	a.heap = append(a.heap, e)
	i := len(a.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&a.heap[up]) {
			break
		}
		a.heap[i] = a.heap[up]
		i = up
	}
	a.heap[i] = e
}

func (a *agenda) pop() event {
	top := a.heap[0]
	n := len(a.heap) - 1
	e := a.heap[n]
	a.heap[n] = event{}
	a.heap = a.heap[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		least := first
		for j := first + 1; j < min(first+4, n); j++ {
			if a.heap[j].before(&a.heap[least]) {
				least = j
			}
		}
		if !a.heap[least].before(&e) {
			break
		}
		a.heap[i] = a.heap[least]
		i = least
	}
	a.heap[i] = e
	return top
}
