package cluster

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// External says where a cluster is that somebody else runs, and who its clients are there. The fields
// are etcdctl's flags, which Flags binds to them. (etcdctl/ctlv3/ctl.go)
type External struct {
	Endpoints          []string // host:port, or with http:// or https:// before it
	CACert, Cert, Key  string   // files
	User, Password     string   // User may be name:password
	InsecureTransport  bool
	InsecureSkipVerify bool
	DialTimeout        time.Duration
	CommandTimeout     time.Duration // of requests that are not the workload's
	KeepAliveTime      time.Duration // gRPC raises it to 10 s
	KeepAliveTimeout   time.Duration

	// Prefix is what all keys of the run begin with. Nothing else is read, written or deleted.
	Prefix string
}

// Flags are etcdctl's, by name, meaning and default; those that were set set the fields.
func (e *External) Flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("etcdctl", pflag.ContinueOnError)
	f.StringSliceVar(&e.Endpoints, "endpoints", []string{"127.0.0.1:2379"}, "where the external cluster's members are")
	f.StringVar(&e.CACert, "cacert", "", "verify the members' certificates by this CA bundle")
	f.StringVar(&e.Cert, "cert", "", "identify clients by this TLS certificate file")
	f.StringVar(&e.Key, "key", "", "identify clients by this TLS key file")
	f.StringVar(&e.User, "user", "", "name[:password] of the user that clients are")
	f.StringVar(&e.Password, "password", "", "the user's password; --user is the name alone then")
	f.BoolVar(&e.InsecureTransport, "insecure-transport", true, "no TLS where no certificate is given; an https:// endpoint has it")
	f.BoolVar(&e.InsecureSkipVerify, "insecure-skip-tls-verify", false, "do not verify the members' certificates")
	f.DurationVar(&e.DialTimeout, "dial-timeout", 2*time.Second, "how long a connection may take")
	f.DurationVar(&e.CommandTimeout, "command-timeout", 5*time.Second, "how long a request that is not the workload's may take")
	f.DurationVar(&e.KeepAliveTime, "keepalive-time", 2*time.Second, "how often to see whether an idle connection is alive; gRPC raises it to 10s")
	f.DurationVar(&e.KeepAliveTimeout, "keepalive-timeout", 6*time.Second, "how long that may take")
	return f
}

// FromEnvironment sets flags that were not given from etcdctl's variables, ETCDCTL_CACERT for --cacert.
// A variable beside its flag is an error, as it is to etcdctl. (etcd/pkg/flags)
func FromEnvironment(flags *pflag.FlagSet, lookup func(variable string) (string, bool)) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		variable := "ETCDCTL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, _ := lookup(variable)
		switch {
		case value == "":
		case f.Changed:
			errs = append(errs, fmt.Errorf("--%s: %s is set, too: give one of them", f.Name, variable))
		default:
			if err := flags.Set(f.Name, value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", variable, err))
			}
		}
	})
	return errors.Join(errs...)
}

// Validate tells of the first thing that cannot be right. It reads no file and asks nobody.
func (e External) Validate() error {
	if len(e.Endpoints) == 0 {
		return errors.New("--endpoints: none are given")
	}
	seen := map[string]bool{}
	for _, endpoint := range e.Endpoints {
		_, host, err := splitEndpoint(endpoint)
		if err != nil {
			return fmt.Errorf("--endpoints: %w", err)
		}
		if seen[host] {
			return fmt.Errorf("--endpoints: %s is given twice", host)
		}
		seen[host] = true
	}
	return e.validateRest()
}

func (e External) validateRest() error {
	name, password := e.credentials()
	switch {
	case e.mixed():
		return errors.New("--endpoints: etcd's client takes them all for what the first is: give all with https://, all with http://, or all without")
	case (e.Cert == "") != (e.Key == ""):
		return errors.New("--cert and --key: one needs the other")
	case name == "" && password != "":
		return errors.New("--password: whose is it? --user is missing")
	case name != "" && password == "":
		return fmt.Errorf("--user %s: the password is missing: give --password, or --user %s:PASSWORD", name, name)
	}
	return checkPrefix(e.Prefix)
}

func (e External) mixed() bool {
	schemes := map[string]bool{}
	for _, endpoint := range e.Endpoints {
		scheme, _, _ := splitEndpoint(endpoint)
		schemes[cmp.Or(scheme, "none")] = true
	}
	return len(schemes) > 1
}

// checkPrefix refuses those that keys of others may begin with: all do with "" and "/", lock2 does
// with lock.
func checkPrefix(prefix string) error {
	if strings.Trim(prefix, "/") == "" || !strings.HasSuffix(prefix, "/") {
		return fmt.Errorf("prefix %q: it would not keep a run's keys apart from others: give one like run7/", prefix)
	}
	return nil
}

// splitEndpoint gives an endpoint's scheme, http, https or none, and host:port.
func splitEndpoint(endpoint string) (scheme, host string, err error) {
	scheme, host, found := strings.Cut(endpoint, "://")
	if !found {
		scheme, host = "", endpoint
	}
	if !slices.Contains([]string{"", "http", "https"}, scheme) {
		return "", "", fmt.Errorf("%s: only http:// and https:// can be shaken", endpoint)
	}
	host = strings.TrimSuffix(host, "/")
	name, port, err := net.SplitHostPort(host)
	if err != nil || name == "" || port == "" {
		return "", "", fmt.Errorf("%s: it is not host:port", endpoint)
	}
	return scheme, host, nil
}

// credentials are empty where nobody was named.
func (e External) credentials() (name, password string) {
	if e.Password != "" {
		return e.User, e.Password
	}
	name, password, _ = strings.Cut(e.User, ":")
	return name, password
}

// clientConfig is what etcdctl makes of the same flags.
func (e External) clientConfig() (clientv3.Config, error) {
	name, password := e.credentials()
	config, err := clientv3.NewClientConfig(&clientv3.ConfigSpec{
		Endpoints:        e.Endpoints,
		DialTimeout:      e.DialTimeout,
		KeepAliveTime:    e.KeepAliveTime,
		KeepAliveTimeout: e.KeepAliveTimeout,
		Auth:             &clientv3.AuthConfig{Username: name, Password: password},
		Secure: &clientv3.SecureConfig{
			Cert: e.Cert, Key: e.Key, Cacert: e.CACert,
			InsecureTransport:  e.InsecureTransport,
			InsecureSkipVerify: e.InsecureSkipVerify,
		},
	}, zap.NewNop())
	if err != nil {
		return clientv3.Config{}, fmt.Errorf("--cacert, --cert and --key: %w", err)
	}
	return *config, nil
}

// secure tells whether an endpoint is reached by TLS, and how.
func secure(endpoint Endpoint, config *tls.Config) (*tls.Config, bool) {
	if endpoint.Scheme == "http" || endpoint.Scheme == "" && config == nil {
		return nil, false
	}
	own := &tls.Config{MinVersion: tls.VersionTLS12}
	if config != nil {
		own = config.Clone()
	}
	own.ServerName, _, _ = net.SplitHostPort(endpoint.Host)
	own.NextProtos = []string{"h2"}
	return own, true
}
