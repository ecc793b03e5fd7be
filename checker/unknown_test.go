package checker

import (
	"strings"
	"testing"

	"lockquake/checker/history"
)

// What cannot be settled is Unknown, and says why.
func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		claim   string
		checker Checker
		drawing string
		why     string
		harness bool
	}{
		{claim: "no hold, no exclusion", checker: Exclusion{}, drawing: `p0: |acquire!|`, why: "no hold to judge"},
		{claim: "no hold, no bound", checker: LeaseBounds{}, drawing: `p0: |acquire?|`, why: "no hold to judge"},
		{claim: "an overlap of a lease of which nothing was recorded", checker: LeaseBounds{}, drawing: `
			p0: |acquire t=1 l=7|-----------------|release|
			p1:   |acquire t=2 l=8|----|release|    <renewed l=7 ttl=10>`,
			why: "what c0 knew of lease 7 was not recorded"},
		{claim: "one too many, of whom one may have outlived its lease", checker: LeaseBounds{}, drawing: `
			cell: none permits=2
			p0: |acquire t=1 l=7|--------------------|release|
			p1: |acquire t=2 l=8|--------------------|release|
			p1: <granted l=8 ttl=90>
			p2:   |acquire t=3 l=9           |----|release|`,
			why: "and what c0 knew of lease 7 was not recorded"},
		{claim: "a fault after which somebody only acquired again", checker: Evidence{}, drawing: `
			cell: pause-holder
			p0:  |acquire|                                        |acquire nested|
			nem:           |inject pause-holder| |heal|`, why: "the fault met nobody"},
		{claim: "no write, no fencing", checker: Fencing{}, drawing: `p0: |acquire t=1| |read 0|`, why: "no write to judge"},
		{claim: "no write, though there was something to write to", checker: Fencing{}, drawing: `
			cell: none
			p0: |acquire t=1| |release|`, why: "no write to judge"},
		{claim: "nothing to write to, in a history that was cut", checker: Fencing{}, drawing: `
			cell: none nowrites cut
			p0: |acquire t=1| |release|`, why: "cut short"},
		{claim: "Knossos, of what is no mutex", checker: Knossos{}, drawing: `
			p0: |acquire shared t=1| |release|`, why: "k0 is a readers-writer lock"},
		{claim: "no last read", checker: Fencing{}, drawing: `
			p0: |acquire t=1| |read 0| |write 1<0| |write? 2<1|`, why: "no last read of k0"},
		{claim: "no harm in a history that was cut", checker: Fencing{}, drawing: `
			cell: none cut
			p0: |acquire t=1| |read 0| |write 1<0| |read 1|`, why: "cut short"},
		{claim: "a value that nobody wrote", checker: Fencing{}, harness: true, drawing: `
			p0: |acquire t=1| |read 5|`, why: "k0 held 5, which nobody wrote"},
		{claim: "progress in a history that was cut", checker: Progress{}, drawing: `
			cell: none cut
			p0: |acquire t=1| <stop>`, why: "killed"},
		{claim: "progress after an injection that was never healed", checker: Progress{}, drawing: `
			cell: pause-holder
			nem: |inject pause-holder|
			p0:  |acquire t=1| <stop>`, why: "pause-holder (target) was never healed"},
		{claim: "progress after a heal that never returned", checker: Progress{}, drawing: `
			cell: pause-holder
			nem: |inject pause-holder| |heal
			p0:  |acquire t=1| <stop>`, why: "pause-holder (target) was never healed"},
		{claim: "progress with nothing to start from", checker: Progress{}, drawing: `p0: |acquire t=1|`, why: "neither a heal nor a stop"},
		{claim: "progress without an acquire", checker: Progress{}, drawing: `p0: <stop>`, why: "no acquire to judge"},
		{claim: "a waiter when the history ended too early", checker: Progress{}, drawing: `
			p0: <stop> |acquire`, why: "too early to tell"},
		{claim: "a fault that met nobody", checker: Evidence{}, drawing: `
			cell: pause-holder
			p0:  |acquire|
			nem:           |inject pause-holder| |heal|
			p5:                                          |acquire|`, why: "the fault met nobody"},
		{claim: "no acquire, no release", checker: Release{}, drawing: `p0: |acquire?|`, why: "no acquire succeeded"},
		{claim: "no ground truth", checker: Release{}, drawing: `p0: |acquire t=1 l=7|`, why: "ground truth missing"},
		{claim: "ground truth with a gap", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7| |release|       |acquire t=4 l=7|  |release|  <stop>
			etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>                              <end>`,
			why: "the watch never saw the key of c0's token 4"},
		{claim: "no acquire, no grant", checker: Grant{}, drawing: `p0: |acquire?|`, why: "no acquire succeeded"},
		{claim: "grants without ground truth", checker: Grant{}, drawing: `p0: |acquire t=1 l=7|`, why: "ground truth missing"},
		{claim: "a grant in a gap", checker: Grant{}, drawing: `
			p0:  |acquire t=1 l=7|--|release|       |acquire t=6 l=7|
			etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>               <gap @6 7>`,
			why: "revision 6 was compacted before it was seen"},
		{claim: "a grant whose older key may have gone in a gap, or later", checker: Grant{}, drawing: `
			p0:  |acquire t=1 l=7|--|release|
			p1:    |acquire t=2 l=8                     |
			etcd:  <created t=1 l=7> <created t=2 l=8>   <gap @4 9>`,
			why: "revisions 4 to 8 were compacted before they were seen"},
		{claim: "a grant within a gap, in which an older key may have come and gone", checker: Grant{}, drawing: `
			p0:  |acquire t=5 l=7|
			p1:                    |acquire t=6 l=8                                          |
			etcd: <created t=1>
			etcd:                      <gap @4 9>
			etcd:                         <created t=5 l=7 @8>
			etcd:                          <created t=6 l=8 @8>
			etcd:                                                 <deleted t=5 l=7 @9>`,
			why: "revisions 4 to 8 were compacted before they were seen"},
		{claim: "a grant after which nothing was seen any more", checker: Grant{}, drawing: `
			p0:  |acquire t=1 l=7|--|release|
			p1:    |acquire t=2 l=8                     |
			etcd:  <created t=1 l=7> <created t=2 l=8>   <gap @3>`,
			why: "what happened from revision 3 on was not seen"},
		{claim: "a grant that the recording did not come to", checker: Grant{}, drawing: `
			cell: none cut
			p0:  |acquire t=1 l=7|--|release|
			p1:    |acquire t=2 l=8                     |
			etcd:  <created t=1 l=7>`,
			why: "what happened from revision 2 on was not seen"},
		{claim: "deletions in a gap", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7| |release|
			etcd:  <created t=1 l=7> <gap @2 9> <created t=1 l=7 @8>`,
			why: "revisions 2 to 8 were compacted before they were seen"},
		{claim: "a deletion of a key that nobody is known to own", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7|
			etcd: <created t=1 l=7> <deleted t=3 l=9 @4>`, why: "nobody is known to own k0/9 (token 3)"},
		{claim: "a deletion of which nobody knows why", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7|----------------------|release!|
			etcd: <created t=1 l=7> <deleted? t=1 l=7 @4>`, why: "by its lease's end or by a stranger"},
		{claim: "a deletion of which nobody knows why, before its owner released", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7|----------------------|release|
			etcd: <created t=1 l=7> <deleted? t=1 l=7 @4>`, why: "by its lease's end or by a stranger"},
		{claim: "a deletion of which nobody knows why, after its owner was told that it held nothing", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7| |release!|
			p0:  <granted l=7 ttl=99>
			p1:  <granted l=8 ttl=99>           |acquire t=3 l=8|
			etcd:  <created t=1 l=7>
			etcd:                                                 <created t=3 l=8> <deleted? t=1 l=7 @4>`,
			why: "by its lease's end or by a stranger"},
		{claim: "a deletion that a late request of the owner may have carried out", checker: Release{}, drawing: `
			p0:  |acquire t=1 l=7| |release?|
			p0:  <granted l=7 ttl=99>
			p2/c0:                             |acquire t=4 l=7|
			etcd: <created t=1 l=7>    <deleted t=1 l=7 @3> <created t=4 l=7> <deleted t=4 l=7 @6>`,
			why: "k0/7 (token 4) was deleted, perhaps by a late request of its owner c0"},
		{claim: "a deletion that only an acquire without an answer may have carried out", checker: Release{}, drawing: `
			p1:    |acquire?|
			p1:    <granted l=8 ttl=99>
			p3/c1:            |acquire t=3 l=8| |release| |acquire t=5 l=8|
			etcd:               <created t=3 l=8>
			etcd:                                     <deleted t=3 l=8 @4>
			etcd:                                                    <created t=5 l=8>
			etcd:                                                             <deleted t=5 l=8 @6>`,
			why: "k0/8 (token 5) was deleted, perhaps by a late request of its owner c1"},
		{claim: "a last acquire that somebody's hold stood against", checker: Progress{}, drawing: `
			cell: none
			p0: |acquire t=1| <stop>
			p1:                       |acquire?|`, why: "the last acquire of k0 came out unknown while c0 held it"},
		{claim: "a key that nobody tried", checker: Progress{}, drawing: `
			cell: none keys=k0,k1
			p0: |acquire k0 t=1| <stop>`, why: "no acquire of k1"},
		{claim: "a fault that was never injected", checker: Evidence{}, drawing: `
			cell: pause-holder
			p0: |acquire|`, why: "pause-holder was never injected"},
		{claim: "an injection that was not carried out", checker: Evidence{}, drawing: `
			cell: pause-holder
			nem: |inject! pause-holder|`, why: "pause-holder could not be injected"},
		{claim: "an injection without evidence", checker: Evidence{}, drawing: `
			cell: pause-holder
			nem: |inject pause-holder| |heal?|`, why: "left no evidence"},
		{claim: "an injection that may have been carried out", checker: Evidence{}, drawing: `
			cell: pause-holder
			nem: |inject? pause-holder|`, why: "pause-holder may or may not have been injected"},
		{claim: "a fault that was missed, beside another one that was not", checker: Evidence{}, drawing: `
			cell: members
			nem: |inject pause-holder| |heal| |inject! revoke-waiter|
			p1:                                                     |acquire|`, why: "revoke-waiter could not be injected"},
		{claim: "an injection into a calm cell", checker: Evidence{}, harness: true, drawing: `
			cell: none
			nem: |inject pause-holder| |heal|`, why: "pause-holder was injected into a calm cell"},
		{claim: "an empty history", checker: WellFormed{}, drawing: ``, why: "an empty history"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			v := c.checker.Check(draw(t, c.drawing))
			if v.Validity != Unknown || v.Harness != c.harness || !strings.Contains(v.Why, c.why) {
				t.Errorf("%v (harness %v): %s\nwanted unknown (harness %v): %s", v.Validity, v.Harness, v.Why, c.harness, c.why)
			}
		})
	}
}

// The twins of those unknowns that differ in what was missing.
func TestKnown(t *testing.T) {
	for _, c := range []struct {
		claim   string
		checker Checker
		drawing string
	}{
		{"a fault that was injected and observed", Evidence{}, `
			cell: pause-holder
			nem: |inject pause-holder| |heal|
			p1:                                |acquire|`},
		{"an injection that found nothing to strike, beside one that did", Evidence{}, `
			cell: pause-holder
			nem: |inject! pause-holder| |inject pause-holder| |heal|
			p1:                                                      |acquire|`},
		{"nothing to write to", Fencing{}, `
			cell: none nowrites
			p0: |acquire t=1| |release|`},
		{"Knossos, of a mutex", Knossos{}, `
			p0: |acquire t=1| |release|`},
		{"no fault in calm", Evidence{}, `
			cell: none
			p0: |acquire|`},
		{"no keys, nothing to delete", Release{}, `p0: |acquire| |release|`},
		{"a deletion of which nobody knows why, while its owner released", Release{}, `
			p0:  |acquire t=1 l=7| |release?
			etcd: <created t=1 l=7>  <deleted? t=1 l=7 @4>`},
		{"a token that is no revision tells nothing of when a key was deleted", Release{}, `
			p0:  |acquire t=9 l=7|--|release|
			p0:  <granted l=7 ttl=99>
			p1:                                 |acquire t=1|
			etcd:                                              <created t=9 l=7> <deleted t=9 l=7 @10>`},
		{"a lease that a fault ended, whatever etcd says of it", Release{}, `
			nem:                     |inject revoke-holder l=7|
			p0:  |acquire t=1 l=7|--------------------------------------|release!|
			etcd: <created t=1 l=7>                            <deleted? t=1 l=7 @4>`},
		{"grants on both sides of a gap", Grant{}, `
			p0:  |acquire t=1 l=7|--|release|                        |acquire t=9 l=7|
			etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>  <gap @4 9> <created t=9 l=7>`},
		{"a grant in a gap, of a key that was found again", Grant{}, `
			p0:  |acquire t=5 l=7|
			etcd:                  <created t=1> <gap @4 9> <created t=5 l=7 @8>`},
		{"two keys of one transaction", Grant{}, `
			p0:  |acquire t=2 l=7|--|release|
			etcd:  <created t=2 l=6> <created t=2 l=7> <deleted t=2 l=6 @3> <deleted t=2 l=7 @3>`},
		{"a hold across a gap", Grant{}, `
			p0:  |acquire t=1 l=7|------------------------------------------------|release|
			p1:    |acquire t=2 l=8                                                           |
			etcd:  <created t=1 l=7>
			etcd:    <created t=2 l=8> <gap @4 9>
			etcd:                          <created t=1 l=7 @8>
			etcd:                          <created t=2 l=8 @8>
			etcd:                                             <deleted t=1 l=7 @9>`},
		{"every key tried", Progress{}, `
			cell: none keys=k0,k1
			p0: |acquire k0 t=1| |release| |acquire k1 t=2| <stop>`},
		{"a failed injection needs no heal", Progress{}, `
			cell: pause-holder
			nem: |inject! pause-holder|
			p0:  |acquire t=1| <stop>`},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if v := c.checker.Check(draw(t, c.drawing)); v.Validity != Valid {
				t.Errorf("%v: %s", v.Validity, v.Why)
			}
		})
	}
}

// A token may name another's key: one of another name, or one of the same name under another lease.
func TestKeyOfAnAcquire(t *testing.T) {
	life := &incarnation{told: &history.Observation{Common: &history.Common{Note: "locks/k0", Lease: 7}}}
	for _, c := range []struct {
		acquire history.Common
		of      bool
	}{
		{history.Common{Note: "locks/k0", Lease: 7}, true},
		{history.Common{Note: "locks/k0/a", Lease: 7}, false},
		{history.Common{Note: "locks/k0", Lease: 8}, false},
	} {
		if life.of(&history.Operation{Common: &c.acquire}) != c.of {
			t.Errorf("%s under lease %d is the key of the acquire: %t", c.acquire.Note, c.acquire.Lease, !c.of)
		}
	}
}

// What was done by then went well; what was planned was not done.
func TestInterruptedRunIsUnknown(t *testing.T) {
	h := draw(t, calmCell)
	if v := (Evidence{}).Check(h); v.Validity != Valid {
		t.Fatalf("%v: %s", v.Validity, v.Why)
	}
	interrupt(h)
	if v := (Evidence{}).Check(h); v.Validity != Unknown || !strings.Contains(v.Why, "the run was interrupted before") {
		t.Errorf("%v: %s", v.Validity, v.Why)
	}
}

// Who had to give up because of an interruption was neither served nor kept waiting.
func TestWaiterOfAnInterruptedRunIsUnknown(t *testing.T) {
	h := draw(t, `
		cell: none
		p0: |acquire!                          |
		p1:                  <stop>
		p2:                                                                  |acquire t=2| |release|`)
	if v := (Progress{}).Check(h); v.Validity != Valid {
		t.Fatalf("%v: %s", v.Validity, v.Why)
	}
	interrupt(h)
	if v := (Progress{}).Check(h); v.Validity != Unknown || !strings.Contains(v.Why, "c0 was waiting for k0 when the run was interrupted") {
		t.Errorf("%v: %s", v.Validity, v.Why)
	}
}

func interrupt(h history.History) {
	for i := range h.Infos {
		if h.Infos[i].Op == history.Stop {
			h.Infos[i].Common = &history.Common{Note: "interrupted"}
		}
	}
}
