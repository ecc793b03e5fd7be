package repro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/cluster"
	"lockquake/workloads"
)

const (
	prefix = "lockquake/locks/" // of the locks' keys
	key    = "k0"               // the lock that most scripts are about

	// longTTL is that of leases which must not end by themselves, however busy the machine is.
	longTTL = 10 * time.Second
	// shortTTL is that of leases which are to end by themselves: the shortest that etcd grants.
	shortTTL = time.Second
	// midTTL is that of leases which are to be renewed past their TTL: on a busy machine renewals are late.
	midTTL = 3 * time.Second
	// patience limits each wait. What is awaited mostly takes milliseconds, the end of a lease up to 1.5 s.
	patience = 12 * time.Second
	// longest limits a script.
	longest = 40 * time.Second
	// settle is how long a waiter may wait after the last heal, and vain how long a script waits for one that
	// is not to succeed.
	settle = 2 * time.Second
	vain   = 3 * time.Second

	glance = 2 * time.Millisecond
)

// scene is where a script is played: a cluster, the clients, the resource and the recorder.
//
// A script is read from top to bottom, so what it calls does not return errors: it fails the scene, which ends the
// script. perform gives that error.
type scene struct {
	ctx     context.Context // of the whole script; a field because every step needs it
	end     context.CancelFunc
	script  Reproduction
	variant Variant

	cluster  *cluster.Cluster
	control  *cluster.Client // no fault touches it
	rec      *history.Recorder
	known    ground
	endTruth func(context.Context) error
	resource workloads.Resource

	clients    []*client // all that were opened
	processes  atomic.Int32
	background sync.WaitGroup
	values     int64    // written so far
	written    []string // keys

	mu     sync.Mutex
	record Record // guarded by mu
}

// failure is what ends a script early.
type failure struct{ error }

func open(ctx context.Context, start Start, r Reproduction, v Variant, repeat int, out io.Writer) (*scene, error) {
	s := &scene{script: r, variant: v}
	var err error
	if s.cluster, err = start(ctx, cluster.Config{Members: 1}); err != nil {
		return nil, err
	}
	if s.rec, err = history.NewRecorder(out, s.header(repeat)); err != nil {
		return nil, errors.Join(err, s.cluster.Close())
	}
	s.ctx, s.end = context.WithTimeout(ctx, longest)
	s.known.rec = s.rec
	s.resource = &workloads.Memory{Fenced: v.fenced}
	if v.resource != nil {
		s.resource = v.resource(s)
	}
	return s, nil
}

func (s *scene) header(repeat int) history.Header {
	return history.Header{
		Strategy: s.script.ID, Fault: s.script.Fault, Repeat: repeat, Fenced: s.variant.fenced,
		Clients: lastReader, TTL: cmp.Or(s.script.ttl, longTTL), Settle: settle,
	}
}

// perform plays the script, and ends the scene.
func (s *scene) perform() (Record, error) {
	err := s.prepare()
	if err == nil {
		err = s.play()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", s.script.ID, err)
	}
	err = errors.Join(err, s.close())
	return s.record, err
}

func (s *scene) prepare() (err error) {
	if s.control, err = s.cluster.Client(s.ctx, cluster.ClientConfig{Number: lastReader + 1}); err != nil {
		return err
	}
	s.endTruth, err = harness.WatchTruth(s.ctx, s.control.Etcd, prefix, &s.known)
	return err
}

func (s *scene) play() (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			err = p.error
		default:
			panic(p)
		}
	}()
	s.script.play(s)
	s.rec.Info(history.Event{Op: history.Stop, Process: history.Nemesis, Client: history.Nemesis})
	s.lastReads()
	return nil
}

// close ends the ground truth before the clients: what their ends do to keys is no part of the script.
func (s *scene) close() (err error) {
	if s.endTruth != nil {
		err = s.endTruth(context.WithoutCancel(s.ctx))
	}
	s.end()
	for _, c := range s.clients {
		err = errors.Join(err, c.Close())
	}
	s.background.Wait() // without clients nothing can wait on
	if s.control != nil {
		err = errors.Join(err, s.control.Close())
	}
	return errors.Join(err, s.rec.Close(), s.cluster.Close())
}

// fail ends the script.
func (s *scene) fail(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// tell notes a step.
func (s *scene) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ") // joined errors
	s.record.Steps = append(s.record.Steps, Step{s.rec.Now(), what})
}

// measure notes a fact.
func (s *scene) measure(name string, value float64) {
	s.tell("%s: %.4g", name, value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Facts = append(s.record.Facts, Fact{name, value})
}

// await waits for a condition.
func (s *scene) await(what string, met func() bool) {
	if !s.within(patience, met) {
		s.fail(fmt.Errorf("waited for %s, in vain; the last step: %s", what, s.lastStep()))
	}
}

func (s *scene) lastStep() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.record.Steps); n > 0 {
		return s.record.Steps[n-1].What
	}
	return "none"
}

// within tells whether a condition is met in time.
func (s *scene) within(limit time.Duration, met func() bool) bool {
	late := time.After(limit)
	for !met() {
		select {
		case <-time.After(glance):
		case <-late:
			return met()
		case <-s.ctx.Done():
			return false
		}
	}
	return true
}

// lastReads look what has become of the resource, under the lock, by a client that did nothing else.
func (s *scene) lastReads() {
	for _, key := range s.written {
		hold := s.clientOf(lastReader, key, longTTL).acquires()
		hold.reads()
		hold.releases()
	}
}
