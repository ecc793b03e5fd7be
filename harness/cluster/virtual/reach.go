package virtual

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"unsafe" // for names of etcd's that it does not export

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
)

// tested is the etcd whose unexported names are the ones below, with the meaning that they have here.
const tested = "3.7.3"

// never is clientv3's channel that is never closed (watch.go). It is made before any bubble is there, and every
// watch has a goroutine that waits for it: the clock would stand still from the first watch on. Nil is never
// closed either.
//
//go:linkname never go.etcd.io/etcd/client/v3.valCtxCh
var never chan struct{}

// watchless tells that never was there, and is nil now. Every watch in the process reads it when it begins, so only before
// main is it set without a race; to them it is all the same.
var watchless = makeNeverNil()

func makeNeverNil() bool {
	was := never != nil
	never = nil
	return was
}

// Check says whether the etcd in this program is one whose members can run in virtual time.
func Check() error {
	if version.Version != tested {
		return mismatch(fmt.Sprintf("this program has etcd %s", version.Version))
	}
	if !watchless {
		return mismatch("clientv3 has no valCtxCh")
	}
	return errors.Join(
		field(reflect.TypeFor[etcdserver.EtcdServer](), reflect.TypeFor[rafthttp.Transporter](), "r", "transport"),
		field(reflect.TypeFor[etcdserver.EtcdServer](), reflect.TypeFor[http.RoundTripper](), "peerRt"),
		field(reflect.TypeFor[rafthttp.Transport](), reflect.TypeFor[http.RoundTripper](), "streamRt"),
		field(reflect.TypeFor[rafthttp.Transport](), reflect.TypeFor[http.RoundTripper](), "pipelineRt"),
	)
}

// field says whether a struct has a field, within fields, of a type.
func field(in, want reflect.Type, path ...string) error {
	at := in
	for _, name := range path {
		f, found := at.FieldByName(name)
		if !found {
			return mismatch(fmt.Sprintf("%v has no %s", at, name))
		}
		at = f.Type
	}
	if at != want {
		return mismatch(fmt.Sprintf("%s of %v is a %v, not a %v", path[len(path)-1], in, at, want))
	}
	return nil
}

func mismatch(what string) error {
	return fmt.Errorf("virtual time needs etcd %s, whose unexported names it uses: %s", tested, what)
}

// dialer reaches peers by their address.
type dialer func(ctx context.Context, address string) (net.Conn, error)

// takeOffTheNetwork gives a server that was not started another transport to its peers, and has all else that it asks
// them go the same way. The names were checked.
func takeOffTheNetwork(server *etcdserver.EtcdServer, dial dialer) error {
	transport := unexported[rafthttp.Transporter](server, "r", "transport")
	old, ok := (*transport).(*rafthttp.Transport)
	if !ok {
		return mismatch(fmt.Sprintf("the transport is a %T", *transport))
	}
	old.Stop()
	quiet := &rafthttp.Transport{
		Logger: old.Logger, DialTimeout: old.DialTimeout, ID: old.ID, URLs: old.URLs, ClusterID: old.ClusterID,
		Raft: old.Raft, Snapshotter: old.Snapshotter, ServerStats: old.ServerStats, LeaderStats: old.LeaderStats,
		ErrorC: old.ErrorC,
	}
	if err := quiet.Start(); err != nil {
		return err
	}
	for _, tripper := range []*http.RoundTripper{
		unexported[http.RoundTripper](quiet, "streamRt"),
		unexported[http.RoundTripper](quiet, "pipelineRt"), // its probes use the same two
		unexported[http.RoundTripper](server, "peerRt"),
	} {
		if err := redirect(*tripper, dial); err != nil {
			return err
		}
	}
	for _, member := range server.Cluster().Members() {
		if member.ID != server.MemberID() {
			quiet.AddPeer(member.ID, member.PeerURLs)
		}
	}
	*transport = quiet
	return nil
}

// redirect has a tripper that has connected to nobody yet dial otherwise.
func redirect(tripper http.RoundTripper, dial dialer) error {
	transport, ok := tripper.(*http.Transport)
	if !ok {
		return mismatch(fmt.Sprintf("a round tripper is a %T", tripper))
	}
	transport.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address) }
	return nil
}

// unexported gives a field of a struct, within fields.
func unexported[T any](of any, path ...string) *T {
	v := reflect.ValueOf(of).Elem()
	for _, name := range path {
		v = v.FieldByName(name)
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr()))
}

// closeIdle ends the connections that a server keeps for its next question to a peer.
func closeIdle(server *etcdserver.EtcdServer) {
	if transport, ok := (*unexported[http.RoundTripper](server, "peerRt")).(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
}
