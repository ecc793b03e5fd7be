package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// LoseReply lets the client's next request that matches be answered, and loses the answer on its way
// back. What was asked by a unary call then learns what a broken connection tells; the stream of
// keepalives goes on without the answer. Where a request fails there was no answer to lose, where it
// wanted to change something and changed nothing no harm, and it is the next one's turn; where several are under
// way, it is the one that is answered first. stop gives up, and says what was lost, "the reply of a Txn that wrote at revision 322"; empty: nothing.
//
// match is asked of each try of a request, an etcdserverpb message, from several goroutines.
func (c *Client) LoseReply(match func(request any) bool) (stop func() (lost string)) {
	l := &replyLoss{match: match}
	c.losses.change(func(now *lossList) { now.replies = append(slices.Clone(now.replies), l) })
	return func() string {
		c.losses.change(func(now *lossList) { now.replies = without(now.replies, l) })
		return l.stop()
	}
}

// LoseRequests loses all requests that match on their way, until stop, which tells how many. What was
// asked by a unary call hangs until its context ends, or until the client or stop ends it as a broken
// connection would; keepalives count as sent. Watches are no such requests.
//
// match is asked of each try of a request, an etcdserverpb message, from several goroutines.
func (c *Client) LoseRequests(match func(request any) bool) (stop func() (lost int)) {
	l := &requestLoss{match: match, over: make(chan struct{})}
	c.losses.change(func(now *lossList) { now.requests = append(slices.Clone(now.requests), l) })
	return func() int {
		c.losses.change(func(now *lossList) { now.requests = without(now.requests, l) })
		return l.stop()
	}
}

func without[T comparable](all []T, one T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(other T) bool { return other == one })
}

// losses is what gets lost of a client's requests and replies.
type losses struct {
	ended chan struct{} // closed with the client

	mu  sync.Mutex
	now lossList
}

// lossList is never changed in place: requests look through it without the lock.
type lossList struct {
	replies  []*replyLoss
	requests []*requestLoss
}

func newLosses() *losses { return &losses{ended: make(chan struct{})} }

// end is the client's.
func (l *losses) end() {
	l.change(func(now *lossList) { *now = lossList{} })
	close(l.ended)
}

func (l *losses) change(how func(now *lossList)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how(&l.now)
}

func (l *losses) list() lossList {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// of tells by what a request is lost, if it is, and what wants its reply lost.
func (l *losses) of(request any) (swallowing *requestLoss, wanted []*replyLoss) {
	now := l.list()
	for _, loss := range now.requests {
		if loss.takes(request) {
			return loss, nil
		}
	}
	for _, loss := range now.replies {
		if loss.match(request) {
			wanted = append(wanted, loss)
		}
	}
	return nil, wanted
}

func (l *losses) unary(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	swallowing, wanted := l.of(request)
	if swallowing != nil {
		return swallowing.hang(ctx, l.ended)
	}
	err := invoke(ctx, method, request, reply, conn, options...)
	if err == nil && takenBy(wanted, request, reply) {
		return errReset()
	}
	return err
}

// errReset is what gRPC says of requests whose connection was reset. clientv3 tries reads again
// after it, and nothing that writes. (clientv3/retry.go, isSafeRetryMutableRPC)
func errReset() error {
	return status.Errorf(codes.Unavailable, "error reading from server: %v", syscall.ECONNRESET)
}

// requestLoss loses many requests.
type requestLoss struct {
	match func(any) bool
	over  chan struct{} // closed by stop

	mu   sync.Mutex
	done bool
	lost int
}

// takes tells whether a request is lost. It is asked with the lock held: what matches before stop is called is counted by
// it.
func (l *requestLoss) takes(request any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done || !l.match(request) {
		return false
	}
	l.lost++
	return true
}

func (l *requestLoss) stop() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.done {
		l.done = true
		close(l.over)
	}
	return l.lost
}

func (l *requestLoss) hang(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-ended:
	case <-l.over:
	}
	return errReset()
}

// replyLoss loses one reply.
type replyLoss struct {
	match func(any) bool

	mu   sync.Mutex
	done bool
	lost string
}

// takenBy tells whether a reply is lost. One loss takes it, though several may want it.
func takenBy(wanted []*replyLoss, request, reply any) bool {
	return slices.ContainsFunc(wanted, func(l *replyLoss) bool { return l.take(request, reply) })
}

func (l *replyLoss) take(request, reply any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done || !effective(reply) {
		return false
	}
	l.done, l.lost = true, "the reply of "+outcome(request, reply)
	return true
}

func (l *replyLoss) stop() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	return l.lost
}

// effective tells whether what was to change something did.
func effective(reply any) bool {
	switch reply := reply.(type) {
	case *etcdserverpb.TxnResponse:
		return slices.ContainsFunc(reply.Responses, changed)
	case *etcdserverpb.DeleteRangeResponse:
		return reply.Deleted > 0
	}
	return true
}

func changed(op *etcdserverpb.ResponseOp) bool {
	return op.GetResponsePut() != nil || op.GetResponseDeleteRange().GetDeleted() > 0 ||
		slices.ContainsFunc(op.GetResponseTxn().GetResponses(), changed)
}

// outcome says what a request has done.
func outcome(request, reply any) string {
	switch reply := reply.(type) {
	case *etcdserverpb.TxnResponse:
		return fmt.Sprintf("a Txn that wrote at revision %d", reply.Header.GetRevision())
	case *etcdserverpb.DeleteRangeResponse:
		return fmt.Sprintf("a DeleteRange that deleted %d at revision %d", reply.Deleted, reply.Header.GetRevision())
	case *etcdserverpb.LeaseKeepAliveResponse:
		return fmt.Sprintf("a keepalive that gave lease %x %d s at revision %d", reply.ID, reply.TTL, reply.Header.GetRevision())
	case interface {
		GetHeader() *etcdserverpb.ResponseHeader
	}:
		return fmt.Sprintf("a %s at revision %d", kind(request), reply.GetHeader().GetRevision())
	}
	return "a " + kind(request)
}

// kind is the name of a request, "Put" of a *etcdserverpb.PutRequest.
func kind(request any) string {
	_, name, _ := strings.Cut(fmt.Sprintf("%T", request), ".")
	return strings.TrimSuffix(name, "Request")
}
