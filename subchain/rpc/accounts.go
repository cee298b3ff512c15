package rpc

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// maxProofKeys bounds the slots of one eth_getProof.
const maxProofKeys = 1024

// stateAt opens the state after the block that parameter i names.
func (s *session) stateAt(p params, i int) (State, error) {
	height, err := s.height(p, i)
	if err != nil {
		return nil, err
	}
	return s.backend.States.State(height)
}

// account reads the account of parameter 0 in the state of parameter i.
func (s *session) account(p params, i int) (ledger.Address, ledger.Account, State, error) {
	addr, err := textAs(p, 0, parseAddress)
	if err != nil {
		return addr, ledger.Account{}, nil, err
	}
	state, err := s.stateAt(p, i)
	if err != nil {
		return addr, ledger.Account{}, nil, err
	}
	acc, err := state.Account(addr)
	return addr, acc, state, err
}

func getBalance(s *session, _ context.Context, p params) (any, error) {
	_, acc, _, err := s.account(p, 1)
	return amount(acc.Balance), err
}

func getCode(s *session, _ context.Context, p params) (any, error) {
	_, acc, state, err := s.account(p, 1)
	if err != nil {
		return nil, err
	}
	if !acc.Exists() || acc.CodeHash == ledger.EmptyCodeHash {
		return data{}, nil
	}
	code, err := state.Code(acc.CodeHash)
	return data(code), err
}

func getStorageAt(s *session, _ context.Context, p params) (any, error) {
	addr, err := textAs(p, 0, parseAddress)
	if err != nil {
		return nil, err
	}
	slot, err := textAs(p, 1, parseSlot)
	if err != nil {
		return nil, err
	}
	state, err := s.stateAt(p, 2)
	if err != nil {
		return nil, err
	}
	return state.Storage(addr, slot)
}

func getTransactionCount(s *session, _ context.Context, p params) (any, error) {
	ref, err := s.reference(p, 1)
	if err != nil {
		return nil, err
	}
	if !ref.pending {
		_, acc, _, err := s.account(p, 1)
		return quantity(acc.Nonce), err
	}
	addr, err := textAs(p, 0, parseAddress)
	if err != nil {
		return nil, err
	}
	nonce, err := s.backend.Pool.Nonce(addr)
	return quantity(nonce), err
}

type proofView struct {
	Address      address         `json:"address"`
	AccountProof []data          `json:"accountProof"`
	Balance      amount          `json:"balance"`
	CodeHash     ledger.Hash     `json:"codeHash"`
	Nonce        quantity        `json:"nonce"`
	StorageHash  ledger.Hash     `json:"storageHash"`
	StorageProof []slotProofView `json:"storageProof"`
}

type slotProofView struct {
	Key   string `json:"key"` // as the request had it
	Value amount `json:"value"`
	Proof []data `json:"proof"`
}

// getProof answers as EIP-1186 says. An absent account has the hashes of empty code
// and of an empty trie.
func getProof(s *session, _ context.Context, p params) (any, error) {
	addr, err := textAs(p, 0, parseAddress)
	if err != nil {
		return nil, err
	}
	names, slots, err := proofKeys(p)
	if err != nil {
		return nil, err
	}
	state, err := s.stateAt(p, 2)
	if err != nil {
		return nil, err
	}
	proof, err := state.Prove(addr, slots)
	if err != nil {
		return nil, err
	}
	v := proofView{
		Address: address(addr), AccountProof: nodes(proof.Proof), Balance: amount(proof.Account.Balance),
		CodeHash: proof.Account.CodeHash, Nonce: quantity(proof.Account.Nonce), StorageHash: proof.Account.Root,
		StorageProof: []slotProofView{},
	}
	if !proof.Account.Exists() {
		v.CodeHash, v.StorageHash = ledger.EmptyCodeHash, ledger.EmptyRoot
	}
	for i, sp := range proof.Storage {
		v.StorageProof = append(v.StorageProof, slotProofView{names[i], wordAmount(sp.Value), nodes(sp.Proof)})
	}
	return v, nil
}

// proofKeys reads the list of slots of eth_getProof and the names to answer with:
// 32 bytes stay, quantities lose leading zeros.
func proofKeys(p params) (names []string, slots []ledger.Hash, err error) {
	var keys []string
	if err := json.Unmarshal(p[1], &keys); err != nil {
		return nil, nil, invalidParams("invalid argument 1: not an array of strings")
	}
	if len(keys) > maxProofKeys {
		return nil, nil, invalidParams("too many storage keys, max %d", maxProofKeys)
	}
	for _, k := range keys {
		slot, err := parseSlot(k)
		if err != nil {
			return nil, nil, invalidParams("invalid argument 1: %v", err)
		}
		name := slot.String()
		if len(k) != 2+64 {
			name = "0x" + strings.TrimLeft(name[2:], "0")
			if name == "0x" {
				name = "0x0"
			}
		}
		names, slots = append(names, name), append(slots, slot)
	}
	return names, slots, nil
}

func nodes(proof [][]byte) []data {
	out := make([]data, len(proof))
	for i := range proof {
		out[i] = proof[i]
	}
	return out
}
