package hd

import (
	"slices"
	"strings"

	"github.com/tyler-smith/go-bip39"
	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"
)

// Mnemonic returns the English words of 16, 20, 24, 28 or 32 bytes of entropy
// (BIP-39). Its time depends on the entropy, which the library's arithmetic handles
// as a big number.
func Mnemonic(entropy []byte) (string, error) {
	if !english() {
		return "", ErrMnemonic
	}
	words, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return "", ErrMnemonic
	}
	return words, nil
}

// Seed checks the words and the checksum of an English mnemonic and stretches it with
// the passphrase into 64 bytes (BIP-39: PBKDF2 of 2,048 rounds of HMAC-SHA-512; the
// passphrase in Unicode form NFKD). Words may be separated by any white space. It
// refuses words of other lists. No error text holds a word.
func Seed(mnemonic, passphrase string) ([]byte, error) {
	words := strings.Join(strings.Fields(mnemonic), " ")
	if !english() {
		return nil, ErrMnemonic
	}
	if _, err := bip39.EntropyFromMnemonic(words); err != nil {
		return nil, ErrMnemonic // the library's text quotes the word
	}
	return bip39.NewSeed(words, norm.NFKD.String(passphrase)), nil
}

// english guards against a program that changed the library's list, which is one for
// the whole process.
func english() bool { return slices.Equal(bip39.GetWordList(), wordlists.English) }
