package nemesis_test

import (
	"testing"
	"time"

	"lockquake/harness/nemesis"
)

func TestHolderIsNamedWithItsLease(t *testing.T) {
	for want, holder := range map[string]nemesis.Holder{
		"c3, holder of k1 under lease 4f0a": leased,
		"c3, holder of k1 without a lease":  unleased,
	} {
		if got := holder.String(); got != want {
			t.Errorf("%+v is %q, want %q", holder, got, want)
		}
	}
}

// etcd ends a lease up to 500 ms late. A fault that is to outlast a lease must reckon with that; one
// that is to spare leases must be over before; one that is over at once has no duration.
func TestFaultsAimAndLast(t *testing.T) {
	const ttl = 2 * time.Second
	const late = 500 * time.Millisecond
	const election = 300 * time.Millisecond // to be over, and what a new leader adds to each lease
	for name, tc := range map[string]struct {
		fault       nemesis.Fault
		aimed       bool
		least, most time.Duration
	}{
		"none":           {fault: nemesis.None{}},
		"isolate-leader": {fault: nemesis.IsolateLeader{}, least: ttl + late + election, most: 2 * ttl},
		"isolate-holder": {fault: nemesis.IsolateHolder{}, aimed: true, least: ttl + late, most: 2 * ttl},
		"pause-holder":   {fault: nemesis.PauseHolder{}, aimed: true, least: ttl + late, most: 2 * ttl},
		"revoke-holder":  {fault: nemesis.RevokeHolder{}, aimed: true},
		"kill-leader":    {fault: nemesis.KillLeader{}, least: ttl / 4, most: ttl - 1},
	} {
		if _, aimed := tc.fault.(nemesis.Aimed); aimed != tc.aimed {
			t.Errorf("%s aims at a holder: %t, want %t", name, aimed, tc.aimed)
		}
		if lasts := duration(tc.fault, ttl); lasts < tc.least || lasts > tc.most {
			t.Errorf("%s lasts %v under a TTL of %v, want %v to %v", name, lasts, ttl, tc.least, tc.most)
		}
	}
}

// duration is 0 for an instant.
func duration(fault nemesis.Fault, ttl time.Duration) time.Duration {
	if lasting, ok := fault.(nemesis.Lasting); ok {
		return lasting.Lasts(ttl)
	}
	return 0
}

// A fault of no harm has no evidence: were it planned, its cell would be unknown.
func TestNoneTouchesNothingAndShowsNothing(t *testing.T) {
	injected := inject(t, nemesis.None{}, nemesis.Target{})
	wantTo(t, injected, "")
	wantHealed(t, injected, nemesis.Evidence{})
}
