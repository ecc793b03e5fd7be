package checker

import (
	"slices"
	"strings"
	"testing"

	"lockquake/checker/history"
)

func all() []Checker {
	return []Checker{WellFormed{}, Exclusion{}, LeaseBounds{}, Fencing{}, Grant{}, Release{}, Progress{}, Evidence{}}
}

// A sound cell in calm.
const calmCell = `
	cell: none
	p0:   |acquire t=1 l=7| |read 0 @1| |write 1<0 @2| |release|
	p0:   <granted l=7 ttl=10>
	p1:      |acquire t=4 l=8                                    |  |read 1 @4|   |release|  <stop>
	p1:       <granted l=8 ttl=90>
	etcd:           <created t=1 l=7>
	etcd:                                                 <deleted t=1 l=7 @3>
	etcd:                                                          <created t=4 l=8>
	etcd:                                                                                 <deleted t=4 l=8 @6>`

// The holder is paused past its lease's end; the resource refuses what it writes then.
const fencedCell = `
	cell: pause-holder fenced
	p0:   |acquire t=1 l=7| |read 0 @1|                                              |write! 1<0|  |release!|
	p0:   <granted l=7 ttl=10>
	nem:                                |inject pause-holder|                 |heal stalled|
	p1:        |acquire t=4 l=8                               |  |write 2<0 @2|                        |release|
	p1:       <granted l=8 ttl=90>
	etcd:           <created t=1 l=7>
	etcd:                                            <deleted! t=1 l=7 @3>
	etcd:                                                       <created t=4 l=8>
	etcd:                                                                                                <deleted t=4 l=8 @6>
	p2:                                                                                                    |acquire t=7| |read 2 @3|`

// unfenced accepts what was refused.
var unfenced = strings.NewReplacer(" fenced", "", "|write! 1<0|", "|write 1<0 @9|", "|read 2 @3|", "|read 1 @9|")

// The key of p1 is deleted though p1 was told that it did not hold the lock.
var (
	stolenInCalm     = strings.Replace(calmCell, "|release|  <stop>", "|release!| <stop>", 1)
	stolenUnderFault = strings.Replace(fencedCell, "|release|", "|release!|", 1)
)

// A waiter's lease is revoked; it takes its turn all the same.
const strandedCell = `
	cell: revoke-waiter
	p0:   |acquire t=2 l=7| |read 0 @1| |write 1<0 @2|      |release|
	p1:      |acquire t=3 l=8                                               |  |release!|
	nem:               |inject revoke-waiter l=8|                                          |heal|
	etcd:  <created t=2 l=7>
	etcd:     <created t=3 l=8>
	etcd:                                  <deleted! t=3 l=8 @4>
	etcd:                                                           <deleted t=2 l=7 @5>
	p2:                                                                                            |acquire t=6| |read 1 @3|`

var anything = Promise{Calm: Exclusive}

func TestJudge(t *testing.T) {
	careful := Promise{Calm: Exclusive, Faults: LeaseBounded}
	broken := Promise{Broken: true}
	guilty := Promise{Calm: Exclusive, Known: []string{"release"}}
	for _, c := range []struct {
		claim   string
		drawing string
		promise Promise
		want    Want
		grade   Grade
		valid   Validity
		why     string // of the verdict "promise"
	}{
		{"kept in calm", calmCell, careful, Safe, Exclusive, Valid, "promised exclusive in calm, was exclusive"},
		{"kept under a fault", fencedCell, careful, Safe, LeaseBounded, Valid, "promised lease-bounded under pause-holder, was lease-bounded"},
		{"broken under a fault", unfenced.Replace(fencedCell), careful, Promised, Unsafe, Invalid, "promised lease-bounded under pause-holder, was unsafe"},
		{"nothing promised, and unsafe", unfenced.Replace(fencedCell), anything, Safe, Unsafe, Invalid, "promised nothing under pause-holder, was unsafe"},
		{"nothing promised, and asked for", unfenced.Replace(fencedCell), anything, Promised, Unsafe, Valid, "promised nothing under pause-holder, was unsafe"},
		{"broken on purpose, caught", fencedCell, broken, Promised, LeaseBounded, Valid, "a broken lock, caught by exclusion"},
		{"broken on purpose, not caught", calmCell, broken, Promised, Exclusive, Invalid, "a broken lock that was not caught: it came out exclusive"},
		{"broken on purpose, unsafe", strings.Replace(calmCell, "|read 1 @4|", "|read 0 @4|", 1), broken, Promised, Unsafe, Valid, "caught by what it did to the resource"},
		{"broken on purpose, not graded", `p0: |acquire?|`, broken, Promised, Ungraded, Unknown, "could not be graded"},
		{"broken on purpose, and to be safe", calmCell, broken, Safe, Exclusive, Valid, "promised nothing in calm, was exclusive"},
		{"a fault without evidence", strings.Replace(fencedCell, "|heal", "|heal?", 1), careful, Safe, LeaseBounded, Unknown, "was lease-bounded"},
		{"a waiter in vain", strings.Replace(calmCell, "<stop>", "<stop>                   |acquire!|", 1), careful, Safe, Exclusive, Invalid, "was exclusive"},
		{"broken on purpose, caught without a fault", strings.Replace(fencedCell, "|heal", "|heal?", 1), broken, Promised, LeaseBounded, Valid, "caught by exclusion"},
		{"a key deleted by a stranger", stolenInCalm, careful, Safe, Exclusive, Invalid, "was exclusive"},
		{"a known bug in calm", stolenInCalm, guilty, Promised, Exclusive, Invalid, "was exclusive"},
		{"a bug under a fault", stolenUnderFault, careful, Promised, LeaseBounded, Invalid, "was lease-bounded"},
		{"a known bug under a fault", stolenUnderFault, guilty, Promised, LeaseBounded, Valid, "was lease-bounded"},
		{"a known bug, and to be safe", stolenUnderFault, guilty, Safe, LeaseBounded, Invalid, "was lease-bounded"},
		{"a grant out of turn", strandedCell, Promise{Known: []string{"release"}}, Promised, Exclusive, Invalid, "was exclusive"},
		{"a known grant out of turn", strandedCell, Promise{Known: []string{"grant"}}, Promised, Exclusive, Valid, "was exclusive"},
		{"broken on purpose, caught by a grant", strandedCell, broken, Promised, Exclusive, Valid, "a broken lock, caught by grant"},
		{"broken on purpose, caught by a waiter in vain", strings.Replace(calmCell, "<stop>", "<stop>                   |acquire!|", 1), broken, Promised, Exclusive, Valid, "a broken lock, caught by progress"},
		{"the grade that is wanted, more than is promised", fencedCell, anything, AtLeastLeaseBounded, LeaseBounded, Valid, "wanted lease-bounded under pause-holder, was lease-bounded"},
		{"less than the grade that is wanted, all that is promised", fencedCell, careful, AtLeastExclusive, LeaseBounded, Invalid, "wanted exclusive under pause-holder, was lease-bounded"},
		{"the grade that is wanted, and another bug", stolenUnderFault, guilty, AtLeastFenced, LeaseBounded, Invalid, "wanted fenced under pause-holder, was lease-bounded"},
		{"a grade is wanted, and none is known", `p0: |acquire?|`, careful, AtLeastFenced, Ungraded, Unknown, "wanted fenced under , was unknown"},
		{"a grade is wanted of a broken lock", calmCell, broken, AtLeastExclusive, Exclusive, Valid, "wanted exclusive in calm, was exclusive"},
		{"another bug than the known one", stolenUnderFault, Promise{Known: []string{"progress"}}, Promised, LeaseBounded, Invalid, "was lease-bounded"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			j := Judge(draw(t, c.drawing), all(), c.promise, c.want)
			last := j.Verdicts[len(j.Verdicts)-1]
			if j.Grade != c.grade || j.Validity != c.valid || last.Checker != "promise" || !strings.Contains(last.Why, c.why) {
				t.Errorf("%v, %v: %s\nwanted %v, %v: %s\n%+v", j.Grade, j.Validity, last.Why, c.grade, c.valid, c.why, j.Verdicts)
			}
		})
	}
}

// What is written is read, and stands for the grade that it names.
func TestWantText(t *testing.T) {
	for i, text := range Wants() {
		w, err := ParseWant(text)
		if err != nil || w != Want(i) || w.String() != text || w.grade() != Ungraded && w.grade().String() != text {
			t.Errorf("%q is read as %v, at least %v: %v", text, w, w.grade(), err)
		}
	}
	for _, text := range []string{"", "unsafe", "unknown", "Exclusive"} {
		if w, err := ParseWant(text); err == nil {
			t.Errorf("%q is read as %v", text, w)
		}
	}
}

// Of a history that was cut short, what went wrong is proven, and nothing went right.
func TestJudgeCut(t *testing.T) {
	for name, drawing := range map[string]string{"calm": calmCell, "fenced": fencedCell} {
		h := draw(t, drawing)
		for n := range len(h.Ops) {
			cut := h
			cut.Ops, cut.Cut = h.Ops[:n], "killed"
			for _, w := range []Want{Safe, Promised} {
				if j := Judge(cut, all(), anything, w); j.Validity == Valid || j.Grade > Unsafe {
					t.Errorf("%s, cut after %d operations: %v, %v", name, n, j.Grade, j.Validity)
				}
			}
		}
	}
	h := draw(t, unfenced.Replace(fencedCell))
	h.Cut = "killed"
	if j := Judge(h, all(), anything, Safe); j.Grade != Unsafe || j.Validity != Invalid {
		t.Errorf("a stale write before the cut: %v, %v", j.Grade, j.Validity)
	}
}

// A question that was not asked is not answered.
func TestJudgeMissing(t *testing.T) {
	for i, c := range all() {
		some := slices.Delete(all(), i, i+1)
		// No holds overlap here, so that nobody needs to know about leases.
		_, spare := c.(LeaseBounds)
		j := Judge(draw(t, calmCell), some, anything, Safe)
		if (j.Validity == Valid) != spare {
			t.Errorf("without %T: %v", c, j.Validity)
		}
	}
}

// A failure of lockquake says nothing about the lock, be it what it may.
func TestJudgeHarness(t *testing.T) {
	for _, drawing := range []string{calmCell, unfenced.Replace(fencedCell)} {
		h := draw(t, drawing)
		h.Defects = []string{"event 9 returns operation 3, which is not open"}
		if j := Judge(h, all(), anything, Safe); j.Validity != Unknown || j.Grade != Ungraded || !j.Harness {
			t.Errorf("%v, %v, harness %v", j.Grade, j.Validity, j.Harness)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		claim, drawing string
		values         []int64
	}{
		{"a stale write that was refused", fencedCell, []int64{1}},
		{"a stale write that was accepted", unfenced.Replace(fencedCell), nil},
		{"a write that failed, and was not stale", `p0: |acquire t=1| |read 0| |write! 1<0|`, nil},
	} {
		t.Run(c.claim, func(t *testing.T) {
			var values []int64
			for _, o := range Refused(draw(t, c.drawing)) {
				values = append(values, o.Value)
			}
			if !slices.Equal(values, c.values) {
				t.Errorf("%v, wanted %v", values, c.values)
			}
		})
	}
}

// The four operations of the first overlap, in time order.
func TestOverlapEvidence(t *testing.T) {
	h := draw(t, `
		p0: |acquire t=1|------------------------|release|
		p1:    |acquire t=2|------|release|
		p2:                     |acquire t=3|`)
	v := Exclusion{}.Check(h)
	if want := []history.OpID{1, 2, 6, 9}; !slices.Equal(v.Evidence, want) {
		t.Errorf("%v, wanted %v", v.Evidence, want)
	}
	if !strings.Contains(v.Why, "the first of 2 overlaps") {
		t.Error(v.Why)
	}
}

func twinOf(t *testing.T, claim string) twin { return twinIn(t, twins, claim) }

func twinIn(t *testing.T, twins []twin, claim string) twin {
	for _, c := range twins {
		if c.claim == claim {
			return c
		}
	}
	t.Fatal("no such claim: " + claim)
	return twin{}
}

// Of all that was seen under newer tokens, the write over the same value tells most: here p1's, not
// p2's read under a token that is newer still.
func TestStaleWriteIsShownBesideItsRival(t *testing.T) {
	h := draw(t, `
		p0: |acquire t=1 l=7| |read 0 @1|                                                                |write 1<0 @5|
		p1:                               |acquire t=4 l=8| |write 2<0 @2| |release|
		p2:                                                                          |acquire t=6| |read 2 @3|`)
	v := Fencing{}.Check(h)
	story := strings.Join(v.Story, "\n")
	if !strings.Contains(v.Why, "after c1's token 4 was seen") || !strings.Contains(story, "c1 wrote 2 over 0") || strings.Contains(story, "c2") {
		t.Errorf("%s\n%s", v.Why, story)
	}
}

// What is invalid has a culprit, and what is not has none.
func TestCulprits(t *testing.T) {
	for claim, want := range map[string]string{
		"a waiter whose key is gone looks again before it believes": "strategy",
		"a grant without a key has none to show":                    "etcd or strategy",
		"a stale release must not delete the next holder's key":     "strategy",
		"closing a session deletes its keys":                        "etcd",
	} {
		c := twinOf(t, claim)
		if v := c.checker.Check(draw(t, c.bad)); v.Culprit != want {
			t.Errorf("%s: it was %q, want %q: %s", claim, v.Culprit, want, v.Why)
		}
		if v := c.checker.Check(draw(t, c.ok)); v.Culprit != "" {
			t.Errorf("%s: the ok one was the %s's doing", claim, v.Culprit)
		}
	}
	struck := draw(t, `
		nem:                   |inject delete-key l=7|
		p0:   |acquire t=1 l=7|------------------------------------------|release!|
		etcd:  <created t=1 l=7>                            <deleted t=1 l=7 @2>`)
	if v := (Release{}).Check(struck); v.Validity != Invalid || v.Culprit != "delete-key" {
		t.Errorf("%v by %q: %s", v.Validity, v.Culprit, v.Why)
	}
}

// A valid release says by whom.
func TestDeletionsAreCounted(t *testing.T) {
	h := draw(t, `
		nem:                               |inject revoke-holder l=8|
		p0:   |acquire t=1 l=7|--|release|
		p1:       |acquire t=3 l=8|------------------------------------------------|release!|
		p2:                                                                              |acquire t=5 l=9|--|release!|
		etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>
		etcd:     <created t=3 l=8>                                 <deleted! t=3 l=8 @4>
		etcd:                                                                  <created t=5 l=9> <deleted! t=5 l=9 @6>`)
	want := "3 keys deleted: 1 by revoke-holder, 1 by their leases' end, 1 by their owners"
	if v := (Release{}).Check(h); v.Validity != Valid || v.Why != want {
		t.Errorf("%v: %s\nwanted %s", v.Validity, v.Why, want)
	}
}

// A fault is behind the end of a lease that it struck, from its injection until a TTL after its heal.
func TestFaultBehindADeletion(t *testing.T) {
	for claim, c := range map[string]struct{ drawing, fault string }{
		"struck": {`
			nem:  |inject revoke l=7|
			etcd:                      <deleted! t=1 l=7 @2>`, "revoke"},
		"another's lease": {`
			nem:  |inject revoke l=7|
			etcd:                      <deleted! t=1 l=8 @2>`, ""},
		"before": {`
			nem:                              |inject revoke l=7|
			etcd: <deleted! t=1 l=7 @2>`, ""},
		"not carried out": {`
			nem:  |inject! revoke l=7|
			etcd:                       <deleted! t=1 l=7 @2>`, ""},
		"just healed": {`
			nem:  |inject revoke l=7| |heal|
			etcd:                            <deleted! t=1 l=7 @2>`, "revoke"},
		"healed long since": {`
			nem:  |inject revoke l=7| |heal|
			etcd:                                             <deleted! t=1 l=7 @2>`, ""},
	} {
		h := draw(t, c.drawing)
		if fault := newTruth(&h).fault(&h.Infos[0]); fault != c.fault {
			t.Errorf("%s: %q, wanted %q", claim, fault, c.fault)
		}
	}
}
