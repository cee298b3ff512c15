package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"fmt"

	pokt "github.com/pokt-network/ring-go"
	lirisi "github.com/zbohm/lirisi/ring"
	"go.dedis.ch/kyber/v3/group/edwards25519"
	"go.dedis.ch/kyber/v3/sign/anon"
	"golang.org/x/crypto/sha3"
)

func poktRing(n int) (*scheme, error) {
	curve := pokt.Secp256k1()
	key := curve.NewRandomScalar()
	ring, err := pokt.NewKeyRing(curve, n, key, n/2)
	if err != nil {
		return nil, err
	}
	message := sha3.Sum256([]byte("message"))
	sig, err := ring.Sign(message, key)
	if err != nil {
		return nil, err
	}
	encoded, err := sig.Serialize()
	return &scheme{
		make: func() error {
			_, err := ring.Sign(message, key)
			return err
		},
		verify: func() error {
			if !sig.Verify(message) {
				return errInvalid
			}
			return nil
		},
		// Its encoding repeats the ring, of 33 bytes a member, which ours leaves out.
		size: len(encoded) - 33*n,
	}, err
}

func kyberRing(n int) (*scheme, error) {
	suite := edwards25519.NewBlakeSHA256Ed25519()
	key := suite.Scalar().Pick(suite.RandomStream())
	set := make(anon.Set, n)
	for i := range set {
		set[i] = suite.Point().Mul(suite.Scalar().Pick(suite.RandomStream()), nil)
	}
	set[n/2] = suite.Point().Mul(key, nil)
	message, scope := []byte("message"), []byte("peerbench")
	sign := func() []byte { return anon.Sign(suite, message, set, scope, n/2, key) }
	sig := sign()
	return &scheme{
		make: func() error { sign(); return nil },
		verify: func() error {
			_, err := anon.Verify(suite, message, set, scope, sig)
			return err
		},
		size: len(sig),
	}, nil
}

func lirisiRing(n int) (*scheme, error) {
	var keys []*ecdsa.PublicKey
	var key *ecdsa.PrivateKey
	for i := range n {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if keys = append(keys, &k.PublicKey); i == n/2 {
			key = k
		}
	}
	message, scope := []byte("message"), []byte("peerbench")
	sign := func() (*lirisi.Signature, error) {
		status, sig := lirisi.Create(elliptic.P256, sha3.New256, key, keys, message, scope)
		if status != lirisi.Success {
			return nil, fmt.Errorf("lirisi: status %d", status)
		}
		return sig, nil
	}
	sig, err := sign()
	if err != nil {
		return nil, err
	}
	encoded, err := asn1.Marshal(*sig)
	return &scheme{
		make: func() error {
			_, err := sign()
			return err
		},
		verify: func() error {
			if lirisi.Verify(sig, keys, message, scope) != lirisi.Success {
				return errInvalid
			}
			return nil
		},
		size: len(encoded),
	}, err
}
