package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest is the known name that somebody may have meant; empty: none is near.
func nearest(name string, known []string) string {
	found, least := "", len(name)/2+2
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < least {
			found, least = k, d
		}
	}
	return found
}

func unknownName(place, name string, known []string) error {
	if near := nearest(name, known); near != "" {
		return fmt.Errorf("%s: there is no %q: did you mean %q? lockquake list shows all", place, name, near)
	}
	return fmt.Errorf("%s: there is no %q: give one of %s", place, name, strings.Join(known, ", "))
}

// advised is what the parser of the command line found wrong, and what to do. Errors of commands say that
// themselves.
func advised(cmd *cobra.Command, err error) error {
	var ours exit
	var flag *pflag.NotExistError
	switch {
	case err == nil, errors.As(err, &ours):
		return err
	case errors.As(err, &flag):
		return unknownFlag(cmd, flag.GetSpecifiedName(), err)
	}
	var name string
	if _, unscanned := fmt.Sscanf(err.Error(), "unknown command %q", &name); unscanned == nil {
		return tooMuch(cmd, name)
	}
	return fmt.Errorf("%w; %s --help says what it takes", err, cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, name string, err error) error {
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := nearest(name, known); near != "" && len(name) > 1 {
		return fmt.Errorf("%w: did you mean --%s? %s --help lists all", err, near, cmd.CommandPath())
	}
	return fmt.Errorf("%w: %s --help lists those there are", err, cmd.CommandPath())
}

// tooMuch is an argument that a command has no use for, which the parser takes for a command that it does not know.
func tooMuch(cmd *cobra.Command, name string) error {
	known := commandNames(cmd)
	if len(known) == 0 {
		return fmt.Errorf("%s takes no arguments: leave out %q", cmd.CommandPath(), name)
	}
	if near := nearest(name, known); near != "" {
		return fmt.Errorf("unknown command %q: did you mean %q? %s help lists all", name, near, cmd.Root().Name())
	}
	return fmt.Errorf("unknown command %q: give one of %s", name, strings.Join(known, ", "))
}

func commandNames(parent *cobra.Command) []string {
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
