package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

var (
	errLast  = errors.New("it is the last member")
	errVoter = errors.New("it has a vote already")
)

// undoTime bounds the taking back of a member that could not be added.
const undoTime = 2 * time.Second

// AddMember adds a member with a vote, and returns when it serves a linearizable read. It has a number
// that no member ever had. After an error it is not a member, and its number is used up.
func (c *Cluster) AddMember(ctx context.Context) (number int, err error) {
	return c.add(ctx, "add a member", false)
}

// AddLearner adds a member without a vote, and returns when it serves what it knows. etcd takes one
// learner at a time.
func (c *Cluster) AddLearner(ctx context.Context) (number int, err error) {
	return c.add(ctx, "add a learner", true)
}

func (c *Cluster) add(ctx context.Context, what string, learner bool) (number int, err error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	if c.life.Err() != nil {
		return -1, fmt.Errorf("%s: %w", what, errClosed)
	}
	m, err := c.newMember()
	if err != nil {
		return -1, fmt.Errorf("%s: %w", what, err)
	}
	m.set(func(m *member) { m.learner = learner })
	if err := c.join(ctx, m); err != nil {
		return -1, errors.Join(fmt.Errorf("%s: %w", what, err), c.takeBack(ctx, m))
	}
	return m.number, nil
}

// join makes a new server one of the cluster's. A start that fails is tried again: the peer that it asked
// for the members may not have heard of it yet.
func (c *Cluster) join(ctx context.Context, m *member) error {
	ctx, cancel := c.during(ctx, readyTime)
	defer cancel()
	m.spec.Cluster, m.spec.Joins = initialCluster(c.current()), true
	if err := c.change(ctx, m, m.beAdded); err != nil {
		return err
	}
	m.proxy.Open()
	m.life.Lock()
	defer m.life.Unlock()
	for {
		err := c.bringUp(ctx, m)
		if err == nil || ctx.Err() != nil {
			return err
		}
		c.letATickPass(ctx)
	}
}

// takeBack undoes what join may have done.
func (c *Cluster) takeBack(ctx context.Context, m *member) error {
	ctx, cancel := c.during(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	m.retire()
	if err := c.change(ctx, m, m.beRemoved); err != nil {
		return fmt.Errorf("take %s back: %w", m.name, err)
	}
	return nil
}

// Promote gives a learner a vote as soon as it has caught up, and returns when it serves a
// linearizable read.
func (c *Cluster) Promote(ctx context.Context, member int) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	m := c.member(member)
	if err := c.promote(ctx, m); err != nil {
		return fmt.Errorf("promote %s: %w", m.name, err)
	}
	return nil
}

func (c *Cluster) promote(ctx context.Context, m *member) error {
	if !m.isLearner() {
		return errVoter
	}
	if err := c.change(ctx, m, m.bePromoted); err != nil {
		return err
	}
	m.set(func(m *member) { m.learner = false })
	return c.serves(ctx, m)
}

// RemoveMember takes a member, which may be down, out of the cluster, and ends it for good.
func (c *Cluster) RemoveMember(ctx context.Context, member int) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	m := c.member(member)
	if err := c.remove(ctx, m); err != nil {
		return fmt.Errorf("remove %s: %w", m.name, err)
	}
	return nil
}

func (c *Cluster) remove(ctx context.Context, m *member) error {
	switch {
	case m.isRemoved():
		return errRemoved
	case len(c.current()) == 1:
		return errLast
	}
	if err := c.change(ctx, m, m.beRemoved); err != nil {
		return err
	}
	m.retire()
	return nil
}

// retire ends a member for good. Its proxy stays: peers may call for a while, and nobody else shall
// answer.
func (m *member) retire() {
	m.set(func(m *member) { m.removed = true })
	m.end()
}

// change asks for a change of one member until it was made or refused, the leader first, then the
// others in turn.
func (c *Cluster) change(ctx context.Context, m *member, ask func(context.Context, etcdserverpb.ClusterClient) error) error {
	ctx, cancel := c.during(ctx, readyTime)
	defer cancel()
	for try := 0; ; try++ {
		err := c.askOneOf(ctx, c.othersThan(m), try, ask)
		if err == nil || isRefusal(err) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w, last answer: %s (%s)", ctx.Err(), err.Error(), c.beliefs())
		}
		c.letATickPass(ctx)
	}
}

func (c *Cluster) letATickPass(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(c.config.Tick):
	}
}

// othersThan are the members to ask for a change of one, the leader first.
func (c *Cluster) othersThan(m *member) []*member {
	leader, _ := c.leader()
	others := slices.DeleteFunc(c.current(), func(other *member) bool { return other == m || other.isLearner() })
	if i := slices.IndexFunc(others, func(other *member) bool { return other.number == leader }); i > 0 {
		others[0], others[i] = others[i], others[0]
	}
	return others
}

func (c *Cluster) askOneOf(ctx context.Context, members []*member, try int,
	ask func(context.Context, etcdserverpb.ClusterClient) error) error {
	if len(members) == 0 {
		return errors.New("there is no other member with a vote")
	}
	conn, err := members[try%len(members)].connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return rpctypes.Error(ask(ctx, etcdserverpb.NewClusterClient(conn)))
}

// isRefusal tells that asking again would not help.
func isRefusal(err error) bool {
	return slices.ContainsFunc([]error{
		rpctypes.ErrTooManyLearners,
		rpctypes.ErrMemberNotFound,
		rpctypes.ErrMemberBadURLs,
		rpctypes.ErrPermissionDenied,
	}, func(refusal error) bool { return errors.Is(err, refusal) })
}

// beAdded can be asked for again: the answer may have been lost.
func (m *member) beAdded(ctx context.Context, etcd etcdserverpb.ClusterClient) error {
	id, err := m.find(ctx, etcd)
	if err == nil && id == 0 {
		id, err = m.proposeItself(ctx, etcd)
	}
	m.set(func(m *member) { m.id = id })
	return err
}

func (m *member) proposeItself(ctx context.Context, etcd etcdserverpb.ClusterClient) (id uint64, err error) {
	answer, err := etcd.MemberAdd(ctx, &etcdserverpb.MemberAddRequest{
		PeerURLs:  []string{m.spec.PeerURL.String()},
		IsLearner: m.isLearner(),
	})
	if err != nil {
		return 0, err
	}
	return answer.Member.ID, nil
}

// find gives the id of the member with this one's proxy, 0 if there is none.
func (m *member) find(ctx context.Context, etcd etcdserverpb.ClusterClient) (id uint64, err error) {
	answer, err := etcd.MemberList(ctx, &etcdserverpb.MemberListRequest{Linearizable: true})
	if err != nil {
		return 0, err
	}
	for _, one := range answer.Members {
		if slices.Contains(one.PeerURLs, m.spec.PeerURL.String()) {
			return one.ID, nil
		}
	}
	return 0, nil
}

func (m *member) beRemoved(ctx context.Context, etcd etcdserverpb.ClusterClient) error {
	id, err := m.find(ctx, etcd)
	if err != nil || id == 0 {
		return err
	}
	_, err = etcd.MemberRemove(ctx, &etcdserverpb.MemberRemoveRequest{ID: id})
	return err
}

func (m *member) bePromoted(ctx context.Context, etcd etcdserverpb.ClusterClient) error {
	_, err := etcd.MemberPromote(ctx, &etcdserverpb.MemberPromoteRequest{ID: m.etcdID()})
	if errors.Is(rpctypes.Error(err), rpctypes.ErrMemberNotLearner) {
		return nil // an earlier answer was lost
	}
	return err
}
