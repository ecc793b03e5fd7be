package locks

import (
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func came(key string, revision int64) *clientv3.Event {
	return &clientv3.Event{Type: mvccpb.Event_PUT, Kv: &mvccpb.KeyValue{
		Key: []byte(key), CreateRevision: revision, ModRevision: revision,
	}}
}

func wentAway(key string, revision int64) *clientv3.Event {
	return &clientv3.Event{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: revision}}
}

func rewritten(key string, created, revision int64) *clientv3.Event {
	e := came(key, created)
	e.Kv.ModRevision = revision
	return e
}

func lineAfter(events ...*clientv3.Event) *queueLine {
	l := &queueLine{}
	for _, e := range events {
		l.apply(e)
	}
	return l
}

func TestLineIsInTheOrderOfCreation(t *testing.T) {
	for name, tc := range map[string]struct {
		events []*clientv3.Event
		want   []place
		at     int64
	}{
		"first come, first in line":              {[]*clientv3.Event{came("b", 3), came("a", 5)}, []place{{"b", 3}, {"a", 5}}, 5},
		"the first goes":                         {[]*clientv3.Event{came("b", 3), came("a", 5), wentAway("b", 6)}, []place{{"a", 5}}, 6},
		"one in the midst goes":                  {[]*clientv3.Event{came("a", 3), came("b", 4), came("c", 5), wentAway("b", 6)}, []place{{"a", 3}, {"c", 5}}, 6},
		"who comes again is the last":            {[]*clientv3.Event{came("a", 3), came("b", 4), wentAway("a", 5), came("a", 6)}, []place{{"b", 4}, {"a", 6}}, 6},
		"who is written again stays":             {[]*clientv3.Event{came("a", 3), came("b", 4), rewritten("a", 3, 5)}, []place{{"a", 3}, {"b", 4}}, 5},
		"what never was there may go":            {[]*clientv3.Event{came("a", 3), wentAway("x", 4)}, []place{{"a", 3}}, 4},
		"released and in line again in one step": {[]*clientv3.Event{came("a", 3), came("b", 4), wentAway("a", 5), came("c", 5)}, []place{{"b", 4}, {"c", 5}}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			if l := lineAfter(tc.events...); !slices.Equal(l.places, tc.want) || l.at != tc.at {
				t.Errorf("line %v at %d, want %v at %d", l.places, l.at, tc.want, tc.at)
			}
		})
	}
}

func TestLineGoesOnFromWhatWasRead(t *testing.T) {
	found := &clientv3.GetResponse{
		Header: &etcdserverpb.ResponseHeader{Revision: 9},
		Kvs:    []*mvccpb.KeyValue{{Key: []byte("b"), CreateRevision: 4}, {Key: []byte("a"), CreateRevision: 6}},
	}
	l := lineOf(found)
	l.apply(wentAway("b", 10))
	if want := []place{{"a", 6}}; !slices.Equal(l.places, want) || l.at != 10 {
		t.Errorf("line %v at %d, want %v at 10", l.places, l.at, want)
	}
}

// a: |-- oldest -------------------|
// b:     |-- goes in the midst --|
// c:         |-- whose predecessor is gone, and who is not the oldest --
func TestOnlyTheOldestHasItsTurn(t *testing.T) {
	l := lineAfter(came("a", 3), came("b", 4), came("c", 5))
	right, wrong := oldest(l, "c"), predecessorGone(l, "c")
	steps := []struct {
		event       *clientv3.Event
		right, rash bool
	}{
		{rewritten("c", 5, 6), false, false},
		{wentAway("b", 7), false, true},
		{wentAway("a", 8), true, true},
	}
	for _, s := range steps {
		l.apply(s.event)
		if right() != s.right || wrong() != s.rash {
			t.Errorf("at %d: oldest says %t, want %t; predecessor gone says %t, want %t", l.at, right(), s.right, wrong(), s.rash)
		}
	}
}

func TestWhoComesFirstHasItsTurnByEitherRule(t *testing.T) {
	l := lineAfter(came("a", 3))
	if !oldest(l, "a")() || !predecessorGone(l, "a")() {
		t.Error("nobody is before it, and yet it has no turn")
	}
}
