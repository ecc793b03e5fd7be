package checker

import (
	"testing"
	"time"

	"lockquake/checker/history"
)

// Columns are tenths of a second; a window begins and ends with what it shows.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		claim    string
		checker  Checker
		drawing  string
		from, to int // columns
	}{
		{"both holds, from the first one's beginning to the end of both", Exclusion{}, `
			p0: |acquire t=1|--------------------|release|
			p1:    |acquire t=2            |-------------------------|release|`, 16, 65},
		{"a hold that nothing ended reaches to the end of the history", Exclusion{}, `
			p0: |acquire t=1|--------------------|release|
			p1:    |acquire t=2            |
			p2:                                                        |read 0|`, 16, 66},
		{"a fault that acted is part of it, one that was healed before is not", Exclusion{}, `
			nem: |inject kill-leader| |heal|
			p0:                                    |acquire t=1|--------------------|release|
			p1:                                       |acquire t=2            |------------|release|
			nem:                            |inject pause-holder|                |heal|`, 32, 87},
		{"a waiter, from its call, and the last holder", Progress{}, `
			p0:   |acquire t=1|-------|release|
			p1:       |acquire t=2
			p2:         <stop>                                  |acquire t=3|`, 10, 64},
	} {
		t.Run(c.claim, func(t *testing.T) {
			h := draw(t, c.drawing)
			from, to, ok := Window(h, c.checker.Check(h))
			if !ok || from != time.Duration(c.from)*column || to != time.Duration(c.to)*column {
				t.Errorf("%v to %v, %t; wanted %d to %d", from, to, ok, c.from, c.to)
			}
		})
	}
	if _, _, ok := Window(history.History{}, Verdict{Checker: "fencing"}); ok {
		t.Error("a window without evidence")
	}
}

// A fault that went on for long is not worth a picture in which nothing can be read.
func TestWindowLeavesLongFaultsOut(t *testing.T) {
	h := draw(t, `
		nem: |inject isolate-leader|                                                |heal|
		p0:                                |acquire t=1|------|release|
		p1:                                   |acquire t=2|------------|release|`)
	v := Exclusion{}.Check(h)
	short, _, _ := Window(h, v)
	h.Ops[len(h.Ops)-1].ReturnAt += longestFault
	if long, _, _ := Window(h, v); short >= long {
		t.Errorf("from %v with a short fault, from %v with a long one", short, long)
	}
}
