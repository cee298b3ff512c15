package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/internal/rlp"
	"github.com/rootstem/rootstem/subchain/ledger"
)

//go:embed contracts/Alarm.json
var alarmArtefact []byte

// inFlight bounds the transactions that are sent and not yet final.
const inFlight = 256

const recordSignature = "record((bytes32,uint64,uint64,int64[]),bytes)"

// errChanged reports a file whose rows are not those that were recorded from it.
var errChanged = errors.New("the row differs from the reading that is recorded under its number")

// registerDevice registers the device's public key.
func (q *quickstart) registerDevice() error {
	to := q.meters.modules["meters"]
	q.device.chainID, q.device.module = q.meters.chainID, to
	q.device.genesis, q.device.committee = q.meters.genesis, q.meters.committee
	q.progress.step("registering device %x…", q.device.id[:4])
	x, y, err := q.device.public()
	if err != nil {
		return err
	}
	return q.meters.dev.ensure(q.ctx, func() (bool, error) {
		w, err := q.meters.rpc.view(q.ctx, to, pack("known(bytes32)", q.device.id))
		return w.uint(0) == 1, err
	}, func() (action, error) {
		return action{name: "registration", to: &to, gas: 300_000, data: pack("register(bytes32,bytes32)", x, y)}, nil
	})
}

// deployAlarm deploys the contract, unless it is there.
func (q *quickstart) deployAlarm() error {
	key, err := q.alarmKey()
	if err != nil {
		return err
	}
	var artefact struct {
		Bytecode hexBytes `json:"bytecode"`
	}
	if err := json.Unmarshal(alarmArtefact, &artefact); err != nil {
		return fmt.Errorf("contracts/Alarm.json: %w", err)
	}
	q.alarm = createAddress(key.Address(), 0)
	q.progress.step("deploying Alarm: value column %d above %s", q.column+1, formatValue(q.threshold))
	create := abi.AppendAddress(artefact.Bytecode, q.meters.modules["meters"])
	create = abi.AppendUint(create, uint64(q.column))
	create = abi.AppendInt(create, q.threshold)
	deployer := *q.meters.dev
	deployer.key = key
	return deployer.ensure(q.ctx, func() (bool, error) {
		var code hexBytes
		err := q.meters.rpc.call(q.ctx, &code, "eth_getCode", q.alarm, "latest")
		return len(code) > 0, err
	}, func() (action, error) {
		return action{name: "deployment", data: create, gas: 3_000_000}, nil
	})
}

// createAddress is where an account's transaction with this nonce puts a contract.
func createAddress(creator ledger.Address, nonce uint64) ledger.Address {
	p := rlp.AppendUint(rlp.AppendBytes(nil, creator[:]), nonce)
	h := ledger.Keccak(rlp.AppendList(nil, p))
	return ledger.Address(h[12:])
}

// flight is a reading on its way into the chain.
type flight struct {
	reading Reading
	action  action
	tx      *ledger.Transaction
}

// recorder sends readings, many at a time, in the order of their nonces.
type recorder struct {
	*quickstart
	flights []flight // sent, oldest first
	nonce   uint64   // of the next transaction
	last    uint64   // sequence number that the chain holds
	done    int
}

// recordReadings signs and records all rows that the chain does not hold. The rows
// before a malformed one are final when it returns the error.
func (q *quickstart) recordReadings() error {
	q.progress.step("recording readings of %s", q.table.file)
	q.progress.begin(q.rows)
	defer q.progress.end()
	r := &recorder{quickstart: q}
	if err := r.resync(); err != nil {
		return err
	}
	for {
		row, err := q.table.next()
		if err != nil {
			if drained := r.drain(0); drained != nil {
				return drained
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := r.take(row); err != nil {
			return err
		}
		if err := r.drain(inFlight); err != nil {
			return err
		}
	}
}

// recordGas is above what a reading costs: a device's first one takes new slots for
// all of its values.
func recordGas(values int) uint64 { return 300_000 + 30_000*uint64(values) }

// take sends a row, or skips it if it is recorded.
func (r *recorder) take(row row) error {
	reading := Reading{Device: r.device.id, Seq: row.seq, Time: row.time, Values: row.values}
	if row.seq <= r.last {
		return r.skip(reading)
	}
	signature, err := r.device.sign(&reading)
	if err != nil {
		return err
	}
	r.flights = append(r.flights, flight{reading: reading, action: action{
		name: fmt.Sprintf("reading %d", row.seq), to: &r.alarm, gas: recordGas(len(row.values)),
		data: pack(recordSignature, &reading, signature),
	}})
	return r.launch(len(r.flights) - 1)
}

// skip checks that a row that is not sent is the reading that was recorded.
func (r *recorder) skip(reading Reading) error {
	w, err := r.meters.rpc.view(r.ctx, r.device.module, pack("proven(bytes32,uint64)", r.device.id, reading.Seq))
	if err != nil {
		return err
	}
	if w.hash(0) != reading.digest(r.device.chainID, r.device.module) {
		return fmt.Errorf("%s: row %d: %w", r.table.file, reading.Seq, errChanged)
	}
	r.finish(reading)
	return nil
}

func (r *recorder) finish(reading Reading) {
	r.newest = &reading
	r.done++
	r.progress.count(r.done)
}

// launch sends the flights from i on.
func (r *recorder) launch(i int) error {
	for ; i < len(r.flights); i++ {
		f := &r.flights[i]
		var err error
		f.tx, err = r.meters.dev.send(r.ctx, r.nonce, f.action)
		if errors.Is(err, errSuperseded) {
			if err := errors.Join(pause(r.ctx, pollEvery), r.resync()); err != nil {
				return err
			}
			i = -1 // begin anew with what is left
			continue
		}
		if err != nil {
			return err
		}
		r.nonce++
	}
	return nil
}

// drain waits until no more than keep flights are not final.
func (r *recorder) drain(keep int) error {
	for len(r.flights) > keep {
		f := r.flights[0]
		err := r.meters.dev.wait(r.ctx, f.tx, f.action)
		if errors.Is(err, errSuperseded) {
			if err := r.resync(); err != nil {
				return err
			}
			if err := r.launch(0); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		r.flights = r.flights[1:]
		r.finish(f.reading)
	}
	return nil
}

// resync reads where the chain is: readings that an earlier run had sent when it was
// killed may have become final just now. The nonce is read first.
func (r *recorder) resync() (err error) {
	if r.nonce, err = r.meters.dev.nonce(r.ctx); err != nil {
		return err
	}
	w, err := r.meters.rpc.view(r.ctx, r.device.module, pack("latest(bytes32)", r.device.id))
	if err != nil {
		return err
	}
	r.last = w.uint(2) // offset, device, sequence number
	for len(r.flights) > 0 && r.flights[0].reading.Seq <= r.last {
		if err := r.skip(r.flights[0].reading); err != nil {
			return err
		}
		r.flights = r.flights[1:]
	}
	return nil
}

// proveReading has the device check a proof of its newest reading.
func (q *quickstart) proveReading() error {
	if q.newest == nil {
		return nil
	}
	q.progress.step("proving reading %d to the device", q.newest.Seq)
	e, err := q.meters.rpc.evidence(q.ctx, q.device.module, q.device.slot(q.newest.Seq))
	if err != nil {
		return err
	}
	header, err := q.device.verify(q.newest, e)
	if err != nil {
		return fmt.Errorf("proof of reading %d: %w", q.newest.Seq, err)
	}
	q.proofBytes = e.size()
	q.progress.step("the device accepts block %d, %d bytes", header.Height, q.proofBytes)
	return nil
}
