package cli

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lockquake/checker"
	"lockquake/harness/repro"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// shells are those that cobra writes scripts for.
func shells() []Entry[func(root *cobra.Command, w io.Writer) error] {
	return []Entry[func(root *cobra.Command, w io.Writer) error]{
		{"bash", "source <(lockquake completion bash)", bashScript},
		{"zsh", `lockquake completion zsh > "${fpath[1]}/_lockquake"`, (*cobra.Command).GenZshCompletion},
		{"fish", "lockquake completion fish | source", func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }},
		{"powershell", "lockquake completion powershell | Out-String | Invoke-Expression", (*cobra.Command).GenPowerShellCompletionWithDesc},
	}
}

// bashScript is cobra's with a comma left as it is: bash escapes it, and what is escaped does not look like what
// was typed of a list.
func bashScript(root *cobra.Command, w io.Writer) error {
	var script strings.Builder
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	_, err := strings.NewReplacer(
		`comp=$(printf "%q" "${compline%%$tab*}")`, `comp=$(printf "%q" "${compline%%$tab*}")
        comp=${comp//\\,/,}`,
		`COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]%%$tab*}")`, `COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]%%$tab*}")
        COMPREPLY[0]=${COMPREPLY[0]//\\,/,}`,
		`COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")`, `COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")
            COMPREPLY[0]=${COMPREPLY[0]//\\,/,}`,
	).WriteString(w, script.String())
	return err
}

func (a app) completionCommand() *cobra.Command {
	var lines, hows []string
	for _, s := range shells() {
		lines = append(lines, "  "+s.Doc)
		hows = append(hows, s.Name)
	}
	return &cobra.Command{
		Use:   "completion " + strings.Join(hows, "|"),
		Short: "the script with which a shell completes commands, flags and names",
		Long: `completion prints the script with which a shell completes lockquake's commands and flags, and the names of strategies,
faults, workloads, scenarios, reproductions and stored runs, those in comma separated lists too. The examples load it into the
shell that is open, or, of zsh, into those to come; the first line of ~/.bashrc, ~/.zshrc, ~/.config/fish/config.fish or
$PROFILE that sources it does so for all to come. Bash needs the package bash-completion.`,
		Example:   strings.Join(lines, "\n"),
		Args:      cobra.ExactArgs(1),
		ValidArgs: hows,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells() {
				if s.Name == args[0] {
					return s.Value(cmd.Root(), a.out)
				}
			}
			return usage(unknownName("SHELL", args[0], hows))
		},
	}
}

// completer says what a word that was begun could become.
type completer = cobra.CompletionFunc

// completeAll says of every flag and argument what it could be. What nobody can guess is not completed with files.
func (a app) completeAll(root *cobra.Command) {
	of := a.flagValues()
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			complete, known := of[f.Name]
			if !known {
				complete = cobra.NoFileCompletions
			}
			_ = c.RegisterFlagCompletionFunc(f.Name, complete) // it fails only for a flag that there is not
		})
		if complete, known := a.arguments()[c.Name()]; known {
			c.ValidArgsFunction = complete
		} else if c.ValidArgs == nil && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

func (a app) flagValues() map[string]completer {
	of := map[string]completer{
		"strategy": inList(slices.Concat(offered(a.catalogue.Strategies), []string{all, broken, fenced})),
		"fault":    inList(slices.Concat(offered(a.catalogue.Faults), []string{all, coreFaults})),
		"workload": oneOf(offered(a.catalogue.Workloads)),
		"cluster":  oneOf(clusterNames()),
		"want":     oneOf(checker.Wants()),
		"unknown":  oneOf([]string{failUnknown, results.LetPass}),
		"resource": oneOf([]string{scenario.InMemory, scenario.InEtcd}),
		"loss":     oneOf([]string{scenario.Heeded, scenario.Ignored}),
		"spread":   oneOf([]string{scenario.Uniform, scenario.Zipf}),
	}
	for _, file := range []string{"out", "logs", "etcd", "cacert", "cert", "key"} {
		of[file] = files
	}
	of["output"] = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if cmd.Name() == "compare" {
			return oneOf([]string{"text", "md", "json"})(cmd, args, begun)
		}
		return oneOf(formatNames())(cmd, args, begun)
	}
	return of
}

// arguments are what commands take besides flags.
func (a app) arguments() map[string]completer {
	return map[string]completer{
		"run":       scenarioArguments,
		"hunt":      scenarioArguments,
		"check":     atMostOne(runArguments),
		"report":    atMostOne(runArguments),
		"compare":   runArguments,
		"merge":     runArguments,
		"exec-test": files,
		"man":       files,
		"serve":     atMostOne(runArguments),
		"repro":     reproArguments,
		"bench":     suiteArguments,
		"list":      a.listArguments,
	}
}

// offered are names, each with what it is behind a tab, as cobra takes them.
func offered[T any](entries []Entry[T]) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Name+"\t"+e.Doc)
	}
	return all
}

func oneOf(values []string) completer {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// inList completes the last name of a comma separated list, with those that are not in it yet.
func inList(values []string) completer {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		before := begun[:strings.LastIndexByte(begun, ',')+1]
		var fit []string
		for _, v := range values {
			if name, _, _ := strings.Cut(v, "\t"); !isNamed(before, name) {
				fit = append(fit, before+v)
			}
		}
		return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// files leaves a word to the shell, which knows paths.
func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func atMostOne(complete completer) completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

// runArguments are the stored runs, and paths where one is begun or there is none.
func runArguments(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	if strings.HasPrefix(begun, ".") || filepath.IsAbs(begun) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	fit := []string{"latest"}
	for _, r := range results.List(results.Runs) {
		fit = append(fit, filepath.Join(results.Runs, r.Name)+"\t"+r.String())
	}
	return fit, cobra.ShellCompDirectiveDefault
}

func scenarioArguments(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	return besides(given, scenarioNames()), cobra.ShellCompDirectiveDefault // or a file
}

func reproArguments(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	var ids []string
	for _, r := range repro.All() {
		ids = append(ids, r.ID+"\t"+r.Shows)
	}
	if len(given) == 0 {
		ids = append(ids, all)
	}
	return besides(given, ids), cobra.ShellCompDirectiveNoFileComp
}

func suiteArguments(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	return besides(given, append(offered(suites()), full)), cobra.ShellCompDirectiveNoFileComp
}

// besides are those of some values that were not given yet.
func besides(given, values []string) (left []string) {
	for _, v := range values {
		if name, _, _ := strings.Cut(v, "\t"); !slices.Contains(given, name) {
			left = append(left, v)
		}
	}
	return left
}

func (a app) listArguments(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(given) == 0:
		return a.lists(), cobra.ShellCompDirectiveNoFileComp
	case len(given) == 1 && given[0] == scenarios:
		return scenarioNames(), cobra.ShellCompDirectiveNoFileComp
	case len(given) == 1 && given[0] == runs:
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
