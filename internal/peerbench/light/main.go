// Command light measures what a light client fetches and computes for one final header:
// CometBFT v0.40.0's light block beside the two forms of package rolldpos/light.
//
//	go run ./light [-validators 4,24,100] [-checks 200]
//
// The light block is the signed header with the commit of all validators, and the
// validator set, encoded with protobuf; the time is that of ValidatorSet.Hash and
// VerifyCommitLight, which checks a batch of signatures of more than two thirds of the
// power. Ours are the header and a certificate: of the votes of a quorum, against the
// committee, or of the chain key, against 96 bytes that stay the same for an era. The
// chain key's signature is the one that a quorum's shares recover; here the whole key
// signs, which gives the same bytes. The sides are checked in turn; times are medians.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/rootstem/rootstem/rolldpos"
	"github.com/rootstem/rootstem/rolldpos/bls"
	"github.com/rootstem/rootstem/rolldpos/chainkey"
	"github.com/rootstem/rootstem/rolldpos/light"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// form is one way to show that a header is final.
type form struct {
	name   string
	header int // bytes of the header with what shows that it is final
	trust  int // bytes of the committee, validator set or key that it is checked against
	check  func() error
}

func main() {
	sizes := flag.String("validators", "4,24,100", "sizes of committees, separated by commas")
	checks := flag.Int("checks", 200, "how often each form is checked")
	flag.Parse()
	if err := run(*sizes, *checks); err != nil {
		fmt.Fprintln(os.Stderr, "light:", err)
		os.Exit(1)
	}
}

func run(sizes string, checks int) error {
	fmt.Println("| validators | form | header and proof, B | checked against, B | verify, µs |")
	fmt.Println("|---|---|---|---|---|")
	for _, text := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > rolldpos.MaxSeats {
			return fmt.Errorf("%q is no size of a committee", text)
		}
		comet, err := cometForm(n)
		if err != nil {
			return err
		}
		votes, key, err := ourForms(n)
		if err != nil {
			return err
		}
		forms := []form{comet, votes, key}
		times, err := measure(forms, checks)
		if err != nil {
			return err
		}
		for i, f := range forms {
			fmt.Printf("| %d | %s | %d | %d | %.0f |\n", n, f.name, f.header, f.trust, float64(times[i])/float64(time.Microsecond))
		}
	}
	return nil
}

// measure checks each form in turn and returns the median times.
func measure(forms []form, checks int) ([]time.Duration, error) {
	times := make([][]time.Duration, len(forms))
	for range max(1, checks) {
		for i, f := range forms {
			began := time.Now()
			if err := f.check(); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			times[i] = append(times[i], time.Since(began))
		}
	}
	medians := make([]time.Duration, len(forms))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][len(times[i])/2]
	}
	return medians, nil
}

// ourForms makes a final header in both forms.
func ourForms(n int) (votes, key form, err error) {
	committee := &rolldpos.Committee{Epoch: 3}
	keys := make([]ed25519.PrivateKey, n)
	for i := range keys {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return votes, key, err
		}
		keys[i] = private
		committee.Keys = append(committee.Keys, public)
	}
	genesis := ledger.Hash{1}
	h := &ledger.Header{
		Height: 1_000_000, View: 1_000_000, Epoch: 3, Time: 1_767_225_600_000, Parent: ledger.Hash{2}, Proposer: ledger.Address{3},
		StateRoot: ledger.Hash{4}, TxRoot: ledger.Hash{5}, ReceiptsRoot: ledger.Hash{6}, MessagesRoot: ledger.Hash{7},
		Committee: committee.Hash(), NextCommittee: committee.Hash(), Beacon: ledger.Hash{8},
		GasUsed: 21_000, GasLimit: 30_000_000, AnchorHash: ledger.Hash{9},
	}
	header := h.AppendRLP(nil)
	cert := &rolldpos.Certificate{Epoch: 3, View: rolldpos.View(h.View), Kind: rolldpos.Commit, Block: h.Hash()}
	digest := rolldpos.VoteDigest(genesis, cert.Epoch, cert.View, cert.Kind, cert.Block)
	sigs := make([]*[64]byte, n)
	for i := range committee.Quorum() {
		sigs[i] = (*[64]byte)(ed25519.Sign(keys[i], digest[:]))
	}
	cert.Signatures = rolldpos.Collect(sigs)
	votes = form{
		name: "rootstem, votes", header: len(header) + len(cert.AppendBinary(nil)), trust: len(committee.AppendBinary(nil)),
		check: func() error { _, err := light.Verify(genesis, header, committee, cert); return err },
	}
	secret, err := bls.GenerateKey(rand.Reader)
	if err != nil {
		return votes, key, err
	}
	chainKey := chainkey.NewKey(secret.Public())
	keyDigest := chainkey.CommitDigest(genesis, cert.Epoch, cert.View, cert.Block)
	keyed := &chainkey.Certificate{
		Epoch: cert.Epoch, View: cert.View, Block: cert.Block, Signature: secret.Sign(chainkey.DSTCommit, keyDigest[:]),
	}

	key = form{
		name: "rootstem, chain key", header: len(header) + len(keyed.AppendBinary(nil)), trust: len(chainKey.Bytes()),
		check: func() error { _, err := light.Verify(genesis, header, chainKey, keyed); return err },
	}
	return votes, key, nil
}

// cometForm makes a light block that all validators signed.
func cometForm(n int) (f form, err error) {
	const chain = "bench"
	var validators []*types.Validator
	byAddress := map[string]types.MockPV{}
	for range n {
		pv := types.NewMockPV()
		key, err := pv.GetPubKey()
		if err != nil {
			return f, err
		}
		validators = append(validators, types.NewValidator(key, 10))
		byAddress[string(key.Address())] = pv
	}
	set := types.NewValidatorSet(validators)
	block := types.MakeBlock(1_000_000, nil, &types.Commit{}, nil)
	h := &block.Header
	h.ChainID, h.Time, h.ProposerAddress = chain, time.Now(), set.Validators[0].Address
	h.ValidatorsHash, h.NextValidatorsHash = set.Hash(), set.Hash()
	filled := make([]byte, 32)
	h.AppHash, h.ConsensusHash, h.LastResultsHash, h.LastCommitHash = filled, filled, filled, filled
	h.LastBlockID = types.BlockID{Hash: filled, PartSetHeader: types.PartSetHeader{Total: 1, Hash: filled}}
	id := types.BlockID{Hash: h.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: filled}}
	commit := &types.Commit{Height: h.Height, BlockID: id}
	for i, v := range set.Validators {
		vote := &types.Vote{
			Type: 2, Height: h.Height, BlockID: id, Timestamp: time.Now(), ValidatorAddress: v.Address, ValidatorIndex: int32(i),
		}
		p := vote.ToProto()
		if err := byAddress[string(v.Address)].SignVote(chain, p); err != nil {
			return f, err
		}
		commit.Signatures = append(commit.Signatures, types.CommitSig{
			BlockIDFlag: types.BlockIDFlagCommit, ValidatorAddress: v.Address, Timestamp: vote.Timestamp, Signature: p.Signature,
		})
	}
	signed := &types.SignedHeader{Header: h, Commit: commit}
	encoded, err := set.ToProto()
	if err != nil {
		return f, err
	}
	return form{
		name: "CometBFT v0.40.0", header: signed.ToProto().Size(), trust: encoded.Size(),
		check: func() error {
			if string(set.Hash()) != string(h.ValidatorsHash) || string(h.Hash()) != string(id.Hash) {
				return errors.New("hashes differ")
			}
			return set.VerifyCommitLight(chain, id, h.Height, commit)
		},
	}, nil
}
