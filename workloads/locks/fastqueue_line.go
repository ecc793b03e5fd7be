package locks

import (
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// place is a key in the line of a lock.
type place struct {
	key     string
	created int64 // its create revision
}

// queueLine is who waits for a lock, and who has it, as one client knows it: the keys that existed at a
// revision, the oldest first.
type queueLine struct {
	places []place
	at     int64
}

// lineOf is the line that a range by create revision found.
func lineOf(found *clientv3.GetResponse) queueLine {
	l := queueLine{at: found.Header.Revision}
	for _, kv := range found.Kvs {
		l.places = append(l.places, place{string(kv.Key), kv.CreateRevision})
	}
	return l
}

// apply takes in what a watch told next. A key that is written again stays where it is.
func (l *queueLine) apply(e *clientv3.Event) {
	l.at = e.Kv.ModRevision
	switch {
	case e.IsCreate():
		l.places = append(l.places, place{string(e.Kv.Key), e.Kv.CreateRevision})
	case e.Type == mvccpb.Event_DELETE:
		if i := l.find(string(e.Kv.Key)); i >= 0 {
			l.places = slices.Delete(l.places, i, i+1)
		}
	}
}

// find is where a key stands, -1 where it does not. Mostly it is the first: it goes, or it is awaited.
func (l *queueLine) find(key string) int {
	return slices.IndexFunc(l.places, func(p place) bool { return p.key == key })
}

// rule tells whose turn it is. It is asked when a key was first seen in the line, and gives the func that
// is asked after each change for as long as the key is there.
type rule func(l *queueLine, key string) (isTurn func() bool)

// oldest is the one rule that is right: it is the turn of the key with the least create revision. Nobody
// can come before it any more, so a client that has once seen its key there need not ask again.
func oldest(l *queueLine, key string) (isTurn func() bool) {
	return func() bool { return l.places[0].key == key }
}
