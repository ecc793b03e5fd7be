package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lockquake/harness/cluster"
	"lockquake/harness/nemesis"
)

// External is a cluster that somebody else runs. It is asked for its version, and what the shortest lease
// is that it grants. Its members are harmed by the user's own commands only, if there are any.
func External(ctx context.Context, e cluster.External, hooked bool) (Kind, error) {
	kind := Unasked(e, hooked)
	there, err := cluster.Attach(ctx, e)
	if err != nil {
		return kind, err
	}
	return kind, errors.Join(kind.ask(ctx, there), there.Close())
}

func (k *Kind) ask(ctx context.Context, there *cluster.Attached) (err error) {
	if k.MinTTL, err = there.ShortestTTL(ctx); err != nil {
		return fmt.Errorf("ask for the shortest lease: %w", err)
	}
	versions, err := there.Versions(ctx)
	k.Etcd = strings.Join(versions, ", ")
	return err
}

// Unasked is an external cluster that was not asked for anything yet, and may not even be there.
func Unasked(e cluster.External, hooked bool) Kind {
	kind := Kind{Members: len(e.Endpoints), MinTTL: time.Second, Start: func(ctx context.Context, p Place) (Cluster, error) {
		e := e // cells may start at the same time
		e.Prefix = string(p.Prefix)
		there, err := cluster.Attach(ctx, e)
		if err != nil {
			return nil, err
		}
		return attached{there, string(p.Prefix)}, nil
	}}
	if hooked {
		kind.Abilities = nemesis.RunHooks
	}
	return kind
}

type attached struct {
	*cluster.Attached
	prefix string
}

func (a attached) Client(ctx context.Context, config cluster.ClientConfig) (Client, error) {
	return asClient(a.Attached.Client(ctx, config))
}

// Close leaves nothing of the cell behind in a cluster that is not ours.
func (a attached) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), healing)
	defer cancel()
	_, err := a.CleanUp(ctx, a.prefix)
	return errors.Join(err, a.Attached.Close())
}
