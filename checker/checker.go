// Package checker judges recorded histories: history in, verdict out, no input or output and no
// clock besides.
//
// One checker answers one question and lives in one file; Judge asks a list of them, and Grade says
// what the answers mean for the lock. A checker never guesses: what it cannot settle is Unknown, and
// Unknown is never green. Read checker/history for what a history is, exclusion.go for the judgement that
// all this is about, and kinds.go for what else than a mutex a lock may be.
package checker

import (
	"fmt"

	"lockquake/checker/history"
)

// Validity is a judgement. The zero Validity is Unknown.
type Validity uint8

// Validities. Merge orders them invalid > unknown > valid.
const (
	Unknown Validity = iota
	Valid
	Invalid
)

var validityNames = [...]string{"unknown", "valid", "invalid"}

func (v Validity) String() string { return validityNames[v] }

// MarshalText writes the spelling that String gives.
func (v Validity) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the spelling that String gives.
func (v *Validity) UnmarshalText(b []byte) error {
	for i, name := range validityNames {
		if name == string(b) {
			*v = Validity(i)
			return nil
		}
	}
	return fmt.Errorf("unknown validity %q", b)
}

// Checker answers one question about a history.
type Checker interface {
	Check(history.History) Verdict
}

// Verdict is a checker's answer.
type Verdict struct {
	Checker  string         `json:"checker"`
	Validity Validity       `json:"validity"`
	Why      string         `json:"why"`                // one sentence
	Judged   int            `json:"judged"`             // operations that the answer rests on
	Evidence []history.OpID `json:"evidence,omitempty"` // operations that prove it, in time order
	Story    []string       `json:"story,omitempty"`    // the evidence in words, a line an event
	// Culprit is who did it, as far as the checkers grant and release can tell of what they found invalid:
	// "strategy", "etcd", "etcd or strategy" or the name of an injected fault.
	Culprit string `json:"culprit,omitempty"`
	// Harness marks a failure of lockquake itself (a broken history, two methods that disagree): it
	// says nothing about the lock, and the run exits as failed.
	Harness bool `json:"harness,omitempty"`
}

// Merge is the judgement of several verdicts together: invalid > unknown > valid, none = unknown.
func Merge(verdicts []Verdict) Validity {
	merged := Unknown
	for i, v := range verdicts {
		switch {
		case v.Validity == Invalid:
			return Invalid
		case v.Validity == Unknown:
			merged = Unknown
		case i == 0:
			merged = Valid
		}
	}
	return merged
}
