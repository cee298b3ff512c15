module github.com/rootstem/rootstem/internal/peerbench/privacy/peers

go 1.26.8

require (
	github.com/coinbase/kryptology v1.8.0
	github.com/gtank/merlin v0.1.1
	github.com/pokt-network/ring-go v0.1.0
	github.com/zbohm/lirisi v0.0.0-20221031074043-07d6e5fe96f8
	go.dedis.ch/kyber/v3 v3.1.0
	golang.org/x/crypto v0.0.0-20220214200702-86341886e292
)

require (
	filippo.io/edwards25519 v1.0.0 // indirect
	github.com/athanorlabs/go-dleq v0.0.0-20230113214619-d6fd7c03e213 // indirect
	github.com/btcsuite/btcd v0.21.0-beta.0.20201114000516-e9c7a5ac6401 // indirect
	github.com/btcsuite/btcd/btcec/v2 v2.1.2 // indirect
	github.com/bwesterb/go-ristretto v1.2.0 // indirect
	github.com/consensys/gnark-crypto v0.5.3 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.1.0 // indirect
	github.com/ethereum/go-ethereum v1.10.17 // indirect
	github.com/keybase/go-crypto v0.0.0-20200123153347-de78d2cb44f4 // indirect
	github.com/mimoo/StrobeGo v0.0.0-20181016162300-f8f6d4d2b643 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	go.dedis.ch/fixbuf v1.0.3 // indirect
	golang.org/x/sys v0.0.0-20220520151302-bc2c85ada10a // indirect
)
