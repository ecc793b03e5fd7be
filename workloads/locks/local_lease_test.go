package locks

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

func TestLocalLeaseOutlivesItsLease(t *testing.T) { outlives(t, LocalLease) }

// renewals are answered as long as there are any left.
type renewals struct {
	clientv3.Lease
	left int
}

func (r *renewals) KeepAliveOnce(context.Context, clientv3.LeaseID) (*clientv3.LeaseKeepAliveResponse, error) {
	if r.left--; r.left < 0 {
		return nil, errors.New("lease not found")
	}
	return &clientv3.LeaseKeepAliveResponse{}, nil
}

// Whatever TTL was asked for.
func TestLocalLeaseTrustsItsConstant(t *testing.T) {
	for answered, lost := range []time.Duration{believedTTL, believedTTL / 3 * 4, believedTTL / 3 * 5} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client := &clientv3.Client{Lease: &renewals{left: answered}}
			began := time.Now()
			<-renewByConstant(ctx, lock.Env{Client: client, TTL: time.Second}, 7)
			if since := time.Since(began).Round(time.Millisecond); since != lost.Round(time.Millisecond) {
				t.Errorf("after %d renewals lost at %v, want %v", answered, since, lost)
			}
		})
	}
}

func TestLocalLeaseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		lost := renewByConstant(ctx, lock.Env{Client: &clientv3.Client{Lease: &renewals{}}}, 7)
		cancel()
		synctest.Wait()
		select {
		case <-lost:
			t.Error("lost, though it was given back")
		default:
		}
	})
}
