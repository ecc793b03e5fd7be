// Package history records what clients and the nemesis did, in the order in which they did it, and
// reads it back. It is the only thing that flows from a run to its judgement.
//
// A Recorder stamps events and streams them to a file; Decode turns such a file, whole or cut short
// by a crash, into a History of operations. The package judges nothing: read checker next.
package history

import (
	"fmt"
	"time"
)

// Kind tells the beginning of an operation from its end, and both from a single observation.
type Kind uint8

// Kinds of events. The zero Kind is invalid, so that a forgotten one is noticed.
const (
	Invoke Kind = iota + 1
	Return
	Info
)

// Outcome is what the caller learned. The zero Outcome is Unknown: only an answer makes it better.
type Outcome uint8

// Outcomes of operations.
const (
	Unknown Outcome = iota // it may or may not have taken effect, or may yet
	OK                     // it took effect between its invoke and its return
	Fail                   // it surely had no effect
)

// Mode is how an acquire asked for the lock. The zero Mode is for itself alone, and waiting.
type Mode uint8

// Modes of acquires.
const (
	Alone  Mode = iota
	Shared      // beside others that share it
	Nested      // by a client that holds it already: its hold lies within the one that was Alone
	Tried       // without waiting
	Queued      // in the place in line that the release before it took: its key is older than its invoke
)

// Op is what was done or seen.
type Op uint8

// Operations have an invoke and a return; observations are single Info events.
const (
	// Operations of clients.

	Acquire Op = iota + 1
	Release    // ends the belief of Hold when invoked; Fail: etcd said that it was not held
	Read       // of the resource: Value was read
	Write      // of the resource: Value written over Prev
	Close      // of the client's session

	// Operations of the nemesis.

	Inject // Lease: the one that it struck, or of the holder that it was aimed at
	Heal   // OK if the injection's evidence was seen; Note says which

	// Observations of clients.

	Lost  // the process saw Hold.Lost and stopped believing in Hold
	Crash // the process ended in the midst of Hold
	Stop  // the workload begins to wind down: no new acquires but the last ones; Note: why before its time

	// Observations of the lease interceptor: a Lease's TTL was Granted or Renewed by an answer that
	// came at At to a request that was sent at Sent.

	Granted
	Renewed

	// Observations of the ground truth: a watch of the lock's prefix by a client no fault touches.

	Created // key Note was created at revision Token under Lease; Pos is Token, or where it was found after a Gap
	Deleted // key Note, created at Token under Lease, was deleted at Pos; OK: its Lease was still alive after that
	Alive   // what etcd answered, when it was asked for Lease after the Deleted that ID names; OK: alive, Fail: gone
	Gap     // what happened from revision Pos up to, not with, revision Value was not seen; Value 0: nor later

	End // the recorder was closed in order; a history without it was cut short
)

// Nemesis is the process number of the nemesis, and the client number of whatever no client did.
const Nemesis = -1

// OpID identifies an operation: the sequence number of its invoke. 0: none.
type OpID int64

// Event is one line of a history. Fields that do not apply are zero.
type Event struct {
	Seq     int64         // 1, 2, 3, ... in the order of At
	At      time.Duration // since the history's start, one monotonic clock
	Kind    Kind
	Op      Op
	Outcome Outcome
	Mode    Mode  // of an acquire
	Process int32 // single-threaded actor
	Client  int32 // etcd connection behind it
	ID      OpID  // of the operation that this event begins or ends; 0 for Info but Alive
	Hold    OpID  // the acquire that a release, lost, read or write belongs to
	Key     string
	Token   int64
	Lease   int64
	Value   int64         // register: the value's own number; 0 is the initial value. Acquire: when it was due, in ns; 0: when invoked
	Prev    int64         // register: the value that a write replaces, as its writer read it
	Pos     int64         // etcd revision or resource sequence number at which it took effect
	Sent    time.Duration // when the request behind Granted or Renewed was sent
	Fault   string        // name of the fault, on Inject and Heal
	Note    string        // target, evidence or etcd key, in words
	Error   string
}

// names keeps a small enumeration and its spelling together; index 0 is spelled too.
type names []string

func (n names) name(i uint8) string {
	if int(i) < len(n) {
		return n[i]
	}
	return fmt.Sprintf("invalid(%d)", i)
}

func (n names) parse(b []byte) (uint8, error) {
	for i, s := range n {
		if s == string(b) && s != "" {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("unknown word %q", b)
}

var (
	kindNames    = names{"", "invoke", "return", "info"}
	outcomeNames = names{"unknown", "ok", "fail"}
	modeNames    = names{"alone", "shared", "nested", "tried", "queued"}
	opNames      = names{"", "acquire", "release", "read", "write", "close", "inject", "heal",
		"lost", "crash", "stop", "granted", "renewed", "created", "deleted", "alive", "gap", "end"}
)

func (k Kind) String() string    { return kindNames.name(uint8(k)) }
func (o Outcome) String() string { return outcomeNames.name(uint8(o)) }
func (m Mode) String() string    { return modeNames.name(uint8(m)) }
func (o Op) String() string      { return opNames.name(uint8(o)) }

// UnmarshalText reads the spelling that String gives.
func (k *Kind) UnmarshalText(b []byte) error { return unmarshal(k, kindNames, b) }

// UnmarshalText reads the spelling that String gives.
func (o *Outcome) UnmarshalText(b []byte) error { return unmarshal(o, outcomeNames, b) }

// UnmarshalText reads the spelling that String gives.
func (o *Op) UnmarshalText(b []byte) error { return unmarshal(o, opNames, b) }

// MarshalText writes the spelling that String gives.
func (o Op) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText writes the spelling that String gives.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

func unmarshal[T ~uint8](dst *T, n names, b []byte) error {
	i, err := n.parse(b)
	if err != nil {
		return err
	}
	*dst = T(i)
	return nil
}
