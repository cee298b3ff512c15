package rpc

import (
	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/keccak"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// blockView is a block as Ethereum's API shows it, with Rootstem's own members.
type blockView struct {
	Number           quantity      `json:"number"`
	Hash             ledger.Hash   `json:"hash"`
	ParentHash       ledger.Hash   `json:"parentHash"`
	Sha3Uncles       ledger.Hash   `json:"sha3Uncles"`
	LogsBloom        data          `json:"logsBloom"`
	TransactionsRoot ledger.Hash   `json:"transactionsRoot"`
	StateRoot        ledger.Hash   `json:"stateRoot"`
	ReceiptsRoot     ledger.Hash   `json:"receiptsRoot"`
	Miner            address       `json:"miner"`
	Difficulty       quantity      `json:"difficulty"`
	ExtraData        data          `json:"extraData"`
	Size             quantity      `json:"size"`
	GasLimit         quantity      `json:"gasLimit"`
	GasUsed          quantity      `json:"gasUsed"`
	Timestamp        quantity      `json:"timestamp"`
	MixHash          ledger.Hash   `json:"mixHash"`
	Nonce            data          `json:"nonce"`
	BaseFeePerGas    amount        `json:"baseFeePerGas"`
	Transactions     []any         `json:"transactions"`
	Uncles           []ledger.Hash `json:"uncles"`

	TimestampMillis quantity    `json:"timestampMillis"`
	View            quantity    `json:"view"`
	Epoch           quantity    `json:"epoch"`
	Committee       ledger.Hash `json:"committee"`
	NextCommittee   ledger.Hash `json:"nextCommittee"`
	MessagesRoot    ledger.Hash `json:"messagesRoot"`
	AnchorHash      ledger.Hash `json:"anchorHash"`
}

// viewBlock shows rec with the hashes of its transactions, or the transactions
// themselves if full.
func viewBlock(rec *Record, full bool) (*blockView, error) {
	h := &rec.Block.Header
	bloom := blockBloom(rec)
	v := &blockView{
		Number: quantity(h.Height), Hash: rec.Hash, ParentHash: h.Parent,
		Sha3Uncles: keccak.Sum256(rlp.AppendList(nil, nil)), LogsBloom: bloom[:],
		TransactionsRoot: h.TxRoot, StateRoot: h.StateRoot, ReceiptsRoot: h.ReceiptsRoot,
		Miner: address(h.Proposer), ExtraData: data{}, Size: quantity(len(rec.Block.AppendRLP(nil))),
		GasLimit: quantity(h.GasLimit), GasUsed: quantity(h.GasUsed), Timestamp: quantity(h.Seconds()),
		MixHash: h.Beacon, Nonce: make(data, 8), BaseFeePerGas: amount(h.BaseFee),
		Transactions: []any{}, Uncles: []ledger.Hash{},
		TimestampMillis: quantity(h.Time), View: quantity(h.View), Epoch: quantity(h.Epoch),
		Committee: h.Committee, NextCommittee: h.NextCommittee, MessagesRoot: h.MessagesRoot,
		AnchorHash: h.AnchorHash,
	}
	for i, tx := range rec.Block.Transactions {
		if !full {
			v.Transactions = append(v.Transactions, tx.Hash())
			continue
		}
		t, err := viewTransaction(tx, rec, i)
		if err != nil {
			return nil, err
		}
		v.Transactions = append(v.Transactions, t)
	}
	return v, nil
}

func blockBloom(rec *Record) (all ledger.Bloom) {
	for _, r := range rec.Receipts {
		one := r.Bloom()
		for i := range all {
			all[i] |= one[i]
		}
	}
	return all
}

// txView is a transaction; the members of its place are null while it is pending.
type txView struct {
	BlockHash            *ledger.Hash   `json:"blockHash"`
	BlockNumber          *quantity      `json:"blockNumber"`
	BlockTimestamp       *quantity      `json:"blockTimestamp"`
	TransactionIndex     *quantity      `json:"transactionIndex"`
	Hash                 ledger.Hash    `json:"hash"`
	Type                 quantity       `json:"type"`
	From                 address        `json:"from"`
	To                   *address       `json:"to"`
	Nonce                quantity       `json:"nonce"`
	Gas                  quantity       `json:"gas"`
	GasPrice             amount         `json:"gasPrice"`
	MaxFeePerGas         *amount        `json:"maxFeePerGas,omitempty"`
	MaxPriorityFeePerGas *amount        `json:"maxPriorityFeePerGas,omitempty"`
	MaxFeePerBlobGas     *amount        `json:"maxFeePerBlobGas,omitempty"`
	Value                amount         `json:"value"`
	Input                data           `json:"input"`
	ChainID              *amount        `json:"chainId,omitempty"`
	AccessList           *[]accessView  `json:"accessList,omitempty"`
	BlobVersionedHashes  []ledger.Hash  `json:"blobVersionedHashes,omitempty"`
	AuthorizationList    []authorizView `json:"authorizationList,omitempty"`
	V                    amount         `json:"v"`
	R                    amount         `json:"r"`
	S                    amount         `json:"s"`
	YParity              *amount        `json:"yParity,omitempty"`
}

type accessView struct {
	Address     address       `json:"address"`
	StorageKeys []ledger.Hash `json:"storageKeys"`
}

type authorizView struct {
	ChainID amount   `json:"chainId"`
	Address address  `json:"address"`
	Nonce   quantity `json:"nonce"`
	YParity quantity `json:"yParity"`
	R       amount   `json:"r"`
	S       amount   `json:"s"`
}

// viewTransaction shows tx at index of rec, or as pending if rec is nil.
func viewTransaction(tx *ledger.Transaction, rec *Record, index int) (*txView, error) {
	from, err := tx.Sender()
	if err != nil {
		return nil, err
	}
	v := &txView{
		Hash: tx.Hash(), Type: quantity(tx.Type), From: address(from), To: optionalAddress(tx.To),
		Nonce: quantity(tx.Nonce), Gas: quantity(tx.Gas), GasPrice: amount(tx.GasFeeCap),
		Value: amount(tx.Value), Input: tx.Data, V: amount(tx.V), R: amount(tx.R), S: amount(tx.S),
	}
	if v.Input == nil {
		v.Input = data{}
	}
	if tx.Protected() {
		v.ChainID = (*amount)(tx.ChainID.Clone())
	}
	viewTyped(v, tx)
	if rec != nil {
		height, at, seconds := quantity(rec.Block.Header.Height), quantity(index), quantity(rec.Block.Header.Seconds())
		v.BlockHash, v.BlockNumber, v.TransactionIndex, v.BlockTimestamp = &rec.Hash, &height, &at, &seconds
		if index < len(rec.Receipts) {
			v.GasPrice = amount(rec.Receipts[index].GasPrice)
		}
	}
	return v, nil
}

// viewTyped fills the members that only some types have.
func viewTyped(v *txView, tx *ledger.Transaction) {
	if tx.Type == ledger.LegacyTx {
		return
	}
	v.YParity = (*amount)(tx.V.Clone())
	list := make([]accessView, 0, len(tx.AccessList))
	for _, t := range tx.AccessList {
		keys := append([]ledger.Hash{}, t.Slots...)
		list = append(list, accessView{address(t.Address), keys})
	}
	v.AccessList = &list
	if tx.Type >= ledger.DynamicFeeTx {
		v.MaxFeePerGas = (*amount)(tx.GasFeeCap.Clone())
		v.MaxPriorityFeePerGas = (*amount)(tx.GasTipCap.Clone())
	}
	if tx.Type == ledger.BlobTx {
		v.MaxFeePerBlobGas = (*amount)(tx.BlobFeeCap.Clone())
		v.BlobVersionedHashes = tx.BlobHashes
	}
	for i := range tx.Authorizations {
		a := &tx.Authorizations[i]
		v.AuthorizationList = append(v.AuthorizationList, authorizView{
			amount(a.ChainID), address(a.Address), quantity(a.Nonce), quantity(a.V), amount(a.R), amount(a.S)})
	}
}

type logView struct {
	Address          address       `json:"address"`
	Topics           []ledger.Hash `json:"topics"`
	Data             data          `json:"data"`
	BlockHash        ledger.Hash   `json:"blockHash"`
	BlockNumber      quantity      `json:"blockNumber"`
	BlockTimestamp   quantity      `json:"blockTimestamp"`
	TransactionHash  ledger.Hash   `json:"transactionHash"`
	TransactionIndex quantity      `json:"transactionIndex"`
	LogIndex         quantity      `json:"logIndex"`
	Removed          bool          `json:"removed"`
}

// viewLog shows a log of receipt index in rec; logIndex counts in the block.
func viewLog(l *ledger.Log, rec *Record, index, logIndex int) logView {
	h := &rec.Block.Header
	return logView{
		Address: address(l.Address), Topics: append([]ledger.Hash{}, l.Topics...), Data: append(data{}, l.Data...),
		BlockHash: rec.Hash, BlockNumber: quantity(h.Height), BlockTimestamp: quantity(h.Seconds()),
		TransactionHash: rec.Block.Transactions[index].Hash(), TransactionIndex: quantity(index), LogIndex: quantity(logIndex),
	}
}

type receiptView struct {
	TransactionHash   ledger.Hash `json:"transactionHash"`
	TransactionIndex  quantity    `json:"transactionIndex"`
	BlockHash         ledger.Hash `json:"blockHash"`
	BlockNumber       quantity    `json:"blockNumber"`
	From              address     `json:"from"`
	To                *address    `json:"to"`
	ContractAddress   *address    `json:"contractAddress"`
	CumulativeGasUsed quantity    `json:"cumulativeGasUsed"`
	GasUsed           quantity    `json:"gasUsed"`
	EffectiveGasPrice amount      `json:"effectiveGasPrice"`
	Logs              []logView   `json:"logs"`
	LogsBloom         data        `json:"logsBloom"`
	Status            quantity    `json:"status"`
	Type              quantity    `json:"type"`
}

// viewReceipt shows the receipt at index of rec; firstLog is the number of logs of
// the receipts before it.
func viewReceipt(rec *Record, index, firstLog int) (*receiptView, error) {
	tx, r := rec.Block.Transactions[index], rec.Receipts[index]
	from, err := tx.Sender()
	if err != nil {
		return nil, err
	}
	bloom := r.Bloom()
	v := &receiptView{
		TransactionHash: tx.Hash(), TransactionIndex: quantity(index),
		BlockHash: rec.Hash, BlockNumber: quantity(rec.Block.Header.Height),
		From: address(from), To: optionalAddress(tx.To), ContractAddress: optionalAddress(r.Contract),
		CumulativeGasUsed: quantity(r.CumulativeGas), GasUsed: quantity(r.GasUsed),
		EffectiveGasPrice: amount(r.GasPrice), Logs: []logView{}, LogsBloom: bloom[:], Type: quantity(r.Type),
	}
	if r.Success {
		v.Status = 1
	}
	for i := range r.Logs {
		v.Logs = append(v.Logs, viewLog(&r.Logs[i], rec, index, firstLog+i))
	}
	return v, nil
}

// viewReceipts shows all receipts of rec.
func viewReceipts(rec *Record) ([]*receiptView, error) {
	all, logs := []*receiptView{}, 0
	for i, r := range rec.Receipts {
		v, err := viewReceipt(rec, i, logs)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		logs += len(r.Logs)
	}
	return all, nil
}

type anchorView struct {
	Subchain       quantity     `json:"subchain"`
	Revision       quantity     `json:"revision"`
	Seq            quantity     `json:"seq"`
	PrevCheckpoint ledger.Hash  `json:"prevCheckpoint"`
	MessageCount   quantity     `json:"messageCount"`
	Cursors        []cursorView `json:"cursors"`
	ExitRoot       ledger.Hash  `json:"exitRoot"`
	ExitSums       ledger.Hash  `json:"exitSums"`
	DataHash       ledger.Hash  `json:"dataHash"`
	ChainKey       ledger.Hash  `json:"chainKey"`
	CodeHash       ledger.Hash  `json:"codeHash"`
	Encoded        data         `json:"encoded"` // ABI encoding, whose Keccak-256 is the header's anchorHash
}

type cursorView struct {
	Peer quantity `json:"peer"`
	Lane quantity `json:"lane"`
	Next quantity `json:"next"`
}

func viewAnchor(a *ledger.Anchor) anchorView {
	v := anchorView{
		Subchain: quantity(a.Subchain), Revision: quantity(a.Revision), Seq: quantity(a.Seq),
		PrevCheckpoint: a.PrevCheckpoint, MessageCount: quantity(a.MessageCount), Cursors: []cursorView{},
		ExitRoot: a.ExitRoot, ExitSums: a.ExitSums, DataHash: a.DataHash, ChainKey: a.ChainKey, CodeHash: a.CodeHash,
		Encoded: a.Encode(),
	}
	for _, c := range a.Cursors {
		v.Cursors = append(v.Cursors, cursorView{quantity(c.Peer), quantity(c.Lane), quantity(c.Next)})
	}
	return v
}

// wordAmount shows a storage value as a quantity.
func wordAmount(h ledger.Hash) amount {
	var w uint256.Int
	w.SetBytes32(h[:])
	return amount(w)
}
