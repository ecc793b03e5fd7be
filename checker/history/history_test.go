package history

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func record(t testing.TB, w io.Writer, do func(*Recorder)) {
	t.Helper()
	r, err := NewRecorder(w, Header{Strategy: "mutex", Fault: "none", TTL: time.Second, Keys: []string{"k0"}})
	if err != nil {
		t.Fatal(err)
	}
	do(r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func oneHold(r *Recorder) {
	acquire := r.Invoke(Event{Op: Acquire, Process: 3, Client: 1, Key: "k0"})
	acquire.Return(OK, Event{Token: 17, Lease: 99})
	write := r.Invoke(Event{Op: Write, Process: 3, Client: 1, Key: "k0", Hold: acquire.ID(), Token: 17, Value: 2, Prev: 1})
	write.Return(Fail, Event{Error: `refused: "old" token`})
	r.Invoke(Event{Op: Release, Process: 3, Client: 1, Key: "k0", Hold: acquire.ID()})
	r.Info(Event{Op: Lost, Process: 3, Client: 1, Hold: acquire.ID()})
}

func TestWhatIsRecordedIsRead(t *testing.T) {
	var file bytes.Buffer
	record(t, &file, oneHold)
	h, err := Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if h.Cut != "" || len(h.Defects) > 0 || h.Events != 7 {
		t.Fatalf("cut %q, defects %q, %d events", h.Cut, h.Defects, h.Events)
	}
	if len(h.Ops) != 3 || len(h.Infos) != 2 {
		t.Fatalf("%d operations and %d observations, want 3 and 2", len(h.Ops), len(h.Infos))
	}
	acquire, write, release := h.Ops[0], h.Ops[1], h.Ops[2]
	if acquire.Outcome != OK || acquire.Token != 17 || acquire.Lease != 99 || acquire.Hold != acquire.ID() {
		t.Errorf("acquire is %+v", acquire)
	}
	if write.Outcome != Fail || write.Value != 2 || write.Prev != 1 || write.Error != `refused: "old" token` {
		t.Errorf("write is %+v", write)
	}
	if release.Outcome != Unknown || release.Return != Open {
		t.Errorf("a release that never returned is %+v", release)
	}
}

// Whoever observes a recorder sees what is written, in its order, by the time it is told.
func TestObserverSeesWhatIsWritten(t *testing.T) {
	var file bytes.Buffer
	var seen []int64
	r, err := NewRecorder(&file, Header{}, func(events []Event, now time.Duration) {
		for _, e := range events {
			seen = append(seen, e.Seq)
			if e.At > now {
				t.Errorf("event %d of %v is shown by %v", e.Seq, e.At, now)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for range bufferSize {
		oneHold(r)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := Decode(&file)
	if err != nil || int64(len(seen)) != h.Events {
		t.Fatalf("%d events were seen of %d: %v", len(seen), h.Events, err)
	}
	for i, seq := range seen {
		if seq != int64(i+1) {
			t.Fatalf("event %d was seen as number %d", seq, i+1)
		}
	}
}

// A kill leaves a file that ends anywhere.
func TestCutFileGivesItsSoundPrefix(t *testing.T) {
	var file bytes.Buffer
	record(t, &file, func(r *Recorder) {
		for range 2000 {
			oneHold(r)
		}
	})
	whole := file.Bytes()
	for _, n := range []int{len(whole) / 2, len(whole) - 1, len(whole) - 9} {
		h, err := Decode(bytes.NewReader(whole[:n]))
		if err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
		if h.Cut == "" || h.Garbled || len(h.Defects) > 0 {
			t.Errorf("%d of %d bytes: cut %q, garbled %v, defects %q", n, len(whole), h.Cut, h.Garbled, h.Defects)
		}
	}
	if _, err := Decode(bytes.NewReader(whole[:3])); err == nil {
		t.Error("3 bytes are no history")
	}
}

// A file that can be read twice fills its slices to the last place; a stream comes out the same.
func TestCountedBeforeItIsRead(t *testing.T) {
	var file bytes.Buffer
	file.WriteString("before")
	record(t, &file, func(r *Recorder) {
		for i := range 100 {
			oneHold(r)
			someEvents(r, i)
		}
	})
	seeker := bytes.NewReader(file.Bytes())
	file.Next(len("before"))
	streamed, err := Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seeker.Seek(int64(len("before")), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	counted, err := Decode(seeker)
	if err != nil || len(counted.Ops) != cap(counted.Ops) || len(counted.Infos) != cap(counted.Infos) {
		t.Errorf("%d operations in %d places, %d observations in %d (%v)", len(counted.Ops), cap(counted.Ops), len(counted.Infos), cap(counted.Infos), err)
	}
	if !reflect.DeepEqual(counted, streamed) {
		t.Error("counted first, it reads otherwise")
	}
}

func TestBatchesAreReadAfterAKill(t *testing.T) {
	pr, pw := io.Pipe()
	var file bytes.Buffer
	copied := make(chan struct{})
	go func() { defer close(copied); _, _ = io.Copy(&file, pr) }()
	r, err := NewRecorder(pw, Header{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 * bufferSize {
		r.Info(Event{Op: Stop})
	}
	pw.CloseWithError(io.ErrClosedPipe) // from here on nothing reaches the file
	<-copied
	if r.Close() == nil {
		t.Error("a writer that failed was not reported")
	}
	h, err := Decode(&file)
	if err != nil || h.Events < 10*bufferSize || h.Cut == "" {
		t.Errorf("%d events (%v), cut %q: want half of %d", h.Events, err, h.Cut, 20*bufferSize)
	}
}

func compress(text string) io.Reader {
	var file bytes.Buffer
	z, err := zstd.NewWriter(&file)
	if err == nil {
		_, err = io.WriteString(z, text)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		panic(err) // it writes to memory
	}
	return &file
}

const head = `{"format":"lockquake-history","version":1}` + "\n"

func TestGarbledLineIsNamed(t *testing.T) {
	good := `{"seq":1,"at_ns":5,"kind":"invoke","op":"acquire","id":1}` + "\n"
	for text, want := range map[string]string{
		`{"seq":2,"at_ns":6,"kind":"invoke","op":"grab"}`: `line 3: field "op": unknown word "grab"`,
		`{"seq":2,"at_ns":6,"colour":1}`:                  `unknown field "colour"`,
		`{"seq":"2"}`:                                     `field "seq"`,
		`{"seq":2}`:                                       `expected seq, at_ns, kind and op`,
		`nonsense`:                                        `expected an event in {}, got "nonsense"`,
		`{"note":"no end}`:                                `expected a string with its end`,
		``:                                                `expected an event in {}`,
	} {
		h, err := Decode(compress(head + good + text + "\n"))
		if err != nil || !h.Garbled || !strings.Contains(h.Cut, want) || h.Events != 1 {
			t.Errorf("%s\n  %d events (%v), cut %q, want %q after 1 event", text, h.Events, err, h.Cut, want)
		}
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":          "not a lockquake history",
		"{}\n":      "expected its header",
		"[1,2,3]\n": "expected its header",
		`{"format":"lockquake-history","version":99}` + "\n": "use a newer one",
	} {
		if _, err := Decode(compress(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Decode(strings.NewReader("plain text")); err == nil {
		t.Error("a file that is not compressed was accepted")
	}
}

func TestPairingDefects(t *testing.T) {
	for name, tc := range map[string]struct {
		events []Event
		want   string
	}{
		"return without invoke": {[]Event{{Seq: 1, Kind: Return, Op: Acquire, ID: 9}}, "returns operation 9, which is not open"},
		"gap in the sequence":   {[]Event{{Seq: 2, Kind: Info, Op: Stop}}, "event 2 at 0s follows event 0"},
		"clock runs backwards":  {[]Event{{Seq: 1, At: 5, Kind: Info, Op: Stop}, {Seq: 2, At: 4, Kind: Info, Op: Stop}}, "follows event 1 at 5ns"},
		"return of another kind": {[]Event{{Seq: 1, Kind: Invoke, Op: Acquire, ID: 1}, {Seq: 2, Kind: Return, Op: Release, ID: 1}},
			"but operation 1 is acquire"},
		"answer about no deletion": {[]Event{{Seq: 1, Kind: Info, Op: Created}, {Seq: 2, Kind: Info, Op: Alive, ID: 1}},
			"event 2 tells of the lease behind event 1, which is no deletion"},
		"event after the end": {[]Event{{Seq: 1, Kind: Info, Op: End}, {Seq: 2, Kind: Info, Op: Stop}}, "follows the end mark"},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder(Header{})
			for _, e := range tc.events {
				b.Add(e)
			}
			if got := strings.Join(b.History().Defects, "\n"); !strings.Contains(got, tc.want) {
				t.Errorf("defects %q, want %q", got, tc.want)
			}
		})
	}
}

// Whether the lease of a deleted key lived on is asked later; the answer belongs to its deletion only.
func TestAnswerAboutALeaseCompletesItsDeletion(t *testing.T) {
	var file bytes.Buffer
	record(t, &file, func(r *Recorder) {
		var deleted []int64
		for token := range int64(4) {
			deleted = append(deleted, r.Info(Event{Op: Deleted, Token: token, Lease: 9}))
		}
		for i, answer := range []Outcome{OK, Fail, Unknown} {
			r.Info(Event{Op: Alive, ID: OpID(deleted[i]), Lease: 9, Outcome: answer})
		}
	})
	h, err := Decode(&file)
	if err != nil || len(h.Defects) > 0 {
		t.Fatal(err, h.Defects)
	}
	for i, want := range []Outcome{OK, Fail, Unknown, Unknown} {
		if got := h.Infos[i].Outcome; got != want {
			t.Errorf("deletion %d came out %v, want %v", i, got, want)
		}
	}
}

func TestHoldEndsAtTheFirstOfReleaseLostAndCrash(t *testing.T) {
	base := Operation{Call: 1, Return: 2, Op: Acquire, Outcome: OK, Hold: 1}
	release := Operation{Call: 5, Return: 6, Op: Release, Hold: 1}
	lost := Observation{Seq: 4, Op: Lost, Hold: 1}
	for name, tc := range map[string]struct {
		h    History
		end  int64
		what Op
	}{
		"released":    {History{Ops: []Operation{base, release}}, 5, Release},
		"lost before": {History{Ops: []Operation{base, release}, Infos: []Observation{lost}}, 4, Lost},
		"never ended": {History{Ops: []Operation{base}}, Open, 0},
		"crashed":     {History{Ops: []Operation{base}, Infos: []Observation{{Seq: 3, Op: Crash, Hold: 1}, lost}}, 3, Crash},
	} {
		holds := tc.h.Holds()
		if len(holds) != 1 || holds[0].Start != 2 || holds[0].End != tc.end || holds[0].EndedBy != tc.what {
			t.Errorf("%s: %+v, want an end at %d by %v", name, holds, tc.end, tc.what)
		}
	}
	refused := base
	refused.Outcome = Fail
	if holds := (&History{Ops: []Operation{refused}}).Holds(); len(holds) != 0 {
		t.Errorf("an acquire that failed holds: %+v", holds)
	}
}

func TestConcurrentRecordingKeepsOneOrder(t *testing.T) {
	var file bytes.Buffer
	record(t, &file, func(r *Recorder) {
		var all sync.WaitGroup
		for p := range int32(8) {
			all.Go(func() {
				for range 2000 {
					r.Invoke(Event{Op: Read, Process: p}).Return(OK, Event{})
				}
			})
		}
		all.Wait()
	})
	h, err := Decode(&file)
	if err != nil || len(h.Ops) != 16000 || len(h.Defects) > 0 {
		t.Errorf("%d operations, defects %q, %v", len(h.Ops), h.Defects, err)
	}
}

func TestEveryFieldSurvivesTheCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Event{
			Seq: rapid.Int64Min(1).Draw(t, "seq"), At: time.Duration(rapid.Int64Min(0).Draw(t, "at")),
			Kind: Kind(rapid.IntRange(1, 3).Draw(t, "kind")), Op: Op(rapid.IntRange(1, int(End)).Draw(t, "op")),
			Outcome: Outcome(rapid.IntRange(0, 2).Draw(t, "outcome")),
			Process: rapid.Int32().Draw(t, "process"), Client: rapid.Int32().Draw(t, "client"),
			ID: OpID(rapid.Int64().Draw(t, "id")), Hold: OpID(rapid.Int64().Draw(t, "hold")),
			Key: rapid.String().Draw(t, "key"), Token: rapid.Int64().Draw(t, "token"), Lease: rapid.Int64().Draw(t, "lease"),
			Value: rapid.Int64().Draw(t, "value"), Prev: rapid.Int64().Draw(t, "prev"), Pos: rapid.Int64().Draw(t, "pos"),
			Sent:  time.Duration(rapid.Int64().Draw(t, "sent")),
			Fault: rapid.String().Draw(t, "fault"), Note: rapid.String().Draw(t, "note"), Error: rapid.String().Draw(t, "error"),
		}
		line := appendEvent(nil, &want)
		var got Event
		if err := parseEvent(line[:len(line)-1], &got, newInterned()); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n got %+v\nwant %+v", line, got, want)
		}
	})
	if n := reflect.TypeFor[Event]().NumField(); n != len(fields) {
		t.Errorf("Event has %d fields, the codec knows %d", n, len(fields))
	}
}

func FuzzDecode(f *testing.F) {
	var file bytes.Buffer
	record(f, &file, oneHold)
	f.Add(file.Bytes())
	f.Add([]byte("plain text"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		h.Holds()
		h.Injections()
		if n := cap(h.Ops) + cap(h.Infos); n > 2*len(b) {
			t.Errorf("room for %d operations and observations in a file of %d bytes", n, len(b))
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at_ns":5,"kind":"invoke","op":"acquire","id":1,"note":"a\"b"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var e Event
		if parseEvent(line, &e, newInterned()) != nil {
			return
		}
		again := appendEvent(nil, &e)
		var got Event
		if err := parseEvent(again[:len(again)-1], &got, newInterned()); err != nil || got != e {
			t.Errorf("%q was read, written as %q and read as %+v (%v)", line, again, got, err)
		}
	})
}

func someEvents(r *Recorder, i int) {
	if i%2 == 0 {
		r.Invoke(Event{Op: Acquire, Process: 1, Client: 1, Key: "k0"})
	} else {
		r.Info(Event{Op: Renewed, Client: 1, Lease: 7587895, Sent: 123456789, Value: 1e9})
	}
}

// What a process pays for recording an event, as long as the writer keeps up: the clock stands while
// it drains. Event memory is the two buffers, whatever the number of events.
func BenchmarkRecord(b *testing.B) {
	r, err := NewRecorder(io.Discard, Header{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%(bufferSize/2) == 0 {
			b.StopTimer()
			r.drain()
			b.StartTimer()
		}
		someEvents(r, i)
	}
	b.StopTimer()
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

// drain waits until the writer has taken all events so far.
func (r *Recorder) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.filling) > 0 {
		r.nudge()
		r.drained.Wait()
	}
}

// The rate that can be kept up for ever: recording waits for encoding and compression.
func BenchmarkRecordSustained(b *testing.B) {
	r, err := NewRecorder(io.Discard, Header{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		someEvents(r, i)
	}
	b.StopTimer()
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	var file bytes.Buffer
	const events = 100_000
	record(b, &file, func(r *Recorder) {
		for range events / 2 {
			r.Invoke(Event{Op: Acquire, Process: 3, Client: 1, Key: "k0"}).Return(OK, Event{Token: 17, Lease: 99, Pos: 1})
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}
