package cluster_test

import (
	"context"
	"strings"
	"testing"

	"lockquake/harness/cluster"
)

// Who is to be killed next may be waited for by the one that is being restarted.
func TestMemberThatIsBeingRestartedCannotBeKilled(t *testing.T) {
	c := start(t, 3)
	for member := range 2 {
		if err := c.Kill(member); err != nil {
			t.Fatal(err)
		}
	}
	ctx, giveUp := context.WithCancel(t.Context())
	restarted := make(chan error, 1)
	go func() { restarted <- c.Restart(ctx, 0) }() // finds no majority
	eventually(t, "the restart to be under way", func() bool {
		err := c.Kill(0)
		return err != nil && strings.Contains(err.Error(), "it is being killed or restarted")
	})
	giveUp()
	if err := <-restarted; err == nil {
		t.Error("it was restarted without a majority")
	}
	if err := c.Restart(within(t, patience), 0, 1); err != nil {
		t.Error(err)
	}
}

// A pause and its end may have a kill or a removal between them.
func TestNothingIsLeftToResumeOrRestart(t *testing.T) {
	c := startAs(t, cluster.Config{Members: 3, Process: true})
	for _, do := range []func(int) error{c.PauseMember, c.Kill, c.ResumeMember} {
		if err := do(2); err != nil {
			t.Error(err)
		}
	}
	if err := c.RemoveMember(within(t, patience), 2); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(within(t, patience), 2); err != nil {
		t.Errorf("restart of a member that was removed: %v", err)
	}
}
