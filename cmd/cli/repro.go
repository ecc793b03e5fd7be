package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lockquake/harness/repro"
	"lockquake/harness/scenario"
)

// reproOptions are what repro is asked for.
type reproOptions struct {
	sound    bool
	repeat   int
	parallel int
	cluster  string
	asJSON   bool
	out      string
	inTable  bool // a line for each, for there are several
}

func (a app) reproCommand() *cobra.Command {
	var o reproOptions
	cmd := &cobra.Command{
		Use:   "repro [ID ... | all]",
		Short: "known hazards and upstream bugs, each with its expected verdict",
		Long: `repro carries out known hazards of locks on etcd, each by a script, on an etcd member of its own and with the real
client: bugs of etcd's own locks by the numbers of their issues, and what goes wrong with the lock that people copy.
Nothing in them is left to chance. The history is judged by the checkers of every run, and the verdicts compared
with those that are expected. Without an ID it lists them.

With --sound the same script is carried out with a lock, or a resource, that does not have the hazard.

Exit codes: 0 all came out as expected, 1 a verdict differs, 3 something could not be told, 70 a script could not be
carried out.`,
		Example: `  lockquake repro
  lockquake repro etcd-22082
  lockquake repro tutorial-stale-release --sound
  lockquake repro all --repeat 60 --parallel 8
  lockquake repro all --cluster virtual
  lockquake repro all --out results/runs/hazards`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				a.listReproductions()
				return nil
			}
			picked, err := pickReproductions(args)
			if err == nil {
				err = o.validate()
			}
			if err != nil {
				return usage(err)
			}
			o.inTable = len(picked) > 1
			return a.inJSON(o.asJSON).reproduce(cmd.Context(), picked, o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.sound, "sound", false, "with the sound counterpart of what has the hazard")
	flags.IntVar(&o.repeat, "repeat", 1, "how often each")
	flags.IntVar(&o.parallel, "parallel", 4, "how many at a time; they mostly wait")
	flags.StringVar(&o.cluster, "cluster", scenario.Embed, "kind of cluster: "+scenario.Embed+", or "+scenario.Virtual+", in virtual time")
	flags.BoolVar(&o.asJSON, "json", false, jsonDoc)
	flags.StringVar(&o.out, "out", "", "folder of a run that keeps the histories (default: they are not kept)")
	return cmd
}

// maxReproRepeat bounds what is kept in memory: a trial is some kilobytes.
const maxReproRepeat = 10000

func (o reproOptions) validate() error {
	if o.repeat < 1 || o.repeat > maxReproRepeat {
		return fmt.Errorf("--repeat is %d: give a number from 1 to %d", o.repeat, maxReproRepeat)
	}
	if err := validOwnTime(o.cluster); err != nil {
		return err
	}
	return validParallel(o.parallel)
}

func reproIDs() []string {
	var ids []string
	for _, r := range repro.All() {
		ids = append(ids, r.ID)
	}
	return ids
}

func reproTable() table {
	t := table{head: []string{"reproduction", "what it shows", "upstream", "expected"}}
	for _, r := range repro.All() {
		t.rows = append(t.rows, []string{r.ID, r.Shows, r.Upstream, expectedOf(r.Flawed)})
	}
	return t
}

// listReproductions is the table in a form that a terminal is wide enough for.
func (a app) listReproductions() {
	for _, r := range repro.All() {
		fmt.Fprintf(a.out, "%s\n    %s\n    upstream: %s\n", r.ID, r.Shows, r.Upstream)
	}
}

func pickReproductions(ids []string) ([]repro.Reproduction, error) {
	known := repro.All()
	var picked []repro.Reproduction
	seen := map[string]bool{}
	for _, id := range ids {
		if id == all && len(ids) == 1 {
			return known, nil
		}
		if id == all {
			return nil, errors.New("ID: all stands for every reproduction: give it alone, or give those that you mean")
		}
		i := slices.IndexFunc(known, func(r repro.Reproduction) bool { return r.ID == id })
		if i < 0 {
			return nil, unknownName("ID", id, append(reproIDs(), all))
		}
		if !seen[id] {
			seen[id] = true
			picked = append(picked, known[i])
		}
	}
	return picked, nil
}
