package nemesis

import (
	"context"
	"time"

	"lockquake/harness/network"
)

// alternate imposes a rule on links for a while, lifts it for a while, and so on, at least once. It
// tells what each time did.
func alternate(r network.Rule, links []*network.Link, on, off time.Duration) func(context.Context) []network.Toll {
	return func(ctx context.Context) (tolls []network.Toll) {
		for {
			var rules impositions
			rules.impose(r, links)
			goesOn := rest(ctx, on)
			tolls = append(tolls, rules.lift())
			if !goesOn || !rest(ctx, off) {
				return tolls
			}
		}
	}
}
