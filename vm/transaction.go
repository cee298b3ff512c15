package vm

import (
	"math"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/subchain/ledger"
)

// Limits of transactions.
const (
	maxInitCode = 2 * maxCodeSize // EIP-3860
	txGasCap    = 1 << 24         // EIP-7825
	blobGas     = 1 << 17         // per blob, EIP-4844
	blobVersion = 1               // first byte of a blob's hash
)

// transaction is the execution of one message.
type transaction struct {
	s *Session
	m *ledger.Message
	// simulated: no checks of nonce, fees and limits, and nobody pays for gas.
	simulated bool
	payer     *account
	price     uint256.Int // wei per gas
	tip       uint256.Int // wei per gas for the coinbase
	blobCost  uint256.Int // wei
	intrinsic uint64
	floor     uint64
	peak      uint64 // gas used before refunds
}

// run executes the message from its checks to its settlement.
func (t *transaction) run() Result {
	s, m := t.s, t.m
	if err := t.check(); err != nil {
		return Result{Status: Invalid, Err: err}
	}
	s.start(m.From, &t.price)
	s.blobHashes = m.BlobHashes
	if !t.simulated {
		t.buyGas()
	}
	from := s.account(m.From)
	nonce := from.nonce
	if m.CheckNonce || m.To == nil {
		s.setNonce(from, nonce+1)
	}
	t.warm()
	for i := range m.Authorizations {
		s.authorize(&m.Authorizations[i])
	}
	out, left, contract, failure := t.execute(nonce)
	res := s.result(out, failure)
	res.Contract = contract
	res.GasUsed = t.gasUsed(left)
	if !t.simulated {
		t.settleGas(res.GasUsed)
		s.gasUsed += res.GasUsed
		s.blobs += uint64(len(m.BlobHashes))
	}
	s.settle()
	return res
}

// execute runs the outermost frame.
func (t *transaction) execute(nonce uint64) (out []byte, left uint64, contract *ledger.Address, failure error) {
	s, m := t.s, t.m
	gas := m.Gas - t.intrinsic
	if m.To == nil {
		addr := createAddress(m.From, nonce)
		s.warmUp(s.account(addr))
		out, left, failure = s.create(&creation{creator: m.From, addr: addr, init: m.Data, value: &m.Value, gas: gas})
		if failure == nil {
			out = s.codeOf(s.account(addr)).bytes()
		}
		return out, left, &addr, failure
	}
	to := s.account(*m.To)
	s.warmUp(to)
	if target := s.delegate(to); target != nil {
		s.warmUp(target)
	}
	out, left, failure = s.call(&invocation{
		kind: kindCall, caller: m.From, self: *m.To, code: *m.To, value: m.Value, input: m.Data, gas: gas,
	})
	return out, left, nil, failure
}

// warm marks what EIP-2929, 2930 and 3651 declare as accessed.
func (t *transaction) warm() {
	s, m := t.s, t.m
	s.warmUp(s.account(m.From))
	if !s.deferFee || s.accounts[s.block.Coinbase] != nil {
		s.warmUp(s.account(s.block.Coinbase))
	}
	for i := range m.AccessList {
		a := s.account(m.AccessList[i].Address)
		s.warmUp(a)
		for j := range m.AccessList[i].Slots {
			s.warmSlot(s.slot(a, &m.AccessList[i].Slots[j]))
		}
	}
}

// buyGas takes the price of all gas and of the blobs from the payer. check has made
// sure that the balance suffices.
func (t *transaction) buyGas() {
	var cost uint256.Int
	cost.SetUint64(t.m.Gas)
	cost.Mul(&cost, &t.price)
	cost.Add(&cost, &t.blobCost)
	if !cost.IsZero() {
		cost.Sub(&t.payer.balance, &cost)
		t.s.setBalance(t.payer, &cost)
	}
}

// gasUsed applies the refund (EIP-3529) and the floor (EIP-7623).
func (t *transaction) gasUsed(left uint64) uint64 {
	used := t.m.Gas - left
	t.peak = max(used, t.floor)
	used -= min(t.s.refund, used/5)
	return max(used, t.floor)
}

// settleGas returns unused gas to the payer and pays the coinbase. The base fee is
// burned (EIP-1559).
func (t *transaction) settleGas(used uint64) {
	s := t.s
	var amount uint256.Int
	amount.SetUint64(t.m.Gas - used)
	amount.Mul(&amount, &t.price)
	if !amount.IsZero() {
		amount.Add(&t.payer.balance, &amount)
		s.setBalance(t.payer, &amount)
	}
	amount.SetUint64(used)
	amount.Mul(&amount, &t.tip)
	if s.deferFee && s.accounts[s.block.Coinbase] == nil {
		s.fee.Add(&s.fee, &amount)
		return
	}
	coinbase := s.account(s.block.Coinbase)
	amount.Add(&coinbase.balance, &amount)
	s.setBalance(coinbase, &amount)
}

// check validates the message and fills the prices. It changes nothing.
func (t *transaction) check() error {
	s, m := t.s, t.m
	from := s.account(m.From)
	t.payer = from
	if !m.GasPayer.IsZero() && m.GasPayer != m.From {
		t.payer = s.account(m.GasPayer)
	}
	if err := t.checkType(); err != nil {
		return err
	}
	if !t.simulated {
		if err := t.checkSender(from); err != nil {
			return err
		}
		if s.vm.rules.hasOsaka() && m.Gas > txGasCap {
			return ErrTxGasCap
		}
		if m.Gas > s.block.GasLimit-min(s.gasUsed, s.block.GasLimit) {
			return ErrGasLimit
		}
	}
	if (m.To == nil || m.CheckNonce) && from.nonce == math.MaxUint64 {
		return ErrNonceMax
	}
	if m.To == nil && len(m.Data) > maxInitCode {
		return ErrInitCodeSize
	}
	t.intrinsic = intrinsicGas(m)
	if m.Gas < t.intrinsic {
		return ErrIntrinsicGas
	}
	if s.vm.rules.hasPrague() {
		if t.floor = floorGas(m.Data); m.Gas < t.floor {
			return ErrFloorGas
		}
	}
	return t.checkFees(from)
}

// checkSender demands the right nonce and an account without code (EIP-3607) other
// than a delegation (EIP-7702).
func (t *transaction) checkSender(from *account) error {
	if t.m.CheckNonce {
		switch {
		case t.m.Nonce < from.nonce:
			return ErrNonceTooLow
		case t.m.Nonce > from.nonce:
			return ErrNonceTooHigh
		}
	}
	if from.hasCode() && (!t.s.vm.rules.hasPrague() || t.s.codeOf(from).target == nil) {
		return ErrSenderNotEOA
	}
	return nil
}

// checkType demands what the types of transactions demand of their own fields. A
// type above 4 is the host's own and has no rule here.
func (t *transaction) checkType() error {
	m, rules := t.m, t.s.vm.rules
	switch m.Type {
	case ledger.BlobTx:
		return t.checkBlobs()
	case ledger.SetCodeTx:
		switch {
		case !rules.hasPrague():
			return ErrTxType
		case m.To == nil:
			return ErrTxCreate
		case len(m.Authorizations) == 0:
			return ErrNoAuthorizations
		}
	}
	if len(m.BlobHashes) > 0 || len(m.Authorizations) > 0 && !rules.hasPrague() {
		return ErrTxType
	}
	return nil
}

func (t *transaction) checkBlobs() error {
	s, m := t.s, t.m
	n := uint64(len(m.BlobHashes))
	switch {
	case !s.vm.cfg.Blobs:
		return ErrTxType
	case m.To == nil:
		return ErrTxCreate
	case n == 0:
		return ErrNoBlobs
	case n > s.vm.cfg.BlobsPerTx, s.blobs+n > s.vm.cfg.BlobsPerBlock:
		return ErrTooManyBlobs
	}
	for i := range m.BlobHashes {
		if m.BlobHashes[i][0] != blobVersion {
			return ErrBlobHash
		}
	}
	if !t.simulated && m.BlobFeeCap.Lt(&s.block.BlobBaseFee) {
		return ErrBlobFeeCapTooLow
	}
	return nil
}

// checkFees computes the prices and demands that the payer can pay the most that the
// message may cost and the sender its value.
func (t *transaction) checkFees(from *account) error {
	s, m := t.s, t.m
	if !t.simulated {
		if m.GasFeeCap.Lt(&m.GasTipCap) {
			return ErrTipAboveFeeCap
		}
		if m.GasFeeCap.Lt(&s.block.BaseFee) {
			return ErrFeeCapTooLow
		}
	}
	t.price = m.GasFeeCap
	var sum uint256.Int
	if _, over := sum.AddOverflow(&s.block.BaseFee, &m.GasTipCap); !over && sum.Lt(&t.price) {
		t.price = sum
	}
	if t.simulated {
		return t.checkValue(from, new(uint256.Int))
	}
	t.tip.Sub(&t.price, &s.block.BaseFee)
	blobs := uint256.NewInt(uint64(len(m.BlobHashes)) * blobGas)
	if _, over := t.blobCost.MulOverflow(blobs, &s.block.BlobBaseFee); over {
		return ErrInsufficientFunds
	}
	var most, most4844 uint256.Int
	_, over1 := most.MulOverflow(uint256.NewInt(m.Gas), &m.GasFeeCap)
	_, over2 := most4844.MulOverflow(blobs, &m.BlobFeeCap)
	_, over3 := most.AddOverflow(&most, &most4844)
	if over1 || over2 || over3 || t.payer.balance.Lt(&most) {
		return ErrInsufficientFunds
	}
	if t.payer != from {
		most.Clear()
	}
	return t.checkValue(from, &most)
}

func (t *transaction) checkValue(from *account, most *uint256.Int) error {
	var sum uint256.Int
	if _, over := sum.AddOverflow(most, &t.m.Value); over || from.balance.Lt(&sum) {
		return ErrInsufficientFunds
	}
	return nil
}

// intrinsicGas is what a message costs before any code runs (EIP-2028, 2930, 3860,
// 7702).
func intrinsicGas(m *ledger.Message) uint64 {
	zeros, others := countZeros(m.Data)
	gas := gasTx + 4*zeros + 16*others
	if m.To == nil {
		gas += gasCreate + gasInitCodeWord*words(uint64(len(m.Data)))
	}
	for i := range m.AccessList {
		gas += gasAccessListAddress + gasAccessListSlot*uint64(len(m.AccessList[i].Slots))
	}
	return gas + gasAuthorization*uint64(len(m.Authorizations))
}

// floorGas is the least that a message costs for its data (EIP-7623).
func floorGas(data []byte) uint64 {
	zeros, others := countZeros(data)
	return gasTx + 10*(zeros+4*others)
}

func countZeros(data []byte) (zeros, others uint64) {
	for _, b := range data {
		if b == 0 {
			zeros++
		}
	}
	return zeros, uint64(len(data)) - zeros
}
