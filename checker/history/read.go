package history

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

const maxLine = 1 << 20 // bytes; a longer line is not one of ours

// Decode reads a history file. What was cut short (by a kill, a full disk) or garbled is no error: the
// sound part is returned, and History.Cut says why there is no more. An error means that not even
// the header could be read.
func Decode(r io.Reader) (History, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return History{}, err
	}
	defer z.Close()
	lines := &lineReader{src: bufio.NewReaderSize(z, maxLine)}
	header, err := readHeader(lines)
	if err != nil {
		return History{}, err
	}
	b := NewBuilder(header)
	b.h.Cut, b.h.Garbled = readEvents(lines, b)
	return b.History(), nil
}

func readHeader(lines *lineReader) (Header, error) {
	var h Header
	line, err := lines.next()
	if err != nil {
		return h, fmt.Errorf("not a lockquake history: %w", err)
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Format != Format {
		return h, fmt.Errorf("not a lockquake history: line 1 is %.40q, expected its header", line)
	}
	if h.Version > Version {
		return h, fmt.Errorf("history has version %d, this lockquake reads up to %d: use a newer one", h.Version, Version)
	}
	return h, nil
}

// readEvents adds events until the end, and says why there was no orderly one.
func readEvents(lines *lineReader, b *Builder) (cut string, garbled bool) {
	kept := interned{}
	var e Event
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF) && b.ended:
			return "", false
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Sprintf("it ends after event %d without an end mark: the recording was cut short", b.h.Events), false
		case err != nil:
			return fmt.Sprintf("line %d cannot be read (%v): judged are the %d events before it", lines.n, err, b.h.Events), true
		}
		e = Event{}
		if err := parseEvent(line, &e, kept); err != nil {
			return fmt.Sprintf("line %d: %v: judged are the %d events before it", lines.n, err, b.h.Events), true
		}
		b.Add(e)
	}
}

// lineReader gives whole lines only: what follows the last line end is a line cut short.
type lineReader struct {
	src *bufio.Reader
	n   int // number of the line read last, from 1
}

func (l *lineReader) next() ([]byte, error) {
	l.n++
	line, err := l.src.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return line[:len(line)-1], nil
}

// Builder pairs events into operations.
type Builder struct {
	h     History
	open  map[OpID]int // index into h.Ops
	last  Event
	ended bool
}

// NewBuilder begins a history without events.
func NewBuilder(h Header) *Builder {
	return &Builder{h: History{Header: h}, open: map[OpID]int{}}
}

// Add takes the next event.
func (b *Builder) Add(e Event) {
	b.h.Events++
	b.checkOrder(e)
	switch e.Kind {
	case Invoke:
		b.open[e.ID] = len(b.h.Ops)
		b.h.Ops = append(b.h.Ops, invoked(e))
	case Return:
		b.finish(e)
	case Info:
		b.ended = e.Op == End
		if e.Op == Alive {
			b.settle(e)
		}
		b.h.Infos = append(b.h.Infos, e)
	}
}

// settle completes a deletion with what was learnt later of its lease.
func (b *Builder) settle(e Event) {
	i, ok := slices.BinarySearchFunc(b.h.Infos, int64(e.ID), func(seen Event, seq int64) int { return cmp.Compare(seen.Seq, seq) })
	if !ok || b.h.Infos[i].Op != Deleted {
		b.defect("event %d tells of the lease behind event %d, which is no deletion", e.Seq, e.ID)
		return
	}
	b.h.Infos[i].Outcome = e.Outcome
}

// History gives what was added. An operation that did not return is open.
func (b *Builder) History() History { return b.h }

func (b *Builder) checkOrder(e Event) {
	if e.Seq != b.last.Seq+1 || e.At < b.last.At {
		b.defect("event %d at %v follows event %d at %v", e.Seq, e.At, b.last.Seq, b.last.At)
	}
	if b.ended {
		b.defect("event %d follows the end mark", e.Seq)
	}
	if e.Kind == Invoke && e.ID != OpID(e.Seq) {
		b.defect("event %d invokes operation %d: an operation is named by its invoke", e.Seq, e.ID)
	}
	b.last = e
}

const maxDefects = 20

func (b *Builder) defect(format string, args ...any) {
	if len(b.h.Defects) < maxDefects {
		b.h.Defects = append(b.h.Defects, fmt.Sprintf(format, args...))
	}
}

func invoked(e Event) Operation {
	return Operation{
		ID: e.ID, Call: e.Seq, CallAt: e.At, Return: Open, ReturnAt: time.Duration(Open),
		Op: e.Op, Process: e.Process, Client: e.Client, Key: e.Key, Hold: e.Hold,
		Token: e.Token, Lease: e.Lease, Value: e.Value, Prev: e.Prev, Fault: e.Fault, Note: e.Note,
	}
}

// finish completes an open operation with what its return adds.
func (b *Builder) finish(e Event) {
	i, ok := b.open[e.ID]
	if !ok {
		b.defect("event %d returns operation %d, which is not open", e.Seq, e.ID)
		return
	}
	delete(b.open, e.ID)
	o := &b.h.Ops[i]
	if o.Op != e.Op || o.Process != e.Process {
		b.defect("event %d returns %s of process %d, but operation %d is %s of process %d", e.Seq, e.Op, e.Process, e.ID, o.Op, o.Process)
	}
	o.Return, o.ReturnAt, o.Outcome, o.Error = e.Seq, e.At, e.Outcome, e.Error
	o.Token, o.Lease, o.Value = cmp.Or(e.Token, o.Token), cmp.Or(e.Lease, o.Lease), cmp.Or(e.Value, o.Value)
	o.Pos = e.Pos
	if e.Note != "" {
		o.Note = e.Note
	}
}
