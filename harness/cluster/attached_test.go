package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

// authority signs certificates, and is a file of its own certificate.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file, _ = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes a certificate and its key; the first is the authority's own.
func (a *authority) issue(t testing.TB, name string, template *x509.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if a.certificate == nil {
		a.certificate, a.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return a.write(t, name+".crt", "CERTIFICATE", der), a.write(t, name+".key", "EC PRIVATE KEY", secret)
}

func (a *authority) write(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startForeign starts an etcd server that is not ours, and gives its address.
func startForeign(t testing.TB, tls transport.TLSInfo) (host string) {
	t.Helper()
	config := embed.NewConfig()
	config.Dir = t.TempDir()
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: "@" + strings.ReplaceAll(config.Dir, "/", "-")}}
	config.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "foreign:2"}}
	config.InitialClusterToken = config.Dir
	config.InitialCluster = config.Name + "=http://foreign:2"
	config.ListenClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: "foreign:1"}}
	if config.ClientTLSInfo = tls; !tls.Empty() {
		config.ListenClientUrls[0].Scheme = "https"
	}
	config.BcryptCost = 4
	config.UnsafeNoFsync = true
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(etcd.Close)
	<-etcd.Server.ReadyNotify()
	return etcd.Clients[0].Addr().String()
}

// secured is a foreign server with TLS and users: u with password p may use the prefix lockquake/test/
// and nothing else.
type secured struct {
	host string
	ca   *authority
	root *clientv3.Client
}

func startSecured(t testing.TB) secured {
	t.Helper()
	ca := newAuthority(t)
	cert, key := ca.issue(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	s := secured{ca: ca, host: startForeign(t, transport.TLSInfo{CertFile: cert, KeyFile: key})}
	config, err := clientv3.NewClientConfig(&clientv3.ConfigSpec{
		Endpoints: []string{s.host}, Secure: &clientv3.SecureConfig{Cacert: ca.file},
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = zap.NewNop()
	setUp, err := clientv3.New(*config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = setUp.Close() }()
	enableUsers(t, setUp)
	config.Username, config.Password = "root", "secret"
	if s.root, err = clientv3.New(*config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.root.Close() })
	return s
}

func enableUsers(t testing.TB, etcd *clientv3.Client) {
	t.Helper()
	ctx := within(t, patience)
	var errs [7]error
	_, errs[0] = etcd.UserAdd(ctx, "root", "secret")
	_, errs[1] = etcd.UserGrantRole(ctx, "root", "root")
	_, errs[2] = etcd.UserAdd(ctx, "u", "p")
	_, errs[3] = etcd.RoleAdd(ctx, "run")
	_, errs[4] = etcd.RoleGrantPermission(ctx, "run", "lockquake/test/", clientv3.GetPrefixRangeEnd("lockquake/test/"),
		clientv3.PermissionType(clientv3.PermReadWrite))
	_, errs[5] = etcd.UserGrantRole(ctx, "u", "run")
	_, errs[6] = etcd.AuthEnable(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

// attach must succeed.
func attach(t testing.TB, e cluster.External) *cluster.Attached {
	t.Helper()
	a, err := cluster.Attach(within(t, patience), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return a
}

func attachedClient(t testing.TB, a *cluster.Attached, config cluster.ClientConfig) *cluster.Client {
	t.Helper()
	c, err := a.Client(within(t, patience), config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s secured) external(t testing.TB) cluster.External {
	t.Helper()
	return external(t, "--endpoints="+s.host, "--cacert="+s.ca.file, "--user=u:p")
}

func TestAttachedWithTLSAndAUser(t *testing.T) {
	s := startSecured(t)
	a := attach(t, s.external(t))
	if err := a.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
	if versions, err := a.Versions(within(t, patience)); err != nil || !slices.Equal(versions, []string{version.Version}) {
		t.Errorf("versions %q, %v; want %s", versions, err, version.Version)
	}
	if leader, term, running := a.Believes(0); leader != 0 || term == 0 || !running || a.Names()[0] != s.host {
		t.Errorf("%v: the only member believes in %d, term %d, runs: %t", a.Names(), leader, term, running)
	}
	if ttl, err := a.ShortestTTL(within(t, patience)); err != nil || ttl != 2*time.Second {
		t.Errorf("the shortest TTL at etcd's default ticks: %v, %v; want 2s", ttl, err)
	}
	if left, err := s.root.Leases(within(t, patience)); err != nil || len(left.Leases) != 0 {
		t.Errorf("leases after asking for the TTL: %v, %v", left, err)
	}
}

// Links, observers, losses and crashes are those of any client.
func TestClientOfAnAttachedCluster(t *testing.T) {
	s := startSecured(t)
	a := attach(t, s.external(t))
	var notes notes
	c := attachedClient(t, a, cluster.ClientConfig{Leases: notes.observer()})
	lease := grant(t, c, 60)
	if len(notes.of("granted", lease)) != 1 {
		t.Error("the observer was not told of a grant")
	}
	stop := c.LoseReply(every[*etcdserverpb.PutRequest])
	_, err := c.Etcd.Put(within(t, patience), "lockquake/test/key", "value", clientv3.WithLease(lease))
	wantReset(t, err)
	wantLost(t, stop, "the reply of a Put at revision ")
	to, _ := c.Links(0)
	hold := to.Impose(network.Rule{Held: true})
	if _, err := c.Etcd.Get(within(t, 100*time.Millisecond), "lockquake/test/key"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read over a held link: %v", err)
	}
	if err := a.Healthy(within(t, patience)); err != nil {
		t.Errorf("health while a client is held: %v", err)
	}
	if hold.Lift().Held == 0 {
		t.Error("no bytes were held")
	}
	if err := c.Crash(); err != nil {
		t.Error(err)
	}
	left, err := s.root.TimeToLive(within(t, patience), lease, clientv3.WithAttachedKeys())
	if err != nil || left.TTL <= 0 || len(left.Keys) != 1 {
		t.Errorf("the lease of the crashed client: %+v, %v; want it alive with its key", left, err)
	}
}

func TestAttachSaysWhyNot(t *testing.T) {
	s, other := startSecured(t), newAuthority(t)
	plain := startForeign(t, transport.TLSInfo{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for name, c := range map[string]struct{ args, want string }{
		"wrong password":  {"--endpoints=" + s.host + " --user=u:wrong --cacert=" + s.ca.file, "authentication failed, invalid user ID or password"},
		"plain, no user":  {"--endpoints=" + s.host, "it speaks TLS, give --cacert"},
		"no user":         {"--endpoints=" + s.host + " --cacert=" + s.ca.file, "it wants --user and --password"},
		"wrong CA":        {"--endpoints=" + s.host + " --user=u:p --cacert=" + other.file, "certificate signed by unknown authority"},
		"no such CA":      {"--endpoints=" + s.host + " --cacert=/missing", "--cacert, --cert and --key: open /missing: no such file"},
		"plain to TLS":    {"--endpoints=" + s.host + " --user=u:p", "it speaks TLS, give --cacert"},
		"TLS to plain":    {"--endpoints=https://" + plain, "it does not speak TLS"},
		"nobody there":    {"--endpoints=127.0.0.1:1", "connection refused"},
		"silence":         {"--endpoints=" + silent.Addr().String() + " --dial-timeout=100ms", "no answer within 100ms"},
		"another cluster": {"--endpoints=" + plain + "," + startForeign(t, transport.TLSInfo{}), "are members of different clusters"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := cluster.Attach(within(t, patience), external(t, strings.Fields(c.args)...))
			if err == nil {
				_ = a.Close()
				t.Fatal("attached")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; want one sentence with %q", err, c.want)
			}
		})
	}
}

func TestUserWithoutThePrefixIsTold(t *testing.T) {
	s := startSecured(t)
	e := s.external(t)
	e.Prefix = "elsewhere/"
	a, err := cluster.Attach(within(t, patience), e)
	if err == nil {
		_ = a.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "user u needs a role that reads and writes prefix elsewhere/") {
		t.Errorf("attached under a prefix of others: %v", err)
	}
}

// attachTo attaches to some members of a cluster of ours as if they were somebody else's.
func attachTo(t testing.TB, c *cluster.Cluster, members ...int) *cluster.Attached {
	t.Helper()
	a, err := cluster.AttachTo(within(t, patience), c, members, external(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestAttachedMembersBelieve(t *testing.T) {
	c := start(t, 3)
	was, term := leader(t, c)
	others := []int{(was + 1) % 3, (was + 2) % 3}
	all, some := attachTo(t, c, 0, 1, 2), attachTo(t, c, others...)
	for i := range 3 {
		if led, in, running := all.Believes(i); led != was || in != term || !running {
			t.Errorf("%s believes in %d, term %d, runs: %t; want m%d in term %d", all.Names()[i], led, in, running, was, term)
		}
	}
	if led, _, running := some.Believes(0); led != -1 || !running {
		t.Errorf("it believes in %d, runs: %t; want a leader that has no endpoint", led, running)
	}
	if err := c.Kill(was); err != nil {
		t.Fatal(err)
	}
	if led, _, running := all.Believes(was); led != -1 || running {
		t.Errorf("a killed member believes in %d, runs: %t", led, running)
	}
	eventually(t, "another leader", func() bool {
		led, in, _ := some.Believes(0)
		return led >= 0 && in > term
	})
}

// Health waits for the time that it has, and then tells who is missing.
func TestAttachedHealth(t *testing.T) {
	c := start(t, 3)
	a := attachTo(t, c, 0, 1, 2)
	was, _ := leader(t, c)
	down := (was + 1) % 3
	if err := c.Kill(down); err != nil {
		t.Fatal(err)
	}
	err := a.Healthy(within(t, 200*time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "read from "+a.Names()[down]+": ") {
		t.Errorf("health with m%d down: %v", down, err)
	}
	healthy := make(chan error, 1)
	go func() { healthy <- a.Healthy(within(t, patience)) }()
	if err := c.Restart(within(t, patience), down); err != nil {
		t.Fatal(err)
	}
	if err := <-healthy; err != nil {
		t.Errorf("health with m%d back: %v", down, err)
	}
}

// Only the run's keys go, and only leases that its clients were granted.
func TestCleanUpTouchesNothingElse(t *testing.T) {
	s := startSecured(t)
	a := attach(t, s.external(t))
	ctx := within(t, patience)
	theirs, err := s.root.Grant(ctx, 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"lockquake/tes", "lockquake/test", "lockquake/test0", "other"} {
		if _, err := s.root.Put(ctx, key, "theirs", clientv3.WithLease(theirs.ID)); err != nil {
			t.Fatal(err)
		}
	}
	c := attachedClient(t, a, cluster.ClientConfig{})
	kept, revoked := grant(t, c, 60), grant(t, c, 60)
	put(t, c, "lockquake/test/a", "ours")
	if _, err := c.Etcd.Put(ctx, "lockquake/test/b", "ours", clientv3.WithLease(kept)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Etcd.Revoke(ctx, revoked); err != nil {
		t.Fatal(err)
	}
	stop := c.LoseReply(every[*etcdserverpb.LeaseGrantRequest])
	grant(t, c, 60) // clientv3 asks again, and knows nothing of the first
	wantLost(t, stop, "the reply of a LeaseGrant")
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "/", "lockquake/", "lockquake/test", "other"} {
		if _, err := a.CleanUp(ctx, prefix); err == nil {
			t.Errorf("cleaned up %q, which is not the run's", prefix)
		}
	}
	for _, want := range []cluster.Cleaned{{Keys: 2, Leases: 3}, {}} {
		if got, err := a.CleanUp(ctx, "lockquake/test/"); err != nil || got != want {
			t.Errorf("cleaned up %+v, %v; want %+v", got, err, want)
		}
	}
	keys, err := s.root.Get(ctx, "\x00", clientv3.WithFromKey())
	if err != nil || keys.Count != 4 {
		t.Errorf("keys left: %v, %v; want the four that are theirs", keys.Kvs, err)
	}
	if leases, err := s.root.Leases(ctx); err != nil || len(leases.Leases) != 1 || leases.Leases[0].ID != theirs.ID {
		t.Errorf("leases left: %v, %v; want theirs", leases, err)
	}
}

// A client may be known by its certificate alone.
func TestAttachedWithACertificate(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	host := startForeign(t, transport.TLSInfo{CertFile: cert, KeyFile: key, ClientCertAuth: true, TrustedCAFile: ca.file})
	ours, secret := ca.issue(t, "us", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	a := attach(t, external(t, "--endpoints=https://"+host, "--cacert="+ca.file, "--cert="+ours, "--key="+secret))
	if err := a.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
	_, err := cluster.Attach(within(t, patience), external(t, "--endpoints=https://"+host, "--cacert="+ca.file))
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("attached without a certificate: %v", err)
	}
}
