package main

import (
	"encoding/binary"
	"errors"

	"github.com/rootstem/rootstem/paymentcode"
	"github.com/rootstem/rootstem/ringsig"
)

var (
	errSpent = errors.New("this coin was spent before")
	errRing  = errors.New("the ring has more members than the pool has coins")
)

// output is what the chain keeps of a coin. All of it is public.
type output struct {
	key    ringsig.PublicKey  // the one-time key
	amount ringsig.Commitment // hides it
	tag    paymentcode.Tag    // finds it
	sealed [8]byte            // the amount for the payee
}

// transfer spends one coin of the pool's first members and makes others.
type transfer struct {
	members   int
	offset    ringsig.Commitment // to the spent amount
	outputs   []output
	fee       uint64
	signature *ringsig.Signature
	inRange   []byte
	balanced  []byte
}

// claims are what a transfer's three proofs prove, made from it and the pool alone.
func (p *pool) claims(t *transfer) (*ringsig.Statement, *ringsig.RangeStatement, *ringsig.Balance, error) {
	ring, err := p.ring(t.members)
	if err != nil {
		return nil, nil, nil, err
	}
	// All is signed, in parts of fixed size, so that nobody can change it.
	message := binary.BigEndian.AppendUint64(nil, t.fee)
	var amounts []ringsig.Commitment
	for _, o := range t.outputs {
		amounts = append(amounts, o.amount)
		message = append(append(message, o.key[:]...), o.amount[:]...)
		message = append(append(message, o.tag[:]...), o.sealed[:]...)
	}
	return &ringsig.Statement{Scope: p.scope, Ring: ring, Message: message, Offset: &t.offset},
		&ringsig.RangeStatement{Scope: p.scope, Commitments: amounts, Message: message},
		&ringsig.Balance{Scope: p.scope, Inputs: []ringsig.Commitment{t.offset}, Outputs: amounts, Fee: t.fee, Message: message}, nil
}

// pool is the contract's state: coins, notifications, and the tags of spent coins.
type pool struct {
	params  *ringsig.Params
	scope   *ringsig.Scope
	gens    *ringsig.RangeGenerators
	outputs []output
	notes   [][]byte
	spent   map[ringsig.Tag]bool
}

func newPool() (*pool, error) {
	p := &pool{params: ringsig.NewParams(), spent: map[ringsig.Tag]bool{}}
	var err error
	if p.scope, err = p.params.NewScope("example.org/pool", chain); err != nil {
		return nil, err
	}
	p.gens, err = p.params.NewRangeGenerators(2)
	return p, err
}

// deposit makes a coin of a known amount, as a bridge or faucet does.
func (p *pool) deposit(from, to *wallet, amount uint64) error {
	o, _, err := from.output(p, payment{to, amount})
	p.outputs = append(p.outputs, o)
	return err
}

// ring is made of the first coins, in the order in which they came.
func (p *pool) ring(members int) (*ringsig.Ring, error) {
	if members > len(p.outputs) {
		return nil, errRing
	}
	var keys []ringsig.PublicKey
	var amounts []ringsig.Commitment
	for _, o := range p.outputs[:members] {
		keys, amounts = append(keys, o.key), append(amounts, o.amount)
	}
	return ringsig.NewRing(keys, amounts, 0)
}

// apply checks a transfer as every validator would, and keeps its coins.
func (p *pool) apply(t *transfer) error {
	if p.spent[t.signature.Tag()] {
		return errSpent
	}
	statement, ranges, balance, err := p.claims(t)
	if err != nil {
		return err
	}
	if err := ringsig.Verify(statement, t.signature); err != nil {
		return err
	}
	if err := p.gens.Verify(ranges, t.inRange); err != nil {
		return err
	}
	if err := ringsig.VerifyBalance(balance, t.balanced); err != nil {
		return err
	}
	p.spent[t.signature.Tag()] = true
	p.outputs = append(p.outputs, t.outputs...)
	return nil
}
