package checker

import (
	"strings"
	"testing"
)

// twin is a claim about a checker, shown by a history that is sound and by one that differs in
// just what matters.
type twin struct {
	claim   string
	checker Checker
	ok, bad string
	why     string // of the bad one
}

var twins = []twin{
	{
		claim: "holds one after the other are exclusive, holds at the same time are not", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|------|release|
			p1:     |acquire t=2            |------|release|`,
		bad: `
			p0: |acquire t=1|------|release|
			p1:     |acquire t=2|------|release|`,
		why: "c0 and c1 both held k0 for 0.300 s from 2.000 s (tokens 1 and 2)",
	},
	{
		claim: "keys are judged apart", checker: Exclusion{},
		ok: `
			p0: |acquire k0 t=1|------|release|
			p1:    |acquire k1 t=2|------|release|`,
		bad: `
			p0: |acquire k1 t=1|------|release|
			p1:    |acquire k1 t=2|------|release|`,
		why: "both held k1",
	},
	{
		claim: "a hold ends when its release is invoked, even one without an answer", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|--|release?
			p1:   |acquire t=2          |----|release|`,
		bad: `
			p0: |acquire t=1|-----------------|release?
			p1:   |acquire t=2          |----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "a release that was told not held had ended the belief all the same", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|--|release!|
			p1:   |acquire t=2    |----|release|`,
		bad: `
			p0: |acquire t=1|-------|release!|
			p1:   |acquire t=2    |----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "a hold ends when its process acts on the loss", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|--<lost>       |release!|
			p1:                |acquire t=2|----|release|`,
		bad: `
			p0: |acquire t=1|---------------------<lost>
			p1:                |acquire t=2|----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "a hold ends when its process crashes", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|--<crash>
			p1:                |acquire t=2|----|release|`,
		bad: `
			p0: |acquire t=1|----------------------<crash>
			p1:                |acquire t=2|----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "an acquire without an answer is no hold", checker: Exclusion{},
		ok: `
			p0: |acquire?
			p1:   |acquire t=2|----|release|`,
		bad: `
			p0: |acquire t=1|
			p1:   |acquire t=2|----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "what cleans up after an acquire without an answer ends nobody's hold", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|-------------------------|release|
			p1:               |acquire?|  |release|`,
		bad: `
			p0: |acquire t=1|-------------------------|release|
			p1:               |acquire |  |release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "a retry after an unknown release is an attempt of its own", checker: Exclusion{},
		ok: `
			p0:    |acquire t=1|-|release?|
			p2/c0:                         |acquire t=1|-|release|
			p1:                               |acquire t=2        |----|release|`,
		bad: `
			p0:    |acquire t=1|-|release?|
			p2/c0:                         |acquire t=1|-----|release|
			p1:                               |acquire t=2  |----|release|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "an older holder may believe once its lease is outlived, not before", checker: LeaseBounds{},
		ok: `
			p0: |acquire t=1 l=7|--------------------|release!|
			p0: <granted l=7 ttl=37>
			p1:                     |acquire t=2 l=8|---|release|`,
		bad: `
			p0: |acquire t=1 l=7|--------------------|release!|
			p0: <granted l=7 ttl=38>
			p1:                     |acquire t=2 l=8|---|release|`,
		why: "for 0.100 s from 4.000 s (tokens 1 and 2), though c0 could trust its lease until 4.100 s",
	},
	{
		claim: "a renewal counts from when it was sent, if its answer came before the overlap", checker: LeaseBounds{},
		ok: `
			p0: |acquire t=1 l=7|----------------------------------------|release!|
			p0: <granted l=7 ttl=10>   <renewed l=7 ttl=16>  <renewed l=7 ttl=90>
			p1:                        |acquire t=2 l=8|----------|release|`,
		bad: `
			p0: |acquire t=1 l=7|----------------------------------------|release!|
			p0: <granted l=7 ttl=10>   <renewed l=7 ttl=18>  <renewed l=7 ttl=90>
			p1:                        |acquire t=2 l=8|----------|release|`,
		why: "though c0 could trust its lease until 4.400 s",
	},
	{
		claim: "every overlap is judged, not only the first", checker: LeaseBounds{},
		ok: `
			p0: |acquire t=1 l=7|--------------------------------------|release!|
			p0: <granted l=7 ttl=10>   <granted l=8 ttl=10>
			p1:                     |acquire t=2 l=8|---------------------------|release!|
			p2:                                             |acquire t=3 l=9|--|release|`,
		bad: `
			p0: |acquire t=1 l=7|--------------------------------------|release!|
			p0: <granted l=7 ttl=10>   <granted l=8 ttl=60>
			p1:                     |acquire t=2 l=8|---------------------------|release!|
			p2:                                             |acquire t=3 l=9|--|release|`,
		why: "c1 and c2 both held k0",
	},
	{
		claim: "no lease, no bound", checker: LeaseBounds{},
		ok: `
			p0: |acquire|--|release|
			p1:                      |acquire|--|release|`,
		bad: `
			p0: |acquire|--------------|release|
			p1:           |acquire|--|release|`,
		why: "no lease bounded c0's hold",
	},
	{
		claim: "a write under a token that has been superseded must be refused", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0 @1|                                 |write! 1<0|
			p1:                      |acquire t=2| |read 0 @2| |write 2<0 @3|
			p2:                                                                     |acquire t=3| |read 2 @4|`,
		bad: `
			p0: |acquire t=1| |read 0 @1|                                 |write 1<0 @4|
			p1:                      |acquire t=2| |read 0 @2| |write 2<0 @3|
			p2:                                                                     |acquire t=3| |read 1 @5|`,
		why: "stale write accepted: c0 wrote 1 over 0 to k0 at 7.500 s with token 1, after c1's token 2 was seen (of 2 writes: 1 stale, 1 lost, 1 forked)",
	},
	{
		claim: "a newer token is seen when it reads, too", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0 @1|          |write 1<0 @2|
			p1:                      |acquire t=2|  |read 1 @3|`,
		bad: `
			p0: |acquire t=1| |read 0 @1|          |write 1<0 @3|
			p1:                      |acquire t=2|  |read 0 @2|
			p2:                                                     |acquire t=3|  |read 1 @4|`,
		why: "stale write accepted",
	},
	{
		claim: "without positions, what returned before the write was invoked came before it", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0 @1|          |write 1<0 @2|
			p1:                      |acquire t=2|       |read 1|`,
		bad: `
			p0: |acquire t=1| |read 0 @1|                  |write 1<0 @2|
			p1:                      |acquire t=2| |read 0|
			p2:                                                 |acquire t=3| |read 1|`,
		why: "stale write accepted",
	},
	{
		claim: "without tokens, two writes over one value are a fork", checker: Fencing{},
		ok: `
			p0: |acquire| |read 0| |write 1<0| |write 2<1| |read 2|`,
		bad: `
			p0: |acquire| |read 0| |write 1<0| |write 2<0|`,
		why: "fork: c0's write of 1 and c0's write of 2 to k0 both replaced 0",
	},
	{
		claim: "every acknowledged write is behind the last read", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0| |write 1<0| |write 2<1|
			p1:                                                 |acquire t=2| |read 2|`,
		bad: `
			p0: |acquire t=1| |read 0| |write 1<0| |write 2<1|
			p1:                                                 |acquire t=2| |read 1|`,
		why: "acknowledged update lost: c0's write of 2 to k0",
	},
	{
		claim: "a write without a token is not older than anything", checker: Fencing{},
		ok: `
			p0: |acquire|     |read 0|                   |write 1<0|
			p1:                   |acquire t=2| |read 0|
			p2:                                               |acquire t=3| |read 1|`,
		bad: `
			p0: |acquire t=1| |read 0|                   |write 1<0|
			p1:                   |acquire t=2| |read 0|
			p2:                                               |acquire t=3| |read 1|`,
		why: "stale write accepted",
	},
	{
		claim: "a write that was open when the last read began may have come after it", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0| |write 1<0| |write 2<1             |
			p1:                                       |acquire t=2| |read 1|`,
		bad: `
			p0: |acquire t=1| |read 0| |write 1<0| |write 2<1 |
			p1:                                       |acquire t=2| |read 1|`,
		why: "acknowledged update lost: c0's write of 2",
	},
	{
		claim: "a write without an answer took effect if it was read, and may then be stale", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |read 0|                     |write? 1<0|
			p1:                   |acquire t=2| |read 0|
			p2:                                                              |acquire t=3| |write 3<0| |read 3|`,
		bad: `
			p0: |acquire t=1| |read 0|                     |write? 1<0|
			p1:                   |acquire t=2| |read 0|
			p2:                                                              |acquire t=3| |write 3<1| |read 3|`,
		why: "stale write accepted",
	},
	{
		claim: "a write without an answer took effect if it was built upon", checker: Fencing{},
		ok: `
			p0: |acquire t=1| |write? 1<0|
			p1:                  |acquire t=2|  |write 2<0|  |read 2|`,
		bad: `
			p0: |acquire t=1| |write? 1<0|
			p1:                  |acquire t=2|  |write 2<1|
			p2:                                                |acquire t=3| |write 3<0| |read 3|`,
		why: "acknowledged update lost: c1's write of 2",
	},
	{
		claim: "after the heal, a waiter is served or told within the settling time", checker: Progress{},
		ok: `
			cell: isolate-leader
			nem: |inject isolate-leader| |heal|
			p0:   |acquire?                              |
			p1:                                                    |acquire t=2|   |release|`,
		bad: `
			cell: isolate-leader
			nem: |inject isolate-leader| |heal|
			p0:   |acquire?                                                |
			p1:                                                    |acquire t=2|   |release|`,
		why: "c0 waited for k0 in vain from 0.600 s to 6.300 s, 2.900 s after things should have begun to settle (1 waiter in all)",
	},
	{
		claim: "who gives up knowing that he has nothing has waited in vain, too", checker: Progress{},
		ok: `
			cell: none
			p0: |acquire!                          |
			p1:                  <stop>
			p2:                                                                  |acquire t=2| |release|`,
		bad: `
			cell: none
			p0: |acquire!                                               |
			p1:                  <stop>
			p2:                                                                  |acquire t=2| |release|`,
		why: "c0 waited for k0 in vain",
	},
	{
		claim: "who crashed waits no more", checker: Progress{},
		ok: `
			cell: none
			p0: |acquire
			p0:          <crash>
			p1:                  <stop>
			p2:                                                                  |acquire t=2| |release|`,
		bad: `
			cell: none
			p0: |acquire
			p1:                  <stop>
			p2:                                                                  |acquire t=2| |release|`,
		why: "c0 waited for k0 in vain",
	},
	{
		claim: "an acquire that never returns is a waiter", checker: Progress{},
		ok: `
			cell: none
			p0:   |acquire t=1|-------|release|
			p1:     |acquire t=2                                |
			p2:       <stop>`,
		bad: `
			cell: none
			p0:   |acquire t=1|-------|release|
			p1:     |acquire t=2
			p2:       <stop>                                    |acquire t=3|`,
		why: "c1 waited for k0 in vain",
	},
	{
		claim: "no key stays locked with nobody holding it", checker: Progress{},
		ok: `
			cell: none
			p0:   |acquire t=1|-------|release?
			p1:    <stop>                       |acquire t=2|`,
		bad: `
			cell: none
			p0:   |acquire t=1|-------|release?
			p1:    <stop>                       |acquire?   |`,
		why: "k0 stayed locked: its last acquire, by c1 at 3.600 s, came out unknown",
	},
	{
		claim: "a key is deleted by its owner's release", checker: Release{},
		ok: `
			p0:   |acquire t=1 l=7|-------|release|
			p0:   <granted l=7 ttl=10>
			etcd:          <created t=1 l=7>      <deleted t=1 l=7 @2>`,
		bad: `
			p0:   |acquire t=1 l=7|-----------------------|release!|
			p0:   <granted l=7 ttl=10>
			p1:   |acquire?         |
			etcd:          <created t=1 l=7>      <deleted t=1 l=7 @2>`,
		why: "c1's acquire deleted c0's key k0/7 (token 1) at 3.800 s, its lease alive",
	},
	{
		claim: "a stale release must not delete the next holder's key", checker: Release{},
		// p0's lease ends; p1 acquires; p0 releases by name.
		ok: `
			p0:   |acquire t=1 l=7|---------------------------------------|release!|
			p0:   <granted l=7 ttl=10>
			p1:   <granted l=8 ttl=10>       |acquire t=4 l=8|-----------------------|release|
			etcd:          <created t=1 l=7>
			etcd:                         <deleted! t=1 l=7 @3>
			etcd:                                    <created t=4 l=8>                 <deleted t=4 l=8 @5>`,
		bad: `
			p0:   |acquire t=1 l=7|---------------------------------------|release|
			p0:   <granted l=7 ttl=10>
			p1:   <granted l=8 ttl=10>       |acquire t=4 l=8|-----------------------|release!|
			etcd:          <created t=1 l=7>
			etcd:                         <deleted! t=1 l=7 @3>
			etcd:                                    <created t=4 l=8>        <deleted t=4 l=8 @5>`,
		why: "c0's release (token 1) deleted c1's key k0/8 (token 4) at 6.600 s, its lease alive",
	},
	{
		claim: "a waiter's key is deleted by the acquire that gave up", checker: Release{},
		ok: `
			p0:   |acquire t=1 l=7|-----------------------------------|release|
			p0:   <granted l=7 ttl=90>
			p1:   <granted l=8 ttl=90>    |acquire?                 |
			etcd:        <created t=1 l=7>       <created t=2 l=8>   <deleted t=2 l=8 @3>`,
		bad: `
			p0:   |acquire t=1 l=7|-----------------------------------|release|
			p0:   <granted l=7 ttl=90>
			p1:   <granted l=9 ttl=90>    |acquire?                 |
			p2:   <granted l=8 ttl=90>
			etcd:        <created t=1 l=7>       <created t=2 l=8>   <deleted t=2 l=8 @3>`,
		why: "deleted c2's key k0/8 (token 2) at 5.700 s",
	},
	{
		claim: "a deletion that the watch reports late is still its owner's", checker: Release{},
		// All that etcd did comes in one batch. Revisions tell that p0's key went after p0 had asked for it.
		ok: `
			p0:   |acquire t=1 l=7|--|release|
			p0:   <granted l=7 ttl=90>
			p1:                                |acquire t=3 l=8|-----------------------------|release|
			etcd:                                               <created t=1 l=7>
			etcd:                                                <deleted t=1 l=7 @2>
			etcd:                                                 <created t=3 l=8>`,
		bad: `
			p0:   |acquire t=1 l=7|--|release!|
			p0:   <granted l=7 ttl=90>
			p1:                                |acquire t=3 l=8|-----------------------------|release|
			etcd:                                               <created t=1 l=7>
			etcd:                                                <deleted t=1 l=7 @2>
			etcd:                                                 <created t=3 l=8>`,
		why: "c1's acquire (token 3) deleted c0's key k0/7 (token 1)",
	},
	{
		claim: "a key that an acquire without an answer left behind is older than the hold that found it", checker: Release{},
		// p2's acquire finds the key of p0's. p1 gave up in between, and its key's revision is the greater one.
		ok: `
			p0/c0:   |acquire?|
			p0/c0: <granted l=7 ttl=90>
			p1:    <granted l=8 ttl=90>
			p1:           |acquire?|
			p2/c0:                    |acquire t=1 l=7|------|release|
			etcd:      <created t=1 l=7>
			etcd:            <created t=2 l=8>
			etcd:                             <deleted t=2 l=8 @3>
			etcd:                                              <deleted t=1 l=7 @4>`,
		bad: `
			p0/c0:   |acquire?|
			p0/c0: <granted l=7 ttl=90>
			p1:    <granted l=8 ttl=90>
			p2/c0:                    |acquire t=1 l=7|------|release|
			etcd:      <created t=1 l=7>
			etcd:            <created t=2 l=8>
			etcd:                             <deleted t=2 l=8 @3>
			etcd:                                              <deleted t=1 l=7 @4>`,
		why: "deleted c1's key k0/8 (token 2)",
	},
	{
		claim: "a key that its owner had given back is deleted by whomever, unless a stranger did it for sure", checker: Release{},
		ok: `
			p0:  |acquire t=1 l=7| |release|
			p0:  <granted l=7 ttl=99>
			p1:  <granted l=8 ttl=99>           |acquire t=3 l=8|
			etcd:  <created t=1 l=7>
			etcd:                                                 <created t=3 l=8> <deleted? t=1 l=7 @4>`,
		bad: `
			p0:  |acquire t=1 l=7| |release|
			p0:  <granted l=7 ttl=99>
			p1:  <granted l=8 ttl=99>           |acquire t=3 l=8|
			etcd:  <created t=1 l=7>
			etcd:                                                 <created t=3 l=8> <deleted t=1 l=7 @4>`,
		why: "c1's acquire (token 3) deleted c0's key k0/7 (token 1)",
	},
	{
		claim: "closing a session deletes its keys", checker: Release{},
		ok: `
			p0:   |acquire t=1 l=7|-------|close|
			p0:   <granted l=7 ttl=10>
			etcd:          <created t=1 l=7>     <deleted t=1 l=7 @2>`,
		bad: `
			p0:   |acquire t=1 l=7|---------------------------------------|close|
			p0:   <granted l=7 ttl=10>
			etcd:          <created t=1 l=7>     <deleted t=1 l=7 @2>`,
		why: "c0's key k0/7 (token 1) was deleted at 3.700 s, its lease alive, and no client had asked for that: etcd did it",
	},
	{
		claim: "a waiter whose key is gone looks again before it believes", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7|-------------|release|
			p1:      |acquire t=3 l=8                                                     |--|release!|
			etcd:  <created t=2 l=7>
			etcd:     <created t=3 l=8>
			etcd:                                <deleted t=2 l=7 @4>
			etcd:                                                     <deleted! t=3 l=8 @5>`,
		bad: `
			p0:   |acquire t=2 l=7|-------------|release|
			p1:      |acquire t=3 l=8                                                     |--|release!|
			etcd:  <created t=2 l=7>
			etcd:     <created t=3 l=8>
			etcd:                                <deleted! t=3 l=8 @4>
			etcd:                                                     <deleted t=2 l=7 @5>`,
		why: "c1 acquired k0 at 7.800 s with token 3, but its key k0/8 went with its lease (revision 4), while the older k0/7 (token 2) was there: the strategy did not look again",
	},
	{
		claim: "a key that was there is the caller's again, one that is gone is not", checker: Grant{},
		ok: `
			p0:    |acquire t=2 l=7|--|release?|
			p2/c0:                                          |acquire t=2 l=7|
			etcd:   <created t=2 l=7>                        <deleted t=2 l=7 @3>`,
		bad: `
			p0:    |acquire t=2 l=7|--|release?|
			p2/c0:                                          |acquire t=2 l=7|
			etcd:   <created t=2 l=7>           <deleted t=2 l=7 @3>`,
		why: "with token 2, but its key k0/7 was deleted, its lease alive (revision 3), before it asked: the strategy granted what was gone",
	},
	{
		claim: "a key that was found again after a gap was there, another one was not", checker: Grant{},
		ok: `
			p0:    |acquire t=2 l=7|--|release?|
			p2/c0:                                                             |acquire t=2 l=7|
			etcd:   <created t=2 l=7>   <gap @3 9> <created t=2 l=7 @8>         <deleted t=2 l=7 @9>`,
		bad: `
			p0:    |acquire t=2 l=7|--|release?|
			p2/c0:                                                             |acquire t=2 l=7|
			etcd:   <created t=2 l=7>   <gap @3 9>`,
		why: "but its key k0/7 was gone, before it asked",
	},
	{
		claim: "an acquire that was answered tells how far etcd was", checker: Grant{},
		// The watch tells late. p1 had its key before p2 asked, and p0's was gone by then.
		ok: `
			p0:    |acquire t=2 l=7|--|release?|
			p1:                             |acquire t=4 l=8           |
			p2/c0:                                                   |acquire t=2 l=7    |
			etcd:                                                                           <created t=2 l=7>
			etcd:                                                                            <deleted t=2 l=7 @3>
			etcd:                                                                             <created t=4 l=8>`,
		bad: `
			p0:    |acquire t=2 l=7|--|release?|
			p1:                             |acquire t=4 l=8|
			p2/c0:                                                   |acquire t=2 l=7    |
			etcd:                                                                           <created t=2 l=7>
			etcd:                                                                            <deleted t=2 l=7 @3>
			etcd:                                                                             <created t=4 l=8>`,
		why: "c0 acquired k0 at 7.700 s with token 2, but its key k0/7 was deleted, its lease alive (revision 3), before it asked",
	},
	{
		claim: "the turn comes with the end of the older key, which must not lie behind the grant", checker: Grant{},
		// Of the bad one, p2's key tells: p2 asked after p1 had been granted, and created its key in the
		// transaction that deleted p0's.
		ok: `
			p0:   |acquire t=2 l=7|-----------------------------------|release|
			p1:      |acquire t=3 l=8|
			p2:                          |acquire t=5 l=9                                  |
			etcd:  <created t=2 l=7>                                   <deleted t=2 l=7 @4>
			etcd:     <created t=3 l=8>
			etcd:                                                           <created t=5 l=9>
			etcd:                                                             <deleted! t=3 l=8 @6>`,
		bad: `
			p0:   |acquire t=2 l=7|-----------------------------------|release|
			p1:      |acquire t=3 l=8|
			p2:                          |acquire t=4 l=9                                  |
			etcd:  <created t=2 l=7>                                   <deleted t=2 l=7 @4>
			etcd:     <created t=3 l=8>
			etcd:                          <created t=4 l=9>
			etcd:                                                             <deleted! t=3 l=8 @6>`,
		why: "c1 acquired k0 at 2.500 s with token 3, but the older k0/7 (token 2) was still there: the strategy did not wait for it",
	},
	{
		claim: "what lives without a lease waits for nothing", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7|
			etcd:  <created t=1>
			etcd:   <created t=2 l=7>`,
		bad: `
			p0:   |acquire t=2 l=7|
			etcd:  <created t=1 l=6>
			etcd:   <created t=2 l=7>`,
		why: "the older k0/6 (token 1) was still there",
	},
	{
		claim: "the locks of two names have nothing to do with each other", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7|
			etcd:  <created k1 t=1 l=6>
			etcd:   <created t=2 l=7>`,
		bad: `
			p0:   |acquire k1 t=2 l=7|
			etcd:  <created k1 t=1 l=6>
			etcd:   <created k1 t=2 l=7>`,
		why: "the older k1/6 (token 1) was still there",
	},
	{
		claim: "a grant without a key has none to show", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7|--|release|
			p1:                                |acquire t=3|
			etcd:  <created t=2 l=7>`,
		bad: `
			p0:   |acquire t=2 l=7|--|release|
			p1:                                |acquire t=3 l=8|
			etcd:  <created t=2 l=7>`,
		why: "c1 acquired k0 at 5.100 s with token 3, but no key was created by that: etcd lost it, or the strategy made it up",
	},
	{
		claim: "a token is one's own", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7|--|release|
			p1:                                    |acquire t=4 l=8|
			etcd:  <created t=2 l=7>   <deleted t=2 l=7 @3>
			etcd:                                  <created t=4 l=8>`,
		bad: `
			p0:   |acquire t=2 l=7|--|release|
			p1:                                    |acquire t=2 l=8|
			etcd:  <created t=2 l=7>   <deleted t=2 l=7 @3>
			etcd:                                  <created t=4 l=8>`,
		why: "c1 acquired k0 at 5.500 s with token 2, but that is k0/7 on lease 7, not its own: the strategy mixed them up",
	},
	{
		claim: "of the time in which a watch was blind, the worst is not assumed", checker: Grant{},
		// p0's key went unseen. p1's went before any moment at which that can have been.
		ok: `
			p0:   |acquire t=2 l=7|----|release|
			p1:      |acquire t=3 l=8                                         |
			etcd:  <created t=2 l=7>
			etcd:     <created t=3 l=8>
			etcd:                        <gap @4 9>
			etcd:                                    <deleted! t=3 l=8 @9>`,
		bad: `
			p0:   |acquire t=2 l=7|----|release|
			p1:      |acquire t=3 l=8                                         |
			etcd:  <created t=2 l=7>
			etcd:     <created t=3 l=8>
			etcd:                        <deleted! t=3 l=8 @4>
			etcd:                                    <gap @5 9>`,
		why: "its key k0/8 went with its lease (revision 4), while the older k0/7 (token 2) was there",
	},
	{
		claim: "a process does one thing at a time", checker: WellFormed{},
		ok: `
			p0: |acquire t=1| |release|`,
		bad: `
			p0: |acquire t=1| |release|
			p0:         |acquire|`,
		why: "c0 acquire of k0 (event 2, 1.200 s) was invoked while another operation of its process was open",
	},
	{
		claim: "a process ends with an unknown outcome", checker: WellFormed{},
		ok: `
			p0:    |acquire?|
			p1/c0:            |acquire|`,
		bad: `
			p0: |acquire?|
			p0:            |acquire|`,
		why: "had to end after an unknown outcome",
	},
	{
		claim: "a process ends with its crash", checker: WellFormed{},
		ok: `
			p0:    |acquire| <crash>
			p1/c0:                   |acquire|`,
		bad: `
			p0:    |acquire| <crash>
			p0:                      |acquire|`,
		why: "belongs to a process that had crashed",
	},
	{
		claim: "a release names an acquire", checker: WellFormed{},
		ok:  `p0: |acquire| |release|`,
		bad: `p0:           |release|`,
		why: "c0 release of  (event 1, 1.400 s) names 0, no earlier acquire",
	},
	{
		claim: "only the last read may be without a lock", checker: WellFormed{},
		ok:  `p1: |read 0|`,
		bad: `p1: |write 1<0|`,
		why: "names 0, no earlier acquire",
	},
	{
		claim: "a loss names an acquire", checker: WellFormed{},
		ok:  `p0: |acquire| <lost>`,
		bad: `p0:           <lost>`,
		why: "lost (event 1, 1.400 s) names 0, no earlier acquire",
	},
	{
		claim: "a heal names an injection, and the nemesis may do two things at once", checker: WellFormed{},
		ok: `
			nem: |inject kill-leader  |   |heal?|  |heal|
			nem:    |inject isolate-leader|`,
		bad: `nem: |heal|`,
		why: "names 0, no injection",
	},
}

func TestTwins(t *testing.T) { judgeTwins(t, twins) }

func judgeTwins(t *testing.T, twins []twin) {
	t.Helper()
	for _, c := range twins {
		t.Run(c.claim, func(t *testing.T) {
			if v := c.checker.Check(draw(t, c.ok)); v.Validity != Valid {
				t.Errorf("the ok one is %v: %s", v.Validity, v.Why)
			}
			v := c.checker.Check(draw(t, c.bad))
			if v.Validity != Invalid || !strings.Contains(v.Why, c.why) {
				t.Errorf("the bad one is %v: %s\nwanted invalid: %s", v.Validity, v.Why, c.why)
			}
		})
	}
}
