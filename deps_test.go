package rootstem_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/rootstem/rootstem"

// allowed says which packages of this module a package may import: a path, or a
// path with /... for a tree. What is not named here may import anything that is
// not an example.
var allowed = map[string][]string{
	"internal/keccak":            {},
	"internal/rlp":               {},
	"internal/jsonrpc":           {},
	"internal/fixture":           {},
	"internal/abi":               {"internal/..."},
	"internal/mpt":               {"internal/..."},
	"internal/merkle":            {"internal/..."},
	"internal/secp":              {"internal/..."},
	"internal/curve":             {},
	"internal/announce":          {},
	"internal/eddsa":             {},
	"subchain/ledger":            {"internal/..."},
	"store":                      {"internal/..."},
	"store/pebble":               {"store"},
	"store/crash":                {"store", "store/pebble"},
	"store/state":                {"internal/...", "store", "subchain/ledger"},
	"store/blocks":               {"internal/...", "store", "subchain/ledger"},
	"ringsig":                    {"internal/..."},
	"vm":                         {"internal/...", "subchain/ledger", "vm/..."},
	"vm/asm":                     {"subchain/ledger"},
	"vm/parallel":                {"subchain/ledger", "vm"},
	"vm/precompile":              {"internal/..."},
	"vm/trace":                   {"subchain/ledger", "vm", "vm/asm"},
	"rolldpos":                   {"internal/..."},
	"rolldpos/internal/lagrange": {},
	"rolldpos/bls":               {"rolldpos/internal/lagrange"},
	"rolldpos/chainkey":          {"internal/...", "rolldpos", "rolldpos/bls"},
	"rolldpos/dkg":               {"internal/...", "rolldpos", "rolldpos/bls", "rolldpos/internal/lagrange"},
	"rolldpos/election":          {"internal/...", "rolldpos"},
	"rolldpos/light":             {"internal/...", "rolldpos", "rolldpos/chainkey", "subchain/ledger"},
	"rolldpos/sim":               {"internal/...", "rolldpos"},
	"rolldpos/spec":              {},
	"subchain/module":            {"internal/...", "subchain/ledger", "vm", "vm/..."},
	"subchain/staking":           {"internal/...", "subchain/ledger", "subchain/module", "rolldpos", "rolldpos/bls", "rolldpos/chainkey", "rolldpos/election"},
	"subchain/ceremony":          {"internal/...", "subchain/ledger", "subchain/module", "rolldpos", "rolldpos/bls", "rolldpos/dkg"},
	"subchain/duty": {"internal/...", "rolldpos", "rolldpos/bls", "rolldpos/chainkey", "rolldpos/dkg", "store", "subchain/ceremony",
		"subchain/chain", "subchain/ledger", "subchain/module", "subchain/staking", "vm"},
	"subchain/p2p":                 {"internal/..."},
	"subchain/mempool":             {"internal/...", "subchain/ledger"},
	"subchain/rpc":                 {"internal/...", "subchain/ledger", "vm"},
	"subchain/chain":               {"internal/...", "subchain/ledger", "subchain/module", "store", "store/blocks", "store/state", "vm", "rolldpos"},
	"rootrelay":                    {"internal/...", "subchain/ledger", "subchain/module", "rolldpos", "rolldpos/light"},
	"rootrelay/relayer":            {"internal/...", "subchain/ledger", "subchain/module", "rolldpos", "rolldpos/light", "rootrelay"},
	"paymentcode":                  {"internal/...", "paymentcode/internal/...", "paymentcode/hd"},
	"paymentcode/hd":               {"paymentcode/internal/..."},
	"paymentcode/bip352":           {"paymentcode/internal/..."},
	"paymentcode/bip47":            {"paymentcode/hd", "paymentcode/internal/..."},
	"paymentcode/erc5564":          {"internal/...", "paymentcode/internal/..."},
	"paymentcode/internal/ec":      {"internal/keccak"},
	"paymentcode/internal/onetime": {"internal/secp", "paymentcode/internal/ec"},
}

// impure lists what packages that decide must not import: no clock, network, disk
// or randomness of their own.
var impure = []string{"time", "net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "context", "log", "log/slog"}

// pure lists the packages that decide.
var pure = []string{
	"internal/abi", "internal/curve", "internal/keccak", "internal/merkle", "internal/mpt", "internal/rlp", "internal/secp", "subchain/ledger", "subchain/module", "vm", "vm/asm", "vm/precompile", "vm/trace", "rolldpos", "rolldpos/bls", "rolldpos/dkg", "rolldpos/chainkey", "rolldpos/internal/lagrange", "rolldpos/light", "rootrelay", "ringsig", "subchain/staking", "rolldpos/election", "subchain/ceremony", "internal/eddsa",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	out, err := cmd.Output()
	require.NoError(t, err)
	d := json.NewDecoder(strings.NewReader(string(out)))
	var pkgs []listed
	for {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else {
			require.NoError(t, err)
		}
		pkgs = append(pkgs, p)
	}
}

func TestPackagesImportOnlyWhatThePolicyAllows(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
		seen[name] = true
		for _, imp := range p.Imports {
			own, ok := strings.CutPrefix(imp, modulePath+"/")
			if ok && strings.HasPrefix(own, "examples") {
				t.Errorf("%s imports the example %s", name, own)
			}
			if ok && strings.HasPrefix(name, "subchain") && strings.HasPrefix(own, "rootrelay") {
				t.Errorf("%s imports %s: the application composes them", name, own)
			}
			if list, known := allowed[name]; ok && known && !slices.ContainsFunc(list, func(a string) bool { return covers(a, own) }) {
				t.Errorf("%s imports %s, which the policy does not name", name, own)
			}
			if slices.Contains(pure, name) && slices.Contains(impure, imp) {
				t.Errorf("%s is pure and imports %s", name, imp)
			}
		}
	}
	for name := range allowed {
		require.True(t, seen[name], "the policy names %s, which is not there", name)
	}
}

func covers(pattern, name string) bool {
	tree, ok := strings.CutSuffix(pattern, "/...")
	return pattern == name || ok && strings.HasPrefix(name, tree+"/")
}

// uint256 itself links encoding/json and the interfaces of database/sql; nothing else
// may.
func TestDevicesLinkNeitherNetworkNorDatabase(t *testing.T) {
	for _, p := range goList(t, "-deps", "./rolldpos/light", "./subchain/ledger") {
		for _, heavy := range []string{"libp2p", "cometbft", "goleveldb"} {
			require.NotContains(t, p.ImportPath, heavy)
		}
		require.NotContains(t, []string{"net", "net/http"}, p.ImportPath)
		if strings.HasPrefix(p.ImportPath, modulePath) {
			require.NotContains(t, p.Imports, "encoding/json", p.ImportPath)
			require.NotContains(t, p.Imports, "database/sql", p.ImportPath)
		}
	}
}

func TestNoPeerIsLinked(t *testing.T) {
	for _, p := range goList(t, "-deps", "-test", "./...") {
		require.NotContains(t, p.ImportPath, "github.com/ethereum/go-ethereum")
		require.False(t, strings.HasPrefix(p.ImportPath, "github.com/cometbft/cometbft/"), p.ImportPath)
	}
}
