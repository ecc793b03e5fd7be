package linear

import (
	"strings"
	"testing"
)

// drawing is a history, an operation a line: owner, kind, and where it is called and returns.
//
//	x acquire  |---|       ok           x try      |---|!    failed
//	x release  |---?       unknown      x acquire  |?        unknown, never returned
//
// Columns are places in the order of events. "shared" after the kind: as a reader.
func drawing(t *testing.T, text string) []Op {
	t.Helper()
	var ops []Op
	owners := map[string]int32{}
	for l := range strings.Lines(text) {
		call := strings.IndexByte(l, '|')
		words := strings.Fields(l[:max(call, 0)])
		if len(words) < 2 {
			continue
		}
		if _, ok := owners[words[0]]; !ok {
			owners[words[0]] = int32(len(owners))
		}
		op := Op{Call: int64(call), Owner: owners[words[0]], Shared: len(words) > 2}
		op.Kind = map[string]Kind{"acquire": Acquire, "try": Try, "release": Release}[words[1]]
		stroke := strings.TrimSpace(l[call+1:])
		op.Outcome, op.Return = OK, int64(call+strings.LastIndexAny(stroke, "|?")+1)
		switch {
		case stroke == "?":
			op.Outcome, op.Return = Unknown, Open
		case strings.HasSuffix(stroke, "?"):
			op.Outcome = Unknown
		case strings.HasSuffix(stroke, "!"):
			op.Outcome = Fail
		}
		ops = append(ops, op)
	}
	return tidied(ops)
}

// claims are histories that wrong cuts misjudge, and what makes the difference.
var claims = []struct {
	claim   string
	lock    Lock
	ok, bad string
}{
	{
		claim: "one holds after the other",
		ok: `
			x acquire |--|
			y acquire  |---------|
			x release      |--|`,
		bad: `
			x acquire |--|
			y acquire  |---|
			x release         |--|`,
	},
	{
		claim: "1: a stray release may end a later hold of the same owner",
		ok: `
			x acquire |-|
			x release     |-?
			x release         |-|
			x acquire             |-|
			y acquire                 |-|`,
		bad: `
			x acquire |-|
			x release         |-|
			x acquire             |-|
			y acquire                 |-|`,
	},
	{
		claim: "2: a waiter may have had the lock already",
		ok: `
			y release |?
			y acquire   |---------------------|
			z try          |--|!
			x acquire            |--|
			x release                     |--|`,
		bad: `
			y acquire   |---------------------|
			z try          |--|!
			x acquire            |--|
			x release                     |--|`,
	},
	{
		claim: "3: one blip cannot be seen twice",
		ok: `
			y acquire |?
			y release   |?
			z try         |-|!
			x acquire          |-|
			x release              |-|
			x acquire                         |-|`,
		bad: `
			y acquire |?
			y release   |?
			z try         |-|!
			x acquire          |-|
			x release              |-|
			z try                      |-|!
			x acquire                         |-|`,
	},
	{
		claim: "4: who holds cannot be told that it does not",
		ok: `
			x acquire |-|
			x release      |--------|!
			x release        |?`,
		bad: `
			x acquire |-|
			x release      |--------|!
			x release                  |-|`,
	},
	{
		claim: "5: a lease that ran out is a release that nobody called",
		ok: `
			x acquire |-|
			x release     |?
			y acquire         |-|
			y release              |-|
			x release                  |-|!`,
		bad: `
			x acquire |-|
			y acquire         |-|
			y release              |-|
			x release                  |-|!`,
	},
	{
		claim: "a lease that could have run out has not, if its holder's release succeeds",
		ok: `
			x acquire |-|
			x release     |?
			x release         |-|
			y acquire             |-|`,
		bad: `
			x acquire |-|
			x release     |?
			y acquire         |-|
			x release             |-|`,
	},
	{
		claim: "an unknown acquire may block the lock for good",
		ok: `
			y acquire |?
			x acquire  |-|
			x release      |-|
			z try               |-|!
			z try                    |-|!`,
		bad: `
			y acquire |?
			x acquire  |-|
			x release      |-|
			z try               |-|!
			x acquire                |-|`,
	},
	{
		claim: "an unknown acquire that is released took effect", ok: `
			y acquire |?
			y release   |-|
			x acquire        |-|`,
		bad: `
			y acquire |?
			x acquire   |-|
			y release        |-|
			x release             |-|`,
	},
	{
		claim: "a stray release has not ended a hold that its owner released",
		ok: `
			x acquire |-|
			x release     |?
			x release       |-|
			x acquire           |-|
			y acquire             |------|
			x release                  |-|`,
		bad: `
			x acquire |-|
			x release     |?
			x release       |-|
			x acquire           |-|
			y acquire             |---|
			x release                  |-|`,
	},
	{
		claim: "unless its owner may have acquired again by then",
		ok: `
			x acquire |-|
			x release     |?
			x release       |-|
			x acquire           |-|
			y acquire               |-|
			y release                   |-|
			x release                       |-|
			x acquire                         |-|`,
		bad: `
			x acquire |-|
			x release     |?
			x release       |-|
			x acquire           |-|
			y acquire               |-|
			y release                   |-|
			x release                       |-|
			x acquire                          |-|`,
	},
	{
		claim: "as often as it was acquired", lock: Reentrant(2),
		ok: `
			x acquire |-|
			x acquire     |-|
			x release         |-|
			y acquire            |--------|
			x release                  |-|`,
		bad: `
			x acquire |-|
			x acquire     |-|
			x release         |-|
			y acquire            |--------|
			x release                       |-|`,
	},
	{
		claim: "no oftener than it may be", lock: Reentrant(2),
		ok: `
			x acquire |-|
			x acquire     |-|
			x try             |-|!`,
		bad: `
			x acquire |-|
			x acquire     |-|
			x acquire         |-|`,
	},
	{
		claim: "readers share, writers do not", lock: ReadersWriter(),
		ok: `
			x acquire shared |-|
			y acquire shared     |-|
			x release shared         |-|
			y release shared          |-|
			z acquire                     |-|`,
		bad: `
			x acquire shared |-|
			y acquire shared     |-|
			x release shared         |-|
			z acquire                     |-|
			y release shared                  |-|`,
	},
	{
		claim: "a reader that could not have the lock saw a writer", lock: ReadersWriter(),
		ok: `
			x acquire        |-|
			y try shared         |-|!`,
		bad: `
			x acquire shared |-|
			y try shared         |-|!`,
	},
	{
		claim: "as many as there are units", lock: Semaphore(2),
		ok: `
			x acquire |-|
			y acquire     |-|
			z try             |-|!
			x release             |-|
			z acquire                 |-|`,
		bad: `
			x acquire |-|
			y acquire     |-|
			z acquire         |-|`,
	},
}

func TestClaims(t *testing.T) {
	for _, c := range claims {
		t.Run(c.claim, func(t *testing.T) {
			for text, want := range map[string]Answer{c.ok: Valid, c.bad: Invalid} {
				ops := drawing(t, text)
				r := Check(ops, Options{Lock: c.lock, batch: 1})
				if r.Answer != want || reference(c.lock, ops) != want {
					t.Errorf("%v (%s), reference %v, wanted %v, of\n%s", r.Answer, r.Why, reference(c.lock, ops), want, drawn(ops))
				}
			}
		})
	}
}
