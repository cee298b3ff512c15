package rpc

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/holiman/uint256"
	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/subchain/ledger"
	"github.com/rootstem/rootstem/vm"
)

const testChainID = 4242

// memory is a node in memory: a chain of real signed transactions and blocks whose
// state lives in maps, one for each height.
type memory struct {
	mu      sync.Mutex
	records []*Record
	states  []memoryState
	pending map[ledger.Hash]*ledger.Transaction
	refuse  error // of Submit
	sync    Sync
	run     func(ctx context.Context, height uint64, m *ledger.Message) (vm.Result, error)
	reads   int // blocks read by height
	// searchErr is what Search fails with.
	searchErr error
}

func (c *memory) backend() Backend {
	return Backend{Chain: c, States: c, Executor: c, Fees: c, Pool: c, Logs: c, Extensions: c}
}

func (c *memory) ChainID() uint64 { return testChainID }

func (c *memory) Head() uint64 { return uint64(len(c.records) - 1) }

func (c *memory) Block(height uint64) (*Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	if height >= uint64(len(c.records)) {
		return nil, ErrNotFound
	}
	return c.records[height], nil
}

func (c *memory) BlockByHash(hash ledger.Hash) (*Record, error) {
	for _, r := range c.records {
		if r.Hash == hash {
			return r, nil
		}
	}
	return nil, ErrNotFound
}

// Search knows the blocks with any log at all.
func (c *memory) Search(_ context.Context, _ *ledger.LogFilter, from, to uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		if c.searchErr != nil {
			yield(0, c.searchErr)
			return
		}
		for ; from <= to && from < uint64(len(c.records)); from++ {
			if slices.ContainsFunc(c.records[from].Receipts, func(r *ledger.Receipt) bool { return len(r.Logs) > 0 }) && !yield(from, nil) {
				return
			}
		}
	}
}

func (c *memory) Lookup(hash ledger.Hash) (uint64, int, bool, error) {
	for _, r := range c.records {
		for i, tx := range r.Block.Transactions {
			if tx.Hash() == hash {
				return r.Block.Header.Height, i, true, nil
			}
		}
	}
	return 0, 0, false, nil
}

func (c *memory) State(height uint64) (State, error) {
	if height >= uint64(len(c.states)) {
		return nil, ErrUnavailable
	}
	return c.states[height], nil
}

func (c *memory) Call(ctx context.Context, height uint64, m *ledger.Message) (vm.Result, error) {
	return c.run(ctx, height, m)
}

func (c *memory) Estimate(ctx context.Context, height uint64, m *ledger.Message) (uint64, vm.Result, error) {
	res, err := c.run(ctx, height, m)
	return res.GasUsed, res, err
}

func (c *memory) NextBaseFee() uint256.Int { return *uint256.NewInt(1_100_000_000) }
func (c *memory) Tip() uint256.Int         { return *uint256.NewInt(100_000_000) }

func (c *memory) Submit(_ context.Context, tx *ledger.Transaction) error {
	if c.refuse != nil {
		return c.refuse
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[tx.Hash()] = tx
	return nil
}

func (c *memory) Pending(hash ledger.Hash) (*ledger.Transaction, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tx, ok := c.pending[hash]
	return tx, ok
}

func (c *memory) Nonce(addr ledger.Address) (uint64, error) {
	acc, err := c.states[c.Head()].Account(addr)
	return acc.Nonce + uint64(len(c.pending)), err
}

func (c *memory) Light(height uint64) (*Light, error) {
	rec, err := c.Block(height)
	if err != nil {
		return nil, err
	}
	return &Light{
		Header: rec.Block.Header.AppendRLP(nil), Anchor: rec.Anchor,
		Certificate: rec.Certificate, Committee: []byte("committee"),
	}, nil
}

func (c *memory) Handovers(era uint64, limit int) ([][]byte, error) {
	if era > 2 {
		return nil, nil
	}
	return [][]byte{[]byte("handover")}[:min(limit, 1)], nil
}

func (c *memory) Checkpoint(seq uint64) (*Checkpoint, error) {
	for _, r := range c.records {
		if r.Anchor.Seq == seq && seq > 0 {
			return &Checkpoint{
				Header: r.Block.Header.AppendRLP(nil), Anchor: r.Anchor,
				Committee: []byte("committee"), Signatures: []byte("signatures"),
			}, nil
		}
	}
	return nil, ErrNotFound
}

func (c *memory) ABI(addr ledger.Address) ([]byte, bool) {
	return []byte(`[{"type":"function","name":"latest"}]`), addr == contractAddr
}

func (c *memory) Sync() Sync { return c.sync }
func (c *memory) Peers() int { return 3 }

// memoryState is the state after one block.
type memoryState struct {
	accounts map[ledger.Address]ledger.Account
	slots    map[ledger.Hash]ledger.Hash // of contractAddr
	code     map[ledger.Hash][]byte
}

func (s memoryState) Account(a ledger.Address) (ledger.Account, error) { return s.accounts[a], nil }

func (s memoryState) Storage(a ledger.Address, slot ledger.Hash) (ledger.Hash, error) {
	if a != contractAddr {
		return ledger.Hash{}, nil
	}
	return s.slots[slot], nil
}

func (s memoryState) Code(h ledger.Hash) ([]byte, error) {
	code, ok := s.code[h]
	if !ok {
		return nil, errors.New("code is missing")
	}
	return code, nil
}

func (s memoryState) Prove(a ledger.Address, slots []ledger.Hash) (*ledger.AccountProof, error) {
	p := &ledger.AccountProof{Address: a, Account: s.accounts[a], Proof: [][]byte{{0xc1, 0x80}}}
	for _, slot := range slots {
		value, err := s.Storage(a, slot)
		if err != nil {
			return nil, err
		}
		p.Storage = append(p.Storage, ledger.SlotProof{Key: slot, Value: value, Proof: [][]byte{{0xc0}}})
	}
	return p, nil
}

var (
	contractAddr = ledger.Address{0xc0, 0xde}
	otherAddr    = ledger.Address{0x07}
	topicA       = ledger.Keccak([]byte("Recorded(bytes32)"))
	topicB       = ledger.Keccak([]byte("Raised(bytes32)"))
	device1      = ledger.Hash{31: 1}
	device2      = ledger.Hash{31: 2}
)

func testKey(t testing.TB, n byte) *ledger.Key {
	key, err := ledger.ParseKey([32]byte{31: n})
	require.NoError(t, err)
	return key
}

// newMemory builds a genesis and three blocks: a transfer and a creation; calls with
// logs in every type; an empty block.
func newMemory(t testing.TB) *memory {
	c := &memory{pending: map[ledger.Hash]*ledger.Transaction{}}
	c.run = func(context.Context, uint64, *ledger.Message) (vm.Result, error) {
		return vm.Result{Return: device1[:], GasUsed: 21_000}, nil
	}
	c.append(nil, nil)
	key, gwei := testKey(t, 1), func(n uint64) uint256.Int { return *uint256.NewInt(n * 1_000_000_000) }
	sign := func(tx *ledger.Transaction) *ledger.Transaction {
		tx.ChainID = *uint256.NewInt(testChainID)
		tx.Sign(key)
		return tx
	}
	c.append([]*ledger.Transaction{
		sign(&ledger.Transaction{GasTipCap: gwei(2), GasFeeCap: gwei(2), Gas: 21_000, To: &otherAddr, Value: gwei(5)}),
		sign(&ledger.Transaction{Type: 2, Nonce: 1, GasTipCap: gwei(1), GasFeeCap: gwei(3), Gas: 90_000, Data: []byte{0x60, 0x00}}),
	}, [][]ledger.Log{nil, nil})
	auth := ledger.Authorization{ChainID: *uint256.NewInt(testChainID), Address: contractAddr, Nonce: 7}
	ledger.SignAuthorization(&auth, testKey(t, 2))
	access := []ledger.AccessTuple{{Address: contractAddr, Slots: []ledger.Hash{device1}}, {Address: otherAddr}}
	c.append([]*ledger.Transaction{
		sign(&ledger.Transaction{Type: 1, Nonce: 2, GasTipCap: gwei(2), GasFeeCap: gwei(2), Gas: 50_000, To: &contractAddr, AccessList: access}),
		sign(&ledger.Transaction{Type: 2, Nonce: 3, GasTipCap: gwei(1), GasFeeCap: gwei(3), Gas: 50_000, To: &contractAddr, Data: []byte{1, 2, 3}}),
		sign(&ledger.Transaction{Type: 4, Nonce: 4, GasTipCap: gwei(1), GasFeeCap: gwei(3), Gas: 50_000, To: &otherAddr, Authorizations: []ledger.Authorization{auth}}),
	}, [][]ledger.Log{
		{{Address: contractAddr, Topics: []ledger.Hash{topicA, device1}, Data: []byte{0xaa}}},
		{{Address: contractAddr, Topics: []ledger.Hash{topicA, device2}}, {Address: contractAddr, Topics: []ledger.Hash{topicB, device1}, Data: []byte{0xbb}}},
		{{Address: otherAddr}},
	})
	c.append(nil, nil)
	return c
}

// append finalises a block whose transactions left these logs; the last one of a
// block with logs fails.
func (c *memory) append(txs []*ledger.Transaction, logs [][]ledger.Log) {
	rec := &Record{Block: &ledger.Block{Transactions: txs}, Certificate: []byte("certificate")}
	h := &rec.Block.Header
	h.Height = uint64(len(c.records))
	h.View, h.Epoch = h.Height+1, 1
	h.Time = 1_700_000_000_000 + h.Height*1_234
	h.Proposer = ledger.Address{0xbe, byte(h.Height)}
	h.GasLimit = 30_000_000
	h.BaseFee = *uint256.NewInt(1_000_000_000)
	h.Beacon = ledger.Keccak([]byte{byte(h.Height)})
	h.Committee, h.NextCommittee = ledger.Keccak([]byte("seats")), ledger.Keccak([]byte("seats"))
	if h.Height > 0 {
		h.Parent = c.records[h.Height-1].Hash
	}
	for i, tx := range txs {
		r := &ledger.Receipt{Type: tx.Type, Success: i < 2, Logs: logs[i], TxHash: tx.Hash(), GasUsed: 21_000 + uint64(len(logs[i]))*1_000}
		h.GasUsed += r.GasUsed
		r.CumulativeGas = h.GasUsed
		r.GasPrice = *uint256.NewInt(2_000_000_000)
		if tx.To == nil {
			r.Contract = &contractAddr
		}
		rec.Receipts = append(rec.Receipts, r)
	}
	if h.Height == 2 {
		rec.Anchor = ledger.Anchor{Subchain: 1, Seq: 1, MessageCount: 2, Cursors: []ledger.Cursor{{Peer: 0, Lane: 1, Next: 3}}}
	}
	h.AnchorHash = rec.Anchor.Hash()
	h.TxRoot, h.ReceiptsRoot = ledger.TxRoot(txs), ledger.ReceiptsRoot(rec.Receipts)
	rec.Hash = h.Hash()
	c.records = append(c.records, rec)
	c.states = append(c.states, stateAfter(h.Height))
}

func stateAfter(height uint64) memoryState {
	code := []byte{0x60, 0x00, 0xf3}
	sender, err := ledger.ParseAddress("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf") // of the key 1
	if err != nil {
		panic(err)
	}
	s := memoryState{
		accounts: map[ledger.Address]ledger.Account{
			sender: {Nonce: []uint64{0, 2, 5, 5}[min(height, 3)], Balance: *uint256.NewInt(1e18), CodeHash: ledger.EmptyCodeHash},
		},
		slots: map[ledger.Hash]ledger.Hash{},
		code:  map[ledger.Hash][]byte{ledger.Keccak(code): code},
	}
	if height > 0 {
		s.accounts[contractAddr] = ledger.Account{Nonce: 1, CodeHash: ledger.Keccak(code), Root: device2}
		s.slots[device1] = ledger.Hash{30: 1, 31: byte(height)}
	}
	return s
}

func newServer(t testing.TB, cfg Config) (*Server, *memory) {
	c := newMemory(t)
	s, err := New(cfg, c.backend())
	require.NoError(t, err)
	return s, c
}
