package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const maxLine = 1 << 20 // bytes; a longer line is not one of ours

// Decode reads a history file. What was cut short (by a kill, a full disk) or garbled is no error: the
// sound part is returned, and History.Cut says why there is no more. An error means that not even
// the header could be read.
//
// A reader that can seek is read twice, first to count: slices that grow as they are filled would take
// twice the memory. What it takes is bounded by the file's size: a small file that says the same over and over is
// not a history.
func Decode(r io.Reader) (History, error) {
	room, err := foresee(r)
	if err != nil {
		return History{}, err
	}
	lines, err := openLines(r)
	if err != nil {
		return History{}, err
	}
	defer lines.close()
	header, err := readHeader(lines)
	if err != nil {
		return History{}, err
	}
	b := NewBuilder(header)
	b.h.Ops, b.h.Infos = make([]Operation, 0, room.ops), make([]Observation, 0, room.infos)
	b.h.Cut, b.h.Garbled = readEvents(lines, b)
	return b.History(), nil
}

// room is how many operations and observations a file has.
type room struct{ ops, infos int }

// foresee counts what is in a file, up to where it can be read, and goes back to where it was.
func foresee(r io.Reader) (room, error) {
	file, ok := r.(io.ReadSeeker)
	if !ok {
		return room{}, nil
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return room{}, nil // a pipe
	}
	lines, err := openLines(r)
	if err != nil {
		return room{}, err
	}
	found := lines.count()
	lines.close() // it reads ahead
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return room{}, err
	}
	most := int(end - at) // no event is so like another one that it takes less than a byte
	_, err = file.Seek(at, io.SeekStart)
	return room{min(found.ops, most), min(found.infos, most)}, err
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

// batchSize is how many events are parsed before they are added, while the next ones are parsed.
const batchSize = 512

// readEvents adds events until the end, and says why there was no orderly one.
func readEvents(lines *lineReader, b *Builder) (cut string, garbled bool) {
	p := parser{lines: lines, kept: newInterned()}
	batches, used := make(chan []Event), make(chan []Event, 2)
	for range cap(used) {
		used <- make([]Event, 0, batchSize)
	}
	go p.run(batches, used)
	for batch := range batches {
		for i := range batch {
			b.add(&batch[i])
		}
		used <- batch[:0]
	}
	return p.cut, p.garbled
}

// parser parses lines. Cut and garbled are known when its batches have come to their end.
type parser struct {
	lines   *lineReader
	kept    interned
	events  int64
	latest  int64 // sequence number
	astray  int   // events that did not have the next one
	ended   bool  // the latest observation was the end mark
	cut     string
	garbled bool
}

func (p *parser) run(batches chan<- []Event, used <-chan []Event) {
	defer close(batches)
	for more := true; more; {
		batch := <-used
		for more && len(batch) < batchSize {
			batch, more = p.next(batch)
		}
		batches <- batch
	}
}

// next appends the next event; false: there is none.
func (p *parser) next(batch []Event) ([]Event, bool) {
	line, err := p.lines.next()
	switch {
	case errors.Is(err, io.EOF) && p.ended:
		return batch, false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		p.cut = fmt.Sprintf("it ends after event %d without an end mark: the recording was cut short", p.events)
		return batch, false
	case err != nil:
		p.garble("line %d cannot be read (%v)", p.lines.n, err)
		return batch, false
	}
	more := append(batch, Event{})
	e := &more[len(batch)]
	if err := parseEvent(line, e, p.kept); err != nil {
		p.garble("line %d: %v", p.lines.n, err)
		return batch, false
	}
	if p.wander(e.Seq); p.astray > mostAstray {
		p.garble("line %d: %d events were out of order by then", p.lines.n, p.astray)
		return batch, false
	}
	p.events++
	if e.Kind == Info {
		p.ended = e.Op == End
	}
	return more, true
}

// mostAstray is how many events out of order are read as they are, for a checker to tell of.
const mostAstray = 2 * maxDefects

func (p *parser) wander(seq int64) {
	if seq != p.latest+1 {
		p.astray++
	}
	p.latest = seq
}

func (p *parser) garble(format string, args ...any) {
	p.cut, p.garbled = fmt.Sprintf(format, args...)+fmt.Sprintf(": judged are the %d events before it", p.events), true
}

// lineReader gives whole lines only: what follows the last line end is a line cut short.
type lineReader struct {
	z   *zstd.Decoder
	src *bufio.Reader
	n   int // number of the line read last, from 1
}

func openLines(r io.Reader) (*lineReader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, err
	}
	return &lineReader{z: z, src: bufio.NewReaderSize(z, maxLine)}, nil
}

func (l *lineReader) close() { l.z.Close() }

// count counts the rest by the kinds of events. The first k of a line is that of its kind: it is behind
// seq and at_ns only.
func (l *lineReader) count() room {
	var found room
	for line, err := l.next(); err == nil; line, err = l.next() {
		switch _, kind, _ := bytes.Cut(line, []byte("k")); {
		case bytes.HasPrefix(kind, []byte(`ind":"invoke"`)):
			found.ops++
		case bytes.HasPrefix(kind, []byte(`ind":"info"`)):
			found.infos++
		}
	}
	return found
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
