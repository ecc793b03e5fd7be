package workloads_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

const (
	lockKey = "locks/k0/a"
	prefix  = "resource/"
	// patience bounds each test; none of them is expected to use it up.
	patience = 20 * time.Second
)

// site is a register in a cluster of its own.
type site struct {
	workloads.Etcd
	t       *testing.T
	ctx     context.Context
	outside *clientv3.Client
	asked   []int32 // for clients
}

func newSite(t *testing.T, fenced bool) *site {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c, err := cluster.Start(ctx, cluster.Config{Members: 1, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := c.Client(ctx, cluster.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, ctx: ctx, outside: client.Etcd}
	s.Etcd = workloads.Etcd{Prefix: prefix, Fenced: fenced, Client: s.client}
	return s
}

func (s *site) client(number int32) *clientv3.Client {
	s.asked = append(s.asked, number)
	return s.outside
}

func (s *site) put(key, value string) (revision int64) {
	s.t.Helper()
	resp, err := s.outside.Put(s.ctx, key, value)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Header.Revision
}

func (s *site) delete(key string) {
	s.t.Helper()
	if resp, err := s.outside.Delete(s.ctx, key); err != nil || resp.Deleted != 1 {
		s.t.Fatalf("delete %s: %+v, %v", key, resp, err)
	}
}

// acquire puts the lock's key.
func (s *site) acquire() *workloads.Hold {
	s.t.Helper()
	return &workloads.Hold{Hold: lock.Hold{Key: lockKey, Token: s.put(lockKey, "")}, Name: "k0", Client: 3}
}

// wantStored looks behind the resource's back: no text is none.
func (s *site) wantStored(text string, revision int64) {
	s.t.Helper()
	resp, err := s.outside.Get(s.ctx, prefix+"k0")
	switch {
	case err != nil:
		s.t.Fatal(err)
	case text == "" && len(resp.Kvs) == 0:
	case len(resp.Kvs) != 1 || string(resp.Kvs[0].Value) != text || resp.Kvs[0].ModRevision != revision:
		s.t.Errorf("stored: %v, want %q at revision %d", resp.Kvs, text, revision)
	}
}

func TestEtcdFenceAsksForTheWritersKey(t *testing.T) {
	for name, tc := range map[string]struct {
		then    func(*site) // after the acquire
		refused string      // when fenced; empty: it is not
	}{
		"there":     {func(*site) {}, ""},
		"modified":  {func(s *site) { s.put(lockKey, "again") }, ""},
		"deleted":   {func(s *site) { s.delete(lockKey) }, "locks/k0/a is not of revision 2: refused: no effect"},
		"recreated": {func(s *site) { s.delete(lockKey); s.put(lockKey, "") }, "locks/k0/a is not of revision 2: refused: no effect"},
	} {
		t.Run("fenced, "+name, func(t *testing.T) {
			s := newSite(t, true)
			hold := s.acquire()
			tc.then(s)
			if tc.refused == "" {
				s.wantWritten(hold)
			} else {
				s.wantRefused(hold, tc.refused)
			}
		})
		t.Run("unfenced, "+name, func(t *testing.T) {
			s := newSite(t, false)
			hold := s.acquire()
			tc.then(s)
			s.wantWritten(hold)
		})
	}
}

func (s *site) wantWritten(hold *workloads.Hold) {
	s.t.Helper()
	pos, err := s.Write(s.ctx, "k0", hold, "7")
	if err != nil || pos <= hold.Token {
		s.t.Errorf("written at %d: %v", pos, err)
	}
	s.wantStored("7", pos)
}

func (s *site) wantRefused(hold *workloads.Hold, want string) {
	s.t.Helper()
	pos, err := s.Write(s.ctx, "k0", hold, "7")
	if !errors.Is(err, workloads.ErrRefused) || err.Error() != want || pos != 0 {
		s.t.Errorf("written at %d: error %v, want %q", pos, err, want)
	}
	s.wantStored("", 0)
}

// What is not there cannot be asked for: without the guard etcd would refuse the request, and
// nobody would know whether the write was done.
func TestEtcdFenceRefusesAHoldWithoutAKey(t *testing.T) {
	newSite(t, true).wantRefused(&workloads.Hold{}, "a hold without a key: refused: no effect")
	newSite(t, false).wantWritten(&workloads.Hold{})
}

func TestEtcdReadsWhatWasWrittenAtItsRevision(t *testing.T) {
	s := newSite(t, true)
	hold := s.acquire()
	s.wantRead(hold, "", hold.Token)
	written, err := s.Write(s.ctx, "k0", hold, "7")
	if err != nil || written != hold.Token+1 {
		t.Errorf("written at %d: %v, want the revision after %d", written, err, hold.Token)
	}
	s.wantRead(hold, "7", written)
	s.wantRead(hold, "7", s.put("other", ""))
	if text, _, err := s.Read(s.ctx, "k1", hold); text != "" || err != nil {
		t.Errorf("read %q (%v) of a key that nobody wrote", text, err)
	}
	for _, number := range s.asked {
		if number != hold.Client {
			t.Errorf("asked for the client of %d, want %d", number, hold.Client)
		}
	}
}

func (s *site) wantRead(hold *workloads.Hold, text string, pos int64) {
	s.t.Helper()
	gotText, gotPos, err := s.Read(s.ctx, "k0", hold)
	if gotText != text || gotPos != pos || err != nil {
		s.t.Errorf("read %q at %d (%v), want %q at %d", gotText, gotPos, err, text, pos)
	}
}

// Whoever holds no lock may be cut off, or gone: he does not read through his own client.
func TestEtcdReadsWithoutAHoldThroughItsReader(t *testing.T) {
	s := newSite(t, true)
	s.Reader = s.outside
	s.wantRead(nil, "7", s.put(prefix+"k0", "7"))
	if len(s.asked) != 0 {
		t.Errorf("asked for the clients of %v", s.asked)
	}
}

func TestEtcdRequestWithoutAnAnswerIsNotDefinite(t *testing.T) {
	s := newSite(t, true)
	hold := s.acquire()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, _, reading := s.Read(ctx, "k0", hold)
	wantIndefinite(t, reading, "read k0: ")
	_, writing := s.Write(ctx, "k0", hold, "7")
	wantIndefinite(t, writing, "write k0: ")
}

func wantIndefinite(t *testing.T, err error, prefix string) {
	t.Helper()
	if err == nil || errors.Is(err, lock.ErrDefinite) || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("error %v, want one of %q that leaves the effect open", err, prefix)
	}
}
