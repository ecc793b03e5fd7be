package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maintenanceTime bounds what is done to a member's data. With that of a test it takes milliseconds.
const maintenanceTime = 10 * time.Second

// MoveLeader has the leader hand over to a member, and returns when the leader has seen that it leads.
// Where it leads already, nothing is done. raft gives up a transfer that takes an election timeout, and
// etcd then says nothing: it is given two, and what any request is given.
func (c *Cluster) MoveLeader(ctx context.Context, to int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*c.config.Election+readTime)
	defer cancel()
	for {
		err := c.moveLeader(ctx, to)
		if status.Code(err) != codes.FailedPrecondition { // or another one has become the leader meanwhile
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(c.config.Tick):
		}
	}
}

func (c *Cluster) moveLeader(ctx context.Context, to int) error {
	leader, _, err := c.Leader(ctx)
	if err != nil || leader == to {
		return err
	}
	return c.over(leader, fmt.Sprintf("move leadership to %s", c.member(to).name), func(conn *grpc.ClientConn) error {
		_, err := etcdserverpb.NewMaintenanceClient(conn).MoveLeader(ctx, &etcdserverpb.MoveLeaderRequest{TargetID: c.member(to).etcdID()})
		return err
	})
}

// Compact throws away all history before now, on disk, too, and gives the revision up to which it is
// gone: what is read at that revision is still there.
func (c *Cluster) Compact(ctx context.Context) (revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, maintenanceTime)
	defer cancel()
	for {
		revision, err = c.compact(ctx)
		if err == nil || status.Code(err) == codes.OutOfRange { // somebody else has compacted more
			return revision, nil
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(c.config.Tick):
		}
	}
}

// compact fails where the leader changes meanwhile, and may be asked again.
func (c *Cluster) compact(ctx context.Context) (revision int64, err error) {
	leader, _, err := c.Leader(ctx)
	if err != nil {
		return 0, err
	}
	err = c.over(leader, "compact", func(conn *grpc.ClientConn) error {
		kv := etcdserverpb.NewKVClient(conn)
		now, err := kv.Range(ctx, &etcdserverpb.RangeRequest{Key: []byte(healthKey)})
		if err != nil {
			return err
		}
		revision = now.Header.Revision
		_, err = kv.Compact(ctx, &etcdserverpb.CompactionRequest{Revision: revision, Physical: true})
		return err
	})
	return revision, err
}

// Defragment gives the size of a member's data before and after, in bytes.
func (c *Cluster) Defragment(ctx context.Context, member int) (before, after int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, maintenanceTime)
	defer cancel()
	err = c.over(member, "defragment", func(conn *grpc.ClientConn) error {
		maintenance := etcdserverpb.NewMaintenanceClient(conn)
		var errs [3]error
		before, errs[0] = dataSize(ctx, maintenance)
		_, errs[1] = maintenance.Defragment(ctx, &etcdserverpb.DefragmentRequest{})
		after, errs[2] = dataSize(ctx, maintenance)
		return errors.Join(errs[:]...)
	})
	return before, after, err
}

func dataSize(ctx context.Context, maintenance etcdserverpb.MaintenanceClient) (bytes int64, err error) {
	status, err := maintenance.Status(ctx, &etcdserverpb.StatusRequest{})
	return status.GetDbSize(), err
}

// Snapshot reads a snapshot of a member to its end, and gives its size in bytes.
func (c *Cluster) Snapshot(ctx context.Context, member int) (size int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, maintenanceTime)
	defer cancel()
	err = c.over(member, "take a snapshot", func(conn *grpc.ClientConn) error {
		snapshot, err := etcdserverpb.NewMaintenanceClient(conn).Snapshot(ctx, &etcdserverpb.SnapshotRequest{})
		if err != nil {
			return err
		}
		size, err = readAll(snapshot)
		return err
	})
	return size, err
}

func readAll(snapshot etcdserverpb.Maintenance_SnapshotClient) (size int64, err error) {
	for {
		part, err := snapshot.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil:
			return size, err
		}
		size += int64(len(part.Blob))
	}
}

// over does something over a fresh connection to a member that no link holds.
func (c *Cluster) over(member int, what string, do func(*grpc.ClientConn) error) error {
	m := c.member(member)
	conn, err := m.connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := do(conn); err != nil {
		return fmt.Errorf("%s: %s: %w", m.name, what, err)
	}
	return nil
}
