package main

import (
	"crypto/rand"
	"strconv"

	"github.com/rootstem/rootstem/ringsig"
)

// ringPeers are the linkable ring signatures compared with, and the most that our
// verification may take of the time of theirs.
var ringPeers = [...]struct {
	name, title string
	most        float64
}{
	{"ring-go", "ring-go v0.1.0, secp256k1", 0.5},
	{"kyber", "kyber v3.1.0 sign/anon, edwards25519", 1},
	{"lirisi", "lirisi 07d6e5fe96f8, P-256", 1},
}

// rings compares linkable ring signatures of n members. Bytes are without the ring.
func (b *bench) rings() error {
	peers, err := newPeers()
	if err != nil {
		return err
	}
	defer peers.close()
	b.table("Linkable ring signatures, CPU ms. Wanted: verify in at most half of ring-go's time and ahead of all.",
		"n", "contestant", "sign", "verify", "bytes", "our verify to this")
	for _, n := range []int{11, 16, 64, 128} {
		if err := b.ringsOf(peers, n); err != nil {
			return err
		}
	}
	return peers.close()
}

func (b *bench) ringsOf(peers *peers, n int) error {
	st, w, err := statement(n)
	if err != nil {
		return err
	}
	sig, err := ringsig.Sign(rand.Reader, st, w)
	if err != nil {
		return err
	}
	encoded, err := sig.AppendBinary(nil)
	if err != nil {
		return err
	}
	turns := []contestant{
		local(func() error {
			_, err := ringsig.Sign(rand.Reader, st, w)
			return err
		}),
		local(func() error { return ringsig.Verify(st, sig) }),
	}
	for _, p := range ringPeers {
		turns = append(turns, peers.does(p.name, n, "make"), peers.does(p.name, n, "verify"))
	}
	t, err := b.medians(turns...)
	if err != nil {
		return err
	}
	b.row(strconv.Itoa(n), "ringsig CLSAG, secp256k1", ms(t[0]), ms(t[1]), strconv.Itoa(len(encoded)), "-")
	for i, p := range ringPeers {
		size, err := peers.ask(p.name, n, "bytes", 0)
		if err != nil {
			return err
		}
		sign, verify := t[2+2*i], t[3+2*i]
		b.row(strconv.Itoa(n), p.title, ms(sign), ms(verify), strconv.FormatInt(size, 10), wanted(ratio(t[1], verify), p.most))
	}
	return nil
}

// statement makes a ring of n random keys with a signer in it.
func statement(n int) (*ringsig.Statement, *ringsig.Witness, error) {
	w := &ringsig.Witness{Index: n / 2}
	keys := make([]ringsig.PublicKey, n)
	for i := range keys {
		var secret [32]byte
		if _, err := rand.Read(secret[:]); err != nil {
			return nil, nil, err
		}
		key, err := ringsig.ParseSecretKey(secret[:])
		if err != nil {
			return nil, nil, err
		}
		if keys[i] = key.Public(); i == w.Index {
			w.Key = key
		}
	}
	ring, err := ringsig.NewRing(keys, nil, 0)
	if err != nil {
		return nil, nil, err
	}
	scope, err := ringsig.NewParams().NewScope("peerbench", 1)
	return &ringsig.Statement{Scope: scope, Ring: ring, Message: []byte("message")}, w, err
}
