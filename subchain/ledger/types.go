package ledger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
)

// Hash is a 32-byte hash, storage slot or storage value.
type Hash [32]byte

// Address names an account: the last 20 bytes of the Keccak-256 of a public key,
// of a creation, or of a module's name.
type Address [20]byte

// SystemAddress is the caller of calls that the chain itself makes at the start
// and the end of a block. No key controls it (EIP-4788).
var SystemAddress = Address{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
}

// EmptyCodeHash is the code hash of an account without code.
var EmptyCodeHash = Hash(keccak.Empty)

// ErrText reports a hash or an address that is not hexadecimal text of its length.
var ErrText = errors.New("ledger: malformed hexadecimal text")

// Keccak hashes the concatenation of parts with Keccak-256.
func Keccak(parts ...[]byte) Hash { return keccak.Sum256(parts...) }

// String returns 0x and 64 lower-case digits.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// IsZero reports whether all bytes are zero.
func (h Hash) IsZero() bool { return h == Hash{} }

// Word returns h as a big-endian integer.
func (h Hash) Word() (w uint256.Int) {
	w.SetBytes32(h[:])
	return w
}

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error { return unhex(h[:], text) }

// WordHash returns w as 32 big-endian bytes.
func WordHash(w *uint256.Int) Hash { return w.Bytes32() }

// String returns the address with the checksum of EIP-55.
func (a Address) String() string {
	text := []byte(hex.EncodeToString(a[:]))
	sum := keccak.Sum256(text)
	for i, c := range text {
		nibble := sum[i/2] >> 4
		if i%2 == 1 {
			nibble = sum[i/2] & 15
		}
		if c >= 'a' && nibble >= 8 {
			text[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(text)
}

// IsZero reports whether all bytes are zero.
func (a Address) IsZero() bool { return a == Address{} }

// MarshalText implements encoding.TextMarshaler.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It ignores letter case.
func (a *Address) UnmarshalText(text []byte) error { return unhex(a[:], text) }

func unhex(dst, text []byte) error {
	s := strings.TrimPrefix(string(text), "0x")
	if len(s) != 2*len(dst) {
		return fmt.Errorf("%w: %d digits, want %d", ErrText, len(s), 2*len(dst))
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrText, err)
	}
	copy(dst, b)
	return nil
}

// ParseAddress reads 40 hexadecimal digits with or without 0x.
func ParseAddress(s string) (a Address, err error) {
	err = a.UnmarshalText([]byte(s))
	return a, err
}

// ParseHash reads 64 hexadecimal digits with or without 0x.
func ParseHash(s string) (h Hash, err error) {
	err = h.UnmarshalText([]byte(s))
	return h, err
}

// Account is what the world state holds at an address. The zero value means that
// no account is there: a present one has a code hash.
type Account struct {
	Nonce    uint64
	Balance  uint256.Int // wei
	Root     Hash        // root of the storage trie; EmptyRoot without storage
	CodeHash Hash        // EmptyCodeHash without code
}

// Exists reports whether the account is present in the state.
func (a *Account) Exists() bool { return a.CodeHash != Hash{} }

// Empty reports emptiness in the sense of EIP-161: no nonce, balance or code.
func (a *Account) Empty() bool {
	return a.Nonce == 0 && a.Balance.IsZero() && (a.CodeHash == Hash{} || a.CodeHash == EmptyCodeHash)
}

// Slot is one storage slot with its value; zero deletes it.
type Slot struct{ Key, Value Hash }

// Change says how one account differs after execution.
type Change struct {
	Address Address
	// Deleted removes the account with its storage; the fields below are unused.
	Deleted bool
	// Cleared drops all earlier storage before Storage is applied.
	Cleared bool
	// Account holds the new nonce, balance and code hash. Root is ignored.
	Account Account
	// Code is the new code if it changed, nil otherwise; empty means removed.
	Code []byte
	// Storage lists the changed slots in ascending order of Key.
	Storage []Slot
}

// Log is an event of a contract or module.
type Log struct {
	Address Address
	Topics  []Hash // at most four
	Data    []byte
}
