package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/results"
)

// A stored history of a million operations is read, judged by every checker, and told of; that of a run is drawn,
// too.
func BenchmarkCheckMillion(b *testing.B) {
	for name, m := range map[string]million{"history": {}, "history-of-own-keys": {ownKeys: true}, "history-of-own-leases": {ownLeases: true}} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "history.jsonl.zst")
			m.write(b, path)
			measured(b, "check", path)
		})
	}
	b.Run("run", func(b *testing.B) {
		measured(b, "check", storeMillion(b))
	})
}

// A stored run of a million operations is written in every format.
func BenchmarkReportMillion(b *testing.B) {
	dir := storeMillion(b)
	command(b, io.Discard, "check", dir)
	for _, format := range formatNames() {
		b.Run(format, func(b *testing.B) { measured(b, "report", dir, "-o", format) })
	}
}

const operations = 1_000_000

// measured tells what a command takes.
func measured(b *testing.B, args ...string) {
	b.Helper()
	b.ResetTimer()
	cpu := cpuSeconds()
	for b.Loop() {
		stop := samplePeak()
		var said written
		command(b, &said, args...)
		used, live := stop()
		b.ReportMetric(float64(used)/operations, "peak-B/operation")
		b.ReportMetric(float64(live)/operations, "live-B/operation")
		b.ReportMetric(float64(said), "B-written")
	}
	b.ReportMetric((cpuSeconds()-cpu)/float64(b.N), "cpu-s/op")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
}

// written counts what is written.
type written int

func (w *written) Write(p []byte) (int, error) {
	*w += written(len(p))
	return len(p), nil
}

// command carries out what must go well.
func command(b *testing.B, out io.Writer, args ...string) {
	b.Helper()
	var log bytes.Buffer
	if code := run(b.Context(), Builtin(), args, out, &log); code != exitHeld {
		b.Fatalf("%q: exit %d\n%s", args, code, log.String())
	}
}

// storeMillion makes a run of one cell with that history, and gives its folder.
func storeMillion(b *testing.B) string {
	b.Helper()
	name := results.CellName{Strategy: "mutex", Fault: harness.Calm, Repeat: 1}
	run, err := results.Create(filepath.Join(b.TempDir(), "run"), results.Info{Cells: []results.CellName{name}})
	if err != nil {
		b.Fatal(err)
	}
	cell, err := run.Cell(name)
	if err != nil {
		b.Fatal(err)
	}
	million{}.write(b, cell.HistoryPath())
	return run.Dir()
}

// million is a history of clients that take turns in calm: acquire, read, write, release.
type million struct {
	ownKeys, ownLeases bool // of each acquire; else of each client
}

func (m million) write(b *testing.B, path string) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	r, err := history.NewRecorder(f, history.Header{
		Strategy: "mutex", Fault: harness.Calm, Clients: 32, Keys: []string{"k0"}, TTL: time.Second, Settle: time.Minute,
	})
	if err != nil {
		b.Fatal(err)
	}
	const perTurn = 4
	for c := range int64(33) {
		grant(r, int32(c), 100+c)
	}
	for turn := range int64(operations / perTurn) {
		client := turn % 32
		if turn == int64(operations/perTurn)-1 {
			r.Info(history.Event{Op: history.Stop, Process: history.Nemesis, Client: history.Nemesis})
			client = 32
		}
		m.takeTurn(r, int32(client), turn)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

func grant(r *history.Recorder, client int32, lease int64) {
	r.Info(history.Event{Op: history.Granted, Process: history.Nemesis, Client: client, Lease: lease, Value: int64(time.Hour)})
}

// takeTurn records one turn; the last client only reads.
func (m million) takeTurn(r *history.Recorder, client int32, turn int64) {
	e := history.Event{Process: client, Client: client, Key: "k0"}
	lease, key, token := 100+int64(client), int64(client), 2*turn+2
	if m.ownLeases {
		lease = 1000 + turn
		grant(r, client, lease)
	}
	if m.ownKeys {
		key = turn
	}
	truth := history.Event{Process: history.Nemesis, Client: history.Nemesis, Key: "k0", Note: fmt.Sprintf("lockquake/locks/k0/%016x", key),
		Token: token, Lease: lease, Pos: token}
	e.Op = history.Acquire
	acquire := r.Invoke(e)
	truth.Op = history.Created
	r.Info(truth)
	acquire.Return(history.OK, history.Event{Token: token, Lease: lease, Note: truth.Note})
	e.Hold, e.Token = acquire.ID(), token
	e.Op = history.Read
	r.Invoke(e).Return(history.OK, history.Event{Value: turn, Pos: 2*turn + 1})
	if client < 32 {
		e.Op, e.Value, e.Prev = history.Write, turn+1, turn
		r.Invoke(e).Return(history.OK, history.Event{Pos: 2*turn + 2})
	}
	e.Op, e.Value, e.Prev = history.Release, 0, 0
	release := r.Invoke(e)
	truth.Op, truth.Outcome, truth.Pos = history.Deleted, history.OK, token+1
	r.Info(truth)
	release.Return(history.OK, history.Event{})
}

// samplePeak watches the heap until the func is called, which gives the most that was in use, in bytes,
// beyond what was there at the beginning: with what waits to be collected, and what was found alive by
// the collector.
func samplePeak() func() (used, live uint64) {
	runtime.GC()
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	var before, most [2]uint64
	read := func() {
		metrics.Read(samples)
		for i := range samples {
			most[i] = max(most[i], samples[i].Value.Uint64())
		}
	}
	read()
	before = most
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				read()
			case <-done:
				return
			}
		}
	}()
	return func() (used, live uint64) {
		close(done)
		<-stopped
		return most[0] - before[0], most[1] - before[1]
	}
}

// cpuSeconds is what this process has used of all cores: on a machine that others use too it says more than the
// time that went by.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
