package locks

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"lockquake/workloads/lock"
)

// record is what etcd has, as somebody sees it from outside.
func (b *bed) record() observed {
	b.Helper()
	records := leaderRecords{env: lock.Env{Client: b.outside, Name: lockName}}
	if err := records.look(b.ctx); err != nil {
		b.Fatal(err)
	}
	return records.seen
}

// usurp writes a record of somebody else's, whatever there is.
func (b *bed) usurp() {
	b.Helper()
	value, err := json.Marshal(leaderRecord{HolderIdentity: "usurper", LeaseDurationSeconds: 60})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.outside.Put(b.ctx, lockName, string(value)); err != nil {
		b.Fatal(err)
	}
}

func TestRecordIsGoodForItsDurationAsSeen(t *testing.T) {
	seen := time.Now()
	long := seen.Add(-time.Hour) // what the record says of itself is of another's clock
	record := leaderRecord{"a", 2, long, long, 1}
	for _, c := range []struct {
		name   string
		record leaderRecord
		client string
		after  time.Duration
		held   bool
	}{
		{"at once", record, "b", 0, true},
		{"to its last moment", record, "b", 2*time.Second - 1, true},
		{"not beyond", record, "b", 2 * time.Second, false},
		{"not for its own leader", record, "a", 0, false},
		{"not where it names nobody", record.released(seen), "b", 0, false},
		{"not where there is none", leaderRecord{}, "b", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := observed{c.record, 5, seen}
			if held := o.isHeldFrom(c.client, seen.Add(c.after)); held != c.held {
				t.Errorf("held %t, want %t", held, c.held)
			}
		})
	}
}

// The leader dies at once, so its last renewal came before the waiter saw the record; and the waiter cannot
// know how long before.
//
// a: |acquire ok|-- crash
// b:                  |acquire ......... a whole TTL later: ok|
func TestLeaderElectionTakesOverAfterTheDurationThatItSaw(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	dead := b.acquire(b.open(soon(LeaderElection), env))
	_ = env.Client.Close()
	receive(b, "the end of the renewals", dead.Lost)
	waiter := b.open(soon(LeaderElection), b.env("b"))
	began := time.Now()
	next := b.acquire(waiter)
	if waited := time.Since(began); waited < 2*time.Second {
		b.Errorf("took over after %s, want the whole duration", waited)
	}
	if next.Token <= dead.Token {
		b.Errorf("token %d after %d", next.Token, dead.Token)
	}
}

// The twin: a leader that lives is waited for, for longer than the duration.
func TestLeaderElectionWaitsForALeaderThatRenews(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(soon(LeaderElection), b.env("a")))
	waiting := b.acquiring(b.ctx, b.open(soon(LeaderElection), b.env("b")))
	b.await("renewals beyond the duration", func() bool {
		record := b.record().record
		return record.RenewTime.Sub(record.AcquireTime) > 3*time.Second
	})
	select {
	case <-waiting:
		b.Fatal("took over from a leader that renews")
	case <-hold.Lost:
		b.Fatal("the leader lost what it renews")
	default:
	}
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if got := receive(b, "the waiter", waiting); got.err != nil || got.hold.Token <= hold.Token {
		b.Errorf("waiter: %+v, want a greater token than %d", got, hold.Token)
	}
}

// a: |acquire ok|-- hold, lost ------|release: not held|
// u:               |usurps|---------------------------------
func TestLeaderElectionLearnsThatAnotherLeads(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(soon(LeaderElection), b.env("a")))
	b.usurp()
	receive(b, "lost", hold.Lost)
	if err := hold.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
	if who := b.record().record.HolderIdentity; who != "usurper" {
		b.Errorf("%q leads, want the usurper", who)
	}
}

// A write whose reply was lost: the client finds itself leading at its next try, and goes on.
func TestLeaderElectionFindsItselfLeading(t *testing.T) {
	b := newBed(t)
	var lost unanswered
	l := b.open(soon(LeaderElection), b.env("a", lost.option()))
	waiting := b.acquiring(b.ctx, l)
	b.await("the record", func() bool { return b.record().revision != 0 })
	lost.off.Store(true)
	got := receive(b, "the acquire", waiting)
	if seen := b.record(); got.err != nil || got.hold.Token > seen.revision || seen.record.HolderIdentity != "a" {
		b.Errorf("acquire: %+v, with the record %+v", got, seen)
	}
}

// The twin: where no answer comes at all, nobody may say that the client does not lead.
func TestLeaderElectionWithoutAnswerIsUnknown(t *testing.T) {
	b := newBed(t)
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.acquiring(ctx, b.open(soon(LeaderElection), b.env("a", new(unanswered).option())))
	b.await("the record", func() bool { return b.record().revision != 0 })
	cancel()
	b.wantDefinite(receive(b, "the acquire", waiting).err, false)
}

// The record in the way is the client's own write, which the client library repeated.
func TestLeaderElectionKnowsItsOwnWrite(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	env.Client.KV = repeating{KV: env.Client.KV, times: 2, after: func() {}}
	hold, err := b.open(soon(LeaderElection), env).(lock.Trier).TryAcquire(b.ctx)
	if err != nil || hold.Token != b.record().revision {
		b.Errorf("try: %+v, %v, with the record %+v", hold, err, b.record())
	}
}

// The twin: it is another's, which came between the look at the record and the write.
func TestLeaderElectionTryThatCameTooLateIsTaken(t *testing.T) {
	b := newBed(t)
	records := leaderRecords{env: b.env("a")}
	if err := records.look(b.ctx); err != nil {
		b.Fatal(err)
	}
	b.usurp()
	if err := records.write(b.ctx, records.seen.taken(records.env, time.Now())); !errors.Is(err, lock.ErrTaken) || records.doubt != nil {
		b.Errorf("write: %v, in doubt about %v, want taken", err, records.doubt)
	}
}

func TestLeaderElectionCancelledWaitIsDefinite(t *testing.T) {
	b := newBed(t)
	b.usurp()
	before := b.record()
	ctx, cancel := context.WithCancel(b.ctx)
	env := b.env("b")
	server := mute{KV: env.Client.KV, looked: make(chan struct{}, 1)}
	env.Client.KV = server
	waiting := b.acquiring(ctx, b.open(soon(LeaderElection), env))
	receive(b, "the waiter's look at the record", server.looked)
	cancel()
	b.wantDefinite(receive(b, "the cancelled acquire", waiting).err, true)
	if after := b.record(); after.revision != before.revision {
		b.Errorf("the record changed: %+v", after)
	}
}

func TestLeaderElectionCloseGivesUpTheHold(t *testing.T) {
	b := newBed(t)
	l := b.open(soon(LeaderElection), b.env("a"))
	hold := b.acquire(l)
	if err := l.Close(); err != nil {
		b.Error(err)
	}
	receive(b, "the end of the renewals", hold.Lost)
	if who := b.record().record.HolderIdentity; who != "" {
		b.Errorf("%q leads still", who)
	}
}

func TestLeaderElectionReturnsWhenTheClientIsClosed(t *testing.T) {
	b := newBed(t)
	b.usurp()
	env := b.env("a")
	l := b.open(soon(LeaderElection), env)
	waiting := b.acquiring(b.ctx, l)
	_ = env.Client.Close()
	if got := receive(b, "the acquire of the closed client", waiting); got.err == nil {
		b.Error("acquired with a closed client")
	}
	if err := l.Close(); err != nil {
		b.Errorf("close without a hold: %v", err)
	}
}

// A client that starts again under its identity leads on at once, though nobody renewed for it.
func TestLeaderElectionTrustsItsIdentity(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	b.acquire(b.open(soon(LeaderElection), env))
	_ = env.Client.Close()
	before := b.record().record
	b.acquire(b.open(soon(LeaderElection), b.env("a")))
	if after := b.record().record; after.LeaderTransitions != before.LeaderTransitions || !after.AcquireTime.Equal(before.AcquireTime) {
		b.Errorf("record %+v, want the term of %+v to go on", after, before)
	}
}
