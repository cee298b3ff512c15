package vm

// Rules selects the protocol rules of one Ethereum fork. The zero value is Osaka.
type Rules struct{ fork fork }

type fork uint8

const (
	osaka fork = iota
	cancun
	prague
)

// Cancun returns the rules of March 2024.
func Cancun() Rules { return Rules{cancun} }

// Prague returns the rules of May 2025: Cancun with set-code transactions
// (EIP-7702), the calldata floor (EIP-7623) and BLS12-381 (EIP-2537).
func Prague() Rules { return Rules{prague} }

// Osaka returns the rules of December 2025: Prague with CLZ (EIP-7939), P-256
// (EIP-7951), bounds on MODEXP (EIP-7823, 7883) and a transaction's gas (EIP-7825).
func Osaka() Rules { return Rules{osaka} }

// String returns the fork's name.
func (r Rules) String() string {
	switch r.fork {
	case cancun:
		return "Cancun"
	case prague:
		return "Prague"
	}
	return "Osaka"
}

func (r Rules) hasPrague() bool { return r.fork != cancun }
func (r Rules) hasOsaka() bool  { return r.fork == osaka }

// txBlobs is the largest number of blobs in one transaction (EIP-7594 in Osaka).
func (r Rules) txBlobs() uint64 {
	if r.fork == prague {
		return 9
	}
	return 6
}

// blockBlobs is the largest number of blobs in one block (EIP-4844, EIP-7691).
func (r Rules) blockBlobs() uint64 {
	if r.fork == cancun {
		return 6
	}
	return 9
}
