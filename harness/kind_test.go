package harness

import (
	"context"
	"sync"
	"testing"

	"lockquake/harness/cluster"
)

// Cells that are carried out at the same time share a kind, and nothing of it: the race detector looks on.
func TestKindStartsClustersAtTheSameTime(t *testing.T) {
	for name, kind := range map[string]Kind{"embedded": Embedded(), "external": Unasked(cluster.External{}, false)} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // that they begin is enough
			begin := make(chan struct{})
			var starting sync.WaitGroup
			for members := range 4 {
				place := Place{Members: members + 1, Dir: t.TempDir(), Prefix: "lockquake/"}
				starting.Go(func() {
					<-begin
					if _, err := kind.Start(ctx, place); err == nil {
						t.Error("started although its context had ended")
					}
				})
			}
			close(begin)
			starting.Wait()
		})
	}
}
