package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// examCheck is one thing that a program must do, or may. It says what it has seen.
type examCheck struct {
	name string
	try  func(context.Context, *sitting) (string, error)
}

func examChecks() []examCheck {
	return []examCheck{
		{"acquires and releases", examAcquire},
		{"two clients exclude each other", examExclusion},
		{"an acquire that is given up", examGivenUp},
		{"tokens grow", examTokens},
		{"its key is there while it holds", examKey},
		{"release of what was not held", examNotHeld},
		{"holds for longer than the TTL", examKeeping},
		{"tells of its leases", examTelling},
		{"tells that its lease is gone", examLoss},
		{"lets go when it is killed", examKill},
		{"lets go when its input ends", examEnd},
	}
}

func examAcquire(ctx context.Context, s *sitting) (string, error) {
	c, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if err := release(ctx, hold); err != nil {
		return "", err
	}
	again, err := c.acquire(ctx, examPatience)
	if err != nil {
		return "", fmt.Errorf("a second time: %w", err)
	}
	return describe(hold), release(ctx, again)
}

func describe(hold lock.Hold) string {
	return fmt.Sprintf("token %d, key %q, lease %d", hold.Token, hold.Key, int64(hold.Lease))
}

// examExclusion lets two clients wait for a third, so that they get in each other's way.
func examExclusion(ctx context.Context, s *sitting) (string, error) {
	_, first, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	got := make(chan error, 2)
	for range cap(got) {
		c, err := s.open(ctx)
		if err != nil {
			return "", err
		}
		go func() { got <- c.turn(ctx) }()
	}
	select {
	case err := <-got:
		return "", fmt.Errorf("while one client held the lock, the acquire of another ended: %w", orSuccess(err))
	case <-time.After(s.ttl / 2):
	}
	if err := release(ctx, first); err != nil {
		return "", err
	}
	err = errors.Join(<-got, <-got)
	return "two waited, and got it one after the other", err
}

// turn acquires and releases.
func (c *seat) turn(ctx context.Context) error {
	hold, err := c.acquire(ctx, examPatience)
	if err != nil {
		return err
	}
	return release(ctx, hold)
}

func orSuccess(err error) error {
	if err == nil {
		return errors.New("it was granted the lock")
	}
	return err
}

// examGivenUp asks for the lock while it is held, and stops waiting. What comes of that must be no hold.
func examGivenUp(ctx context.Context, s *sitting) (string, error) {
	_, first, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	if _, err := c.acquire(ctx, s.ttl/4); err == nil {
		return "", errors.New("the lock was granted to two at the same time")
	}
	if err := release(ctx, first); err != nil {
		return "", err
	}
	hold, err := c.acquire(ctx, examPatience)
	if err != nil {
		return "", fmt.Errorf("after an acquire was given up, the next: %w", err)
	}
	return "the next one succeeds", release(ctx, hold)
}

func examTokens(ctx context.Context, s *sitting) (string, error) {
	var tokens []int64
	for range 3 {
		_, hold, err := s.holding(ctx)
		if err != nil {
			return "", err
		}
		if err := release(ctx, hold); err != nil {
			return "", err
		}
		tokens = append(tokens, hold.Token)
	}
	switch {
	case tokens[0] == 0 && tokens[1] == 0 && tokens[2] == 0:
		return "", missing("acquire is answered without a token, so that no resource can refuse an old holder: exec+fence makes no sense")
	case tokens[0] <= 0 || tokens[1] <= tokens[0] || tokens[2] <= tokens[1]:
		return "", fmt.Errorf("tokens of three holds, one after the other: %d", tokens)
	}
	return fmt.Sprint(tokens), nil
}

func examKey(ctx context.Context, s *sitting) (string, error) {
	_, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if hold.Key == "" {
		return "", missing("acquire is answered without a key, so that nobody can judge by etcd's own order whose turn it was")
	}
	if hold.Key != s.name && !strings.HasPrefix(hold.Key, s.name+"/") {
		return "", fmt.Errorf("key %q is not at the lock's name %q, or below it", hold.Key, s.name)
	}
	answer, err := s.control.Etcd.Get(ctx, hold.Key)
	switch {
	case err != nil:
		return "", err
	case len(answer.Kvs) == 0:
		return "", fmt.Errorf("there is no key %q", hold.Key)
	case hold.Token != 0 && answer.Kvs[0].CreateRevision != hold.Token:
		return "", fmt.Errorf("key %q has create revision %d, the token is %d", hold.Key, answer.Kvs[0].CreateRevision, hold.Token)
	case clientv3.LeaseID(answer.Kvs[0].Lease) != hold.Lease:
		return "", fmt.Errorf("key %q is under lease %d, and %d was said", hold.Key, answer.Kvs[0].Lease, int64(hold.Lease))
	}
	return describe(hold), release(ctx, hold)
}

func examNotHeld(ctx context.Context, s *sitting) (string, error) {
	_, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if err := release(ctx, hold); err != nil {
		return "", err
	}
	err = release(ctx, hold)
	if !errors.Is(err, lock.ErrNotHeld) {
		return "", fmt.Errorf(`released a second time: %w; the answer should be an error with "not_held":true`, orOK(err))
	}
	return err.Error(), nil
}

func orOK(err error) error {
	if err == nil {
		return errors.New("ok")
	}
	return err
}

// examKeeping lets a holder be busy.
func examKeeping(ctx context.Context, s *sitting) (string, error) {
	_, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	other, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	busy := 2*s.ttl + examLate
	if _, err := other.acquire(ctx, busy); err == nil {
		return "", fmt.Errorf("within %v somebody else got the lock: is its lease renewed?", busy)
	}
	select {
	case <-hold.Lost:
		return "", errors.New("it told that its lock was lost")
	default:
		return busy.String(), release(ctx, hold)
	}
}

func examTelling(ctx context.Context, s *sitting) (string, error) {
	c, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if hold.Lease == 0 {
		return "", missing("acquire is answered without a lease, so that nobody can tell how long it was good")
	}
	select {
	case <-time.After(2 * s.ttl):
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch times := c.told[int64(hold.Lease)]; {
	case len(c.told) == 0:
		return "", missing("it never says renew: where holds overlap, nobody knows whether the older one could still trust its lease")
	case times == 0:
		return "", fmt.Errorf("it says renew of other leases than %d, which its hold is under", int64(hold.Lease))
	case times == 1:
		return "", fmt.Errorf("within %v it says renew of lease %d only once", 2*s.ttl, int64(hold.Lease))
	default:
		return fmt.Sprintf("%d times within %v", times, 2*s.ttl), nil
	}
}

func examLoss(ctx context.Context, s *sitting) (string, error) {
	c, hold, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if hold.Lease == 0 {
		return "", missing("acquire is answered without a lease that could be revoked")
	}
	if _, err := s.control.Etcd.Revoke(ctx, hold.Lease); err != nil {
		return "", fmt.Errorf("revoke lease %d, which it says it holds by: %w", int64(hold.Lease), err)
	}
	revoked, told := time.Now(), missing("")
	select {
	case <-hold.Lost:
	case <-time.After(s.ttl + examLate):
		told = missing(fmt.Sprintf("it says nothing of its loss within %v", s.ttl+examLate))
	}
	took := time.Since(revoked)
	if err := release(ctx, hold); !errors.Is(err, lock.ErrNotHeld) {
		return "", fmt.Errorf(`its lease was revoked, and its release answered: %w; that should be an error with "not_held":true`, orOK(err))
	}
	if err := c.turn(ctx); err != nil {
		return "", fmt.Errorf("after the loss of its lease: %w", err)
	}
	if told != "" {
		return "", told
	}
	return fmt.Sprintf("after %v, and goes on under another", took.Round(time.Millisecond)), nil
}

func examKill(ctx context.Context, s *sitting) (string, error) {
	c, _, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if err := c.Lock.(lock.Program).Kill(); err != nil {
		return "", err
	}
	began := time.Now()
	if err := s.follows(ctx, "after SIGKILL"); err != nil {
		return "", err
	}
	return fmt.Sprintf("another client had it after %v", time.Since(began).Round(time.Millisecond)), nil
}

func examEnd(ctx context.Context, s *sitting) (string, error) {
	c, _, err := s.holding(ctx)
	if err != nil {
		return "", err
	}
	if err := c.Close(); err != nil {
		return "", err
	}
	began := time.Now()
	if err := s.follows(ctx, "after the end of the holder's input"); err != nil {
		return "", err
	}
	return fmt.Sprintf("another client had it after %v", time.Since(began).Round(time.Millisecond)), nil
}
