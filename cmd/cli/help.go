package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// helpCommand is cobra's, but that it takes a command that there is not for the mistake that it is.
func (a app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "say what a command does, and what it takes",
		Long:  "help says what a command does, with examples and all that it can be given; so does COMMAND --help.",
		Example: `  lockquake help
  lockquake help run`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commandNames(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, name := range args {
				next, _, err := about.Find([]string{name})
				switch {
				case !about.HasSubCommands():
					return usage(fmt.Errorf("%s has no commands of its own: leave out %q", about.CommandPath(), name))
				case err != nil || next == about:
					return usage(tooMuch(about, name))
				}
				about = next
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
