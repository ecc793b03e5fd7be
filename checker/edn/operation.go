package edn

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"lockquake/checker/history"
)

// types are the values of :type.
type types uint8

const (
	invoke types = iota + 1
	okay
	fail
	info
)

var typeNames = map[string]types{"invoke": invoke, "ok": okay, "fail": fail, "info": info}

var outcomes = map[types]history.Outcome{okay: history.OK, fail: history.Fail, info: history.Unknown}

// modes are the values of :mode that say more than nothing. Others are somebody else's.
var modes = map[string]history.Mode{
	history.Shared.String(): history.Shared,
	history.Nested.String(): history.Nested,
	history.Tried.String():  history.Tried,
	history.Queued.String(): history.Queued,
}

var opNames = map[string]history.Op{"acquire": history.Acquire, "release": history.Release}

// operation is one line of a Jepsen history, which is half of what we call an operation.
type operation struct {
	line    int
	types   types
	nemesis bool
	process int32
	op      history.Op // 0 for the nemesis
	name    string     // :f
	at      time.Duration
	indexed bool
	index   int64
	value   string
	token   int64 // value, if that is a whole number
	mode    history.Mode
	err     string
}

// field is one of the keys that matter.
type field uint8

const (
	typeField field = iota
	processField
	nameField
	timeField
	indexField
	valueField
	errorField
	modeField
	fieldCount
)

var fieldNames = [fieldCount]string{"type", "process", "f", "time", "index", "value", "error", "mode"}

// fields are the values of a map that matter: of each its first token and, of a bracket, the whole of it
// in words.
type fields [fieldCount]struct {
	token
	whole string
}

// readOperation reads the map that begins with open.
func readOperation(s *scanner, open token) (operation, error) {
	var f fields
	if err := f.readAll(s, open); err != nil {
		return operation{}, err
	}
	o := operation{line: open.line, name: f.words(nameField), value: f.words(valueField), err: f.words(errorField), mode: modes[f.words(modeField)]}
	for _, parse := range []func(*fields) error{o.parseType, o.parseProcess, o.parseName, o.parseTime, o.parseIndex} {
		if err := parse(&f); err != nil {
			return o, err
		}
	}
	if f[valueField].kind == atom {
		o.token, _ = strconv.ParseInt(o.value, 10, 64) // anything else is no token
	}
	return o, nil
}

func (f *fields) readAll(s *scanner, open token) error {
	for i := range f {
		f[i].line = open.line
	}
	for {
		key, err := s.form()
		switch {
		case err != nil:
			return err
		case key.kind == '}':
			return nil
		case !begins(key):
			return key.unclosed(open)
		}
		if err := f.read(s, key); err != nil {
			return err
		}
	}
}

// read reads the rest of a key and its value.
func (f *fields) read(s *scanner, key token) error {
	if err := s.skip(key); err != nil {
		return err
	}
	value, err := s.form()
	if err != nil {
		return err
	}
	if !begins(value) {
		return value.wrong("a value for " + key.String())
	}
	whole, err := s.render(value)
	if i := slices.Index(fieldNames[:], key.text); i >= 0 && key.kind == keyword {
		f[i].token, f[i].whole = value, whole
	}
	return err
}

// words is the value of a field in words: a string is its content, a keyword its name, nil is empty.
func (f *fields) words(i field) string {
	t := &f[i]
	if t.kind == keyword || t.kind == quoted {
		return t.text
	}
	return t.whole
}

// wrong is the error that a field should be something else.
func (f *fields) wrong(i field, expected string) error {
	expected = ":" + fieldNames[i] + " " + expected
	if f[i].kind == end {
		return fmt.Errorf("line %d: expected %s in the operation, got none", f[i].line, expected)
	}
	return f[i].token.wrong(expected)
}

func (o *operation) parseType(f *fields) error {
	t := f[typeField]
	if o.types = typeNames[t.text]; o.types == 0 || t.kind != keyword {
		return f.wrong(typeField, ":invoke, :ok, :fail or :info")
	}
	return nil
}

func (o *operation) parseProcess(f *fields) error {
	p := f[processField]
	if p.kind == keyword && p.text == "nemesis" {
		o.nemesis = true
		return nil
	}
	n, err := strconv.ParseInt(p.text, 10, 32)
	if err != nil || n < 0 || p.kind != atom {
		return f.wrong(processField, "a number from 0, or :nemesis")
	}
	o.process = int32(n)
	return nil
}

func (o *operation) parseName(f *fields) error {
	n := f[nameField]
	if o.op = opNames[n.text]; !o.nemesis && (o.op == 0 || n.kind != keyword) {
		return f.wrong(nameField, ":acquire or :release")
	}
	return nil
}

func (o *operation) parseTime(f *fields) error {
	n, err := f.number(timeField, "a whole number of nanoseconds")
	o.at = time.Duration(n)
	return err
}

func (o *operation) parseIndex(f *fields) (err error) {
	o.index, err = f.number(indexField, "a whole number")
	o.indexed = f[indexField].whole != ""
	return err
}

// number is the value of a field that may be missing or nil, which is 0.
func (f *fields) number(i field, expected string) (int64, error) {
	t := f[i]
	if t.kind == end || t.isNil() {
		return 0, nil
	}
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil || t.kind != atom {
		return 0, f.wrong(i, expected)
	}
	return n, nil
}
