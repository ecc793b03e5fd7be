package virtual

import (
	"errors"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"lockquake/harness/cluster"
)

var (
	errNoPause = errors.New("it runs in virtual time, where nothing can stop a member: it needs a process of its own")
	errStopped = errors.New("it stopped by itself")
)

// server is an etcd in memory.
type server struct {
	etcd    *etcdserver.EtcdServer
	grpc    *grpc.Server
	http    *http.Server
	peers   *listener
	clients *listener
	served  chan struct{} // closed: neither is served any more
}

// start does what embed.StartEtcd does, without a socket.
func start(tenant cluster.Tenant, peers, clients *listener) (*server, error) {
	cfg, err := serverConfig(tenant)
	if err != nil {
		return nil, err
	}
	s := &server{peers: peers, clients: clients, served: make(chan struct{})}
	if s.etcd, err = newServer(cfg, tenant); err != nil {
		return nil, err
	}
	if err := takeOffTheNetwork(s.etcd, tenant.Dial); err != nil {
		return nil, err
	}
	s.etcd.Start()
	s.http = &http.Server{
		Handler:     etcdhttp.NewPeerHandler(cfg.Logger, s.etcd),
		ReadTimeout: 5 * time.Minute,
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	s.grpc = s.newGRPC(tenant.Config)
	go s.serve()
	return s, nil
}

// newGRPC serves clients as embed does; without its policy gRPC would send those away that ask whether it is there.
func (s *server) newGRPC(c *embed.Config) *grpc.Server {
	g := v3rpc.Server(s.etcd, nil, nil,
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: c.GRPCKeepAliveMinTime}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: c.GRPCKeepAliveInterval, Timeout: c.GRPCKeepAliveTimeout}))
	own := v3client.New(s.etcd)
	v3electionpb.RegisterElectionServer(g, v3election.NewElectionServer(own))
	v3lockpb.RegisterLockServer(g, v3lock.NewLockServer(own))
	return g
}

// serve lets peers in at once, and clients when the server has found its peers.
func (s *server) serve() {
	defer close(s.served)
	peers := make(chan struct{})
	go func() {
		defer close(peers)
		_ = s.http.Serve(s.peers)
	}()
	select {
	case <-s.etcd.ReadyNotify():
		_ = s.grpc.Serve(s.clients)
	case <-s.etcd.StoppingNotify():
	}
	<-peers
}

// serverConfig is what embed.StartEtcd makes of an embed.Config.
func serverConfig(tenant cluster.Tenant) (config.ServerConfig, error) {
	c := tenant.Config
	cfg := config.ServerConfig{
		Name:                        c.Name,
		ClientURLs:                  c.AdvertiseClientUrls,
		PeerURLs:                    c.AdvertisePeerUrls,
		DataDir:                     c.Dir,
		SnapshotCount:               c.SnapshotCount,
		SnapshotCatchUpEntries:      c.SnapshotCatchUpEntries,
		MaxSnapFiles:                c.MaxSnapFiles,
		MaxWALFiles:                 c.MaxWalFiles,
		InitialClusterToken:         c.InitialClusterToken,
		NewCluster:                  c.IsNewCluster(),
		TickMs:                      c.TickMs,
		ElectionTicks:               c.ElectionTicks(),
		InitialElectionTickAdvance:  c.InitialElectionTickAdvance,
		AutoCompactionMode:          c.AutoCompactionMode,
		QuotaBackendBytes:           c.QuotaBackendBytes,
		BackendBatchLimit:           c.BackendBatchLimit,
		BackendBatchInterval:        c.BackendBatchInterval,
		MaxTxnOps:                   c.MaxTxnOps,
		MaxRequestBytes:             c.MaxRequestBytes,
		MaxConcurrentStreams:        c.MaxConcurrentStreams,
		StrictReconfigCheck:         c.StrictReconfigCheck,
		AuthToken:                   c.AuthToken,
		BcryptCost:                  c.BcryptCost,
		TokenTTL:                    c.AuthTokenTTL,
		CompactHashCheckTime:        c.CompactHashCheckTime,
		PreVote:                     c.PreVote,
		Logger:                      tenant.Log,
		UnsafeNoFsync:               c.UnsafeNoFsync,
		CompactionBatchLimit:        c.CompactionBatchLimit,
		CompactionSleepInterval:     c.CompactionSleepInterval,
		WatchProgressNotifyInterval: c.WatchProgressNotifyInterval,
		DowngradeCheckTime:          c.DowngradeCheckTime,
		WarningApplyDuration:        c.WarningApplyDuration,
		WarningUnaryRequestDuration: c.WarningUnaryRequestDuration,
		MaxLearners:                 c.MaxLearners,
		V2Deprecation:               c.V2DeprecationEffective(),
		ServerFeatureGate:           c.ServerFeatureGate,
		Metrics:                     c.Metrics,
	}
	if wal.Exist(filepath.Join(c.Dir, "member", "wal")) {
		return cfg, nil
	}
	var err error
	cfg.InitialPeerURLsMap, cfg.InitialClusterToken, err = c.PeerURLsMapAndToken("etcd")
	return cfg, err
}

// Believes tells etcd's id of the member that it takes for the leader, and the term.
func (s *server) Believes() (leader, term uint64, running bool) {
	return s.etcd.Lead(), s.etcd.Term(), true
}

// Kill ends it without a word to its peers, and returns when nothing of it runs.
func (s *server) Kill() {
	s.etcd.HardStop()
	s.grpc.Stop()
	_ = s.http.Close()
	closeIdle(s.etcd)
	_, _ = s.peers.Close(), s.clients.Close()
	<-s.served
}

// Ended says that it ended by itself.
func (s *server) Ended() error {
	select {
	case <-s.etcd.StopNotify():
		return errStopped
	default:
		return nil
	}
}

// Pause is impossible.
func (*server) Pause() error { return errNoPause }

// Resume is impossible.
func (*server) Resume() error { return errNoPause }
