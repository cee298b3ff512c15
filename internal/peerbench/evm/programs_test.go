package main

import (
	"bytes"
	"crypto/sha1"
	"encoding"
	"encoding/binary"
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/blake2b"
)

// output runs the row of a name in both machines, which must agree.
func output(t *testing.T, name string) []byte {
	t.Helper()
	all, err := rows()
	ok(t, err)
	for i := range all {
		if all[i].name == name {
			return outputOf(t, &all[i])
		}
	}
	t.Fatalf("no row %q", name)
	return nil
}

func outputOf(t *testing.T, r *row) []byte {
	t.Helper()
	w, err := rowWorld(r)
	ok(t, err)
	ours := newOurMachine(r, w)
	res, err := ours.machine.Call(ourBlock(), w, &ours.message)
	ok(t, errors.Join(err, res.Err))
	geth, err := newGethMachine(r, w)
	ok(t, err)
	geth.prepare()
	want, _, err := runtime.Call(common.Address(contract), r.input, &geth.cfg)
	ok(t, err)
	same(t, want, res.Return)
	return res.Return
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, want, got []byte) {
	t.Helper()
	if !bytes.Equal(want, got) {
		t.Fatalf("%x, want %x", got, want)
	}
}

func TestBlake2bRowIsBLAKE2b(t *testing.T) {
	var message []byte
	for i := range uint64(20 * 16) {
		message = binary.LittleEndian.AppendUint64(message, i)
	}
	want := blake2b.Sum512(message)
	out := output(t, "blake2b, shifts (own Sol.)")
	for i := range 8 {
		got := binary.BigEndian.Uint64(out[32*i+24:])
		same(t, want[8*i:8*i+8], binary.LittleEndian.AppendUint64(nil, got))
	}
}

// The row has no padding: it is the state after whole blocks, which crypto/sha1 gives
// after four bytes of its marshalled form.
func TestSha1RowIsSHA1(t *testing.T) {
	h := sha1.New()
	for i := range uint32(100 * 16) {
		ok(t, binary.Write(h, binary.BigEndian, i))
	}
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	ok(t, err)
	same(t, state[4:24], output(t, "sha1, shifts (own Sol.)")[12:])
}

func TestSecp256k1RowIsAMultipleOfTheGenerator(t *testing.T) {
	out := output(t, "secp256k1 (own Solidity)")
	p := crypto.S256().Params().P
	z := new(big.Int).ModInverse(new(big.Int).SetBytes(out[64:96]), p)
	scale := func(word []byte, power int64) *big.Int {
		x := new(big.Int).SetBytes(word)
		x.Mul(x, new(big.Int).Exp(z, big.NewInt(power), p))
		return x.Mod(x, p)
	}
	x, y := crypto.S256().ScalarBaseMult(new(big.Int).SetUint64(0xfedcba9876543211).Bytes())
	same(t, x.Bytes(), scale(out[:32], 2).Bytes())
	same(t, y.Bytes(), scale(out[32:64], 3).Bytes())
}

func TestTracerRowSeesLightAndShade(t *testing.T) {
	mean := new(big.Int).SetBytes(output(t, "ray tracer (own Solidity)"))
	if mean.Cmp(big.NewInt(50_000)) < 0 || mean.Cmp(big.NewInt(950_000)) > 0 {
		t.Fatalf("a mean brightness of %s millionths", mean)
	}
}
