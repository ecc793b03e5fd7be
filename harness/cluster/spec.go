package cluster

import (
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// spec is what a server is told, in whatever form it runs. It travels to a process as JSON.
type spec struct {
	Name         string
	Source       string  // how it names itself to its peers' proxies
	Folder       string  // its own; it makes it if need be
	PeerSocket   url.URL // which it listens on
	ClientSocket url.URL
	PeerURL      url.URL // its proxy's
	Cluster      string  // all members at its first start, name=peer URL
	Token        string  // the cluster's
	Joins        bool    // a cluster that is there
	Tick         time.Duration
	Election     time.Duration
	Fsync        bool
}

func (s spec) state() string {
	if s.Joins {
		return embed.ClusterStateFlagExisting
	}
	return embed.ClusterStateFlagNew
}

func (s spec) embedConfig(log *zap.Logger) *embed.Config {
	config := embed.NewConfig()
	config.Name = s.Name
	config.Dir = s.Folder
	config.ListenPeerUrls = []url.URL{s.PeerSocket}
	config.ListenClientUrls = []url.URL{s.ClientSocket}
	config.AdvertisePeerUrls = []url.URL{s.PeerURL}
	config.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: endpointHost(s.Name)}}
	config.InitialCluster = s.Cluster
	config.InitialClusterToken = s.Token
	config.ClusterState = s.state()
	if s.PeerURL.Scheme == "https" {
		config.PeerTLSInfo.ServerName = s.Source
		config.PeerTLSInfo.InsecureSkipVerify = true
	}
	config.TickMs = uint(s.Tick / time.Millisecond)
	config.ElectionMs = uint(s.Election / time.Millisecond)
	config.UnsafeNoFsync = !s.Fsync
	config.EnableGRPCGateway = true
	config.StrictReconfigCheck = false
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log)
	return config
}
