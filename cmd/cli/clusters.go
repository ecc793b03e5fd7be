package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lockquake/harness"
	"lockquake/harness/cluster"
	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

func clusterNames() []string {
	return []string{scenario.Embed, scenario.Process, scenario.External, scenario.Virtual}
}

// What flags of external clusters are where they are not given.
const (
	usualRoot   = "lockquake/"
	hookTimeout = 10 * time.Second
)

// clusterOptions are the flags of kinds of clusters.
type clusterOptions struct {
	etcd    string // a binary
	there   cluster.External
	etcdctl *pflag.FlagSet // those of there
	hook    nemesis.Hook
	root    string // what the prefix of the run begins with
}

// secrets are flags whose values are written nowhere.
var secrets = map[string]struct{}{"user": {}, "password": {}}

func (o *clusterOptions) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.etcd, "etcd", "", "with --cluster process: run this etcd binary (3.4 or later) as the members")
	flags.StringVar(&o.root, "prefix", usualRoot, "with --cluster external: what all keys begin with; nothing else is touched")
	flags.StringVar(&o.hook.InjectCmd, "inject-cmd", "", "with --cluster external: the command of the fault hook")
	flags.StringVar(&o.hook.HealCmd, "heal-cmd", "", "the command that undoes what --inject-cmd did; it runs in any case")
	flags.DurationVar(&o.hook.Timeout, "hook-timeout", hookTimeout, "how long each of these commands may take")
	o.etcdctl = o.there.Flags()
	o.etcdctl.VisitAll(func(f *pflag.Flag) {
		f.Usage = "with --cluster external, as etcdctl has it: " + f.Usage
		flags.AddFlag(f)
	})
}

// unique is what all keys of this run begin with.
func (o *clusterOptions) unique() string {
	return fmt.Sprintf("%s%s-%06d/", cmp.Or(o.root, usualRoot), time.Now().UTC().Format("20060102T150405"), rand.IntN(1_000_000))
}

// kind finds the kind of a name; one is asked for once.
func (s *selection) kind(ctx context.Context, o runOptions, name string) (harness.Kind, error) {
	kind, known := s.kinds[name]
	if known {
		return kind, nil
	}
	var err error
	switch name {
	case scenario.Embed:
		kind = harness.Embedded()
	case scenario.Process:
		kind, err = o.clusters.process(ctx)
	case scenario.Virtual:
		kind, err = virtualKind()
	case scenario.External:
		kind, err = o.clusters.external(ctx, s.prefix, o.planOnly)
	default:
		err = unknownName("--cluster", name, clusterNames())
	}
	if err == nil {
		err = o.clusters.idle(name)
	}
	s.kinds[name] = kind
	return kind, err
}

// virtualKind is one whose etcd has the names that it needs.
func virtualKind() (harness.Kind, error) {
	if err := virtual.Check(); err != nil {
		return harness.Kind{}, harnessFailed(err)
	}
	return harness.Virtual(), nil
}

// idle finds flags that the kind of cluster has no use for: who gave them expects something else.
func (o *clusterOptions) idle(kind string) error {
	switch {
	case o.etcd != "" && kind != scenario.Process:
		return fmt.Errorf("--etcd goes with --cluster %s", scenario.Process)
	case kind == scenario.External:
		return nil
	case o.hook.InjectCmd+o.hook.HealCmd != "":
		return fmt.Errorf("--inject-cmd and --heal-cmd go with --cluster %s", scenario.External)
	case cmp.Or(o.hook.Timeout, hookTimeout) != hookTimeout:
		return fmt.Errorf("--hook-timeout goes with --cluster %s", scenario.External)
	case cmp.Or(o.root, usualRoot) != usualRoot:
		return fmt.Errorf("--prefix goes with --cluster %s", scenario.External)
	}
	var given error
	o.visitEtcdctl(func(f *pflag.Flag) {
		given = fmt.Errorf("--%s goes with --cluster %s", f.Name, scenario.External)
	})
	return given
}

// visitEtcdctl visits those of etcdctl's flags that were given.
func (o *clusterOptions) visitEtcdctl(visit func(*pflag.Flag)) {
	if o.etcdctl == nil {
		return
	}
	o.etcdctl.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			visit(f)
		}
	})
}

func (o *clusterOptions) process(ctx context.Context) (harness.Kind, error) {
	if o.etcd == "" {
		return harness.Processes(), nil
	}
	return harness.Binary(ctx, o.etcd)
}

func (o *clusterOptions) external(ctx context.Context, prefix string, unasked bool) (harness.Kind, error) {
	if err := cluster.FromEnvironment(o.etcdctl, os.LookupEnv); err != nil {
		return harness.Kind{}, err
	}
	if o.hook.InjectCmd == "" && o.hook.HealCmd != "" {
		return harness.Kind{}, errors.New("--heal-cmd: there is no --inject-cmd whose harm it could heal")
	}
	if !strings.HasSuffix(o.root, "/") {
		return harness.Kind{}, fmt.Errorf("--prefix is %q: end it with a slash, so that no key of others begins with it", o.root)
	}
	o.there.Prefix = prefix
	if err := o.there.Validate(); err != nil {
		return harness.Kind{}, err
	}
	hooked := o.hook.InjectCmd != ""
	if unasked {
		return harness.Unasked(o.there, hooked), nil
	}
	kind, err := harness.External(ctx, o.there, hooked)
	if err != nil {
		return kind, harnessFailed(err)
	}
	return kind, nil
}

// hooked gives the fault hook its commands.
func (o *clusterOptions) hooked(fault nemesis.Fault, run string) nemesis.Fault {
	if _, ok := fault.(nemesis.Hook); !ok {
		return fault
	}
	hook := o.hook
	hook.Environment = []string{"LOCKQUAKE_RUN=" + run}
	return hook
}

// abilities are what each kind allows, with everything given that it can be given.
func abilities() map[string]nemesis.Ability {
	return map[string]nemesis.Ability{
		scenario.Embed:    harness.Embedded().Abilities,
		scenario.Process:  harness.Processes().Abilities,
		scenario.External: harness.Unasked(cluster.External{}, true).Abilities,
		scenario.Virtual:  harness.Virtual().Abilities,
	}
}

func clusterTable() table {
	return table{head: []string{"cluster", "what it is"}, rows: [][]string{
		{scenario.Embed, "real etcd members in this process, ready in a tenth of a second (the default)"},
		{scenario.Process, "members as child processes, which are stopped and killed for real; with `--etcd PATH` of any etcd from 3.4 on"},
		{scenario.External, "a cluster of yours: only its clients are harmed, its members by your own commands"},
		{scenario.Virtual, "real etcd members in virtual time, in a process of their own for each cell: an hour takes seconds"},
	}}
}
