package checker

import (
	"strings"
	"testing"

	"lockquake/checker/history"
)

func TestStories(t *testing.T) {
	fenced, broken := draw(t, fencedCell), draw(t, unfenced.Replace(fencedCell))
	trusting := draw(t, strings.Replace(fencedCell, "l=7 ttl=10", "l=7 ttl=80", 1))
	stolen := draw(t, twinOf(t, "a stale release must not delete the next holder's key").bad)
	for _, c := range []struct {
		claim   string
		checker Checker
		h       history.History
		want    string
	}{
		{"an overlap", Exclusion{}, broken, `
2.200 s  c0 acquired k0 (token 1, lease 7)
4.900 s  the key of c0's token 1 went with its lease, revision 3
5.600 s  pause-holder: target
5.800 s  c1 acquired k0 (token 4, lease 8) while c0 still believed
8.700 s  pause-holder healed: stalled
9.700 s  c0 released k0 (token 1), and was told that it did not hold it
9.900 s  c1 released k0 (token 4)`},
		{"an overlap, and a key that went after it", Exclusion{}, draw(t, `
			p0:   |acquire t=1 l=7|-----------|release|
			p1:       |acquire t=2 l=8|-----------------|release|
			etcd:                                   <deleted t=1 l=7 @3>`), `
2.200 s  c0 acquired k0 (token 1, lease 7)
2.600 s  c1 acquired k0 (token 2, lease 8) while c0 still believed
3.400 s  c0 released k0 (token 1)
4.400 s  c1 released k0 (token 2)`},
		{"an overlap that a lease should have prevented", LeaseBounds{}, trusting, `
0.500 s  c0 asked for lease 7 to be granted, good until 8.500 s
2.200 s  c0 acquired k0 (token 1, lease 7)
4.900 s  the key of c0's token 1 went with its lease, revision 3
5.600 s  pause-holder: target
5.800 s  c1 acquired k0 (token 4, lease 8) while c0 still believed
8.500 s  the last moment at which c0 could trust its lease
8.700 s  pause-holder healed: stalled
9.500 s  c0 released k0 (token 1), and was told that it did not hold it
9.900 s  c1 released k0 (token 4)`},
		{"a stale write accepted", Fencing{}, broken, `
2.200 s  c0 acquired k0 (token 1, lease 7)
4.900 s  the key of c0's token 1 went with its lease, revision 3
5.600 s  pause-holder: target
5.800 s  c1 acquired k0 (token 4, lease 8) while c0 still believed
7.400 s  c1 wrote 2 over 0 with token 4
8.700 s  pause-holder healed: stalled
9.400 s  c0 wrote 1 over 0 with token 1: stale write accepted`},
		{"a stale write refused", Fencing{}, fenced, `
2.200 s  c0 acquired k0 (token 1, lease 7)
4.900 s  the key of c0's token 1 went with its lease, revision 3
5.600 s  pause-holder: target
5.800 s  c1 acquired k0 (token 4, lease 8) while c0 still believed
7.400 s  c1 wrote 2 over 0 with token 4
8.700 s  pause-holder healed: stalled
9.200 s  c0 wrote 1 over 0 with token 1: stale write refused`},
		{"a key deleted by a stranger", Release{}, stolen, `
2.200 s  c0 acquired k0 (token 1, lease 7)
4.900 s  c1 acquired k0 (token 4, lease 8)
6.200 s  c0 began to release k0 (token 1)
6.600 s  k0/8 (token 4) was deleted, its lease alive, revision 5`},
		{"an acknowledged update lost", Fencing{}, draw(t, twinOf(t, "every acknowledged write is behind the last read").bad), `
1.600 s  c0 acquired k0 (token 1)
4.900 s  c0 wrote 2 over 1 with token 1: acknowledged, and lost
6.400 s  c1 acquired k0 (token 2)
7.300 s  c1 read 1 with token 2`},
		{"a waiter in vain, served by nobody after the heal", Progress{}, draw(t, `
			cell: isolate-leader
			nem:         |inject isolate-leader|        |heal cut|
			p0:  |acquire t=1 l=7|------|release|
			p1:      |acquire t=3 l=8                               |--|release|
			p2:        |acquire?                                                                    |
			etcd:      <created t=1 l=7>           <deleted t=1 l=7 @2>
			etcd:                                              <created t=3 l=8>
			p3:                                                                 |acquire
			p4:                                                                                                    <stop>`), `
1.100 s  c2 asked for k0
3.500 s  isolate-leader: target
5.300 s  isolate-leader healed: cut
5.600 s  c1 acquired k0 (token 3, lease 8), the last to get it of 2 grants while c2 waited
5.900 s  c1 released k0 (token 3)
6.800 s  c3 asked for k0
8.800 s  c2's acquire of k0 came out unknown
10.300 s  c3 was still waiting for k0 when the history ended
10.300 s  the key of c1's token 3 had not gone by the end`},
		{"a key that stayed locked", Progress{}, draw(t, twinOf(t, "no key stays locked with nobody holding it").bad), `
1.800 s  c0 acquired k0 (token 1), the last to get it
2.600 s  c0 released k0 (token 1), without an answer
3.600 s  c1 asked for k0
4.800 s  c1's acquire of k0 came out unknown`},
		{"a history that no recorder writes", WellFormed{}, draw(t, `p0: |acquire| |release?|
			p0:         |acquire|`), `
c0 release of k0 (event 4, 1.400 s) was invoked while another operation of its process was open
c0 release of k0 (event 4, 1.400 s) names 3, no earlier acquire of k0`},
	} {
		t.Run(c.claim, func(t *testing.T) {
			got := "\n" + strings.Join(c.checker.Check(c.h).Story, "\n")
			if got != c.want {
				t.Errorf("the story is%s\nwanted%s", got, c.want)
			}
		})
	}
}
