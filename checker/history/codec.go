package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// The file is zstd over JSON lines: the Header, then an event a line with zero fields left out.
// Events are flat, so a table of their fields serves both directions; encoding/json takes ten times
// as long.
var fields = [...]field{
	{name: "seq", num: func(e *Event) *int64 { return &e.Seq }},
	{name: "at_ns", num: func(e *Event) *int64 { return (*int64)(&e.At) }},
	{name: "kind", words: kindNames, word: func(e *Event) *uint8 { return (*uint8)(&e.Kind) }},
	{name: "op", words: opNames, word: func(e *Event) *uint8 { return (*uint8)(&e.Op) }},
	{name: "outcome", words: outcomeNames, word: func(e *Event) *uint8 { return (*uint8)(&e.Outcome) }},
	{name: "mode", words: modeNames, word: func(e *Event) *uint8 { return (*uint8)(&e.Mode) }},
	{name: "process", short: func(e *Event) *int32 { return &e.Process }},
	{name: "client", short: func(e *Event) *int32 { return &e.Client }},
	{name: "id", num: func(e *Event) *int64 { return (*int64)(&e.ID) }},
	{name: "hold", num: func(e *Event) *int64 { return (*int64)(&e.Hold) }},
	{name: "key", text: func(e *Event) *string { return &e.Key }},
	{name: "token", num: func(e *Event) *int64 { return &e.Token }},
	{name: "lease", num: func(e *Event) *int64 { return &e.Lease }},
	{name: "value", num: func(e *Event) *int64 { return &e.Value }},
	{name: "prev", num: func(e *Event) *int64 { return &e.Prev }},
	{name: "pos", num: func(e *Event) *int64 { return &e.Pos }},
	{name: "sent_ns", num: func(e *Event) *int64 { return (*int64)(&e.Sent) }},
	{name: "fault", text: func(e *Event) *string { return &e.Fault }},
	{name: "note", text: func(e *Event) *string { return &e.Note }},
	{name: "error", text: func(e *Event) *string { return &e.Error }},
}

// field is one field of an Event by one of four accessors.
type field struct {
	name  string
	num   func(*Event) *int64
	short func(*Event) *int32
	text  func(*Event) *string
	word  func(*Event) *uint8
	words names
}

// append writes `,"name":value`, or nothing for a zero value.
func (f *field) append(b []byte, e *Event) []byte {
	var n int64
	switch {
	case f.text != nil:
		s := *f.text(e)
		if s == "" {
			return b
		}
		return appendString(f.key(b), s)
	case f.word != nil:
		w := *f.word(e)
		if w == 0 {
			return b
		}
		b = append(f.key(b), '"')
		return append(append(b, f.words.name(w)...), '"')
	case f.short != nil:
		n = int64(*f.short(e))
	default:
		n = *f.num(e)
	}
	if n == 0 {
		return b
	}
	return strconv.AppendInt(f.key(b), n, 10)
}

func (f *field) key(b []byte) []byte {
	b = append(b, ',', '"')
	return append(append(b, f.name...), '"', ':')
}

// appendString quotes plain text itself and leaves the rest to encoding/json.
func appendString(b []byte, s string) []byte {
	if !isPlain(s) {
		quoted, _ := json.Marshal(s) // a string always marshals
		return append(b, quoted...)
	}
	b = append(b, '"')
	return append(append(b, s...), '"')
}

func appendEvent(b []byte, e *Event) []byte {
	start := len(b)
	for i := range fields {
		b = fields[i].append(b, e)
	}
	b[start] = '{' // over the first comma; Seq is never zero
	return append(b, '}', '\n')
}

type encoder struct {
	z    *zstd.Encoder
	line []byte
}

func newEncoder(w io.Writer, h Header) (*encoder, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, err
	}
	h.Format, h.Version = Format, Version
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	enc := &encoder{z: z}
	if _, err := z.Write(append(head, '\n')); err != nil {
		return nil, fmt.Errorf("write history: %w", err)
	}
	return enc, enc.flush()
}

// write takes the events; they are with the underlying writer after the next flush.
func (enc *encoder) write(batch []Event) error {
	if len(batch) == 0 {
		return nil
	}
	enc.line = enc.line[:0]
	for i := range batch {
		enc.line = appendEvent(enc.line, &batch[i])
	}
	if _, err := enc.z.Write(enc.line); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

func (enc *encoder) flush() error {
	if err := enc.z.Flush(); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

func (enc *encoder) close() error { return enc.z.Close() }

// parseEvent reads one line as appendEvent writes it: a flat object of known fields in any order.
func parseEvent(line []byte, e *Event, kept interned) error {
	rest, ok := bytes.CutPrefix(line, []byte("{"))
	if !ok {
		return fmt.Errorf("expected an event in {}, got %.40q", line)
	}
	next := 0
	for {
		f, value, err := cutName(rest, &next)
		if err != nil {
			return err
		}
		n, err := f.parse(value, e, kept)
		if err != nil {
			return fmt.Errorf("field %q: %w", f.name, err)
		}
		switch after := value[n:]; {
		case len(after) == 1 && after[0] == '}':
			return validEvent(e)
		case len(after) > 0 && after[0] == ',':
			rest = after[1:]
		default:
			return fmt.Errorf("expected , or } after field %q, got %.20q", f.name, after)
		}
	}
}

func validEvent(e *Event) error {
	if e.Seq <= 0 || e.At < 0 || e.Kind == 0 || e.Op == 0 {
		return errors.New("expected seq, at_ns, kind and op in an event")
	}
	return nil
}

// cutName splits `"field":value...`. Fields mostly come in the order of the table: next is where the
// search begins.
func cutName(b []byte, next *int) (*field, []byte, error) {
	for range fields {
		f := &fields[*next]
		*next = (*next + 1) % len(fields)
		if n := len(f.name) + 1; len(b) > n+1 && b[0] == '"' && b[n] == '"' && b[n+1] == ':' && string(b[1:n]) == f.name {
			return f, b[n+2:], nil
		}
	}
	n := quotedLen(b)
	if n == 0 || n == len(b) || b[n] != ':' {
		return nil, nil, fmt.Errorf(`expected "field":value, got %.40q`, b)
	}
	return nil, nil, fmt.Errorf("unknown field %s", b[:n])
}

// quotedLen is the length of the JSON string that b begins with, quotes included; 0: it is none.
func quotedLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// parse reads the value that b begins with, and gives its length.
func (f *field) parse(b []byte, e *Event, kept interned) (n int, err error) {
	switch {
	case f.text != nil:
		if n = quotedLen(b); n == 0 {
			return 0, fmt.Errorf("expected a string with its end, got %.40q", b)
		}
		return n, kept.parse(b[:n], f.text(e))
	case f.word != nil:
		if n = quotedLen(b); n == 0 {
			return 0, fmt.Errorf("expected a word in quotes, got %.20q", b)
		}
		*f.word(e), err = f.words.parse(b[1 : n-1])
		return n, err
	}
	if f.short != nil {
		i, n, err := parseInt(b, 32)
		*f.short(e) = int32(i)
		return n, err
	}
	*f.num(e), n, err = parseInt(b, 64)
	return n, err
}

// parseInt reads the number that b begins with, and gives its length. It spares the usual number the copy
// that strconv needs.
func parseInt(b []byte, bits int) (number int64, n int, err error) {
	sure := 18 // digits that fit into 64 bits
	if bits < 64 {
		sure = 9
	}
	if len(b) > 0 && b[0] == '-' {
		n, sure = 1, sure+1
	}
	first := n
	for ; n < len(b) && n < sure && b[n] >= '0' && b[n] <= '9'; n++ {
		number = number*10 + int64(b[n]-'0')
	}
	switch {
	case n == first, n < len(b) && b[n] != ',' && b[n] != '}':
		n = valueLen(b)
		number, err = strconv.ParseInt(string(b[:n]), 10, bits)
	case first == 1:
		number = -number
	}
	return number, n, err
}

// valueLen is the length of what stands before the next field.
func valueLen(b []byte) int {
	if n := bytes.IndexAny(b, ",}"); n >= 0 {
		return n
	}
	return len(b)
}

// interned keeps one copy of each string that is met again: many events, few different strings.
type interned struct{ *recent[string, string] }

func newInterned() interned { return interned{newRecent[string, string]()} }

func (kept interned) parse(quoted []byte, dst *string) error {
	if s, ok := kept.young[string(quoted)]; ok {
		*dst = s
		return nil
	}
	s, ok := kept.old[string(quoted)]
	if !ok {
		if err := unquote(quoted, &s); err != nil {
			return err
		}
	}
	kept.keep(string(quoted), s)
	*dst = s
	return nil
}

// unquote takes plain text as it is and leaves the rest to encoding/json.
func unquote(quoted []byte, dst *string) error {
	text := quoted[1 : len(quoted)-1]
	if !isPlain(text) {
		return json.Unmarshal(quoted, dst)
	}
	*dst = string(text)
	return nil
}

// isPlain tells whether text is in JSON as it is, but for its quotes.
func isPlain[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
