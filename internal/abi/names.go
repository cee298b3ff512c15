package abi

import (
	"slices"
	"strconv"
	"strings"
)

// Identifier reports whether s can be a name in Solidity and in JSON: letters,
// digits, _ and $, not starting with a digit, at most 128 bytes.
func Identifier(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// reservedWords are the keywords, the words reserved for later, the units and the
// literals of Solidity 0.8 (grammar, "Reserved Keywords").
const reservedWords = ` _ abstract address after alias anonymous apply as assembly auto
 bool break byte bytes calldata case catch constant constructor continue contract copyof
 days default define delete do else emit enum ether event external fallback false final
 fixed for function gwei hex hours if immutable implements import in indexed inline
 interface internal is let library macro mapping match memory minutes modifier mutable
 new null of override partial payable pragma private promise public pure receive
 reference relocatable return returns sealed seconds sizeof static storage string struct
 super supports switch this throw true try type typedef typeof ufixed unchecked unicode
 using var view virtual weeks wei while years int uint `

// Reserved reports whether Solidity forbids s as a name, elementary types of all
// sizes included.
func Reserved(s string) bool {
	if slices.Contains(strings.Fields(reservedWords), s) {
		return true
	}
	for _, prefix := range []string{"uint", "int", "bytes"} {
		if n, ok := strings.CutPrefix(s, prefix); ok {
			if bits, err := strconv.Atoi(n); err == nil && n[0] != '0' {
				return prefix == "bytes" && bits >= 1 && bits <= 32 || prefix != "bytes" && bits%8 == 0 && bits >= 8 && bits <= 256
			}
		}
	}
	if n, ok := strings.CutPrefix(strings.TrimPrefix(s, "u"), "fixed"); ok {
		// fixedMxN; those of sizes that do not exist are refused with them.
		_, err := strconv.ParseUint(strings.Replace(n, "x", "", 1), 10, 16)
		return err == nil && strings.Contains(n, "x")
	}
	return false
}

// Lower turns an exported Go name into a method's name by lowering its leading
// acronym: BalanceOf becomes balanceOf, ID id, URLOf urlOf.
func Lower(name string) string {
	n := 0
	for n < len(name) && name[n] >= 'A' && name[n] <= 'Z' {
		n++
	}
	if n > 1 && n < len(name) && name[n] >= 'a' && name[n] <= 'z' {
		n-- // the last capital begins the next word
	}
	return strings.ToLower(name[:n]) + name[n:]
}
