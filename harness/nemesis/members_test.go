package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

const noLeader = "no member, or more than one in the same term, takes itself for the leader"

// Others take m1 for the leader; it does not.
var leaderless = []belief{{leader: 1, term: 4}, {leader: -1, term: 4}, {leader: 1, term: 4}}

// Leaders are asked of themselves: what others believe is hearsay, and may be old.
func TestLeaderIsWhoLeadsTheHighestTerm(t *testing.T) {
	for name, tc := range map[string]struct {
		beliefs []belief
		want    string // empty: none
	}{
		"all agree":              {calm, "m1 leads term 4"},
		"a single member":        {[]belief{{leader: 0, term: 2}}, "m0 leads term 2"},
		"the old one comes last": {[]belief{{leader: 0, term: 5}, {leader: 0, term: 5}, {leader: 2, term: 4}}, "m0 leads term 5"},
		"the old one is first":   {[]belief{{leader: 0, term: 4}, {leader: 0, term: 4}, {leader: 2, term: 5}}, "m2 leads term 5"},
		"an old pair, and a new": {[]belief{{leader: 0, term: 4}, {leader: 1, term: 4}, {leader: 2, term: 5}}, "m2 leads term 5"},
		"the others lag":         {[]belief{{leader: -1}, {leader: 1, term: 4}, {leader: 0, term: 3}}, "m1 leads term 4"},
		"two in one term":        {[]belief{{leader: 0, term: 4}, {leader: 0, term: 4}, {leader: 2, term: 4}}, ""},
		"only by hearsay":        {leaderless, ""},
		"the leader is down":     {[]belief{{leader: 1, term: 4}, {leader: 1, term: 4, down: true}}, ""},
		"all are down":           {[]belief{{down: true}, {down: true}}, ""},
		"no members":             {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{beliefs: tc.beliefs}
				target := nemesis.Target{Members: w, Peers: w}
				if tc.want == "" {
					wantRefused(t, nemesis.IsolateLeader{}, target, "isolate leader: "+noLeader)
					return
				}
				wantTo(t, inject(t, nemesis.IsolateLeader{}, target), tc.want)
			})
		})
	}
}

// late is a world in which nobody leads until some time has passed.
type late struct {
	*world
	until time.Time
}

func (l late) Believes(member int) (int, uint64, bool) {
	if time.Now().Before(l.until) {
		return -1, 0, true
	}
	return l.world.Believes(member)
}

func TestLeaderThatComesSoonIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: calm}
		wantTo(t, inject(t, nemesis.IsolateLeader{}, nemesis.Target{Members: late{w, time.Now().Add(time.Second)}, Peers: w}), "m1 leads term 4")
		never := nemesis.Target{Members: late{w, time.Now().Add(time.Hour)}, Peers: w}
		wantRefused(t, nemesis.IsolateLeader{}, never, "isolate leader: "+noLeader)
	})
}

func TestSuccessorThatComesSoonIsEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: calm}
		members := &late{world: w}
		injected := inject(t, nemesis.IsolateLeader{}, nemesis.Target{Members: members, Peers: w})
		members.until = time.Now().Add(time.Second)
		w.beliefs = []belief{{leader: 2, term: 5}, {leader: 1, term: 4}, {leader: 2, term: 5}}
		wantHealed(t, injected, seen("m2 leads term 5 after m1; 0 bytes held back"))
	})
}
