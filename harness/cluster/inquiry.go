package cluster

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// inquiryTime is how long a member may take to say whom it follows.
const inquiryTime = 200 * time.Millisecond

// inquiry asks a member in another process what it believes. Faults poll beliefs without end: an
// answer is good for a tick, and those who ask at once share one.
type inquiry struct {
	connection  *grpc.ClientConn
	maintenance etcdserverpb.MaintenanceClient
	fresh       time.Duration

	mu           sync.Mutex
	asked        time.Time
	leader, term uint64
}

func (m *member) inquire(fresh time.Duration) (*inquiry, error) {
	connection, err := m.connect()
	if err != nil {
		return nil, err
	}
	return &inquiry{
		connection:  connection,
		maintenance: etcdserverpb.NewMaintenanceClient(connection),
		fresh:       fresh,
	}, nil
}

// ask gives 0 and 0 for a member that does not answer in time.
func (i *inquiry) ask() (leader, term uint64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Since(i.asked) < i.fresh {
		return i.leader, i.term
	}
	ctx, cancel := context.WithTimeout(context.Background(), inquiryTime)
	defer cancel()
	i.leader, i.term = 0, 0
	if answer, err := i.maintenance.Status(ctx, &etcdserverpb.StatusRequest{}, grpc.WaitForReady(true)); err == nil {
		i.leader, i.term = answer.Leader, answer.RaftTerm
	}
	i.asked = time.Now()
	return i.leader, i.term
}

func (i *inquiry) close() { _ = i.connection.Close() }
