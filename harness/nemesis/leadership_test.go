package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

const noLeader = "no member, or more than one in the same term, takes itself for the leader"

// leaderless others take m1 for the leader; it does not.
func leaderless() []belief {
	return []belief{{leader: 1, term: 4}, {leader: -1, term: 4}, {leader: 1, term: 4}}
}

// Leaders are asked of themselves: what others believe is hearsay, and may be old.
func TestLeaderIsWhoLeadsTheHighestTerm(t *testing.T) {
	for name, tc := range map[string]struct {
		beliefs []belief
		want    string // empty: none
	}{
		"all agree":              {[]belief{{leader: 1, term: 4}, {leader: 1, term: 4}}, "m1 leads term 4"},
		"a single member":        {[]belief{{leader: 0, term: 2}}, "m0 leads term 2"},
		"the old one comes last": {[]belief{{leader: 0, term: 5}, {leader: 0, term: 5}, {leader: 2, term: 4}}, "m0 leads term 5"},
		"the old one is first":   {[]belief{{leader: 0, term: 4}, {leader: 0, term: 4}, {leader: 2, term: 5}}, "m2 leads term 5"},
		"an old pair, and a new": {[]belief{{leader: 0, term: 4}, {leader: 1, term: 4}, {leader: 2, term: 5}}, "m2 leads term 5"},
		"the others lag":         {[]belief{{leader: -1}, {leader: 1, term: 4}, {leader: 0, term: 3}}, "m1 leads term 4"},
		"two in one term":        {[]belief{{leader: 0, term: 4}, {leader: 0, term: 4}, {leader: 2, term: 4}}, ""},
		"only by hearsay":        {leaderless(), ""},
		"the leader is down":     {[]belief{{leader: 1, term: 4}, {leader: 1, term: 4, down: true}}, ""},
		"all are down":           {[]belief{{down: true}, {down: true}}, ""},
		"no members":             {nil, ""},
	} {
		bubble(t, name, func(t *testing.T) {
			w := members(3)
			w.believe(tc.beliefs...)
			if tc.want == "" {
				wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.Leader), "kill members: "+noLeader)
				wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.Follower), "kill members: "+noLeader)
				w.wantDone(t)
				return
			}
			wantTo(t, inject(t, nemesis.KillMembers{}, w.target(nemesis.Leader)), tc.want)
		})
	}
}

// By the time of the heal of an isolated m1, which led term 4.
func TestSuccessorLeadsALaterTerm(t *testing.T) {
	for name, tc := range map[string]struct {
		after []belief
		want  nemesis.Evidence
	}{
		"the old leader still believes in itself": {
			[]belief{{leader: 2, term: 5}, {leader: 1, term: 4}, {leader: 2, term: 5}},
			seen("m2 leads term 5 after m1; 4 bytes held back")},
		"it leads again in a later term": {
			[]belief{{leader: 1, term: 5}, {leader: 1, term: 5}, {leader: 1, term: 5}},
			unseen("no other leader seen after m1; 4 bytes held back")},
		"nobody leads": {
			[]belief{{leader: -1, term: 5}, {leader: -1, term: 4}, {leader: -1, term: 5}},
			unseen("no other leader seen after m1; 4 bytes held back")},
		"another leads, in no later term": {
			[]belief{{leader: 2, term: 4}, {leader: 2, term: 4}, {leader: 2, term: 4}},
			unseen("no other leader seen after m1; 4 bytes held back")},
	} {
		bubble(t, name, injection{fault: nemesis.IsolateMember{}, members: 3, role: nemesis.Leader, to: "m1 leads term 4",
			cut: "0>1 1>0 1>2 2>1", then: func(w *world) { w.believe(tc.after...) }, want: tc.want}.runOnce)
	}
}

func TestLeaderThatComesSoonIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.believe(leaderless()...)
		time.AfterFunc(time.Second, func() { w.elect(1, 4) })
		wantTo(t, inject(t, nemesis.KillMembers{}, w.target(nemesis.Leader)), "m1 leads term 4")
	})
}
