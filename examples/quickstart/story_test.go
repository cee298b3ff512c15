package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rootstem/rootstem/internal/abi"
	"github.com/rootstem/rootstem/rootrelay"
	"github.com/rootstem/rootstem/store"
	"github.com/rootstem/rootstem/subchain/ledger"
)

const twelveRows = `time,temperature,label,humidity
2026-01-01T00:00:00Z,20.5,a,40
2026-01-01T01:00:00Z,-3.25,a,41
2026-01-01T02:00:00Z,25,a,42.000001
2026-01-01T03:00:00Z,25.000001,a,43
2026-01-01T04:00:00Z,24.9,a,44
2026-01-01T05:00:00Z,31,a,45
2026-01-01T06:00:00Z,20,a,46
2026-01-01T07:00:00Z,20,a,47
2026-01-01T08:00:00Z,20,a,48
2026-01-01T09:00:00Z,20,a,49
2026-01-01T10:00:00Z,20,a,50
2026-01-01T11:00:00Z,20,a,51
`

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

// rerun runs the command as a user does and returns its exit code and its last line.
func rerun(t *testing.T, args ...string) (int, *summary) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var out bytes.Buffer
	code := command(ctx, append(args, "-json"), &out, io.Discard)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	s := new(summary)
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), s), out.String())
	return code, s
}

// serveAndInterrupt runs the command with -serve until it is ready, and stops it as
// Ctrl-C does.
func serveAndInterrupt(t *testing.T, args ...string) (code int, s *summary) {
	t.Helper()
	ctx, interrupt := context.WithTimeout(t.Context(), 3*time.Minute)
	defer interrupt()
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- command(ctx, append(args, "-serve"), in, io.Discard)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "no ready line")
	require.Contains(t, lines.Text(), `"event":"ready"`)
	interrupt()
	require.True(t, lines.Scan(), "no final line")
	s = new(summary)
	require.NoError(t, json.Unmarshal(lines.Bytes(), s), lines.Text())
	require.False(t, lines.Scan(), "more on stdout")
	return <-done, s
}

// TestStory runs everything once, and then again on the same directory: the chains
// start only three times.
func TestStory(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "greenhouse.csv")
	writeFile(t, file, twelveRows)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()

	q, err := open(ctx, options{readings: file, data: data}, newProgress(io.Discard))
	require.NoError(t, err)
	var first summary
	t.Run("it reaches its end", func(t *testing.T) {
		require.NoError(t, q.tell())
		first = summary{Checkpoints: map[string]uint64{}}
		require.NoError(t, q.summarize(&first))
		require.True(t, first.OK)
		require.False(t, first.Resumed)
	})
	if !t.Failed() {
		t.Run("its figures are those of other validators", func(t *testing.T) { compareFigures(t, q, &first) })
		t.Run("the device refuses every flipped byte", func(t *testing.T) { flipEvidence(t, q) })
		t.Run("the chains refuse every flipped byte of what is relayed", func(t *testing.T) { flipRelayed(t, q) })
		t.Run("bad readings revert with the reason and change nothing", func(t *testing.T) { badReadings(t, q) })
		t.Run("nobody but the gateway books reports", func(t *testing.T) { forgedReport(t, q) })
		t.Run("a second process is refused", func(t *testing.T) {
			_, err := open(ctx, options{data: data}, newProgress(io.Discard))
			require.ErrorIs(t, err, store.ErrLocked)
		})
		t.Run("the ready line says where everything is", func(t *testing.T) { checkReady(t, q) })
	}
	require.NoError(t, q.close())
	if t.Failed() {
		return
	}
	t.Run("another run records nothing twice", func(t *testing.T) { resume(t, data, file, &first) })
	t.Run("rows before a malformed one are final", func(t *testing.T) { malformed(t, data, file, &first) })
	t.Run("a changed row is refused", func(t *testing.T) {
		writeFile(t, file, strings.Replace(twelveRows, "20.5", "20.6", 1))
		code, s := rerun(t, "-data", data, "-readings", file)
		require.Equal(t, 1, code)
		require.Contains(t, s.Error, errChanged.Error())
	})
}

// other is the RPC of a validator that the story does not talk to.
func other(t *testing.T, p *place) *client {
	t.Helper()
	n, err := p.net.Node(2)
	require.NoError(t, err)
	c := &client{n.URL()}
	head, err := p.rpc.newest(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		height, err := c.number(t.Context(), "eth_blockNumber")
		return err == nil && height >= uint64(head.Number)
	}, time.Minute, 20*time.Millisecond)
	return c
}

func at(t *testing.T, c *client, to ledger.Address, height uint64, data []byte) words {
	t.Helper()
	var out hexBytes
	require.NoError(t, c.call(t.Context(), &out, "eth_call", map[string]any{"to": to, "data": hexBytes(data)}, quantity(height)))
	return words(out)
}

func compareFigures(t *testing.T, q *quickstart, s *summary) {
	require.Len(t, s.Chains, 3)
	for i, p := range q.places() {
		c := s.Chains[i]
		require.Equal(t, p.name, c.Name)
		var b block
		require.NoError(t, other(t, p).call(t.Context(), &b, "eth_getBlockByNumber", quantity(c.Height), false))
		require.Equal(t, b.StateRoot, c.StateRoot)
		require.NotNil(t, c.FinalityP50)
		require.Greater(t, *c.FinalityP50, 0.0)
	}
	meters, billing, root := other(t, q.meters), other(t, q.billing), other(t, q.root)
	heights := map[string]uint64{}
	for _, c := range s.Chains {
		heights[c.Name] = c.Height
	}
	require.EqualValues(t, 12, s.Readings)
	require.Equal(t, s.Readings, at(t, meters, q.meters.modules["meters"], heights["meters"], pack("count()")).uint(0))
	require.EqualValues(t, 2, s.Alarms, "25 is not above 25, 25.000001 is")
	require.Equal(t, s.Alarms, at(t, meters, q.alarm, heights["meters"], pack("raised()")).uint(0))
	raised, err := meters.events(t.Context(), abi.Topic("Raised(bytes32,uint64,int64)"))
	require.NoError(t, err)
	require.Len(t, raised, 2)
	require.EqualValues(t, 4, words(raised[0].Data).uint(0))
	require.EqualValues(t, 25_000_001, words(raised[0].Data).uint(1))
	require.Equal(t, q.device.id, raised[0].Topics[1])

	for _, p := range []*place{q.meters, q.billing} {
		n := at(t, root, rootrelay.RootAddress(), heights["root"], pack("subchain(uint64)", p.id)).uint(4)
		require.Equal(t, n, s.Checkpoints[p.name])
		require.GreaterOrEqual(t, n, uint64(2))
	}
	require.EqualValues(t, 3, s.MessagesDelivered)
	delivered := at(t, meters, rootrelay.GatewayAddress(), heights["meters"], pack("status()")).uint(5) +
		at(t, billing, rootrelay.GatewayAddress(), heights["billing"], pack("status()")).uint(5)
	require.Equal(t, delivered-2, s.MessagesDelivered, "the answers to both registrations are not counted")

	dev := q.devKey.Address()
	for c, want := range map[*client]uint64{meters: 9, billing: 1} {
		have, err := c.balance(t.Context(), dev)
		require.NoError(t, err)
		if c == billing {
			paid, err := c.balance(t.Context(), q.billing.modules["billing"])
			require.NoError(t, err)
			require.Equal(t, uint64(12*2*1_000*gwei), paid.Uint64(), "24 values are paid for")
			have.Add(&have, &paid)
		}
		require.Equal(t, coins(want).Dec(), have.Dec())
	}
	require.Equal(t, coins(11).Dec(), s.ValueMoved)
	require.True(t, s.SupplyOK)
	sheet := at(t, root, rootrelay.RootAddress(), heights["root"], pack("supply()"))
	require.Equal(t, ledger.WordHash(coins(10)), sheet.hash(0), "locked")
	require.Equal(t, ledger.WordHash(coins(10)), sheet.hash(1), "escrow")
	require.True(t, sheet.hash(2).IsZero(), "claimable")
	for p, want := range map[*place]uint64{q.meters: 9, q.billing: 1} {
		escrow := at(t, root, rootrelay.RootAddress(), heights["root"], pack("escrow(uint64)", p.id))
		require.Equal(t, ledger.WordHash(coins(want)), escrow.hash(0))
	}
	booked := at(t, billing, q.billing.modules["billing"], heights["billing"], pack("used(bytes32)", q.device.id))
	require.EqualValues(t, 12, booked.uint(0))
	require.EqualValues(t, 24, booked.uint(1))

	e, err := meters.evidence(t.Context(), q.device.module, q.device.slot(q.newest.Seq))
	require.NoError(t, err)
	header, err := q.device.verify(q.newest, e)
	require.NoError(t, err)
	var b block
	require.NoError(t, meters.call(t.Context(), &b, "eth_getBlockByNumber", quantity(header.Height), false))
	require.Equal(t, b.Hash, header.Hash())
	require.InDelta(t, e.size(), s.ProofBytes, 200, "from another validator, with another quorum")
}

func checkReady(t *testing.T, q *quickstart) {
	line, err := json.Marshal(q.ready())
	require.NoError(t, err)
	var r struct {
		Event  string
		DevKey string `json:"dev_key"`
		Chains []struct {
			Name    string
			ChainID uint64 `json:"chain_id"`
			RPC     string
			Modules map[string]ledger.Address
		}
	}
	require.NoError(t, json.Unmarshal(line, &r))
	require.Equal(t, "ready", r.Event)
	require.Len(t, r.DevKey, 66)
	require.Len(t, r.Chains, 3)
	for _, c := range r.Chains {
		id, err := (&client{c.RPC}).number(t.Context(), "eth_chainId")
		require.NoError(t, err)
		require.Equal(t, id, c.ChainID)
		for name, address := range c.Modules {
			var found []json.RawMessage
			require.NoError(t, (&client{c.RPC}).call(t.Context(), &found, "rootstem_getABI", address))
			require.NotEmpty(t, found, name)
		}
	}
}

func resume(t *testing.T, data, file string, first *summary) {
	code, s := serveAndInterrupt(t, "-data", data, "-readings", file)
	require.Zero(t, code, s.Error)
	require.True(t, s.OK)
	require.True(t, s.Resumed)
	require.Equal(t, first.Readings, s.Readings)
	require.Equal(t, first.Alarms, s.Alarms)
	require.Equal(t, first.MessagesDelivered, s.MessagesDelivered)
	require.Equal(t, first.ValueMoved, s.ValueMoved)
	for i := range s.Chains {
		require.GreaterOrEqual(t, s.Chains[i].Height, first.Chains[i].Height)
		require.GreaterOrEqual(t, s.Checkpoints["meters"], first.Checkpoints["meters"])
	}
}

func malformed(t *testing.T, data, file string, first *summary) {
	writeFile(t, file, twelveRows+"2026-01-01T12:00:00Z,26,a,1\n2026-01-01T13:00:00Z,20,a,1\n2026-01-01T14:00:00Z,20,a,many\n2026-01-01T15:00:00Z,20,a,1\n")
	code, s := rerun(t, "-data", data, "-readings", file)
	require.Equal(t, 1, code)
	require.False(t, s.OK)
	require.Contains(t, s.Error, fmt.Sprintf(`%s: line 16, column 4 (humidity): "many" is not a number`, file))
	require.Equal(t, first.Readings+2, s.Readings)
	require.Equal(t, first.Alarms+1, s.Alarms)
	require.True(t, s.SupplyOK)
}

// TestDeviceLinksNeitherNetworkNorDatabase builds device.go alone.
func TestDeviceLinksNeitherNetworkNorDatabase(t *testing.T) {
	code, err := os.ReadFile("device.go")
	require.NoError(t, err)
	alone := filepath.Join(t.TempDir(), "main.go")
	writeFile(t, alone, string(code)+"\nfunc main() {}\n")
	out, err := exec.Command("go", "vet", alone).CombinedOutput()
	require.NoError(t, err, string(out))
	deps, err := exec.Command("go", "list", "-deps", alone).Output()
	require.NoError(t, err)
	require.Contains(t, string(deps), "rolldpos/light")
	for _, heavy := range []string{"libp2p", "cometbft", "goleveldb", "net/http", "rootstem/vm", "rootstem/store"} {
		require.NotContains(t, string(deps), heavy)
	}
}

func TestBadArgumentsAreNamed(t *testing.T) {
	wide := filepath.Join(t.TempDir(), "wide.csv")
	writeFile(t, wide, "t"+strings.Repeat(",v", 33)+"\n2026-01-01"+strings.Repeat(",1", 33)+"\n")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"33 value columns", []string{"-readings", wide}},
		{`no value column "rain"; it has temperature, humidity`, []string{"-alarm", "rain:1"}},
		{"not COLUMN:VALUE", []string{"-alarm", "humidity"}},
		{`"wet" is not a number`, []string{"-alarm", "humidity:wet"}},
		{"no-such-file", []string{"-readings", "no-such-file"}},
	} {
		code, s := rerun(t, c.args...)
		require.Equal(t, 1, code)
		require.False(t, s.OK)
		require.Contains(t, s.Error, c.want)
	}
}
