package cli

import (
	"bytes"
	"context"
	"net/url"
	"testing"
	"time"

	etcdembed "go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/cluster"
	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/workloads"
	"lockquake/workloads/locks"
)

// notUnderRace leaves out what takes long: make test does it without the race detector.
func notUnderRace(t *testing.T) {
	t.Helper()
	if testing.Short() || underRace {
		t.Skip("it takes long, and is tried without the race detector")
	}
}

// Each field of the README's table of faults is tried here: the fault is injected once into such a cluster, leaves
// evidence, and is healed.
func TestEveryFaultLeavesItsEvidenceOnEveryKindOfCluster(t *testing.T) {
	notUnderRace(t)
	for name, kind := range triedKinds(t) {
		for _, fault := range Builtin().Faults {
			requires := fault.Value.Requires()
			members := max(3, kind.Members, requires.Members)
			if requires.Unmet(abilities()[name], members) != "" {
				continue
			}
			t.Run(name+"/"+fault.Name, func(t *testing.T) {
				t.Parallel()
				recipe := alone(fault)
				if _, hook := fault.Value.Fault.(nemesis.Hook); hook {
					recipe.Rules[0].Aim.Fault = nemesis.Hook{InjectCmd: "echo $LOCKQUAKE_LEADER", HealCmd: "echo healed"}
				}
				// Some must strike within part of a TTL, which a busy machine sleeps through now and then: it says so
				// by the lack of evidence.
				const tries = 3
				for n := 1; !leavesEvidence(t, recipe, kind, members); n++ {
					if n == tries {
						t.Fatalf("left no evidence in %d tries", tries)
					}
				}
			})
		}
	}
}

func leavesEvidence(t *testing.T, recipe scenario.Scenario, kind triedKind, members int) bool {
	t.Helper()
	h := tryOnce(t, recipe, kind, members)
	injections := h.Injections()
	if len(injections) != 1 {
		t.Fatalf("%d injections, want 1", len(injections))
	}
	i := injections[0]
	t.Logf("to %s: %s (%s)", i.Inject.Note, i.Heal.Note, i.Heal.Outcome)
	return i.Observed()
}

// triedKind is a kind as the test can have it. within carries something out in its time.
type triedKind struct {
	harness.Kind
	within func(*testing.T, func(context.Context))
}

func triedKinds(t *testing.T) map[string]triedKind {
	t.Helper()
	real := func(t *testing.T, do func(context.Context)) { do(t.Context()) }
	return map[string]triedKind{
		scenario.Embed:    {harness.Embedded(), real},
		scenario.Process:  {harness.Processes(), real},
		scenario.External: {externalKind(t), real},
		scenario.Virtual: {harness.Virtual(), func(t *testing.T, do func(context.Context)) {
			if left := virtual.In(t, virtual.Outside{}, do); left != nil {
				t.Error(left)
			}
		}},
	}
}

// externalKind is an etcd server that stands for somebody else's, with hooks.
func externalKind(t *testing.T) harness.Kind {
	t.Helper()
	var there cluster.External
	if err := there.Flags().Parse([]string{"--endpoints", serveEtcd(t)}); err != nil {
		t.Fatal(err)
	}
	there.Prefix = "lockquake/"
	kind, err := harness.External(t.Context(), there, true)
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

// serveEtcd gives the address of a server that lives as long as the test.
func serveEtcd(t *testing.T) (endpoint string) {
	t.Helper()
	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := etcdembed.NewConfig()
	config.Dir = t.TempDir()
	config.ListenPeerUrls, config.AdvertisePeerUrls = loopback, loopback
	config.ListenClientUrls, config.AdvertiseClientUrls = loopback, loopback
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.TickMs, config.ElectionMs = 10, 100
	config.UnsafeNoFsync = true
	config.ZapLoggerBuilder = etcdembed.NewZapLoggerBuilder(zap.NewNop())
	etcd, err := etcdembed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(etcd.Close)
	<-etcd.Server.ReadyNotify()
	return etcd.Clients[0].Addr().String()
}

// tryOnce carries out one short cell of concurrency.Mutex.
func tryOnce(t *testing.T, recipe scenario.Scenario, kind triedKind, members int) history.History {
	t.Helper()
	recipe.Rules[0].Limit = 1
	settings := harness.Settings{
		Members: members, Clients: 3, Keys: 1, TTL: max(time.Second, kind.MinTTL), Hold: scenario.Range{From: 50 * time.Millisecond, To: 100 * time.Millisecond},
		Warmup: 300 * time.Millisecond, Duration: 3 * time.Second, Resource: scenario.InMemory, Loss: scenario.Heeded, Repeats: 1,
	}
	trial := harness.Trial{Scenario: recipe, Settings: settings, Subjects: []harness.Subject{{Name: "mutex"}}}
	var out bytes.Buffer
	parts := harness.Parts{
		Strategy: locks.Mutex, Workload: workloads.Builtin()[0].Kind, Faults: map[string]nemesis.Fault{recipe.Rules[0].Fault: recipe.Rules[0].Aim.Fault}, Kind: kind.Kind, Place: harness.Place{Members: members, Dir: t.TempDir(), Prefix: harness.Prefix("lockquake/" + t.Name() + "/")},
	}
	var err error
	kind.within(t, func(ctx context.Context) {
		err = harness.Run(ctx, harness.Draw(7, []harness.Trial{trial}).Cells[0], parts, &out)
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := history.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// etcdctl's variables reach the cluster as its flags do.
func TestEtcdctlsVariablesAreHeeded(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("ETCDCTL_ENDPOINTS", "127.0.0.1:1")
	s := call(t, "run", "--cluster", "external")
	s.want(t, exitHarness, "attach to 127.0.0.1:1: ")
	t.Setenv("ETCDCTL_ENDPOINTS", serveEtcd(t))
	call(t, "run", "--cluster", "external", "--fault", "none", "--duration", "100ms", "--clients", "2").want(t, exitHeld, "RESULT: 1 of 1 cells held")
	call(t, "run", "--cluster", "external", "--endpoints", "127.0.0.1:1").want(t, exitUsage, "--endpoints: ETCDCTL_ENDPOINTS is set, too")
}
