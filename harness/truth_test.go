package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

// toldEtcd answers the ground truth from a script: each Watch with the next stream, each Get with the next
// state, each question about a lease with its fate.
type toldEtcd struct {
	clientv3.KV
	clientv3.Watcher
	clientv3.Lease
	streams [][]clientv3.WatchResponse // after the last one no stream tells anything
	states  []state
	fates   map[clientv3.LeaseID]fate

	from []int64 // revisions of the watches
	read []int64 // revisions of the reads
}

const testPrefix = "lockquake/locks/"

func (*toldEtcd) Close() error { return nil }

type state struct {
	keys []*mvccpb.KeyValue
	err  error
}

type fate struct {
	ttl   int64 // -1: gone
	err   error
	after time.Duration
}

func (f *toldEtcd) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	op := clientv3.OpGet(key, opts...)
	f.from = append(f.from, op.Rev())
	told := make(chan clientv3.WatchResponse, 100)
	if len(f.streams) == 0 {
		go func() { <-ctx.Done(); close(told) }()
		return told
	}
	for _, resp := range f.streams[0] {
		told <- resp
	}
	f.streams = f.streams[1:]
	close(told)
	return told
}

func (f *toldEtcd) Get(_ context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	op := clientv3.OpGet(key, opts...)
	f.read = append(f.read, op.Rev())
	s := f.states[0]
	f.states = f.states[1:]
	return &clientv3.GetResponse{Header: &etcdserverpb.ResponseHeader{Revision: 1}, Kvs: s.keys}, s.err
}

func (f *toldEtcd) Put(context.Context, string, string, ...clientv3.OpOption) (*clientv3.PutResponse, error) {
	return &clientv3.PutResponse{}, nil
}

func (f *toldEtcd) TimeToLive(_ context.Context, id clientv3.LeaseID, _ ...clientv3.LeaseOption) (*clientv3.LeaseTimeToLiveResponse, error) {
	answer := f.fates[id]
	time.Sleep(answer.after) // in virtual time
	return &clientv3.LeaseTimeToLiveResponse{TTL: answer.ttl}, answer.err
}

func kv(key string, created, lease int64) *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(testPrefix + key), CreateRevision: created, ModRevision: created, Lease: lease}
}

func put(key string, revision, lease int64) *clientv3.Event {
	return &clientv3.Event{Type: clientv3.EventTypePut, Kv: kv(key, revision, lease)}
}

func deleted(key string, created, lease, revision int64) *clientv3.Event {
	gone := &mvccpb.KeyValue{Key: []byte(testPrefix + key), ModRevision: revision}
	return &clientv3.Event{Type: clientv3.EventTypeDelete, Kv: gone, PrevKv: kv(key, created, lease)}
}

func tells(events ...*clientv3.Event) clientv3.WatchResponse {
	return clientv3.WatchResponse{Events: events}
}

var endMark = tells(put("-end", 1000, 0))

// follow lets the truth follow a script, while test does something beside it, and gives what was recorded.
func follow(t *testing.T, f *toldEtcd, beside func(*truth)) history.History {
	t.Helper()
	f.states = append([]state{{}}, f.states...) // for the first revision
	var out bytes.Buffer
	rec, err := history.NewRecorder(&out, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := watchTruth(t.Context(), &clientv3.Client{KV: f, Watcher: f, Lease: f}, testPrefix, rec)
	if err != nil {
		t.Fatal(err)
	}
	beside(truth)
	if err := errors.Join(truth.close(t.Context()), rec.Close()); err != nil {
		t.Fatal(err)
	}
	return decoded(t, &out)
}

func decoded(t *testing.T, out *bytes.Buffer) history.History {
	t.Helper()
	h, err := history.Decode(out)
	if err != nil || h.Cut != "" || len(h.Defects) > 0 {
		t.Fatalf("history: %v, cut %q, defects %q", err, h.Cut, h.Defects)
	}
	return h
}

func nothing(*truth) {}

// seen lists the ground truth of a history, a word an event: created k0/a at 2, deleted at 3 ...
func seen(h history.History) []string {
	var all []string
	for _, e := range h.Infos {
		switch e.Op {
		case history.Created:
			all = append(all, fmt.Sprintf("+%s %d @%d", e.Note[len(testPrefix):], e.Token, e.Pos))
		case history.Deleted:
			all = append(all, fmt.Sprintf("-%s %d @%d %v", e.Note[len(testPrefix):], e.Token, e.Pos, e.Outcome))
		case history.Gap:
			all = append(all, fmt.Sprintf("gap %d-%d", e.Pos, e.Value))
		}
	}
	return all
}

func TestTruthSurvivesWhatBefallsItsWatch(t *testing.T) {
	compacted := clientv3.WatchResponse{CompactRevision: 7, Canceled: true}
	again := clientv3.WatchResponse{CompactRevision: 9, Canceled: true}
	first := tells(put("k0/a", 2, 0), put("k0/b", 3, 0))
	for name, tc := range map[string]struct {
		etcd *toldEtcd
		seen []string
		from []int64
		read []int64
	}{
		"nothing": {
			&toldEtcd{streams: [][]clientv3.WatchResponse{{first, tells(deleted("k0/a", 2, 0, 4)), endMark}}},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "-k0/a 2 @4 ok"}, []int64{2}, []int64{0}},
		"a stream that breaks": {
			&toldEtcd{streams: [][]clientv3.WatchResponse{{first}, {tells(deleted("k0/a", 2, 0, 4)), endMark}}},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "-k0/a 2 @4 ok"}, []int64{2, 4}, []int64{0}},
		"a compaction": {
			&toldEtcd{
				streams: [][]clientv3.WatchResponse{{first, compacted}, {tells(put("k0/d", 8, 0)), endMark}},
				states:  []state{{keys: []*mvccpb.KeyValue{kv("k0/b", 3, 0), kv("k0/c", 6, 0)}}},
			},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "gap 4-8", "+k0/b 3 @7", "+k0/c 6 @7", "+k0/d 8 @8"}, []int64{2, 8}, []int64{0, 7}},
		"a second compaction before the first was dealt with": {
			&toldEtcd{
				streams: [][]clientv3.WatchResponse{{first, compacted}, {again}, {endMark}},
				states:  []state{{err: rpctypes.ErrCompacted}, {}},
			},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "gap 4-10"}, []int64{2, 4, 10}, []int64{0, 7, 9}},
		"a compaction of the end mark": {
			&toldEtcd{
				streams: [][]clientv3.WatchResponse{{first, compacted}},
				states:  []state{{keys: []*mvccpb.KeyValue{kv("-end", 7, 0), kv("k0/b", 3, 0)}}},
			},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "gap 4-8", "+k0/b 3 @7"}, []int64{2}, []int64{0, 7}},
		"an end that never comes": {
			&toldEtcd{streams: [][]clientv3.WatchResponse{{first}}},
			[]string{"+k0/a 2 @2", "+k0/b 3 @3", "gap 4-0"}, []int64{2, 4}, []int64{0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := follow(t, tc.etcd, nothing)
			if got := seen(h); !slices.Equal(got, tc.seen) {
				t.Errorf("%s: recorded %q, want %q", name, got, tc.seen)
			}
			if !slices.Equal(tc.etcd.from, tc.from) || !slices.Equal(tc.etcd.read, tc.read) {
				t.Errorf("%s: watched from %d and read at %d, want %d and %d", name, tc.etcd.from, tc.etcd.read, tc.from, tc.read)
			}
		})
	}
}

// Answers about leases come late; events do not wait for them.
func TestQuestionsAboutLeasesDelayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &toldEtcd{
			streams: [][]clientv3.WatchResponse{{
				tells(deleted("k0/a", 2, 1, 10)), tells(deleted("k0/b", 3, 2, 11)), tells(deleted("k0/c", 4, 3, 12)), tells(put("k0/d", 13, 4)), endMark,
			}},
			fates: map[clientv3.LeaseID]fate{1: {ttl: 5, after: 900 * time.Millisecond}, 2: {ttl: -1, after: time.Millisecond}, 3: {err: errors.New("no leader")}},
		}
		h := follow(t, f, nothing)
		want := []string{"-k0/a 2 @10 ok", "-k0/b 3 @11 fail", "-k0/c 4 @12 unknown", "+k0/d 13 @13"}
		if got := seen(h); !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
		for _, e := range h.Infos {
			if (e.Op == history.Created || e.Op == history.Deleted) && e.At > 0 {
				t.Errorf("%v at %v waited", e.Op, e.At)
			}
		}
	})
}

// More deletions than may be asked about at once: the rest is unknown, not delayed.
func TestQuestionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &toldEtcd{fates: map[clientv3.LeaseID]fate{9: {ttl: 5, after: 100 * time.Millisecond}}}
		var all []*clientv3.Event
		for i := range int64(questions + 10) {
			all = append(all, deleted("k0/a", i+2, 9, i+200))
		}
		f.streams = [][]clientv3.WatchResponse{{tells(all...), endMark}}
		h := follow(t, f, nothing)
		outcomes := map[history.Outcome]int{}
		for _, e := range h.Infos {
			if e.Op == history.Deleted {
				outcomes[e.Outcome]++
			}
		}
		if outcomes[history.OK] != questions || outcomes[history.Unknown] != 10 {
			t.Errorf("came out as %v, want %d ok and 10 unknown", outcomes, questions)
		}
	})
}

// The release of a hold explains that its key goes; one that failed does not.
func TestOrdinaryReleaseCostsNoQuestion(t *testing.T) {
	gone := errors.New("not held")
	one, two := deletion{101, 1}, deletion{102, 2}
	for name, tc := range map[string]struct {
		do    func(*inquiry)
		asked bool
	}{
		"nobody released":                {func(q *inquiry) { q.deleted(7, one) }, true},
		"released, seen later":           {func(q *inquiry) { q.releasing(7)(nil); q.deleted(7, one) }, false},
		"seen while the release is open": {func(q *inquiry) { done := q.releasing(7); q.deleted(7, one); done(nil) }, false},
		"failed, seen later":             {func(q *inquiry) { q.releasing(7)(gone); q.deleted(7, one) }, true},
		"seen while the release that fails is open": {func(q *inquiry) {
			done := q.releasing(7)
			q.deleted(7, one)
			done(gone)
		}, true},
		"another key is released": {func(q *inquiry) { q.releasing(8)(nil); q.deleted(7, one) }, true},
		"a second deletion": {func(q *inquiry) {
			q.releasing(7)(nil)
			q.deleted(7, two)
			q.deleted(7, one)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := history.NewRecorder(new(bytes.Buffer), history.Header{})
			if err != nil {
				t.Fatal(err)
			}
			var asked []clientv3.LeaseID
			q := newInquiry(rec, func(lease clientv3.LeaseID) (bool, error) { asked = append(asked, lease); return true, nil })
			tc.do(q)
			if err := errors.Join(q.close(), rec.Close()); err != nil {
				t.Fatal(err)
			}
			if tc.asked != slices.Equal(asked, []clientv3.LeaseID{1}) || !tc.asked && len(asked) > 0 {
				t.Errorf("asked about %v", asked)
			}
		})
	}
}

// A question without an answer is asked again, a few times: then the answer is that nobody knows.
func TestQuestionIsAskedAgain(t *testing.T) {
	for silent, want := range map[int]history.Outcome{0: history.Fail, tries - 1: history.Fail, tries: history.Unknown} {
		var out bytes.Buffer
		rec, err := history.NewRecorder(&out, history.Header{})
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		q := newInquiry(rec, func(clientv3.LeaseID) (bool, error) {
			if asked++; asked <= silent {
				return false, context.DeadlineExceeded
			}
			return false, nil
		})
		gone := rec.Info(history.Event{Op: history.Deleted, Token: 7, Lease: 1})
		q.deleted(7, deletion{gone, 1})
		if err := errors.Join(q.close(), rec.Close()); err != nil {
			t.Fatal(err)
		}
		if got := decoded(t, &out).Infos[0].Outcome; got != want || asked > tries {
			t.Errorf("silent %d times: %v after %d questions, want %v", silent, got, asked, want)
		}
	}
}

// patience bounds the waits on a real cluster.
const patience = 20 * time.Second

// The watch is held back on its way to etcd; what it asks for is compacted meanwhile.
func TestTruthTellsOfARealCompaction(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shaken, err := cluster.Start(ctx, cluster.Config{Members: 1, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shaken.Close(); err != nil {
			t.Error(err)
		}
	}()
	watching, other := connect(ctx, t, shaken, 0), connect(ctx, t, shaken, 1)
	first := write(ctx, t, other, "k0/a")
	var out bytes.Buffer
	rec, err := history.NewRecorder(&out, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	cut := cutOff(watching, len(shaken.Names()))
	truth := watchTruthFrom(ctx, first, watching.Etcd, testPrefix, rec)
	awaitHeld(ctx, t, cut)
	write(ctx, t, other, "k0/b")
	lost := remove(ctx, t, other, "k0/a")
	if _, err := other.Etcd.Compact(ctx, lost); err != nil {
		t.Fatal(err)
	}
	for _, rule := range cut {
		rule.Lift()
	}
	last := write(ctx, t, other, "k0/c")
	if err := errors.Join(truth.close(ctx), rec.Close()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprintf("gap %d-%d", first, lost+1), fmt.Sprintf("+k0/b %d @%d", first+1, lost), fmt.Sprintf("+k0/c %d @%d", last, last),
	}
	if got := seen(decoded(t, &out)); !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

func connect(ctx context.Context, t *testing.T, shaken *cluster.Cluster, number int) *cluster.Client {
	t.Helper()
	c, err := shaken.Client(ctx, cluster.ClientConfig{Number: number})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(ctx context.Context, t *testing.T, c *cluster.Client, key string) (revision int64) {
	t.Helper()
	put, err := c.Etcd.Put(ctx, testPrefix+key, "")
	if err != nil {
		t.Fatal(err)
	}
	return put.Header.Revision
}

func remove(ctx context.Context, t *testing.T, c *cluster.Client, key string) (revision int64) {
	t.Helper()
	gone, err := c.Etcd.Delete(ctx, testPrefix+key)
	if err != nil {
		t.Fatal(err)
	}
	return gone.Header.Revision
}

// awaitHeld waits until a client's request is held back.
func awaitHeld(ctx context.Context, t *testing.T, cut []*network.Imposed) {
	t.Helper()
	for {
		for _, rule := range cut {
			if rule.Toll().Held > 0 {
				return
			}
		}
		if !sleep(ctx, time.Millisecond) {
			t.Fatal("nothing was held")
		}
	}
}

// cutOff holds all that goes from and to a client.
func cutOff(c *cluster.Client, members int) (cut []*network.Imposed) {
	for member := range members {
		to, from := c.Links(member)
		cut = append(cut, to.Impose(network.Rule{Held: true}), from.Impose(network.Rule{Held: true}))
	}
	return cut
}
