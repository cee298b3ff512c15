package abi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
)

func TestSelectorAndTopicAreThoseOfERC20(t *testing.T) {
	require.Equal(t, [4]byte{0xa9, 0x05, 0x9c, 0xbb}, abi.Selector("transfer(address,uint256)"))
	topic := abi.Topic("Transfer(address,address,uint256)")
	require.Equal(t, []byte{0xdd, 0xf2, 0x52, 0xad}, topic[:4])
}

func TestLeadingAcronymIsLowered(t *testing.T) {
	for in, want := range map[string]string{
		"BalanceOf": "balanceOf", "ID": "id", "URLOf": "urlOf", "X": "x", "P256Key": "p256Key",
		"SHA256Of": "sha256Of", "A_B": "a_B", "HTTPServer": "httpServer", "": "", "lower": "lower",
	} {
		require.Equal(t, want, abi.Lower(in))
	}
}

func TestReservedWordsAreThoseOfSolidity(t *testing.T) {
	for _, w := range []string{
		"address", "event", "new", "while", "wei", "days", "uint", "uint8", "uint256", "int16", "bytes", "bytes1",
		"bytes32", "try", "static", "ufixed128x18", "fixed8x0", "string", "var",
	} {
		require.True(t, abi.Reserved(w), w)
	}
	for _, w := range []string{
		"error", "from", "at", "global", "uint7", "uint264", "uint08", "bytes33", "bytes0", "intx", "fixedx", "Address",
		"revert", "transient", "", "to",
	} {
		require.False(t, abi.Reserved(w), w)
	}
}

func TestSignatureIsParsed(t *testing.T) {
	s, err := abi.ParseSignature("f( (uint a, bytes3[2][] b)[4] list,address )  returns (bool ok, int)")
	require.NoError(t, err)
	require.Equal(t, "f", s.Name)
	require.Equal(t, "((uint256,bytes3[2][])[4],address)", abi.Names(s.Inputs))
	require.Equal(t, "(bool,int256)", abi.Names(s.Outputs))
	require.Equal(t, []string{"list", ""}, []string{s.Inputs[0].Name, s.Inputs[1].Name})
	require.Equal(t, "b", s.Inputs[0].Type.Elem.Fields[1].Name)
	require.True(t, s.Inputs[0].Type.Dynamic())
	require.Equal(t, 64, abi.HeadOf(s.Inputs))
}

func TestMalformedSignatureIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "f", "f(", "f(uint", "f(uint,)", "f(uint7)", "f(fixed)", "f(())", "f(uint[0])", "f(uint[01])", "f(uint[-1])",
		"f(uint[99999999999])", "f(uint[2)", "f() external", "f() returns", "f() returns () x", "(uint)", "1f()", "f(uint a b)",
		"f(mapping)", "f(bytes33)", "f(" + strings.Repeat("(", 100) + "uint" + strings.Repeat(")", 100) + ")",
		"f(uint" + strings.Repeat("[]", 100) + ")",
	} {
		_, err := abi.ParseSignature(text)
		require.ErrorIs(t, err, abi.ErrSyntax, text)
	}
}

func TestReasonReadsSolidityReverts(t *testing.T) {
	text, ok := abi.Reason(abi.RevertError("no"))
	require.True(t, ok)
	require.Equal(t, "no", text)
	text, ok = abi.Reason(abi.RevertPanic(0x11))
	require.True(t, ok)
	require.Equal(t, "panic 0x11", text)
	for _, data := range [][]byte{nil, {1, 2, 3}, {1, 2, 3, 4}, abi.RevertError("no")[:40]} {
		_, ok = abi.Reason(data)
		require.False(t, ok)
	}
}

func TestContractRefusesWhatSolidityCannotSay(t *testing.T) {
	word := func(names ...string) (out []abi.Field) {
		for _, n := range names {
			out = append(out, abi.Field{Name: n, Type: &abi.Type{Kind: abi.Uint, Size: 64}})
		}
		return out
	}
	for want, c := range map[string]abi.Contract{
		"two functions named f":    {Functions: []abi.Function{{Name: "f"}, {Name: "f", Inputs: word("a")}}},
		"one selector":             {Functions: []abi.Function{{Name: "collate_propagate_storage", Inputs: bytes16()}, {Name: "burn", Inputs: word256()}}},
		`name "new" is reserved`:   {Functions: []abi.Function{{Name: "f", Inputs: word("new")}}},
		"two fields or parameters": {Functions: []abi.Function{{Name: "f", Inputs: word("a", "a")}}},
		"of another function":      {Functions: []abi.Function{{Name: "f"}}, Events: []abi.Item{{Name: "f"}}},
		"a name or selector":       {Errors: []abi.Item{{Name: "Panic"}}},
		`event "a b"`:              {Events: []abi.Item{{Name: "a b"}}},
		`"delete" is reserved`: {Events: []abi.Item{{Name: "E", Fields: []abi.Field{{
			Name: "s", Type: &abi.Type{Kind: abi.Slice, Elem: &abi.Type{Kind: abi.Tuple, Fields: word("delete")}},
		}}}}},
	} {
		require.ErrorContains(t, c.Check(), want)
	}
	_, err := new(abi.Contract).Solidity("interface")
	require.Error(t, err)
}

// burn(uint256) and collate_propagate_storage(bytes16) share the selector 42966c68.
func bytes16() []abi.Field {
	return []abi.Field{{Type: &abi.Type{Kind: abi.FixedBytes, Size: 16}}}
}

func word256() []abi.Field {
	return []abi.Field{{Type: &abi.Type{Kind: abi.Uint, Size: 256}}}
}

func FuzzParseSignature(f *testing.F) {
	f.Add("transfer(address to,uint256 value) returns (bool ok)")
	f.Add("f((uint a,(bytes3[2][])[] b)[4])")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := abi.ParseSignature(text)
		if err != nil {
			return
		}
		again, err := abi.ParseSignature(s.Name + abi.Names(s.Inputs))
		require.NoError(t, err)
		require.Equal(t, abi.Names(s.Inputs), abi.Names(again.Inputs))
	})
}
