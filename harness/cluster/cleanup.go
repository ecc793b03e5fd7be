package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

// revoking is how many leases are revoked at once.
const revoking = 16

// Cleaned is what CleanUp found to clean up.
type Cleaned struct {
	Keys   int64 // deleted
	Leases int64 // revoked
}

// CleanUp deletes the keys under a prefix, which must be the run's or longer, and revokes the leases
// that the workload's clients were granted and that have not ended. Those clients must be closed: what
// they still write stays.
func (a *Attached) CleanUp(ctx context.Context, prefix string) (Cleaned, error) {
	if !strings.HasPrefix(prefix, a.settings.Prefix) {
		return Cleaned{}, fmt.Errorf("clean up %q: it is not under the run's prefix %q", prefix, a.settings.Prefix)
	}
	ctx, cancel := context.WithTimeout(ctx, a.commandTimeout())
	defer cancel()
	deleted, err := a.control.Etcd.Delete(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return Cleaned{}, fmt.Errorf("clean up %s: %w", prefix, err)
	}
	revoked, err := a.grants.revoke(ctx, a.control.Etcd)
	return Cleaned{Keys: deleted.Deleted, Leases: revoked}, err
}

// grants are the leases that clients were granted and have not revoked, also where the reply of the
// grant was lost by a fault.
type grants struct {
	mu     sync.Mutex
	leases map[int64]struct{}
}

func (g *grants) option() grpc.DialOption { return grpc.WithChainUnaryInterceptor(g.unary) }

func (g *grants) unary(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	if err == nil {
		g.answered(request, reply)
	}
	return err
}

func (g *grants) answered(request, reply any) {
	switch reply := reply.(type) {
	case *etcdserverpb.LeaseGrantResponse:
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.leases == nil {
			g.leases = map[int64]struct{}{}
		}
		g.leases[reply.ID] = struct{}{}
	case *etcdserverpb.LeaseRevokeResponse:
		g.forget(request.(*etcdserverpb.LeaseRevokeRequest).ID)
	}
}

func (g *grants) forget(lease int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.leases, lease)
}

func (g *grants) all() []int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.leases))
}

// revoke ends all that have not ended, and counts them.
func (g *grants) revoke(ctx context.Context, etcd *clientv3.Client) (revoked int64, err error) {
	var group errgroup.Group
	group.SetLimit(revoking)
	var count atomic.Int64
	for _, lease := range g.all() {
		group.Go(func() error {
			_, err := etcd.Revoke(ctx, clientv3.LeaseID(lease))
			switch {
			case err == nil:
				count.Add(1)
			case !errors.Is(err, rpctypes.ErrLeaseNotFound):
				return fmt.Errorf("revoke lease %x: %w", lease, err)
			}
			g.forget(lease)
			return nil
		})
	}
	err = group.Wait()
	return count.Load(), err
}
