// Package edn reads the histories of Jepsen's lock tests, and writes ours so that Jepsen's tools can
// read them. EDN is the notation of Clojure's data (https://github.com/edn-format/edn).
//
// A history is a vector, a list, or just a sequence of maps:
//
//	{:type :invoke, :f :acquire, :process 0, :time 1200300, :index 0, :value nil}
//
// :type is :invoke, :ok, :fail or :info (nobody knows), :f is :acquire or :release, :process a number
// or :nemesis, :time nanoseconds. Only :type, :f and :process must be there; :mode :shared or :nested is of locks
// that are no mutex, as Write writes them. Other keys, tags, comments and discarded elements are passed over. The
// order of the file is the order of events.
//
// The package judges nothing: checker.Exclusion and checker.Ownership judge what it reads with the
// process as the owner, checker.Knossos as Jepsen's own checker does.
//
// The reader is our own because olympos.io/encoding/edn, which the tests hold it against, cannot do
// this: it names no lines, reads a vector only as a whole, dies of a stack overflow at "[[[[...",
// and refuses what Clojure itself prints (0x1f, 1/2, ##NaN, #:ns{}).
package edn

import (
	"io"

	"lockquake/checker/history"
)

// Key is the name of the one lock that a Jepsen history is about.
const Key = "lock"

// Strategy is the strategy that the header of a history from outside names.
const Strategy = "jepsen"

// Read reads a history. Of each release, Hold names the acquire of its process that it gives back; 0:
// its process had nothing to give back. Client is Jepsen's process, which is also the owner; Process
// is a number of ours, a new one after each :info. An operation of the nemesis is an observation
// (Op Inject, its :f in Fault, its :value in Note). Times never fall: Jepsen's may, by a little.
//
// An error names the line and what was expected there. Memory is bounded by the number of
// operations, whatever else is in the file.
func Read(r io.Reader) (history.History, error) {
	s := newScanner(r)
	p := newPairing()
	if err := operations(s, p.add); err != nil {
		return history.History{}, err
	}
	return p.history(), nil
}

// operations gives each operation of the file to add.
func operations(s *scanner, add func(operation) error) error {
	t, err := s.form()
	if err != nil {
		return err
	}
	switch t.kind {
	case end:
		return t.wrong("a history: a vector, a list or a sequence of maps")
	case '[', '(':
		err = elements(s, t, add)
	default:
		return maps(s, t, token{}, add)
	}
	if err != nil {
		return err
	}
	if t, err = s.form(); err == nil && t.kind != end {
		err = t.wrong("nothing more after the history")
	}
	return err
}

func elements(s *scanner, open token, add func(operation) error) error {
	t, err := s.form()
	if err != nil {
		return err
	}
	return maps(s, t, open, add)
}

// maps reads operations to the end of what open began, or of the file. The first begins with t.
func maps(s *scanner, t, open token, add func(operation) error) error {
	for last := closer[open.kind]; t.kind != last; {
		switch t.kind {
		case '{':
		case end:
			return t.unclosed(open)
		default:
			return t.wrong("an operation {:type ..., :f ..., :process ...}")
		}
		o, err := readOperation(s, t)
		if err != nil {
			return err
		}
		if err := add(o); err != nil {
			return err
		}
		if t, err = s.form(); err != nil {
			return err
		}
	}
	return nil
}
