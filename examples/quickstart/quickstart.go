package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain"
	"github.com/rootstem/rootstem/subchain/ledger"
)

// errInterrupted is why everything stops on Ctrl-C.
var errInterrupted = errors.New("interrupted")

// quickstart is one run.
type quickstart struct {
	options  options
	progress *progress
	faults   *slog.Logger    // of nodes: what stops them
	warnings *slog.Logger    // of the relayer: what it tries again
	ctx      context.Context // of this run: ends on Ctrl-C or when a validator fails
	cancel   context.CancelCauseFunc
	group    sync.WaitGroup // the relayer and those who watch

	dir     string
	temp    bool
	lock    *store.Store
	resumed bool

	table     *table
	rows      int // in the file, about
	column    int // of the alarm, among the values
	threshold int64

	devKey, relayKey      *ledger.Key
	root, meters, billing *place
	device                *device
	alarm                 ledger.Address
	newest                *Reading // of those that are recorded
	proofBytes            int
}

// open reads the input and takes the data directory for this process.
func open(ctx context.Context, o options, p *progress) (*quickstart, error) {
	q := &quickstart{options: o, progress: p, dir: o.data}
	q.faults = slog.New(slog.NewTextHandler(p.out, &slog.HandlerOptions{Level: slog.LevelError}))
	q.warnings = slog.New(slog.NewTextHandler(p.out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := q.openReadings(); err != nil {
		return nil, err
	}
	if err := q.openDir(); err != nil {
		return nil, errors.Join(err, q.close())
	}
	if err := q.openKeys(); err != nil {
		return nil, errors.Join(err, q.close())
	}
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	q.ctx, q.cancel = inner, cancel
	q.group.Go(func() {
		select {
		case <-ctx.Done():
			cancel(errInterrupted)
		case <-inner.Done():
		}
	})
	return q, nil
}

func (q *quickstart) interrupted() bool {
	return errors.Is(context.Cause(q.ctx), errInterrupted)
}

// openReadings reads the header of the input and finds the alarm's column.
func (q *quickstart) openReadings() error {
	name, contents := "sample.csv", sample
	if q.options.readings != "" {
		var err error
		name = q.options.readings
		if contents, err = os.ReadFile(name); err != nil {
			return err
		}
	}
	t, err := openTable(name, bytes.NewReader(contents))
	if err != nil {
		return err
	}
	if len(t.values) > maxValues {
		return fmt.Errorf("%s: %d value columns, a reading holds %d", name, len(t.values), maxValues)
	}
	q.table, q.rows = t, bytes.Count(contents, []byte{'\n'})-1
	q.threshold = 25_000_000
	if q.options.alarm == "" {
		return nil
	}
	cut := strings.LastIndexByte(q.options.alarm, ':')
	if cut < 0 {
		return fmt.Errorf("-alarm %s: not COLUMN:VALUE", q.options.alarm)
	}
	if q.column, err = t.column(q.options.alarm[:cut]); err != nil {
		return fmt.Errorf("-alarm: %w", err)
	}
	if q.threshold, err = parseValue(q.options.alarm[cut+1:]); err != nil {
		return fmt.Errorf("-alarm: %w", err)
	}
	return nil
}

// openDir takes the data directory, or makes a temporary one. An empty database in
// it is the lock: it fails for a second process before that touches a key.
func (q *quickstart) openDir() (err error) {
	if q.dir == "" {
		q.temp = true
		if q.dir, err = os.MkdirTemp("", "quickstart-"); err != nil {
			return err
		}
	}
	_, err = os.Stat(filepath.Join(q.dir, "root"))
	q.resumed = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return err
	}
	if q.lock, err = store.Open(store.Config{Dir: filepath.Join(q.dir, "lock")}); err != nil {
		return fmt.Errorf("data directory %s: %w", q.dir, err)
	}
	return nil
}

// openKeys reads or makes the keys of the two accounts and of the device. Each file
// of readings is one device, named by the file's path.
func (q *quickstart) openKeys() error {
	dev, err := q.secret("dev.key")
	if err != nil {
		return err
	}
	relay, err := q.secret("relayer.key")
	if err != nil {
		return err
	}
	if q.devKey, err = ledger.ParseKey(dev); err != nil {
		return err
	}
	if q.relayKey, err = ledger.ParseKey(relay); err != nil {
		return err
	}
	path := "sample"
	if q.options.readings != "" {
		if path, err = filepath.Abs(q.options.readings); err != nil {
			return err
		}
	}
	name := ledger.Keccak([]byte(path))
	scalar, err := q.secret(filepath.Join("devices", fmt.Sprintf("%x.key", name[:8])))
	if err != nil {
		return err
	}
	q.device, err = newDevice(scalar[:])
	return err
}

// secret reads 32 random bytes from a file, or makes and keeps them. OpenKey writes
// a file that is whole or absent, readable by the owner only.
func (q *quickstart) secret(file string) (s [32]byte, err error) {
	key, err := subchain.OpenKey(filepath.Join(q.dir, file))
	if err != nil {
		return s, err
	}
	return [32]byte(key.Seed()), nil
}

// alarmKey deploys one alarm contract and nothing else, so that the contract's
// address follows from what it watches and a later run finds it.
func (q *quickstart) alarmKey() (*ledger.Key, error) {
	dev := q.devKey.Bytes()
	watch := binary.BigEndian.AppendUint64(nil, uint64(q.column))
	watch = binary.BigEndian.AppendUint64(watch, uint64(q.threshold))
	return ledger.ParseKey(ledger.Keccak([]byte("quickstart.alarm.v1"), dev[:], watch))
}

// close stops everything and, without -data, removes it.
func (q *quickstart) close() error {
	if q.cancel != nil {
		q.cancel(nil)
	}
	q.group.Wait()
	var errs []error
	for _, p := range q.places() {
		errs = append(errs, p.net.Close())
	}
	if q.lock != nil {
		errs = append(errs, q.lock.Close())
	}
	if q.temp {
		errs = append(errs, os.RemoveAll(q.dir))
	}
	return errors.Join(errs...)
}
