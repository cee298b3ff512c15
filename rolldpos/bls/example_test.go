package bls_test

import (
	"crypto/rand"
	"fmt"

	"github.com/rootstem/rootstem/rolldpos/bls"
)

func ExampleSecretKey_Sign() {
	const dst = "EXAMPLE_BLS12381G1_XMD:SHA-256_SSWU_RO_"
	key, err := bls.GenerateKey(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	sig := key.Sign(dst, []byte("hello"))
	fmt.Println(key.Public().Verify(dst, []byte("hello"), sig))
	fmt.Println(key.Public().Verify(dst, []byte("hallo"), sig))
	// Output:
	// <nil>
	// bls: signature does not verify
}
