package cli

import "errors"

// Exit codes, never renumbered. 2 stays unused: it is Go's panic.
const (
	exitHeld        = 0   // judged, and held
	exitBroken      = 1   // a guarantee was broken
	exitUnknown     = 3   // not known
	exitThreshold   = 4   // only a threshold was missed
	exitUsage       = 64  // wrong input
	exitHarness     = 70  // the harness or the cluster failed
	exitInterrupted = 130 // the partial run was saved and judged
)

// worst orders exit codes: a broken guarantee is a fact, whatever else went wrong.
var worst = []int{exitBroken, exitInterrupted, exitHarness, exitUsage, exitUnknown, exitThreshold, exitHeld}

func worse(a, b int) int {
	for _, code := range worst {
		if a == code || b == code {
			return code
		}
	}
	return exitHarness
}

// exit is an error that says how the process is to end. A nil cause was told of already.
type exit struct {
	code  int
	cause error
}

func (e exit) Error() string {
	if e.cause == nil {
		return ""
	}
	return e.cause.Error()
}

func (e exit) Unwrap() error { return e.cause }

func usage(err error) error         { return exit{exitUsage, err} }
func harnessFailed(err error) error { return exit{exitHarness, err} }

// asUsage is the end of a command that was given what it cannot use, unless something else is known of it.
func asUsage(err error) error {
	if marked := (exit{}); errors.As(err, &marked) {
		return err
	}
	return usage(err)
}

// ended is the end of a command that has told of everything itself.
func ended(code int) error {
	if code == exitHeld {
		return nil
	}
	return exit{code: code}
}

// codeOf gives the exit code of what a command returned. What is not marked came from the parser of
// the command line.
func codeOf(err error) int {
	var e exit
	switch {
	case err == nil:
		return exitHeld
	case errors.As(err, &e):
		return e.code
	}
	return exitUsage
}
