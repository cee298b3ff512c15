package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/holiman/uint256"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// summary is the result. Counts are those of the chains, whichever run they are of.
type summary struct {
	OK                bool              `json:"ok"`
	Error             string            `json:"error,omitempty"`
	Chains            []chainSummary    `json:"chains"`
	Readings          uint64            `json:"readings"`
	Alarms            uint64            `json:"alarms"`
	Checkpoints       map[string]uint64 `json:"checkpoints"`
	MessagesDelivered uint64            `json:"messages_delivered"`
	ValueMoved        string            `json:"value_moved"` // wei that messages brought to the subchains
	SupplyOK          bool              `json:"supply_ok"`
	ProofBytes        int               `json:"proof_bytes"`
	Seconds           float64           `json:"seconds"`
	Resumed           bool              `json:"resumed"`
}

type chainSummary struct {
	Name      string      `json:"name"`
	Height    uint64      `json:"height"`
	StateRoot ledger.Hash `json:"state_root"`
	// FinalityP50 is null if this run sent no transaction to the chain.
	FinalityP50 *float64 `json:"finality_ms_p50"`
}

// ready is the line of -serve.
type ready struct {
	Event  string       `json:"event"`
	Chains []readyChain `json:"chains"`
	DevKey string       `json:"dev_key"`
}

type readyChain struct {
	Name    string                    `json:"name"`
	ChainID uint64                    `json:"chain_id"`
	RPC     string                    `json:"rpc"`
	Modules map[string]ledger.Address `json:"modules"`
}

func (q *quickstart) ready() ready {
	dev := q.devKey.Bytes()
	r := ready{Event: "ready", DevKey: fmt.Sprintf("0x%x", dev)}
	for _, p := range q.places() {
		r.Chains = append(r.Chains, readyChain{p.name, p.chainID, p.rpc.url, p.modules})
	}
	return r
}

// summarize reads the result over RPC. It works after an interruption, too.
func (q *quickstart) summarize(s *summary) error {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	s.Resumed, s.ProofBytes = q.resumed, q.proofBytes
	s.SupplyOK = q.root != nil
	for _, read := range []func(context.Context, *summary) error{q.readMeters, q.readRelay, q.readSupply, q.readChains} {
		if err := read(ctx, s); err != nil {
			return fmt.Errorf("summary: %w", err)
		}
	}
	s.OK = s.SupplyOK
	return nil
}

// readChains comes last, so that the heights cover all other figures.
func (q *quickstart) readChains(ctx context.Context, s *summary) error {
	for _, p := range q.places() {
		head, err := p.rpc.newest(ctx)
		if err != nil {
			return err
		}
		s.Chains = append(s.Chains, chainSummary{p.name, uint64(head.Number), head.StateRoot, p.clock.median()})
	}
	return nil
}

func (q *quickstart) readMeters(ctx context.Context, s *summary) error {
	if q.meters == nil {
		return nil
	}
	w, err := q.meters.rpc.view(ctx, q.meters.modules["meters"], pack("count()"))
	if err != nil {
		return err
	}
	s.Readings = w.uint(0)
	raised, err := q.meters.rpc.events(ctx, abi.Topic("Raised(bytes32,uint64,int64)"))
	s.Alarms = uint64(len(raised))
	return err
}

// readRelay counts checkpoints on the root and delivered messages on the subchains,
// without the one that answers each registration.
func (q *quickstart) readRelay(ctx context.Context, s *summary) error {
	var moved uint256.Int
	for _, p := range q.subchains() {
		if p.id == 0 {
			continue
		}
		n, err := q.checkpoints(ctx, p)
		if err != nil {
			return err
		}
		s.Checkpoints[p.name] = n
		delivered, err := p.rpc.events(ctx, abi.Topic("MessageDelivered(uint64,bytes32,uint8)"))
		if err != nil {
			return err
		}
		for i, e := range delivered {
			if i > 0 && words(e.Data).uint(0) == uint64(rootrelay.Done) {
				s.MessagesDelivered++
			}
		}
		w, err := p.rpc.view(ctx, rootrelay.GatewayAddress(), pack("supply()"))
		if err != nil {
			return err
		}
		minted := w.amount(0)
		moved.Add(&moved, &minted)
	}
	s.ValueMoved = moved.Dec()
	return nil
}

// readSupply checks the books: on the root, escrow plus claimable equals what is
// locked, and the registry holds that and all bonds; no subchain has more coins than
// its escrow. A subchain is read before the root: what it minted, the root had put
// into escrow before. Coins on their way out may make it look wrong for a moment.
func (q *quickstart) readSupply(ctx context.Context, s *summary) error {
	if q.root == nil {
		return nil
	}
	for range 20 {
		ok, err := q.supplyHolds(ctx)
		if err != nil || ok {
			s.SupplyOK = ok
			return err
		}
		if err := pause(ctx, 10*pollEvery); err != nil {
			return err
		}
	}
	s.SupplyOK = false
	return errors.New("the supply is wrong")
}

func (q *quickstart) supplyHolds(ctx context.Context) (bool, error) {
	for _, p := range q.subchains() {
		w, err := p.rpc.view(ctx, rootrelay.GatewayAddress(), pack("supply()"))
		if err != nil {
			return false, err
		}
		there, burned := w.amount(0), w.amount(1)
		if there.Lt(&burned) {
			return false, nil
		}
		there.Sub(&there, &burned)
		if w, err = q.root.rpc.view(ctx, rootrelay.RootAddress(), pack("escrow(uint64)", p.id)); err != nil {
			return false, err
		}
		if escrow := w.amount(0); there.Gt(&escrow) {
			return false, nil
		}
	}
	w, err := q.root.rpc.view(ctx, rootrelay.RootAddress(), pack("supply()"))
	if err != nil {
		return false, err
	}
	locked, escrow, claimable, bonds, balance := w.amount(0), w.amount(1), w.amount(2), w.amount(3), w.amount(4)
	owed := new(uint256.Int).Add(&escrow, &claimable)
	return owed.Eq(&locked) && !balance.Lt(owed.Add(owed, &bonds)), nil
}

// subchains are those that run.
func (q *quickstart) subchains() []*place {
	if all := q.places(); len(all) > 1 {
		return all[1:]
	}
	return nil
}

// show writes the result: one line of JSON, or text if there is no error.
func show(out io.Writer, s *summary, asJSON bool) error {
	if asJSON {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	if s.Error != "" {
		return nil // said already
	}
	var b strings.Builder
	for _, c := range s.Chains {
		fmt.Fprintf(&b, "%-12s height %d, state %s", c.Name, c.Height, c.StateRoot)
		if c.FinalityP50 != nil {
			fmt.Fprintf(&b, ", final in %.0f ms (median)", *c.FinalityP50)
		}
		b.WriteByte('\n')
	}
	moved, err := uint256.FromDecimal(s.ValueMoved)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "readings     %d, alarms %d\n", s.Readings, s.Alarms)
	fmt.Fprintf(&b, "checkpoints  meters %d, billing %d\n", s.Checkpoints["meters"], s.Checkpoints["billing"])
	fmt.Fprintf(&b, "messages     %d delivered, %.4g coins moved, supply ok: %t\n", s.MessagesDelivered, moved.Float64()/1e18, s.SupplyOK)
	fmt.Fprintf(&b, "proof        %d bytes convinced the device\n", s.ProofBytes)
	fmt.Fprintf(&b, "time         %.1f s, resumed: %t\n", s.Seconds, s.Resumed)
	_, err = io.WriteString(out, b.String())
	return err
}
