package checker

import (
	"strings"
	"testing"

	"lockquake/checker/history"
)

// modeTwins are claims about locks that are no mutex.
var modeTwins = []twin{
	{
		claim: "readers share, a writer does not", checker: Exclusion{},
		ok: `
			p0: |acquire shared t=1|-------|release|
			p1:     |acquire shared t=2|------------|release|
			p2:                    |acquire t=3              |---|release|`,
		bad: `
			p0: |acquire shared t=1|-------|release|
			p1:     |acquire shared t=2|------------|release|
			p2:                    |acquire t=3    |---|release|`,
		why: "c1 (shared) and c2 both held k0 for 0.100 s from 3.900 s (tokens 2 and 3)",
	},
	{
		claim: "a reader does not come to a writer", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|-------|release|
			p1:    |acquire shared t=2    |----|release|`,
		bad: `
			p0: |acquire t=1|----------|release|
			p1:    |acquire shared t=2|--------|release|`,
		why: "c0 and c1 (shared) both held k0",
	},
	{
		claim: "what is acquired again is held until it was released as often", checker: Exclusion{},
		ok: `
			p0: |acquire t=1| |acquire nested t=1| |release|         |release|
			p1:                                       |acquire t=2       |--|release|`,
		bad: `
			p0: |acquire t=1| |acquire nested t=1| |release|         |release|
			p1:                                       |acquire t=2|--|release|`,
		why: "c0 and c1 both held k0 for 0.300 s from 5.400 s (tokens 1 and 2)",
	},
	{
		claim: "what is within a hold meets nobody by itself", checker: Exclusion{},
		ok: `
			p0: |acquire t=1| |acquire nested t=1|             |release| |release|
			p1:    |acquire shared k1 t=2| |acquire nested k1 t=3|`,
		bad: `
			p0: |acquire t=1| |acquire t=1|             |release| |release|
			p1:    |acquire shared k1 t=2| |acquire nested k1 t=3|`,
		why: "c0 and c0 both held k0",
	},
	{
		claim: "as many hold a semaphore as there are permits", checker: Exclusion{},
		ok: `
			cell: none permits=2
			p0: |acquire t=1|----------------|release|
			p1:    |acquire t=2|-----|release|
			p2:         |acquire t=3       |------------|release|`,
		bad: `
			cell: none permits=2
			p0: |acquire t=1|----------------|release|
			p1:    |acquire t=2|-----|release|
			p2:         |acquire t=3|-----------------|release|`,
		why: "c0, c1 and c2 held k0 together, 3 where 2 may, for 0.100 s from 2.400 s (tokens 1, 2 and 3)",
	},
	{
		claim: "a try that failed says nothing, one that did not is a hold", checker: Exclusion{},
		ok: `
			p0: |acquire t=1|----------------|release|
			p1:    |acquire! tried|`,
		bad: `
			p0: |acquire t=1|----------------|release|
			p1:    |acquire tried|`,
		why: "c0 and c1 both held k0",
	},
	{
		claim: "who was in line already does not hold before its turn", checker: Exclusion{},
		ok: `
			p0: |acquire t=1| |release| |acquire queued t=3|-|release|
			p1:    |acquire t=2           |----------|release|`,
		bad: `
			p0: |acquire t=1| |release| |acquire queued t=3|-|release|
			p1:    |acquire t=2           |------------------|release|`,
		why: "c1 and c0 both held k0",
	},
	{
		claim: "of those who held a semaphore, one who outlived its lease explains one too many", checker: LeaseBounds{},
		ok: `
			cell: none permits=2
			p0: |acquire t=1 l=7|--------------------|release!|
			p1: |acquire t=2 l=8|----------------------|release|
			p0: <granted l=7 ttl=10>
			p1: <granted l=8 ttl=90>
			p2:                     |acquire t=3 l=9|---|release|`,
		bad: `
			cell: none permits=2
			p0: |acquire t=1 l=7|--------------------|release!|
			p1: |acquire t=2 l=8|----------------------|release|
			p0: <granted l=7 ttl=38>
			p1: <granted l=8 ttl=90>
			p2:                     |acquire t=3 l=9|---|release|`,
		why: "c0, c1 and c2 held k0 together, 3 where 2 may, for 0.100 s from 4.000 s (tokens 1, 2 and 3), though c0 could trust its lease until 4.100 s and c1 until 9.300 s",
	},
	{
		claim: "two too many need two who outlived their leases", checker: LeaseBounds{},
		ok: `
			cell: none permits=2
			p0: |acquire t=1 l=7|-------------------------|release!|
			p1: |acquire t=2 l=8|-------------------------|release|
			p2: |acquire t=3 l=9      |-------------------|release|
			p0: <granted l=7 ttl=10>
			p1: <granted l=8 ttl=20>
			p3:                       |acquire t=3 l=10|---|release|`,
		bad: `
			cell: none permits=2
			p0: |acquire t=1 l=7|-------------------------|release!|
			p1: |acquire t=2 l=8|-------------------------|release|
			p2: |acquire t=3 l=9      |-------------------|release|
			p0: <granted l=7 ttl=10>
			p1: <granted l=8 ttl=90>
			p2: <granted l=9 ttl=90>
			p3:                       |acquire t=3 l=10|---|release|`,
		why: "4 where 2 may",
	},
	{
		claim: "every reader beside a writer must have outlived its lease", checker: LeaseBounds{},
		ok: `
			p0: |acquire shared t=1 l=7|--------------|release!|
			p1: |acquire shared t=2 l=8|----------------|release|
			p0: <granted l=7 ttl=10>
			p1: <granted l=8 ttl=10>
			p2:                     |acquire t=3 l=9|---|release|`,
		bad: `
			p0: |acquire shared t=1 l=7|--------------|release!|
			p1: |acquire shared t=2 l=8|----------------|release|
			p0: <granted l=7 ttl=10>
			p1: <granted l=8 ttl=90>
			p2:                     |acquire t=3 l=9|---|release|`,
		why: "c1 (shared) and c2 both held k0 for 0.400 s from 4.000 s (tokens 2 and 3), though c1 could trust",
	},
	{
		claim: "in a reader's way are writers, not readers", checker: Grant{},
		ok: `
			p0:   |acquire shared t=2 l=7|---------------|release|
			p1:       |acquire shared t=3 l=8|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                                 |acquire k1 t=4 l=9|
			etcd:                                <created k1 t=4 l=9>`,
		bad: `
			p0:   |acquire t=2 l=7       |---------------|release|
			p1:       |acquire shared t=3 l=8|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                                 |acquire k1 t=4 l=9|
			etcd:                                <created k1 t=4 l=9>`,
		why: "c1 acquired k0 at 3.300 s with token 3, but the older k0/7 (token 2) was still there: the strategy did not wait for it",
	},
	{
		claim: "a reader may overtake a writer that waits, not one that is in", checker: Grant{},
		// Of the bad one, the reader's key outlives the writer's.
		ok: `
			p0:   |acquire t=2 l=7                                         |
			p1:       |acquire shared t=3 l=8|---|release|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                                 |acquire k1 t=4 l=9|
			etcd:                                <created k1 t=4 l=9>
			etcd:                                         <deleted t=3 l=8 @5>`,
		bad: `
			p0:   |acquire t=2 l=7|------------------------------|release|
			p1:       |acquire shared t=3 l=8|-----------------------------------------|release|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                                 |acquire k1 t=4 l=9|
			etcd:                                <created k1 t=4 l=9>
			etcd:                                                     <deleted t=2 l=7 @5>
			etcd:                                                                          <deleted t=3 l=8 @6>`,
		why: "c1 acquired k0 at 3.300 s with token 3, but the older k0/7 (token 2) was still there",
	},
	{
		claim: "a writer waits for readers", checker: Grant{},
		ok: `
			p0:   |acquire shared t=2 l=7|-------|release|
			p1:       |acquire shared t=3 l=8                |
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			etcd:                                   <deleted t=2 l=7 @9>`,
		bad: `
			p0:   |acquire shared t=2 l=7|-------|release|
			p1:       |acquire t=3 l=8|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                          |acquire k1 t=4 l=9|
			etcd:                         <created k1 t=4 l=9>
			etcd:                                   <deleted t=2 l=7 @9>`,
		why: "c1 acquired k0 at 2.600 s with token 3, but the older k0/7 (token 2) was still there: the strategy did not wait for it",
	},
	{
		claim: "a semaphore is had by as many of the oldest as it has permits", checker: Grant{},
		ok: `
			cell: none permits=2
			p0:   |acquire t=2 l=7|---------------|release|
			p1:       |acquire t=3 l=8|
			etcd: <created t=2 l=7>
			etcd:        <created t=3 l=8>
			p2:                          |acquire k1 t=4 l=9|
			etcd:                         <created k1 t=4 l=9>`,
		bad: `
			cell: none permits=2
			p0:   |acquire t=2 l=7|---------------|release|
			p1:       |acquire t=4 l=8|
			etcd: <created t=2 l=7>
			etcd:  <created t=3 l=6>
			etcd:        <created t=4 l=8>
			p2:                          |acquire k1 t=5 l=9|
			etcd:                         <created k1 t=5 l=9>`,
		why: "c1 acquired k0 at 2.600 s with token 4, but 2 older keys, among them k0/7 (token 2), were still there: the strategy did not wait",
	},
	{
		claim: "what is acquired again has the key of the hold that it lies in, or one of its own", checker: Grant{},
		ok: `
			p0:   |acquire t=2 l=7| |acquire nested t=2 l=7| |acquire nested t=5 l=7|
			p0:  <granted l=7 ttl=90>
			p1:  <granted l=8 ttl=90>
			etcd:  <created t=2 l=7>
			etcd:         <created t=3 l=8>                   <created t=5 l=7>`,
		bad: `
			p0:   |acquire t=2 l=7| |acquire nested t=2 l=7| |acquire nested t=3 l=8|
			p0:  <granted l=7 ttl=90>
			p1:  <granted l=8 ttl=90>
			etcd:  <created t=2 l=7>
			etcd:         <created t=3 l=8>`,
		why: "c0 acquired k0 at 7.200 s with token 3, but that is k0/8 on lease 8, not its own",
	},
	{
		claim: "who was in line already says nothing of when its key came", checker: Grant{},
		// The watch tells late. p1's key (token 4) was there before p1 asked; so it does not tell that p2 had been
		// answered by then.
		ok: `
			p0:  |acquire t=2 l=7|--|release|
			p1:                                                      |acquire queued t=4 l=8|
			p2:     |acquire t=3 l=9                      |-|release|
			etcd:                                                                              <created t=2 l=7>
			etcd:                                                                               <created t=3 l=9>
			etcd:                                                                                <created t=4 l=8>
			etcd:                                                                                 <deleted t=2 l=7 @5>
			etcd:                                                                                  <deleted t=3 l=9 @6>`,
		bad: `
			p0:  |acquire t=2 l=7|--|release|
			p1:                                                      |acquire t=4 l=8       |
			p2:     |acquire t=3 l=9                      |-|release|
			etcd:                                                                              <created t=2 l=7>
			etcd:                                                                               <created t=3 l=9>
			etcd:                                                                                <created t=4 l=8>
			etcd:                                                                                 <deleted t=2 l=7 @5>
			etcd:                                                                                  <deleted t=3 l=9 @6>`,
		why: "c2 acquired k0 at 4.600 s with token 3, but the older k0/7 (token 2) was still there",
	},
	{
		claim: "a place in line that nobody came for is given up by its client", checker: Release{},
		ok: `
			p0:  |acquire t=1 l=7| |release|                              |close|
			p0:  <granted l=7 ttl=90>
			p1:                                |acquire t=3 l=8|
			etcd:                                 <created t=3 l=8>
			etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>
			etcd:                     <created t=2 l=7>
			etcd:                                                           <deleted t=2 l=7 @4>`,
		bad: `
			p0:  |acquire t=1 l=7| |release|                                     |close|
			p0:  <granted l=7 ttl=90>
			p1:                                |acquire t=3 l=8|
			etcd:                                 <created t=3 l=8>
			etcd:  <created t=1 l=7> <deleted t=1 l=7 @2>
			etcd:                     <created t=2 l=7>
			etcd:                                                           <deleted t=2 l=7 @4>`,
		why: "c1's acquire (token 3) deleted c0's key k0/7 (token 2) at 6.400 s, its lease alive",
	},
	{
		claim: "what was acquired again in between does not hide that a key was given back", checker: Release{},
		ok: `
			p0:  |acquire t=1 l=7| |acquire nested t=1 l=7| |release| |release|
			p0:  <granted l=7 ttl=99>
			p1:  <granted l=8 ttl=99>                                             |acquire t=3 l=8|
			etcd:  <created t=1 l=7>
			etcd:                                                                                   <created t=3 l=8> <deleted? t=1 l=7 @4>`,
		bad: `
			p0:  |acquire t=1 l=7| |acquire nested t=1 l=7| |release| |release|
			p0:  <granted l=7 ttl=99>
			p1:  <granted l=8 ttl=99>                                             |acquire t=3 l=8|
			etcd:  <created t=1 l=7>
			etcd:                                                                                   <created t=3 l=8> <deleted t=1 l=7 @4>`,
		why: "c1's acquire (token 3) deleted c0's key k0/7 (token 1)",
	},
	{
		claim: "readers may read in any order, a writer may not write after a newer reader", checker: Fencing{},
		ok: `
			p0: |acquire shared t=1|                 |read 0 @2|
			p1:    |acquire shared t=2| |read 0 @1|
			p2:                                                 |acquire t=3| |write 1<0 @3| |read 1 @4|`,
		bad: `
			p0: |acquire shared t=1|                 |read 0 @2|
			p1:    |acquire shared t=4| |read 0 @1|
			p2:                                                 |acquire t=3| |write 1<0 @3| |read 1 @4|`,
		why: "stale write accepted: c2 wrote 1 over 0 to k0 at 7.900 s with token 3, after c1's token 4 was seen",
	},
	{
		claim: "only who holds acquires again, be it as another process", checker: WellFormed{},
		ok:  `p0: |acquire| |acquire nested| |release| |release|`,
		bad: `p0: |acquire| |release| |acquire nested|`,
		why: "c0 acquire of k0 (event 5, 2.400 s) is nested, and its client held nothing",
	},
	{
		claim: "a last try in vain does not tell that a key is locked", checker: Progress{},
		ok: `
			cell: none
			p0:   |acquire t=1|-------|release?
			p1:    <stop>                       |acquire t=2| |release| |acquire! tried|`,
		bad: `
			cell: none
			p0:   |acquire t=1|-------|release?
			p1:    <stop>                       |acquire t=2| |release| |acquire!|`,
		why: "k0 stayed locked",
	},
}

func TestModeTwins(t *testing.T) { judgeTwins(t, modeTwins) }

// Somebody who holds a semaphore does not explain that another one cannot have it; as many as there are permits
// do.
func TestHoldersExplainAFullSemaphore(t *testing.T) {
	for drawing, want := range map[string]Validity{
		`cell: none permits=2
			p0: |acquire t=1| <stop>
			p2:                       |acquire?|`: Invalid,
		`cell: none permits=2
			p0: |acquire t=1| <stop>
			p1: |acquire t=2|
			p2:                       |acquire?|`: Unknown,
	} {
		if v := (Progress{}).Check(draw(t, drawing)); v.Validity != want {
			t.Errorf("%v: %s, wanted %v of %s", v.Validity, v.Why, want, drawing)
		}
	}
}

// A nested hold ends with the one that it lies in, whenever it is released: c0 acts on the loss of the outer one.
func TestNestedHoldEndsWithItsOuterOne(t *testing.T) {
	drawing := `
		p0: |acquire t=1| |acquire nested t=1|  <lost>              |release!|
		p1:                                             |acquire t=2|----------|release|`
	for claim, outer := range map[string]bool{"the outer one is lost": true, "only the nested one is lost": false} {
		h := draw(t, drawing)
		if outer {
			for i := range h.Infos {
				h.Infos[i].Hold = h.Ops[0].ID()
			}
		}
		if v := (Exclusion{}).Check(h); v.Harness || (v.Validity == Valid) != outer {
			t.Errorf("%s: %v, %s", claim, v.Validity, v.Why)
		}
	}
}

// A client goes on under another process number, and holds what it held.
func TestNestedHoldOfAnotherProcess(t *testing.T) {
	h := draw(t, `
		p0:     |acquire t=1| |acquire? nested|
		p2/c0:                                   |acquire nested t=1|`)
	for client, want := range map[int32]Validity{0: Valid, 1: Invalid} {
		h.Ops[2].Client = client
		if v := (WellFormed{}).Check(h); v.Validity != want {
			t.Errorf("as client %d: %v, %s", client, v.Validity, v.Why)
		}
	}
}

func TestModeStories(t *testing.T) {
	for claim, want := range map[string]string{
		"readers share, a writer does not": `
2.700 s  c1 acquired k0 shared (token 2)
3.900 s  c2 acquired k0 (token 3) while c1 still believed
4.000 s  c1 released k0 (token 2)
4.300 s  c2 released k0 (token 3)`,
		"as many hold a semaphore as there are permits": `
1.600 s  c0 acquired k0 (token 1)
1.900 s  c1 acquired k0 (token 2)
2.400 s  c2 acquired k0 (token 3) while 2 others still believed: 3 hold it where 2 may
2.500 s  c1 released k0 (token 2)
3.300 s  c0 released k0 (token 1)
4.200 s  c2 released k0 (token 3)`,
		"what is acquired again is held until it was released as often": `
1.600 s  c0 acquired k0 (token 1)
3.700 s  c0 acquired k0 again (token 1)
3.900 s  c0 released k0 (token 1) once
5.400 s  c1 acquired k0 (token 2) while c0 still believed
5.700 s  c0 released k0 (token 1)
5.700 s  c1 released k0 (token 2)`,
		"what is acquired again has the key of the hold that it lies in, or one of its own": `
1.400 s  k0/8 (token 3) was created
2.200 s  c0 acquired k0 (token 2, lease 7)
4.900 s  c0 asked for k0
7.200 s  c0 acquired k0 again (token 3, lease 8), which was not its own`,
	} {
		c := twinIn(t, modeTwins, claim)
		v := c.checker.Check(draw(t, c.bad))
		if got := "\n" + strings.Join(v.Story, "\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the story is%s\nwanted%s", claim, got, want)
		}
	}
}

// What a page says of locks that are no mutex.
func TestModePages(t *testing.T) {
	for _, c := range []struct {
		claim string
		want  []string
	}{
		{"readers share, a writer does not", []string{"the model of a readers-writer lock", "c1 acquire k0 shared, token 2"}},
		{"what is acquired again is held until it was released as often", []string{"c1 acquire k0, token 2"}},
		{"as many hold a semaphore as there are permits", []string{"the model of a semaphore of 2 permits", "held by c0 (token 1) and c1 (token 2)"}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			x := twinIn(t, modeTwins, c.claim)
			_, html := page(t, draw(t, x.bad), x.checker)
			shows(t, html, false)
			for _, text := range c.want {
				if !strings.Contains(html, text) {
					t.Errorf("the page does not say %q", text)
				}
			}
		})
	}
}

// The model of a page finds an order for what is legal, and none for what is not.
func TestPageModels(t *testing.T) {
	for _, c := range modeTwins {
		if c.checker != (Exclusion{}) {
			continue
		}
		t.Run(c.claim, func(t *testing.T) {
			for drawing, ordered := range map[string]bool{c.ok: true, c.bad: false} {
				h := draw(t, drawing)
				v := Verdict{Checker: "exclusion"}
				for i := range h.Ops {
					if h.Ops[i].Key == "k0" {
						v.Evidence = append(v.Evidence, h.Ops[i].ID())
					}
				}
				html, err := Page(h, v)
				if err != nil {
					t.Fatal(err)
				}
				shows(t, string(html), ordered)
			}
		})
	}
}

// A window ends with the holds that it shows, also with a nested one of which nobody recorded the end.
func TestWindowOfANestedHold(t *testing.T) {
	h := draw(t, `
		p0: |acquire t=1| |acquire nested t=1|  <crash>
		p1:                                                           |acquire t=2|--|release|`)
	h.Infos[0].Hold = h.Ops[0].ID()
	v := Verdict{Checker: "grant", Evidence: []history.OpID{h.Ops[1].ID()}}
	if _, to, ok := Window(h, v); !ok || to != h.Infos[0].At {
		t.Errorf("it ends at %v, wanted %v", to, h.Infos[0].At)
	}
}

// There are too many until as many have ended as were too many.
func TestOverlapEndsWithTheLastOneTooMany(t *testing.T) {
	hold := func(end int64) *history.Hold { return &history.Hold{End: end} }
	older := []*history.Hold{hold(5), hold(9), hold(7)}
	for permits, want := range map[int]int64{1: 8, 2: 7, 3: 5} {
		if got := (overlap{older, hold(8), permits}).endSeq(); got != want {
			t.Errorf("of %d permits: it ends at %d, want %d", permits, got, want)
		}
	}
}
