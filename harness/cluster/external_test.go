package cluster_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"lockquake/harness/cluster"
)

// external has etcdctl's defaults, and is right.
func external(t testing.TB, args ...string) cluster.External {
	t.Helper()
	e := cluster.External{Prefix: "lockquake/test/"}
	if err := e.Flags().Parse(args); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFlagsAndVariablesAreEtcdctls(t *testing.T) {
	e := external(t)
	if want := (cluster.External{
		Endpoints: []string{"127.0.0.1:2379"}, InsecureTransport: true, DialTimeout: 2 * time.Second,
		CommandTimeout: 5 * time.Second, KeepAliveTime: 2 * time.Second, KeepAliveTimeout: 6 * time.Second,
		Prefix: "lockquake/test/",
	}); !reflect.DeepEqual(e, want) {
		t.Errorf("defaults are %+v, want %+v", e, want)
	}
	if err := e.Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}

	variables := map[string]string{
		"ETCDCTL_ENDPOINTS": "https://a:1,https://b:2", "ETCDCTL_CACERT": "ca", "ETCDCTL_CERT": "cert", "ETCDCTL_KEY": "key",
		"ETCDCTL_USER": "u", "ETCDCTL_PASSWORD": "p:q", "ETCDCTL_INSECURE_TRANSPORT": "false", "ETCDCTL_INSECURE_SKIP_TLS_VERIFY": "true",
		"ETCDCTL_DIAL_TIMEOUT": "1s", "ETCDCTL_COMMAND_TIMEOUT": "2s", "ETCDCTL_KEEPALIVE_TIME": "3s", "ETCDCTL_KEEPALIVE_TIMEOUT": "4s",
		"ETCDCTL_API": "3", "ETCDCTL_WATCH_KEY": "not ours",
	}
	e = cluster.External{Prefix: "lockquake/test/"}
	if err := cluster.FromEnvironment(e.Flags(), lookup(variables)); err != nil {
		t.Fatal(err)
	}
	if want := (cluster.External{
		Endpoints: []string{"https://a:1", "https://b:2"}, CACert: "ca", Cert: "cert", Key: "key", User: "u", Password: "p:q",
		InsecureSkipVerify: true, DialTimeout: time.Second, CommandTimeout: 2 * time.Second, KeepAliveTime: 3 * time.Second,
		KeepAliveTimeout: 4 * time.Second, Prefix: "lockquake/test/",
	}); !reflect.DeepEqual(e, want) {
		t.Errorf("variables make %+v, want %+v", e, want)
	}
	if err := e.Validate(); err != nil {
		t.Errorf("variables: %v", err)
	}
}

func lookup(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func TestVariablesThatEtcdctlWouldRefuse(t *testing.T) {
	for want, variables := range map[string]map[string]string{
		"--user: ETCDCTL_USER is set, too": {"ETCDCTL_USER": "other"},
		"ETCDCTL_DIAL_TIMEOUT: ":           {"ETCDCTL_DIAL_TIMEOUT": "soon"},
		"":                                 {"ETCDCTL_USER": "", "ETCDCTL_PASSWORD": "p"},
	} {
		e := cluster.External{}
		flags := e.Flags()
		if err := flags.Parse([]string{"--user", "u"}); err != nil {
			t.Fatal(err)
		}
		err := cluster.FromEnvironment(flags, lookup(variables))
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%v: %v, want %q", variables, err, want)
		}
		if e.User != "u" {
			t.Errorf("%v: the user is %q, not the flag's", variables, e.User)
		}
	}
}

func TestExternalThatCannotBeRight(t *testing.T) {
	for want, args := range map[string]string{
		"--endpoints: none are given":                     "--endpoints=",
		"--endpoints: a: it is not host:port":             "--endpoints=a",
		"--endpoints: :1: it is not host:port":            "--endpoints=:1",
		"--endpoints: unix:///x: only http":               "--endpoints=unix:///x",
		"--endpoints: a:1 is given twice":                 "--endpoints=http://a:1,http://a:1/",
		"--endpoints: etcd's client takes them all":       "--endpoints=http://a:1,https://b:1",
		"--cert and --key: one needs the other":           "--cert=c",
		"--password: whose is it?":                        "--password=p",
		"--user u: the password is missing: give":         "--user=u",
		"prefix \"/\": it would not keep a run's keys":    "",
		"prefix \"lock\": it would not keep a run's keys": "",
		"prefix \"\": it would not keep a run's keys apa": "",
	} {
		e := external(t, strings.Fields(args)...)
		if _, prefix, ok := strings.Cut(want, "prefix \""); ok {
			e.Prefix, _, _ = strings.Cut(prefix, "\"")
		}
		if err := e.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	for _, args := range []string{"--user=u:p", "--user=u --password=p", "--user=u:v --password=p", "--endpoints=a:1,b:1", "--cert=c --key=k"} {
		if err := external(t, strings.Fields(args)...).Validate(); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}
